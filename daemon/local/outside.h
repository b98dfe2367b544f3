/*
 * A way back to where the engine was started. A rootless engine moves itself into namespaces of its own and cannot
 * leave them again; the helper, a process forked before, has stayed. It runs programs there, one at a
 * time, as the user that started the engine and with that user's network; it ends with the engine.
 */
#ifndef SP_LOCAL_OUTSIDE_H
#define SP_LOCAL_OUTSIDE_H

#include "protocol/error.h"

struct outside {
	int fd; /* to the helper; -1 when there is none */
};

#define OUTSIDE_EMPTY ((struct outside){.fd = -1})

int outside_start(struct outside *outside, struct sb_error *err) MUST_USE;
/* The helper ends when it has done its last work. */
void outside_stop(struct outside *outside);

/*
 * Run a program (found in PATH, no shell) and wait for its end: meant for those that end soon or go into the
 * background by themselves. `argv` ends with NULL. Standard input and output are /dev/null, standard error is the
 * engine's. Fails when it cannot be run or its exit status is not 0.
 */
int outside_run(const struct outside *outside, const char *const *argv,
		struct sb_error *err) MUST_USE;

/* The same in two halves: outside->fd is readable when the second will not wait. One at a time. */
int outside_begin(const struct outside *outside, const char *const *argv,
		  struct sb_error *err) MUST_USE;
int outside_end(const struct outside *outside, const char *program, struct sb_error *err) MUST_USE;

#endif
