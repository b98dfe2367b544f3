/* Files of a spool: appended to as a whole or not at all, read from any offset, repaired after a crash. */
#include "config.h"

#include "daemon/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/spool.h"
#include "protocol/buf.h"

static bool head_is_sound(const struct segment_head *head)
{
	return head->offset >= 0 && head->len <= SEGMENT_RECORD_MAX &&
	       head->offset <= INT64_MAX - head->len && head->stream >= SPOOL_STDOUT &&
	       head->stream <= SPOOL_PTY;
}

int segment_head_read(const char *data, size_t len, struct segment_head *ret)
{
	struct segment_head head;

	if (len < sizeof(head))
		return -1;
	memcpy(&head, data, sizeof(head));
	if (!head_is_sound(&head) || len - sizeof(head) < head.len)
		return -1;
	*ret = head;
	return 0;
}

static int open_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	CLEANUP_FREE char *dir = NULL;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	dir = strndup(path, (size_t)(strrchr(path, '/') - path));
	if (!dir || (mkdir(dir, 0700) < 0 && errno != EEXIST))
		return -1;
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
}

static int write_all(int fd, struct iovec *iov, int count)
{
	while (count > 0) {
		ssize_t n = writev(fd, iov, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		for (; count > 0 && (size_t)n >= iov->iov_len; iov++, count--)
			n -= (ssize_t)iov->iov_len;
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int segment_append(const char *path, off_t at, struct iovec *iov, int count)
{
	CLEANUP_FD int fd = at == 0 ? open_new(path) : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	int sys;

	if (fd < 0)
		return -1;
	if (write_all(fd, iov, count) == 0)
		return 0;
	sys = errno;
	if (at == 0)
		(void)unlink(path);
	else
		(void)!ftruncate(fd, at);
	errno = sys;
	return -1;
}

static ssize_t read_at(int fd, char *buf, size_t size, off_t position)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = pread(fd, buf + len, size - len, position + (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/*
 * Skip the records in `buf` that end at or before `offset`: how many bytes they take, which may be more
 * than `len` when the last of them is only partly there.
 */
static size_t skip_records(const char *buf, size_t len, int64_t offset)
{
	struct segment_head head;
	size_t at = 0;

	while (at + sizeof(head) <= len) {
		memcpy(&head, buf + at, sizeof(head));
		if (!head_is_sound(&head) || head.offset + head.len > offset)
			return at;
		at += sizeof(head) + head.len;
	}
	return at;
}

ssize_t segment_read(const char *path, int64_t offset, off_t *position, char *buf)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t len = read_at(fd, buf, SEGMENT_BUFFER, *position);
		size_t skipped;

		if (len <= 0)
			return len;
		skipped = skip_records(buf, (size_t)len, offset);
		if (skipped == 0)
			return len;
		*position += (off_t)skipped;
	}
}

int segment_repair(const char *path, int64_t start, off_t *ret_bytes, int64_t *ret_end)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	struct segment_head head;
	struct stat st;
	off_t at = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	while (read_at(fd, (char *)&head, sizeof(head), at) == (ssize_t)sizeof(head)) {
		if (!head_is_sound(&head) || head.offset < start ||
		    st.st_size - at - (off_t)sizeof(head) < head.len)
			break;
		start = head.offset + head.len;
		at += (off_t)sizeof(head) + head.len;
	}
	if (at < st.st_size && ftruncate(fd, at) < 0)
		return -1;
	*ret_bytes = at;
	*ret_end = start;
	return 0;
}

void segment_remove_all(const char *dir)
{
	DIR *files = opendir(dir);
	struct dirent *file;

	if (!files)
		return;
	while ((file = readdir(files)) != NULL)
		if (file->d_name[0] != '.')
			(void)unlinkat(dirfd(files), file->d_name, 0);
	(void)closedir(files);
	(void)rmdir(dir);
}
