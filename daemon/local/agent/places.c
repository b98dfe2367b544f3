/* Watches by number. */
#include "config.h"

#include "daemon/local/agent/places.h"

#include <stdbool.h>
#include <string.h>

/* Where `wd` is, or would be. */
static size_t position(const struct places *places, int wd)
{
	size_t low = 0, high = places->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (places->items[middle].wd < wd)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct place *find(const struct places *places, int wd)
{
	size_t at = position(places, wd);

	return at < places->count && places->items[at].wd == wd ? &places->items[at] : NULL;
}

static int make_room(struct places *places)
{
	size_t size = places->size ? places->size * 2 : 8;
	struct place *items;

	if (places->count < places->size)
		return 0;
	items = reallocarray(places->items, size, sizeof(*items));
	if (!items)
		return -1;
	places->items = items;
	places->size = size;
	return 0;
}

int places_put(struct places *places, int wd, const char *name)
{
	char *copy = strdup(name);
	struct place *known = find(places, wd);
	size_t at;

	if (!copy || (!known && make_room(places) < 0)) {
		free(copy);
		return -1;
	}
	if (known) {
		free(known->name);
		known->name = copy;
		return 0;
	}
	at = position(places, wd);
	memmove(&places->items[at + 1], &places->items[at],
		(places->count - at) * sizeof(places->items[0]));
	places->items[at] = (struct place){wd, copy};
	places->count++;
	return 0;
}

const char *places_find(const struct places *places, int wd)
{
	const struct place *place = find(places, wd);

	return place ? place->name : NULL;
}

void places_remove(struct places *places, int wd)
{
	struct place *place = find(places, wd);
	size_t at;

	if (!place)
		return;
	free(place->name);
	at = (size_t)(place - places->items);
	places->count--;
	memmove(place, place + 1, (places->count - at) * sizeof(*place));
}

/* Whether `name` is `top` or below it; *ret_rest is what follows. */
static bool is_below(const char *name, const char *top, const char **ret_rest)
{
	size_t len = strlen(top);

	if (strncmp(name, top, len) != 0 || (name[len] != '\0' && name[len] != '/'))
		return false;
	*ret_rest = name + len;
	return true;
}

int places_rename(struct places *places, const char *from, const char *to)
{
	for (size_t i = 0; i < places->count; i++) {
		const char *rest;
		char *name;

		if (!is_below(places->items[i].name, from, &rest))
			continue;
		if (asprintf(&name, "%s%s", to, rest) < 0)
			return -1;
		free(places->items[i].name);
		places->items[i].name = name;
	}
	return 0;
}

void places_drop(struct places *places, const char *name, void (*forget)(int wd, void *arg),
		 void *arg)
{
	const char *rest;
	size_t kept = 0;

	for (size_t i = 0; i < places->count; i++) {
		struct place place = places->items[i];

		if (!is_below(place.name, name, &rest)) {
			places->items[kept++] = place;
			continue;
		}
		if (forget)
			forget(place.wd, arg);
		free(place.name);
	}
	places->count = kept;
}

void places_deinit(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].name);
	free(places->items);
	*places = (struct places){0};
}
