/* sandpool shell: an interactive login bash in a sandbox. */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/cli/session.h"
#include "client/cli/terminal.h"
#include "client/cli/verbs.h"

int cmd_shell(struct cli *cli, int argc, char **argv)
{
	struct session session = {.cli = cli, .is_pty = true, .has_input = true};
	struct sandpool_call *call CLEANUP_CALL = cli_new("pty.create");
	int c, cols, rows;

	while ((c = getopt(argc, argv, "+hu:w:")) != -1) {
		if (c == 'u')
			sandpool_set_string(call, "user", optarg);
		else if (c == 'w')
			sandpool_set_string(call, "cwd", optarg);
		else
			return cli_usage(cli);
	}
	if (optind + 1 != argc)
		return cli_usage(cli);
	session.sandbox = argv[optind];
	terminal_size(STDIN_FILENO, &cols, &rows);
	sandpool_set_string(call, "sandbox_id", session.sandbox);
	sandpool_set_int(call, "cols", cols);
	sandpool_set_int(call, "rows", rows);
	sandpool_add_pair(call, "envs", "TERM", getenv("TERM"));
	return session_run(&session, take(&call));
}
