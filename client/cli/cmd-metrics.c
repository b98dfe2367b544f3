/* sandpool metrics */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "client/cli/table.h"
#include "client/cli/units.h"
#include "client/cli/verbs.h"
#include "protocol/options.h"

static void add_row(struct table *table, const struct sandpool_call *call, size_t i)
{
	static const char list[] = "metrics";
	char cpu[24], used[UNITS_TEXT_SIZE], total[UNITS_TEXT_SIZE], cache[UNITS_TEXT_SIZE];
	char processes[24];
	const char *cells[] = {
		item_string(call, list, i, "timestamp"), cpu, used, total, cache, processes};

	(void)snprintf(cpu, sizeof(cpu), "%.1f", item_number(call, list, i, "cpu_used_pct"));
	(void)units_bytes(item_int(call, list, i, "mem_used"), used);
	(void)units_bytes(item_int(call, list, i, "mem_total"), total);
	(void)units_bytes(item_int(call, list, i, "mem_cache"), cache);
	(void)snprintf(processes, sizeof(processes), "%" PRId64,
		       item_int(call, list, i, "processes"));
	if (!item_has(call, list, i, "processes"))
		cells[5] = NULL;
	table_add(table, cells, ARRAY_SIZE(cells));
}

static void print_samples(const struct sandpool_call *call)
{
	static const char *const heads[] = {"TIME", "CPU%", "MEMORY", "OF", "CACHE", "PROCESSES"};
	struct table table CLEANUP(table_deinit) = {0};

	table_add(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < sandpool_get_count(call, "metrics"); i++)
		add_row(&table, call, i);
	table_print(&table);
}

int cmd_metrics(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"since", required_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.metrics");
	char start[UNITS_TEXT_SIZE];
	int c, status;

	while ((c = options_next(argc, argv, "+h", options, NULL)) != -1) {
		if (c != 's')
			return cli_usage(cli);
		if (parse_duration(optarg) < 0)
			return cli_fail("'%s' is no duration: try 30, 90s, 5m or 2h", optarg);
		sandpool_set_string(call, "start",
				    units_time_from_now(-parse_duration(optarg), start));
	}
	if (optind + 1 != argc)
		return cli_usage(cli);
	sandpool_set_string(call, "sandbox_id", argv[optind]);
	status = cli_call_and_print(cli, call);
	if (status == 0 && !cli->json)
		print_samples(call);
	return status;
}
