/* sandpool create */
#include "config.h"

#include <stdio.h>

#include "client/cli/create-options.h"
#include "client/cli/verbs.h"
#include "protocol/options.h"

int cmd_create(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {CREATE_LONG_OPTIONS, {NULL, 0, NULL, 0}};
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.create");
	int c, status;

	while ((c = options_next(argc, argv, "+he:m:", options, NULL)) != -1) {
		status = create_option(cli, call, c, optarg);
		if (status)
			return status;
	}
	if (optind != argc)
		return cli_usage(cli);
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json)
		(void)puts(sandpool_get_string(call, "sandbox_id"));
	return status;
}
