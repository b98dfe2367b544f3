/* The one rule by which all of envd turns a client's path into a file's (wire §5.2). */
#ifndef SP_PATH_H
#define SP_PATH_H

#include "protocol/error.h"

struct agent;
struct user;

/*
 * Returns new: the absolute path, or NULL with SB_INVALID_ARGUMENT for "~name". Empty means the default
 * work directory, else the user's home; relative paths start at the home.
 */
char *path_resolve(const struct agent *agent, const struct user *user, const char *path,
		   struct sb_error *err) MUST_USE;

/* Returns new: "." and ".." and double slashes resolved by their text alone; NULL without memory. */
char *path_clean(const char *path) MUST_USE;

#endif
