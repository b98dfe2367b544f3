/* Files that uploads write. */
#include "config.h"

#include "daemon/local/agent/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "daemon/local/agent/directory.h"
#include "daemon/local/agent/metadata.h"
#include "daemon/local/agent/passwd.h"

static int fail_space(long long expected, struct sb_error *err)
{
	if (expected > 0)
		return sb_fail(err, SB_NOT_ENOUGH_SPACE,
			       "attempted to write %lld bytes: not enough disk space available",
			       expected);
	return sb_fail(err, SB_NOT_ENOUGH_SPACE, "not enough disk space available");
}

static int fail_errno(int sys, const char *path, struct sb_error *err)
{
	if (directory_error_code(sys) == SB_NOT_ENOUGH_SPACE)
		return fail_space(-1, err);
	return sb_fail_errno(err, SB_INTERNAL, sys, "error opening file '%s'", path);
}

static int check_kind(mode_t mode, const char *path, struct sb_error *err)
{
	if (S_ISDIR(mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path is a directory: %s", path);
	if (!S_ISREG(mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path is not a regular file: %s", path);
	return 0;
}

int target_open(const char *path, const struct user *user, const struct string_map *metadata,
		struct sb_error *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	bool is_old = stat(path, &st) == 0;

	if (is_old ? check_kind(st.st_mode, path, err) < 0
		   : directory_make_parents(path, user, err) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EISDIR)
		return check_kind(S_IFDIR, path, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_errno(errno, path, err);
	if (check_kind(st.st_mode, path, err) < 0)
		return -1;
	if (directory_give(fd, user) < 0)
		return fail_errno(errno, path, err);
	metadata_replace(fd, metadata);
	/* After the change of owner: watchers see CHMOD, then WRITE. A new file has nothing to cut. */
	if (is_old && ftruncate(fd, 0) < 0)
		return fail_errno(errno, path, err);
	return take_fd(&fd);
}

int target_write(int fd, const char *data, size_t len, long long expected, struct sb_error *err)
{
	while (len > 0) {
		ssize_t written = write(fd, data, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && directory_error_code(errno) == SB_NOT_ENOUGH_SPACE)
			return fail_space(expected, err);
		if (written < 0)
			return sb_fail_errno(err, SB_INTERNAL, errno, "error writing file");
		data += written;
		len -= (size_t)written;
	}
	return 0;
}
