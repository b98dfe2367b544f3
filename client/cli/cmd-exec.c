/* sandpool exec */
#include "config.h"

#include <getopt.h>
#include <string.h>

#include "client/cli/command-options.h"
#include "client/cli/verbs.h"

/* -e comes before the call is made: remember where the options stand and add them afterwards. */
static int add_envs(struct sandpool_call *call, char **envs, int count)
{
	for (int i = 0; i < count; i++) {
		if (add_pair_option(call, "envs", envs[i]) < 0)
			return cli_fail("'%s' must be NAME=VALUE", envs[i]);
	}
	return 0;
}

int cmd_exec(struct cli *cli, int argc, char **argv)
{
	struct command_options options = {0};
	struct sandpool_call *call CLEANUP_CALL = NULL;
	char **envs CLEANUP_FREE = calloc((size_t)argc, sizeof(*envs));
	char **words;
	int env_count = 0;
	int c;

	while ((c = getopt(argc, argv, "+hditu:w:e:")) != -1) {
		if (c == 'd')
			options.is_detached = true;
		else if (c == 'i')
			options.has_input = true;
		else if (c == 't')
			options.has_terminal = true;
		else if (c == 'u')
			options.user = optarg;
		else if (c == 'w')
			options.cwd = optarg;
		else if (c == 'e' && envs)
			envs[env_count++] = optarg;
		else
			return cli_usage(cli);
	}
	words = optind < argc ? command_words(argc, argv, optind + 1) : NULL;
	if (!words)
		return cli_usage(cli);
	if (argv[optind + 1][0] == '-' && strcmp(argv[optind + 1], "--") != 0)
		return cli_fail("%s: options stand before ID, and a command that begins with '-' "
				"behind --",
				argv[optind + 1]);
	if (options.is_detached && (options.has_input || options.has_terminal))
		return cli_fail("-d does not go with -i or -t");
	call = command_call(cli, argv[optind], &options, words);
	if (add_envs(call, envs, env_count))
		return EXIT_OURS;
	return command_execute(cli, argv[optind], &options, take(&call));
}
