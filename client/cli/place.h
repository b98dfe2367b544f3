/* "ID:PATH", a file in a sandbox, or a path of this machine. */
#ifndef SP_PLACE_H
#define SP_PLACE_H

#include "protocol/cleanup.h"

struct place {
	char *sandbox; /* NULL: this machine */
	char *path;
};

/*
 * Something is in a sandbox when a ':' comes before any '/'. -1 when out of memory. A sandbox with an empty
 * path is its user's home.
 */
int place_parse(const char *text, struct place *ret) MUST_USE;
void place_deinit(struct place *place);

/* "dir/name", with one slash between: returns new. NULL when out of memory. */
char *path_join(const char *dir, const char *name);
/* The last component, without trailing slashes: returns new. */
char *path_base(const char *path);

#endif
