/* sandpool status */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "client/cli/verbs.h"

static void print_int(const struct sandpool_call *call, const char *label, const char *name)
{
	(void)printf("%-10s %" PRId64 "\n", label, sandpool_get_int(call, name));
}

static const char *text_at(const struct sandpool_call *call, size_t index, const char *name)
{
	char path[64];
	const char *text;

	(void)snprintf(path, sizeof(path), "providers[%zu].%s", index, name);
	text = sandpool_get_string(call, path);
	return text ? text : "-";
}

static int64_t int_at(const struct sandpool_call *call, size_t index, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "providers[%zu].%s", index, name);
	return sandpool_get_int(call, path);
}

static void print_provider(const struct sandpool_call *call, size_t i)
{
	(void)printf("provider   %s (%s) is %s, at %s\n", text_at(call, i, "name"),
		     text_at(call, i, "type"), text_at(call, i, "state"),
		     text_at(call, i, "api_url"));
	(void)printf("           %" PRId64 " requests, %" PRId64 " on a pooled connection, %" PRId64
		     " under way\n",
		     int_at(call, i, "requests"), int_at(call, i, "reused"),
		     int_at(call, i, "in_flight"));
	if (text_at(call, i, "last_error")[0] != '-')
		(void)printf("           last error: %s\n", text_at(call, i, "last_error"));
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("daemon.status");
	int status;

	(void)argv;
	if (argc != 1)
		return cli_usage(cli);
	status = cli_call_and_print(cli, call);
	if (status || cli->json)
		return status;
	(void)printf("daemon     sandpoold %s, pid %" PRId64 ", up for %.0f s\n",
		     sandpool_get_string(call, "version"), sandpool_get_int(call, "pid"),
		     sandpool_get_number(call, "uptime"));
	(void)printf("socket     %s\n", sandpool_get_string(call, "socket"));
	(void)printf("state      %s\n", sandpool_get_string(call, "state_dir"));
	print_int(call, "clients", "clients");
	print_int(call, "sandboxes", "sandboxes");
	print_int(call, "commands", "commands");
	(void)printf("spool      %.1f MiB\n",
		     (double)sandpool_get_int(call, "spool_bytes") / (1 << 20));
	(void)printf("memory     %.1f MiB\n",
		     (double)sandpool_get_int(call, "memory_bytes") / (1 << 20));
	for (size_t i = 0; i < sandpool_get_count(call, "providers"); i++)
		print_provider(call, i);
	return 0;
}
