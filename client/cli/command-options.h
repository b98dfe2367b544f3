/* The options that run and exec share: how the command is executed. */
#ifndef SP_COMMAND_OPTIONS_H
#define SP_COMMAND_OPTIONS_H

#include "client/cli/cli.h"

#define COMMAND_HELP                                                                               \
	"  -i                  forward standard input\n"                                           \
	"  -t                  on a terminal\n"

struct command_options {
	bool has_input;    /* -i */
	bool has_terminal; /* -t */
	bool is_detached;  /* -d */
	const char *user;
	const char *cwd;
};

/*
 * A call that starts argv (ends with NULL) in `sandbox` the way the options say: command.start, or
 * pty.create with -t, or command.run with --json.
 */
struct sandpool_call *command_call(const struct cli *cli, const char *sandbox,
				   const struct command_options *options, char **argv);

/* Make it (taken) and see it to its end. Returns the exit status for our caller. */
int command_execute(struct cli *cli, const char *sandbox, const struct command_options *options,
		    struct sandpool_call *call);

#endif
