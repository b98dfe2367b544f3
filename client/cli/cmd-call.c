/* sandpool call: any method of the protocol, as it is. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/verbs.h"

struct follow {
	bool was_answered;
	bool has_ended; /* command.exit came */
	int status;
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

/* Printed from here, so that answer and notifications come out in the order they came in. */
static void on_done(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct follow *follow = arg;

	follow->was_answered = true;
	if (err)
		follow->status = cli_fail_with(err);
	else
		cli_print_json(call);
	(void)fflush(stdout);
}

static int call_and_follow(struct cli *cli, struct sandpool_call *call, bool follows)
{
	struct follow follow = {0};
	struct sandpool_error err;

	sandpool_on_note(cli->sp, on_note, &follow);
	if (sandpool_start(cli->sp, call, on_done, &follow, &err) < 0)
		return cli_fail_with(&err);
	while (!follow.was_answered || (follows && follow.status == 0 && !follow.has_ended)) {
		if (sandpool_wait(cli->sp, -1, &err) < 0)
			return follow.status ? follow.status : cli_fail_with(&err);
	}
	return follow.status;
}

int cmd_call(struct cli *cli, int argc, char **argv)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;
	bool follows = false;
	int c;

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
	return call_and_follow(cli, call, follows);
}
