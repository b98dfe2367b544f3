/* Metadata of files, in extended attributes. */
#include "config.h"

#include "daemon/local/agent/metadata.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/xattr.h>

#include "protocol/buf.h"
#include "protocol/utf8.h"

#define PREFIX     "user.e2b."
#define PREFIX_LEN (sizeof(PREFIX) - 1)

#define NAME_SIZE (XATTR_NAME_MAX + 1)

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

static size_t pair_size(const char *key, const char *value)
{
	return PREFIX_LEN + strlen(key) + strlen(value);
}

int metadata_add_header(struct string_map *map, const char *name, const char *value,
			struct sb_error *err)
{
	size_t prefix_len = strlen(METADATA_HEADER);
	size_t total;
	char key[METADATA_KEY_MAX + 1];
	size_t len;

	if (strncasecmp(name, METADATA_HEADER, prefix_len) != 0)
		return 0;
	name += prefix_len;
	len = strlen(name);
	if (len == 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "metadata key must not be empty");
	if (len > METADATA_KEY_MAX)
		return sb_fail(err, SB_INVALID_ARGUMENT, "metadata key is longer than %d bytes",
			       METADATA_KEY_MAX);
	if (!is_printable(name) || !is_printable(value))
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "metadata keys and values must be printable ASCII");
	for (size_t i = 0; i <= len; i++)
		key[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
	if (string_map_get(map, key))
		return 0;
	total = pair_size(key, value);
	for (size_t i = 0; i < map->count; i++)
		total += pair_size(map->items[i].key, map->items[i].value);
	if (total > METADATA_TOTAL_MAX)
		return sb_fail(err, SB_INVALID_ARGUMENT, "metadata is larger than %d bytes in all",
			       METADATA_TOTAL_MAX);
	if (string_map_add(map, key, value) < 0)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return 0;
}

/* The names of all extended attributes, NUL-terminated one by one, in `names`. */
static void list_names(int fd, const char *path, struct buf *names)
{
	char *at = buf_reserve(names, XATTR_LIST_MAX);
	ssize_t len = -1;

	if (at)
		len = path ? listxattr(path, at, XATTR_LIST_MAX)
			   : flistxattr(fd, at, XATTR_LIST_MAX);
	if (len > 0)
		names->len = (size_t)len;
}

/* Calls for each name with our prefix, which is left in. */
#define for_each_name(name, names)                                                                 \
	for (const char *name = (names)->data; name && name < (names)->data + (names)->len;        \
	     name += strlen(name) + 1)                                                             \
		if (strncmp(name, PREFIX, PREFIX_LEN) == 0)

void metadata_replace(int fd, const struct string_map *map)
{
	CLEANUP_BUF struct buf names = {0};

	list_names(fd, NULL, &names);
	for_each_name(name, &names) if (!string_map_get(map, name + PREFIX_LEN))(void)
		fremovexattr(fd, name);
	for (size_t i = 0; i < map->count; i++) {
		char name[NAME_SIZE];

		(void)snprintf(name, sizeof(name), PREFIX "%s", map->items[i].key);
		(void)fsetxattr(fd, name, map->items[i].value, strlen(map->items[i].value), 0);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct string_pair *)a)->key, ((const struct string_pair *)b)->key);
}

void metadata_read(const char *path, struct string_map *map)
{
	CLEANUP_BUF struct buf names = {0};
	/* Values of ours are bounded, values set by hand in the sandbox by the kernel. */
	CLEANUP_FREE char *value = NULL;

	if (listxattr(path, NULL, 0) <= 0)
		return;
	list_names(-1, path, &names);
	for_each_name(name, &names)
	{
		ssize_t len;

		if (!value)
			value = malloc(XATTR_SIZE_MAX + 1);
		len = value ? getxattr(path, name, value, XATTR_SIZE_MAX) : -1;
		if (len < 0 || memchr(value, '\0', (size_t)len) || !name[PREFIX_LEN])
			continue;
		value[len] = '\0';
		if (!utf8_is_valid(value, (size_t)len) || !utf8_is_valid(name, strlen(name)))
			continue;
		if (string_map_add(map, name + PREFIX_LEN, value) < 0)
			break;
	}
	if (map->count > 1)
		qsort(map->items, map->count, sizeof(map->items[0]), compare_keys);
}
