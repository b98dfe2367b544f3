/* Small values that decoded structs hold. All own what they point to; a zeroed one is empty. */
#ifndef SP_VALUES_H
#define SP_VALUES_H

#include <stddef.h>

#include "protocol/cleanup.h"

struct bytes {
	char *data; /* NULL when absent; NUL-terminated otherwise */
	size_t len;
};

struct strings {
	char **items; /* NULL when absent; each NUL-terminated */
	size_t count;
};

struct string_pair {
	char *key;
	char *value;
};

struct string_map {
	struct string_pair *items; /* NULL when absent; in the order they came */
	size_t count;
};

/* The value for `key`, or NULL. */
const char *string_map_get(const struct string_map *map, const char *key);
/* Append a copy of the pair; -1 when out of memory. */
int string_map_add(struct string_map *map, const char *key, const char *value) MUST_USE;
int string_map_copy(const struct string_map *map, struct string_map *ret) MUST_USE;
void string_map_free(struct string_map *map);
int strings_add(struct strings *strings, const char *item) MUST_USE;
void strings_free(struct strings *strings);

#endif
