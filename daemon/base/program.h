/* Where our other programs are. */
#ifndef SP_PROGRAM_H
#define SP_PROGRAM_H

#include <stdbool.h>

#include "protocol/cleanup.h"

/*
 * The program file `name`: below the directory of the running program at `build_path` when it is run from
 * its build directory, else installed in libexec. Returns new; NULL when out of memory.
 */
char *program_find(const char *name, const char *build_path) MUST_USE;

/* Whether a program of that name can be started from $PATH. */
bool program_is_in_path(const char *name);

#endif
