/* Directory trees on the engine's disk. Nothing here follows a symbolic link. */
#ifndef SP_TREE_H
#define SP_TREE_H

#include "protocol/error.h"

/*
 * Copy `path` (relative) from below `from_fd` to below `to_fd` with owner, mode and time; its parents are
 * made like the original's. What is not readable for everybody is left out, also deep inside, and so is what is
 * not a file, directory or link; that the path does not exist is no error.
 */
int tree_copy_public(int from_fd, int to_fd, const char *path, struct sb_error *err) MUST_USE;

/* The same for the directory `name` and those below it, so deep, without anything else in them. */
int tree_copy_directories(int from_fd, int to_fd, const char *name, unsigned depth,
			  struct sb_error *err) MUST_USE;

#endif
