/* The ranges of ids that the administrator gave to a user: /etc/subuid and /etc/subgid (subuid(5)). */
#ifndef SP_LOCAL_SUBID_H
#define SP_LOCAL_SUBID_H

#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

enum { SUBID_RANGES_MAX = 8 };

struct subid_range {
	uint32_t first, count;
};

struct subid_ranges {
	struct subid_range items[SUBID_RANGES_MAX];
	unsigned count;
};

/*
 * Ranges of the file's lines for that user, by number or `name` (NULL: has none), together `wanted` ids and no
 * more. A file that is not there has none.
 */
int subid_read(const char *path, uid_t uid, const char *name, uint32_t wanted,
	       struct subid_ranges *ret, struct sb_error *err) MUST_USE;

/* How many ids they have together. */
uint32_t subid_sum(const struct subid_ranges *ranges);

/* An id above all that are given in either file, to begin a new range with. */
uint32_t subid_first_free(const char *path, const char *other_path);

#define SUBID_NAME_SIZE 64

/* What that file (/etc/passwd) calls a user: in `name`, which is returned; NULL when it does not know it. */
const char *subid_user_name(const char *path, uid_t uid, char name[SUBID_NAME_SIZE]);

#endif
