/* Files here and in sandboxes. */
#include "config.h"

#include "client/cli/place.h"

#include <string.h>

#include "protocol/buf.h"

int place_parse(const char *text, struct place *ret)
{
	size_t len = strcspn(text, ":/");

	*ret = (struct place){0};
	if (text[len] != ':' || len == 0) {
		ret->path = strdup(text);
		return ret->path ? 0 : -1;
	}
	ret->sandbox = strndup(text, len);
	ret->path = strdup(text[len + 1] ? text + len + 1 : ".");
	return ret->sandbox && ret->path ? 0 : -1;
}

void place_deinit(struct place *place)
{
	free(place->sandbox);
	free(place->path);
	*place = (struct place){0};
}

char *path_join(const char *dir, const char *name)
{
	struct buf path CLEANUP_BUF = {0};
	size_t len = strlen(dir);

	buf_printf(&path, "%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name);
	return buf_steal(&path);
}

char *path_base(const char *path)
{
	size_t end = strlen(path);
	size_t start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return strndup(path + start, end - start);
}
