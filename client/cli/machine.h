/*
 * Looking at the machine without a daemon: what an engine started by this user could do (sandpool-engine
 * --check), and whether the directories that a daemon of this user takes are fit for it.
 */
#ifndef SP_MACHINE_H
#define SP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/error.h"

/* The engine prints its answer on our standard output, in our form. -1 when it cannot be asked. */
int machine_ask_engine(struct sb_error *err) MUST_USE;

/* Where sandpoold is: users seldom have its directory in PATH. */
void machine_find_daemon(char *path, size_t size);

/* What is wrong with the directory of state, or of sockets; `fix` is what to type. */
struct machine_directory {
	char path[4096];
	char why[256];
	char fix[2 * 4096 + 64];
};
bool machine_check_state(struct machine_directory *ret);
bool machine_check_runtime(struct machine_directory *ret);

#endif
