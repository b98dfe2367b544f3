/* sandpool attach: the output of a running command, or of one that has ended. */
#include "config.h"

#include <getopt.h>
#include <stdlib.h>

#include "client/cli/session.h"
#include "client/cli/verbs.h"

int cmd_attach(struct cli *cli, int argc, char **argv)
{
	struct session session = {.cli = cli};
	struct sandpool_call *call CLEANUP_CALL = NULL;
	long long from = 0;
	bool only_new = false;
	int c;

	while ((c = getopt(argc, argv, "+hitno:")) != -1) {
		if (c == 'i')
			session.has_input = true;
		else if (c == 't')
			session.is_pty = true;
		else if (c == 'n')
			only_new = true;
		else if (c == 'o')
			from = strtoll(optarg, NULL, 10);
		else
			return cli_usage(cli);
	}
	if (optind + 2 != argc || from < 0)
		return cli_usage(cli);
	session.sandbox = argv[optind];
	call = cli_new_for(session.is_pty ? "pty.connect" : "command.connect", session.sandbox);
	sandpool_set_int(call, "pid", strtoll(argv[optind + 1], NULL, 10));
	if (!only_new)
		sandpool_set_int(call, "from_offset", from);
	return session_run(&session, take(&call));
}
