/* Finding our other programs, built or installed. */
#include "config.h"

#include "daemon/base/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "protocol/buf.h"

/* The directory of the running program, with a slash at its end; 0 when it cannot be told. */
static size_t own_directory(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (len < 0)
		return 0;
	path[len] = '\0';
	slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

char *program_find(const char *name, const char *build_path)
{
	struct buf path CLEANUP_BUF = {0};
	char own[PATH_MAX];
	size_t len = own_directory(own, sizeof(own));

	buf_add(&path, own, len);
	buf_add_str(&path, build_path);
	if (len > 0 && !path.failed && access(path.data, X_OK) == 0)
		return buf_steal(&path);
	buf_reset(&path);
	buf_printf(&path, "%s/%s", SP_LIBEXECDIR, name);
	return buf_steal(&path);
}

bool program_is_in_path(const char *name)
{
	const char *path = getenv("PATH");
	char text[PATH_MAX];

	for (size_t len; path; path = path[len] ? path + len + 1 : NULL) {
		len = strcspn(path, ":");
		(void)snprintf(text, sizeof(text), "%.*s/%s", (int)len, path, name);
		if (access(text, X_OK) == 0)
			return true;
	}
	return false;
}
