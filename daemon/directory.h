/* Directories the daemon keeps things in. */
#ifndef SP_DIRECTORY_H
#define SP_DIRECTORY_H

#include <sys/types.h>

#include "protocol/error.h"

/* Make it and its missing parents (those 0755). One that is there stays as it is. */
int directory_make(const char *path, mode_t mode, struct sb_error *err) MUST_USE;

/* The same for what only we may read: refuses one that is not ours, or open to others. */
int directory_make_private(const char *path, struct sb_error *err) MUST_USE;

/* The same for one that others may look into: refuses one where everybody could replace what we make. */
int directory_make_shared(const char *path, struct sb_error *err) MUST_USE;

#endif
