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

int directory_make_private(const char *path, struct sb_error *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	if (directory_make(path, 0700, err) < 0)
		return -1;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (st.st_uid != geteuid())
		return sb_fail(err, SB_PERMISSION, "%s belongs to uid %u, not to us", path,
			       st.st_uid);
	if (st.st_mode & 0077)
		return sb_fail(err, SB_PERMISSION, "%s is open to others: chmod 700 it", path);
	return 0;
}
