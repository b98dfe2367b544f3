/* sandpool info, kill, connect, timeout, network: one call on one sandbox each. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/verbs.h"
#include "protocol/options.h"

static void print_field(const struct sandpool_call *call, const char *label, const char *name)
{
	const char *text = sandpool_get_string(call, name);

	if (text)
		(void)printf("%-10s %s\n", label, text);
	else if (sandpool_has(call, name) && sandpool_get_count(call, name) == 0)
		(void)printf("%-10s %" PRId64 "\n", label, sandpool_get_int(call, name));
}

static void print_metadata(const struct sandpool_call *call)
{
	for (size_t i = 0; i < sandpool_get_count(call, "metadata"); i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "metadata[%zu]", i);
		(void)printf("%-10s %s=%s\n", "label", sandpool_get_key(call, "metadata", i),
			     sandpool_get_string(call, path));
	}
}

static void print_info(const struct sandpool_call *call)
{
	print_field(call, "sandbox", "sandbox_id");
	print_field(call, "name", "name");
	print_field(call, "state", "state");
	print_field(call, "template", "template");
	print_field(call, "provider", "provider");
	print_field(call, "owner", "uid");
	print_field(call, "started", "started_at");
	print_field(call, "ends", "end_at");
	print_field(call, "cores", "cpu_count");
	print_field(call, "memory/MiB", "memory_mb");
	print_field(call, "disk/MiB", "disk_size_mb");
	print_field(call, "agent", "envd_version");
	print_metadata(call);
}

int cmd_info(struct cli *cli, int argc, char **argv)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;
	int status;

	if (argc != 2)
		return cli_usage(cli);
	call = cli_new_for("sandbox.get", argv[1]);
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json)
		print_info(call);
	return status;
}

static int kill_one(struct cli *cli, const char *sandbox)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("sandbox.kill", sandbox);
	int status = cli_call_and_print(cli, call);

	if (status == 0 && !cli->json && !sandpool_get_bool(call, "killed"))
		return cli_fail("there is no sandbox %s", sandbox);
	return status;
}

int cmd_kill(struct cli *cli, int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		return cli_usage(cli);
	for (int i = 1; i < argc; i++) {
		int one = kill_one(cli, argv[i]);

		status = one ? one : status;
	}
	return status;
}

int cmd_connect(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"timeout", required_argument, NULL, 't'},
						{"provider", required_argument, NULL, 'p'},
						{NULL, 0, NULL, 0}};
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.connect");
	int c, status;

	while ((c = options_next(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 't' && parse_duration(optarg) >= 0)
			sandpool_set_number(call, "timeout", parse_duration(optarg));
		else if (c == 'p')
			sandpool_set_string(call, "provider", optarg);
		else
			return cli_usage(cli);
	}
	if (optind + 1 != argc)
		return cli_usage(cli);
	sandpool_set_string(call, "sandbox_id", argv[optind]);
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json)
		print_info(call);
	return status;
}

int cmd_timeout(struct cli *cli, int argc, char **argv)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;
	double seconds;
	int status;

	if (argc != 3)
		return cli_usage(cli);
	seconds = parse_duration(argv[2]);
	if (seconds < 0)
		return cli_fail("'%s' is no duration: try 30, 90s, 5m or 2h", argv[2]);
	call = cli_new_for("sandbox.set_timeout", argv[1]);
	sandpool_set_number(call, "timeout", seconds);
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json)
		(void)puts(sandpool_get_string(call, "end_at"));
	return status;
}

int cmd_network(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"no-internet", no_argument, NULL, 'n'},
						{"allow-out", required_argument, NULL, 'a'},
						{"deny-out", required_argument, NULL, 'd'},
						{"open", no_argument, NULL, 'o'},
						{NULL, 0, NULL, 0}};
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.set_network");
	bool has_policy = false, is_open = false;
	int c;

	while ((c = options_next(argc, argv, "+h", options, NULL)) != -1) {
		has_policy |= c == 'n' || c == 'a' || c == 'd';
		is_open |= c == 'o';
		if (c == 'n')
			sandpool_set_bool(call, "allow_internet_access", false);
		else if (c == 'a')
			sandpool_add_string(call, "allow_out", optarg);
		else if (c == 'd')
			sandpool_add_string(call, "deny_out", optarg);
		else if (c != 'o')
			return cli_usage(cli);
	}
	if (optind + 1 != argc || has_policy == is_open)
		return cli_usage(cli);
	sandpool_set_string(call, "sandbox_id", argv[optind]);
	return cli_call_and_print(cli, call);
}
