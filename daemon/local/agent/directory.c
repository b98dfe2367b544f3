/* Directories made for a user. */
#include "config.h"

#include "daemon/local/agent/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/local/agent/passwd.h"

enum sb_code directory_error_code(int sys)
{
	return sys == ENOSPC || sys == EDQUOT ? SB_NOT_ENOUGH_SPACE : SB_INTERNAL;
}

int directory_give(int fd, const struct user *user)
{
	if (fchown(fd, user->uid, user->gid) == 0 || errno == EPERM || errno == EINVAL)
		return 0;
	return -1;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One directory, all above it being there. */
static int make_one(const char *path, const struct user *user)
{
	CLEANUP_FD int fd = -1;

	if (mkdir(path, 0755) < 0) {
		if (errno != EEXIST || is_directory(path))
			return errno == EEXIST ? 0 : -1;
		errno = ENOTDIR; /* what is in the way, not that it is there */
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -1 : directory_give(fd, user);
}

/* Every prefix of `path` that ends before a slash, from the top. `path` is changed on the way. */
static int make_above(char *path, const struct user *user)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc = 0;

		if (slash[-1] == '/')
			continue;
		*slash = '\0';
		if (!is_directory(path))
			rc = make_one(path, user);
		*slash = '/';
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int make(const char *path, const struct user *user, bool with_last, struct sb_error *err)
{
	CLEANUP_FREE char *copy = strdup(path);
	size_t len = strlen(path);

	if (!copy)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	if (len == 0)
		return 0;
	if (make_above(copy, user) < 0 || (with_last && make_one(copy, user) < 0))
		return sb_fail_errno(err, directory_error_code(errno), errno,
				     "cannot make the directories of '%s'", path);
	return 0;
}

int directory_make(const char *path, const struct user *user, struct sb_error *err)
{
	return make(path, user, true, err);
}

int directory_make_parents(const char *path, const struct user *user, struct sb_error *err)
{
	return make(path, user, false, err);
}
