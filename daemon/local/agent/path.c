/* Paths as clients write them. */
#include "config.h"

#include "daemon/local/agent/path.h"

#include <string.h>

#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/passwd.h"
#include "protocol/buf.h"

/* Drop the last segment of `out`, but never the root. */
static void drop_segment(struct buf *out)
{
	while (out->len > 1 && out->data[out->len - 1] != '/')
		out->len--;
	if (out->len > 1)
		out->len--;
}

char *path_clean(const char *path)
{
	CLEANUP_BUF struct buf out = {0};

	buf_add_str(&out, "/");
	while (*path && !out.failed) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			drop_segment(&out);
		} else if (len > 0 && !(len == 1 && path[0] == '.')) {
			if (out.len > 1)
				buf_add_str(&out, "/");
			buf_add(&out, path, len);
		}
		path += len;
		path += *path == '/';
	}
	if (!out.failed)
		out.data[out.len] = '\0';
	return buf_steal(&out);
}

char *path_resolve(const struct agent *agent, const struct user *user, const char *path,
		   struct sb_error *err)
{
	CLEANUP_BUF struct buf joined = {0};
	char *resolved;

	if (!path || *path == '\0') {
		resolved = strdup(agent->default_workdir ? agent->default_workdir : user->home);
	} else if (*path == '/') {
		resolved = strdup(path);
	} else if (path[0] == '~' && path[1] != '\0' && path[1] != '/') {
		(void)sb_fail(err, SB_INVALID_ARGUMENT,
			      "cannot expand user-specific home dir in path '%s'", path);
		return NULL;
	} else {
		buf_add_str(&joined, user->home);
		buf_add_str(&joined, "/");
		buf_add_str(&joined, path[0] == '~' ? path + 1 : path);
		resolved = joined.failed ? NULL : path_clean(joined.data);
	}
	if (!resolved)
		(void)sb_fail(err, SB_INTERNAL, "no memory for a path");
	return resolved;
}
