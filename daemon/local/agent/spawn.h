/* One new child process: everything between the agent's decision and the program's first instruction. */
#ifndef SP_SPAWN_H
#define SP_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "protocol/error.h"

struct user;

struct spawn {
	const struct user *user; /* with its groups */
	char *const *args;       /* args[0] is the program; ends with NULL */
	char *const *environ;    /* ends with NULL */
	const char *path;        /* where a program without a slash is looked for */
	const char *cwd;
	int fds[3];        /* stdin, stdout, stderr of the child; borrowed; all above 2 */
	bool has_terminal; /* fds[0] becomes the controlling terminal */
};

/*
 * The child's pid. A program that cannot be found or executed is no failure: as from a shell, the child
 * says so on its stderr and exits with 127 or 126.
 */
pid_t spawn_start(const struct spawn *spawn, struct sb_error *err) MUST_USE;

#endif
