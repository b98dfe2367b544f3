/* Starting a command for run and exec. */
#include "config.h"

#include "client/cli/command-options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/cli/session.h"
#include "client/cli/terminal.h"

static const char *method_for(const struct cli *cli, const struct command_options *options)
{
	if (options->has_terminal)
		return "pty.create";
	return cli->json && !options->is_detached ? "command.run" : "command.start";
}

struct sandpool_call *command_call(const struct cli *cli, const char *sandbox,
				   const struct command_options *options, char **argv)
{
	struct sandpool_call *call = cli_new_for(method_for(cli, options), sandbox);
	int cols, rows;

	for (; *argv; argv++)
		sandpool_add_string(call, "argv", *argv);
	sandpool_set_string(call, "user", options->user);
	sandpool_set_string(call, "cwd", options->cwd);
	if (options->has_terminal) {
		terminal_size(STDIN_FILENO, &cols, &rows);
		sandpool_set_int(call, "cols", cols);
		sandpool_set_int(call, "rows", rows);
		sandpool_add_pair(call, "envs", "TERM", getenv("TERM"));
	} else if (options->is_detached) {
		sandpool_set_bool(call, "output", false);
	} else if (!cli->json) {
		sandpool_set_bool(call, "stdin", options->has_input);
	}
	return call;
}

static int run_for_json(struct cli *cli, struct sandpool_call *call)
{
	int status = cli_call_and_print(cli, call);

	return status ? status
		      : session_status(sandpool_get_int(call, "exit_code"),
				       sandpool_get_int(call, "signal"));
}

static int start_detached(struct cli *cli, struct sandpool_call *call)
{
	int status = cli_call_and_print(cli, call);

	if (status == 0 && !cli->json)
		(void)printf("%lld\n", (long long)sandpool_get_int(call, "pid"));
	return status;
}

int command_execute(struct cli *cli, const char *sandbox, const struct command_options *options,
		    struct sandpool_call *call)
{
	struct session session = {
		.cli = cli,
		.sandbox = sandbox,
		.is_pty = options->has_terminal,
		.has_input = options->has_input,
	};
	struct sandpool_call *owned CLEANUP_CALL = call;

	if (options->is_detached)
		return start_detached(cli, call);
	if (cli->json && !options->has_terminal)
		return run_for_json(cli, call);
	return session_run(&session, take(&owned));
}
