/* sandpool ls */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "protocol/options.h"

static void add_row(struct table *table, const struct sandpool_call *call, size_t index)
{
	static const char *const names[] = {"sandbox_id", "name", "state", "template", "end_at"};
	const char *cells[ARRAY_SIZE(names)];
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "sandboxes[%zu].%s", index, names[i]);
		cells[i] = sandpool_get_string(call, path);
	}
	table_add(table, cells, ARRAY_SIZE(cells));
}

/* One page, and where the next begins (new; NULL at the end). */
static int list_page(struct cli *cli, struct sandpool_call *call, struct table *table,
		     char **ret_next)
{
	int status = cli_call_and_print(cli, call);
	const char *next;

	*ret_next = NULL;
	if (status || cli->json)
		return status;
	for (size_t i = 0; i < sandpool_get_count(call, "sandboxes"); i++)
		add_row(table, call, i);
	next = sandpool_get_string(call, "next_token");
	if (next)
		*ret_next = strdup(next);
	return 0;
}

/* The same question again for the next page. */
static struct sandpool_call *list_call(const char *state, char **labels, int count,
				       const char *token)
{
	struct sandpool_call *call = cli_new("sandbox.list");

	sandpool_set_string(call, "state", state);
	sandpool_set_string(call, "next_token", token);
	for (int i = 0; i < count; i++) {
		if (add_pair_option(call, "metadata", labels[i]) < 0)
			(void)cli_fail("'%s' must be NAME=VALUE", labels[i]);
	}
	return call;
}

static int list_all(struct cli *cli, const char *state, char **labels, int count)
{
	static const char *const heads[] = {"SANDBOX", "NAME", "STATE", "TEMPLATE", "ENDS"};
	struct table table CLEANUP(table_deinit) = {0};
	char *token CLEANUP_FREE = NULL;
	int status;

	table_add(&table, heads, ARRAY_SIZE(heads));
	do {
		struct sandpool_call *call CLEANUP_CALL = list_call(state, labels, count, token);

		free(token);
		status = list_page(cli, call, &table, &token);
	} while (status == 0 && token);
	if (status == 0 && !cli->json)
		table_print(&table);
	return status;
}

int cmd_ls(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"state", required_argument, NULL, 's'},
						{"metadata", required_argument, NULL, 'm'},
						{NULL, 0, NULL, 0}};
	char **labels CLEANUP_FREE = calloc((size_t)argc, sizeof(*labels));
	const char *state = NULL;
	int count = 0;
	int c;

	while ((c = options_next(argc, argv, "+hm:", options, NULL)) != -1) {
		if (c == 's')
			state = optarg;
		else if (c == 'm' && labels && strchr(optarg, '=') && *optarg != '=')
			labels[count++] = optarg;
		else
			return cli_usage(cli);
	}
	return optind == argc ? list_all(cli, state, labels, count) : cli_usage(cli);
}
