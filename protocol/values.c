/* Small containers that decoded structs hold: lists of strings, maps of strings. */
#include "config.h"

#include "protocol/values.h"

#include <stdlib.h>
#include <string.h>

void strings_free(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){0};
}

int strings_add(struct strings *strings, const char *item)
{
	char **items = realloc(strings->items, (strings->count + 2) * sizeof(*items));

	if (!items)
		return -1;
	strings->items = items;
	items[strings->count] = strdup(item);
	if (!items[strings->count])
		return -1;
	items[++strings->count] = NULL;
	return 0;
}

void string_map_free(struct string_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->items[i].key);
		free(map->items[i].value);
	}
	free(map->items);
	*map = (struct string_map){0};
}

const char *string_map_get(const struct string_map *map, const char *key)
{
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i].key, key) == 0)
			return map->items[i].value;
	}
	return NULL;
}

int string_map_add(struct string_map *map, const char *key, const char *value)
{
	struct string_pair *items = realloc(map->items, (map->count + 1) * sizeof(*items));
	struct string_pair pair = {strdup(key), strdup(value)};

	if (items)
		map->items = items;
	if (!items || !pair.key || !pair.value) {
		free(pair.key);
		free(pair.value);
		return -1;
	}
	items[map->count++] = pair;
	return 0;
}

int string_map_copy(const struct string_map *map, struct string_map *ret)
{
	*ret = (struct string_map){0};
	for (size_t i = 0; i < map->count; i++) {
		if (string_map_add(ret, map->items[i].key, map->items[i].value) < 0) {
			string_map_free(ret);
			return -1;
		}
	}
	return 0;
}
