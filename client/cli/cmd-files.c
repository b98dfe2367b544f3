/* sandpool cat, write, and files: single calls on files of a sandbox. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cmd-files.h"
#include "client/cli/copy.h"
#include "client/cli/table.h"

/* A place that must be in a sandbox. */
static int parse_there(const char *text, struct place *ret)
{
	if (place_parse(text, ret) < 0)
		return cli_fail("out of memory");
	return ret->sandbox ? 0 : cli_fail("%s: write ID:PATH", text);
}

static int cat_one(struct cli *cli, const char *text)
{
	struct place place CLEANUP(place_deinit) = {0};
	struct sandpool_call *call CLEANUP_CALL = NULL;
	int status = parse_there(text, &place);

	if (status)
		return status;
	call = cli_new_for("file.read", place.sandbox);
	sandpool_set_string(call, "path", place.path);
	if (!cli->json)
		sandpool_set_fd(call, "fd", STDOUT_FILENO);
	return cli_call_and_print(cli, call);
}

int cmd_cat(struct cli *cli, int argc, char **argv)
{
	int status = 0;

	if (argc < 2)
		return cli_usage(cli);
	for (int i = 1; i < argc && status == 0; i++)
		status = cat_one(cli, argv[i]);
	return status;
}

int cmd_write(struct cli *cli, int argc, char **argv)
{
	struct place place CLEANUP(place_deinit) = {0};
	struct sandpool_call *call CLEANUP_CALL = NULL;
	int status;

	if (argc != 2)
		return cli_usage(cli);
	status = parse_there(argv[1], &place);
	if (status)
		return status;
	call = cli_new_for("file.write", place.sandbox);
	sandpool_set_string(call, "path", place.path);
	sandpool_set_fd(call, "fd", STDIN_FILENO);
	return cli_call_and_print(cli, call);
}

/* ---- files ----------------------------------------------------------------------------------- */

struct sandpool_call *file_call(const struct files_args *args, const char *method,
				const struct place *place)
{
	struct sandpool_call *call = cli_new_for(method, place->sandbox);

	sandpool_set_string(call, "path", place->path);
	sandpool_set_string(call, "user", args->user);
	return call;
}

static void add_entry(struct table *table, const struct sandpool_call *call, size_t index,
		      bool full)
{
	const char *names[] = {"permissions", "owner",         "group",
			       NULL,          "modified_time", full ? "path" : "name"};
	const char *cells[ARRAY_SIZE(names)];
	char path[64], size[24];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!names[i])
			continue;
		(void)snprintf(path, sizeof(path), "entries[%zu].%s", index, names[i]);
		cells[i] = sandpool_get_string(call, path);
	}
	(void)snprintf(path, sizeof(path), "entries[%zu].size", index);
	(void)snprintf(size, sizeof(size), "%lld", (long long)sandpool_get_int(call, path));
	cells[3] = size;
	table_add(table, cells, ARRAY_SIZE(cells));
}

static int files_ls(const struct files_args *args, const struct place *place)
{
	struct sandpool_call *call CLEANUP_CALL = file_call(args, "file.list", place);
	struct table table CLEANUP(table_deinit) = {0};
	int status;

	if (args->recursive)
		sandpool_set_int(call, "depth", 1000);
	status = cli_call_and_print(args->cli, call);
	if (status || args->cli->json)
		return status;
	for (size_t i = 0; i < sandpool_get_count(call, "entries"); i++)
		add_entry(&table, call, i, args->recursive);
	table_print(&table);
	return 0;
}

static int files_stat(const struct files_args *args, const struct place *place)
{
	static const char *const names[] = {"path",  "type",          "permissions",   "owner",
					    "group", "modified_time", "symlink_target"};
	struct sandpool_call *call CLEANUP_CALL = file_call(args, "file.stat", place);
	int status = cli_call_and_print(args->cli, call);

	if (status || args->cli->json)
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (sandpool_has(call, names[i]))
			(void)printf("%-15s %s\n", names[i], sandpool_get_string(call, names[i]));
	}
	(void)printf("%-15s %lld\n", "size", (long long)sandpool_get_int(call, "size"));
	return 0;
}

static int files_rm(const struct files_args *args, const struct place *place)
{
	struct sandpool_call *call CLEANUP_CALL = NULL;

	if (strcmp(place->path, ".") == 0) /* "ID:" too: a slip of the finger */
		return cli_fail("%s: name what to remove; its home stays", place->sandbox);
	call = file_call(args, "file.remove", place);
	return cli_call_and_print(args->cli, call);
}

static int files_mkdir(const struct files_args *args, const struct place *place)
{
	struct sandpool_call *call CLEANUP_CALL = file_call(args, "file.mkdir", place);

	return cli_call_and_print(args->cli, call);
}

static int files_mv(const struct files_args *args, char **words, int count)
{
	struct place from CLEANUP(place_deinit) = {0};
	struct place to CLEANUP(place_deinit) = {0};
	struct sandpool_call *call CLEANUP_CALL = NULL;

	if (count != 2)
		return cli_usage(args->cli);
	if (parse_there(words[0], &from))
		return EXIT_OURS;
	if (place_parse(words[1], &to) < 0)
		return cli_fail("out of memory");
	if (to.sandbox && strcmp(to.sandbox, from.sandbox) != 0)
		return cli_fail("mv works within one sandbox; use cp between two");
	call = cli_new_for("file.rename", from.sandbox);
	sandpool_set_string(call, "old_path", from.path);
	sandpool_set_string(call, "new_path", to.path);
	sandpool_set_string(call, "user", args->user);
	return cli_call_and_print(args->cli, call);
}

static int for_each_place(const struct files_args *args, char **words, int count,
			  int (*act)(const struct files_args *args, const struct place *place))
{
	int status = count > 0 ? 0 : cli_usage(args->cli);

	for (int i = 0; i < count && status == 0; i++) {
		struct place place CLEANUP(place_deinit) = {0};

		status = parse_there(words[i], &place);
		if (status == 0)
			status = act(args, &place);
	}
	return status;
}

int cmd_files(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*act)(const struct files_args *args, const struct place *place);
	} actions[] = {
		{"ls", files_ls},       {"stat", files_stat},   {"rm", files_rm},
		{"mkdir", files_mkdir}, {"watch", files_watch},
	};
	struct files_args args = {.cli = cli};
	const char *action = argc > 1 ? argv[1] : "";
	int c;

	optind = 2;
	while ((c = getopt(argc, argv, "+hRu:")) != -1) {
		if (c == 'R')
			args.recursive = true;
		else if (c == 'u')
			args.user = optarg;
		else
			return cli_usage(cli);
	}
	if (strcmp(action, "mv") == 0)
		return files_mv(&args, argv + optind, argc - optind);
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(action, actions[i].name) == 0)
			return for_each_place(&args, argv + optind, argc - optind, actions[i].act);
	}
	return cli_usage(cli);
}
