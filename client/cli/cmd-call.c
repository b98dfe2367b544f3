/* sandpool call: any method of the protocol, as it is. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/verbs.h"

struct follow {
	bool has_ended; /* command.exit came */
};

static void on_note(void *arg, struct sandpool_note *note)
{
	struct follow *follow = arg;
	const char *method = sandpool_note_method(note);

	(void)printf("{\"method\":\"%s\",\"params\":%s}\n", method, sandpool_note_json(note));
	(void)fflush(stdout);
	if (strcmp(method, "command.exit") == 0)
		follow->has_ended = true;
}

int cmd_call(struct cli *cli, int argc, char **argv)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;
	struct follow follow = {0};
	struct sandpool_error err;
	bool follows = false;
	int c, status;

	while ((c = getopt(argc, argv, "+hf")) != -1) {
		if (c != 'f')
			return cli_usage(cli);
		follows = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage(cli);
	call = cli_new(argv[optind]);
	if (optind + 1 < argc)
		sandpool_set_params(call, argv[optind + 1]);
	if (cli_connect(cli) < 0)
		return EXIT_OURS;
	sandpool_on_note(cli->sp, on_note, &follow);
	status = cli_call(cli, call);
	if (status)
		return status;
	cli_print_json(call);
	(void)fflush(stdout);
	while (follows && !follow.has_ended) {
		if (sandpool_wait(cli->sp, -1, &err) < 0)
			return cli_fail_with(&err);
	}
	return 0;
}
