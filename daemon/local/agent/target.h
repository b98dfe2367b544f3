/* The file an upload writes to, in place (wire §6.6). */
#ifndef SP_TARGET_H
#define SP_TARGET_H

#include <stddef.h>

#include "protocol/error.h"

struct string_map;
struct user;

/*
 * Open `path` for writing from its start: parents made, links followed, given to the user, the metadata
 * replaced. Returns a descriptor, or -1. Nothing but regular files is ever written: a pipe could stop the
 * agent, and a device is no file to upload to.
 */
int target_open(const char *path, const struct user *user, const struct string_map *metadata,
		struct sb_error *err) MUST_USE;

/* Write all of it; `expected` is the length of the request, or -1, for the words of an error. */
int target_write(int fd, const char *data, size_t len, long long expected,
		 struct sb_error *err) MUST_USE;

#endif
