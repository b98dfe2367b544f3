/*
 * Lists a tree as ListDir does (wire §5.4): depth first, each directory sorted by bytes and followed at once
 * by what it holds. Like the remover it walks by descriptors, follows no link below its root and works
 * in steps. One descriptor for each level it is in, so depth is bounded; and so is the number of entries.
 */
#ifndef SP_LISTING_H
#define SP_LISTING_H

#include <stdint.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/passwd.h"

#define LISTING_ENTRIES_MAX 65536 /* about 40 MiB while an answer is made */
#define LISTING_DEPTH_MAX   128

struct listing_level;

struct listing {
	struct wire_entry_list result; /* for the answer, when all is done */
	/* private */
	struct listing_level *levels;
	size_t depth;
	uint32_t depth_max;
	size_t capacity; /* of result */
	char *root;      /* as asked for */
	struct accounts accounts;
};

/* Begin; depth 0 means 1. listing_deinit() in every case. */
int listing_init(struct listing *listing, const char *path, uint32_t depth,
		 struct sb_error *err) MUST_USE;
/* Describe about `budget` entries. 1 when there is more to do, 0 when done, -1 on an error. */
int listing_step(struct listing *listing, unsigned budget, struct sb_error *err) MUST_USE;
void listing_deinit(struct listing *listing);

#endif
