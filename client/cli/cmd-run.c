/* sandpool run: create, exec, kill. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/command-options.h"
#include "client/cli/create-options.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "protocol/options.h"

/* The sandbox goes whatever became of the command; its exit status is what counts. */
static void kill_sandbox(struct cli *cli, const char *sandbox)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("sandbox.kill", sandbox);

	if (cli_call(cli, call))
		(void)cli_fail("sandbox %s may be left over", sandbox);
}

int cmd_run(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CREATE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	struct sandpool_call *create CLEANUP_CALL = cli_new("sandbox.create");
	struct command_options command = {0};
	char **words;
	int c, status;

	while ((c = options_next(argc, argv, "+hite:m:", options, NULL)) != -1) {
		if (c == 'i')
			command.has_input = true;
		else if (c == 't')
			command.has_terminal = true;
		else if ((status = create_option(cli, create, c, optarg)) != 0)
			return status;
	}
	words = command_words(argc, argv, optind);
	if (!words)
		return cli_usage(cli);
	/* Interrupted in the middle of the create, we would leave a sandbox that nobody knows. */
	if (session_hold_signals() < 0)
		return cli_fail("signals: %s", strerror(errno));
	status = cli_call(cli, create);
	if (status == 0) {
		const char *sandbox = sandpool_get_string(create, "sandbox_id");

		status = command_execute(cli, sandbox, &command,
					 command_call(cli, sandbox, &command, words));
		kill_sandbox(cli, sandbox);
	}
	return status;
}
