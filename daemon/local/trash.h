/*
 * Directories that ended sandboxes leave: moved aside at once, emptied by a helper process, so that a large
 * tree never holds up the loop. What is found at start is emptied too.
 */
#ifndef SP_LOCAL_TRASH_H
#define SP_LOCAL_TRASH_H

#include <stdbool.h>

#include "protocol/error.h"

struct event_base;
struct trash;

/* `dir` is made when missing and must be on the file system of what is thrown away. */
struct trash *trash_new(struct event_base *base, const char *dir, struct sb_error *err) MUST_USE;
/* A helper at work finishes by itself. NULL is fine. */
struct trash *trash_free(struct trash *trash);

/* Move `path` away and have it removed. A path that is not there is fine. */
int trash_add(struct trash *trash, const char *path, struct sb_error *err) MUST_USE;
bool trash_is_idle(const struct trash *trash);

/* Remove everything below the open directory: what the helper does. -1 when something stayed. */
int trash_empty(int dir_fd);

#endif
