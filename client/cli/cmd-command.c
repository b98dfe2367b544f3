/* sandpool ps and stop: the commands of a sandbox. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "protocol/buf.h"
#include "protocol/options.h"

/* Program and arguments on one line. */
static char *command_line(const struct sandpool_call *call, size_t index)
{
	struct buf line CLEANUP_BUF = {.limit = 4096};
	char path[64];

	(void)snprintf(path, sizeof(path), "commands[%zu].cmd", index);
	buf_printf(&line, "%s", sandpool_get_string(call, path));
	(void)snprintf(path, sizeof(path), "commands[%zu].args", index);
	for (size_t i = 0; i < sandpool_get_count(call, path); i++) {
		char item[96];

		(void)snprintf(item, sizeof(item), "%s[%zu]", path, i);
		buf_printf(&line, " %s", sandpool_get_string(call, item));
	}
	return buf_steal(&line);
}

static void add_row(struct table *table, const struct sandpool_call *call, size_t index)
{
	char *line CLEANUP_FREE = command_line(call, index);
	char path[64], pid[24];
	const char *cells[] = {pid, NULL, line};

	(void)snprintf(path, sizeof(path), "commands[%zu].pid", index);
	(void)snprintf(pid, sizeof(pid), "%lld", (long long)sandpool_get_int(call, path));
	(void)snprintf(path, sizeof(path), "commands[%zu].is_ours", index);
	cells[1] = sandpool_get_bool(call, path) ? "kept" : NULL;
	table_add(table, cells, ARRAY_SIZE(cells));
}

int cmd_ps(struct cli *cli, int argc, char **argv)
{
	static const char *const heads[] = {"PID", "OUTPUT", "COMMAND"};
	struct table table CLEANUP(table_deinit) = {0};
	struct sandpool_call *call CLEANUP_CALL = NULL;
	int status;

	if (argc != 2)
		return cli_usage(cli);
	call = cli_new_for("command.list", argv[1]);
	status = cli_call_and_print(cli, call);
	if (status || cli->json)
		return status;
	table_add(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < sandpool_get_count(call, "commands"); i++)
		add_row(&table, call, i);
	table_print(&table);
	return 0;
}

int cmd_stop(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"term", no_argument, NULL, 't'},
						{NULL, 0, NULL, 0}};
	struct sandpool_call *call CLEANUP_CALL = cli_new("command.kill");
	int c, status;

	while ((c = options_next(argc, argv, "+h", options, NULL)) != -1) {
		if (c != 't')
			return cli_usage(cli);
		sandpool_set_string(call, "signal", "TERM");
	}
	if (optind + 2 != argc)
		return cli_usage(cli);
	sandpool_set_string(call, "sandbox_id", argv[optind]);
	sandpool_set_int(call, "pid", strtoll(argv[optind + 1], NULL, 10));
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json && !sandpool_get_bool(call, "killed"))
		return cli_fail("there is no command %s in %s", argv[optind + 1], argv[optind]);
	return status;
}
