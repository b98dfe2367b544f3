/*
 * Removes a tree by descriptors: links are never followed, a tree deeper than there are descriptors is no
 * trouble, and others may change it at the same time. The work is cut into steps, so that it can share
 * an event loop; memory is bounded by the depth of the tree.
 */
#ifndef SP_REMOVER_H
#define SP_REMOVER_H

#include <stddef.h>

#include "protocol/error.h"

struct remover_level;

struct remover {                      /* zero is not a remover: remover_init() first */
	struct remover_level *levels; /* from the root of the tree down to where the work is */
	size_t depth;
	size_t size;
	int parent_fd; /* the directory that holds the root of the tree */
	unsigned retries_left;
};

/*
 * Begin with `path`: -1 on an error, 0 when nothing is left to do (it was missing, or no directory and is
 * gone now), 1 when there is a tree for remover_step(). remover_deinit() in every case.
 */
int remover_init(struct remover *remover, const char *path, struct sb_error *err) MUST_USE;

/* Remove about `budget` names. 1 when there is more to do, 0 when all is gone, -1 on an error. */
int remover_step(struct remover *remover, unsigned budget, struct sb_error *err) MUST_USE;

void remover_deinit(struct remover *remover);

#endif
