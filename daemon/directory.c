/* Directories made and checked. */
#include "config.h"

#include "daemon/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int directory_make(const char *path, mode_t mode, struct sb_error *err)
{
	CLEANUP_FREE char *part = strdup(path);

	if (!part)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s", part);
		*slash = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

/* The directory itself, looked at through one descriptor. */
static int directory_stat(const char *path, struct stat *ret, struct sb_error *err)
{
	CLEANUP_FD int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, ret) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

int directory_make_private(const char *path, struct sb_error *err)
{
	struct stat st;

	if (directory_make(path, 0700, err) < 0 || directory_stat(path, &st, err) < 0)
		return -1;
	if (st.st_uid != geteuid())
		return sb_fail(
			err, SB_PERMISSION,
			"%s belongs to uid %u, not to us, %u: chown -R %u it, or take another",
			path, st.st_uid, geteuid(), geteuid());
	if (st.st_mode & 0077)
		return sb_fail(err, SB_PERMISSION, "%s is open to others (mode %04o): chmod 700 it",
			       path, st.st_mode & 07777);
	return 0;
}

int directory_make_shared(const char *path, struct sb_error *err)
{
	struct stat st;

	if (directory_make(path, 0755, err) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return sb_fail_errno(err, SB_INTERNAL, ENOTDIR, "%s", path);
	if ((st.st_mode & 0002) && !(st.st_mode & S_ISVTX))
		return sb_fail(
			err, SB_PERMISSION,
			"in %s everybody could replace what we make (mode %04o): chmod o-w it",
			path, st.st_mode & 07777);
	return 0;
}
