/* What the daemon knows that may complete a word. Without a daemon, or when it is slow, that is nothing. */
#ifndef SP_CLI_COMPLETE_REMOTE_H
#define SP_CLI_COMPLETE_REMOTE_H

#include "client/cli/cli.h"

struct complete_target {
	struct cli *cli;
	const char *word;    /* so far: candidates begin with it */
	const char *sandbox; /* the first operand before it, or NULL */
};

/* Print a candidate when it begins as the word does. */
void complete_offer(const struct complete_target *to, const char *candidate, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Paths of this machine: the shell knows them. */
void complete_files(void);

/* Ids and names of sandboxes, each followed by `suffix`. */
void complete_sandboxes(const struct complete_target *to, const char *suffix);
/* ID:, and behind it the paths in that sandbox. */
void complete_places(const struct complete_target *to);
/* Process ids of the commands in the sandbox. */
void complete_commands(const struct complete_target *to);
/* Methods of the protocol. */
void complete_methods(const struct complete_target *to);

#endif
