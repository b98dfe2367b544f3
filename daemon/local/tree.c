/* Directory trees, copied with care. */
#include "config.h"

#include "daemon/local/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/idmap.h"

enum { DEPTH_MAX = 32 }; /* of what we copy: package trees */

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

#define CLEANUP_DIRECTORY CLEANUP(close_directory)

/* Entries of a directory by a descriptor of its own; NULL with errno. */
static DIR *open_directory(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (!directory && fd >= 0)
		(void)close(fd);
	return directory;
}

static const char *next_name(DIR *directory)
{
	const struct dirent *entry;

	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return entry->d_name;
	}
	return NULL;
}

/* The same of entries that are, or may be, directories. */
static const char *next_directory(DIR *directory)
{
	const struct dirent *entry;

	while ((entry = readdir(directory)) != NULL) {
		if ((entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
		    strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return entry->d_name;
	}
	return NULL;
}

/* copy_file_range() would not go from one filesystem to another. */
static int copy_bytes(int from, int to)
{
	ssize_t count;

	do {
		count = sendfile(to, from, NULL, SSIZE_MAX >> 1);
	} while (count > 0);
	return (int)count;
}

/* Owner first: changing it clears bits of the mode. Setuid bits are never copied. */
static int copy_attributes(const struct stat *st, int fd)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(fd, idmap_of_host(st->st_uid), idmap_of_host(st->st_gid)) < 0 ||
	    fchmod(fd, st->st_mode & 01777) < 0)
		return -1;
	return futimens(fd, times);
}

/* The mode is asked of the file that was opened, so it cannot be another one. */
static int copy_file(int from_fd, int to_fd, const char *name)
{
	CLEANUP_FD int from = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FD int to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH))
		return 0;
	to = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0 || copy_bytes(from, to) < 0)
		return -1;
	return copy_attributes(&st, to);
}

static int copy_link(const struct stat *st, int from_fd, int to_fd, const char *name)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(from_fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return -1;
	target[len] = '\0';
	if (symlinkat(target, to_fd, name) < 0)
		return -1;
	return fchownat(to_fd, name, idmap_of_host(st->st_uid), idmap_of_host(st->st_gid),
			AT_SYMLINK_NOFOLLOW);
}

static int copy_entry(int from_fd, int to_fd, const char *name, unsigned depth);

static int copy_directory(int from_fd, int to_fd, const char *name, unsigned depth)
{
	CLEANUP_DIRECTORY DIR *from = open_directory(from_fd, name);
	CLEANUP_FD int to = -1;
	struct stat st;
	const char *entry;

	if (!from || fstat(dirfd(from), &st) < 0)
		return -1;
	if ((st.st_mode & (S_IROTH | S_IXOTH)) != (S_IROTH | S_IXOTH))
		return 0;
	if (depth == DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (mkdirat(to_fd, name, 0700) < 0 && errno != EEXIST)
		return -1;
	to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -1;
	while ((entry = next_name(from)) != NULL) {
		if (copy_entry(dirfd(from), to, entry, depth + 1) < 0)
			return -1;
	}
	return copy_attributes(&st, to);
}

/* The host lives on while we copy: what is gone meanwhile is left out, and what we cannot open is not for everybody. */
static int copy_entry(int from_fd, int to_fd, const char *name, unsigned depth)
{
	struct stat st;
	int status = 0;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(st.st_mode))
		status = copy_directory(from_fd, to_fd, name, depth);
	else if (S_ISLNK(st.st_mode))
		status = copy_link(&st, from_fd, to_fd, name);
	else if (S_ISREG(st.st_mode))
		status = copy_file(from_fd, to_fd, name);
	return status < 0 && (errno == ENOENT || errno == EACCES) ? 0 : status;
}

/* A directory without its files. */
static int copy_skeleton(int from_fd, int to_fd, const char *name, unsigned depth)
{
	CLEANUP_DIRECTORY DIR *from = open_directory(from_fd, name);
	CLEANUP_FD int to = -1;
	struct stat st;
	const char *entry;

	if (!from)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : -1;
	if (fstat(dirfd(from), &st) < 0)
		return -1;
	if ((st.st_mode & (S_IROTH | S_IXOTH)) != (S_IROTH | S_IXOTH))
		return 0;
	if (mkdirat(to_fd, name, 0700) < 0 && errno != EEXIST)
		return -1;
	to = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -1;
	while (depth > 0 && (entry = next_directory(from)) != NULL) {
		if (copy_skeleton(dirfd(from), to, entry, depth - 1) < 0)
			return -1;
	}
	return copy_attributes(&st, to);
}

/* One parent on the way: 1 when it is public and made, 0 when there is nothing for us below it. */
static int step_down(int *from_fd, int *to_fd, const char *name)
{
	int from = openat(*from_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int to;
	struct stat st;

	cleanup_fd(from_fd);
	*from_fd = from;
	if (from < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP
			       ? 0
			       : -1;
	if (fstat(from, &st) < 0)
		return -1;
	if (!(st.st_mode & S_IXOTH))
		return 0;
	if (mkdirat(*to_fd, name, 0755) < 0 && errno != EEXIST)
		return -1;
	to = openat(*to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd(to_fd);
	*to_fd = to;
	return to < 0 || copy_attributes(&st, to) < 0 ? -1 : 1;
}

int tree_copy_public(int from_fd, int to_fd, const char *path, struct sb_error *err)
{
	CLEANUP_FD int from = fcntl(from_fd, F_DUPFD_CLOEXEC, 0);
	CLEANUP_FD int to = fcntl(to_fd, F_DUPFD_CLOEXEC, 0);
	char names[PATH_MAX];
	char *name = names, *slash;
	int status = 1;

	(void)snprintf(names, sizeof(names), "%s", path);
	while (status > 0 && (slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		status = step_down(&from, &to, name);
		name = slash + 1;
	}
	if (status > 0)
		status = copy_entry(from, to, name, 0);
	if (status < 0)
		return sb_fail_errno(err, errno == ENOSPC ? SB_NOT_ENOUGH_SPACE : SB_INTERNAL,
				     errno, "copy %s", path);
	return 0;
}

int tree_copy_directories(int from_fd, int to_fd, const char *name, unsigned depth,
			  struct sb_error *err)
{
	if (copy_skeleton(from_fd, to_fd, name, depth) < 0)
		return sb_fail_errno(err, errno == ENOSPC ? SB_NOT_ENOUGH_SPACE : SB_INTERNAL,
				     errno, "copy the directories of %s", name);
	return 0;
}
