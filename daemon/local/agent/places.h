/* Which directory each inotify watch is on: the watch's number, and a name relative to the tree's root. */
#ifndef SP_PLACES_H
#define SP_PLACES_H

#include <stddef.h>

#include "protocol/cleanup.h"

struct place {
	int wd;
	char *name; /* "" is the root */
};

struct places { /* zeroed: none; sorted by wd, which the kernel gives out rising */
	struct place *items;
	size_t count, size;
};

/* Remember the name, or its new one. -1 when out of memory. */
int places_put(struct places *places, int wd, const char *name) MUST_USE;
/* NULL when it is not known. */
const char *places_find(const struct places *places, int wd);
void places_remove(struct places *places, int wd);

/* The directory `from`, and all below it, has another name now. -1 when out of memory. */
int places_rename(struct places *places, const char *from, const char *to) MUST_USE;

/* Forget the directory `name` and all below it; `forget` learns each number, and may be NULL. */
void places_drop(struct places *places, const char *name, void (*forget)(int wd, void *arg),
		 void *arg);

void places_deinit(struct places *places);

#endif
