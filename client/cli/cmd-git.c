/*
 * sandpool git: the git.* methods. A verb of git is one row here; options are the methods' parameters by name, and
 * the daemon says which ones a verb has no use for.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/place.h"
#include "client/cli/verbs.h"
#include "protocol/options.h"

#define PASSWORD_MAX 4096

struct git_verb {
	const char *name;
	const char *method;
	const char *words[2]; /* parameters that follow ID:PATH */
	const char *list;     /* the parameter that takes all further words, or NULL */
	bool is_placeless;    /* ID alone will do */
	int (*print)(struct sandpool_call *call); /* returns the exit status */
};

/* ---- printing ---------------------------------------------------------------------------------- */

/* File names and messages need not be UTF-8. */
static void print_bytes(struct sandpool_call *call, const char *member, FILE *to)
{
	size_t len;
	const void *bytes = sandpool_get_bytes(call, member, &len);

	if (bytes)
		(void)fwrite(bytes, 1, len, to);
}

static int print_output(struct sandpool_call *call)
{
	print_bytes(call, "stdout", stdout);
	print_bytes(call, "stderr", stderr);
	return 0;
}

static int print_value(struct sandpool_call *call)
{
	const char *value = sandpool_get_string(call, "value");

	if (value)
		(void)puts(value);
	return value ? 0 : 1;
}

static int print_branches(struct sandpool_call *call)
{
	const char *current = sandpool_get_string(call, "current_branch");

	for (size_t i = 0; i < sandpool_get_count(call, "branches"); i++) {
		char path[40];
		const char *name;

		(void)snprintf(path, sizeof(path), "branches[%zu]", i);
		name = sandpool_get_string(call, path);
		(void)printf("%s %s\n", current && strcmp(name, current) == 0 ? "*" : " ", name);
	}
	return 0;
}

static int print_status(struct sandpool_call *call)
{
	const char *branch = sandpool_get_string(call, "current_branch");
	const char *upstream = sandpool_get_string(call, "upstream");

	(void)printf("## %s%s%s", branch ? branch : "(detached)", upstream ? "..." : "",
		     upstream ? upstream : "");
	if (upstream)
		(void)printf(" [ahead %lld, behind %lld]",
			     (long long)sandpool_get_int(call, "ahead"),
			     (long long)sandpool_get_int(call, "behind"));
	(void)putchar('\n');
	for (size_t i = 0; i < sandpool_get_count(call, "files"); i++) {
		const char *from = item_string(call, "files", i, "renamed_from");

		(void)printf("%s%s %s%s%s\n", item_string(call, "files", i, "index_status"),
			     item_string(call, "files", i, "working_tree_status"), from ? from : "",
			     from ? " -> " : "", item_string(call, "files", i, "name"));
	}
	return 0;
}

/* ---- the table --------------------------------------------------------------------------------- */

/* clang-format off */
static const struct git_verb git_verbs[] = {
	{"clone", "git.clone", {"url"}, NULL, true, print_output},
	{"init", "git.init", {NULL}, NULL, false, print_output},
	{"remote-add", "git.remote_add", {"name", "url"}, NULL, false, print_output},
	{"remote-get", "git.remote_get", {"name"}, NULL, false, print_value},
	{"status", "git.status", {NULL}, NULL, false, print_status},
	{"branches", "git.branches", {NULL}, NULL, false, print_branches},
	{"create-branch", "git.create_branch", {"branch"}, NULL, false, print_output},
	{"checkout-branch", "git.checkout_branch", {"branch"}, NULL, false, print_output},
	{"delete-branch", "git.delete_branch", {"branch"}, NULL, false, print_output},
	{"add", "git.add", {NULL}, "files", false, print_output},
	{"commit", "git.commit", {NULL}, NULL, false, print_output},
	{"reset", "git.reset", {NULL}, "paths", false, print_output},
	{"restore", "git.restore", {NULL}, "paths", false, print_output},
	{"push", "git.push", {NULL}, NULL, false, print_output},
	{"pull", "git.pull", {NULL}, NULL, false, print_output},
	{"set-config", "git.set_config", {"key", "value"}, NULL, true, print_output},
	{"get-config", "git.get_config", {"key"}, NULL, true, print_value},
	{"configure-user", "git.configure_user", {"name", "email"}, NULL, true, print_output},
	{"dangerously-authenticate", "git.dangerously_authenticate", {NULL}, NULL, true, print_output},
};
/* clang-format on */

static const struct git_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(git_verbs); i++) {
		if (strcmp(git_verbs[i].name, name) == 0)
			return &git_verbs[i];
	}
	return NULL;
}

/* ---- options ----------------------------------------------------------------------------------- */

enum { AS_STRING = 256, AS_INT, AS_TRUE, AS_FALSE, AS_PASSWORD };

static const struct option options[] = {
	{"branch", required_argument, NULL, AS_STRING},
	{"depth", required_argument, NULL, AS_INT},
	{"username", required_argument, NULL, AS_STRING},
	{"password-file", required_argument, NULL, AS_PASSWORD},
	{"dangerously-store-credentials", no_argument, NULL, AS_TRUE},
	{"initial-branch", required_argument, NULL, AS_STRING},
	{"bare", no_argument, NULL, AS_TRUE},
	{"fetch", no_argument, NULL, AS_TRUE},
	{"overwrite", no_argument, NULL, AS_TRUE},
	{"force", no_argument, NULL, AS_TRUE},
	{"message", required_argument, NULL, AS_STRING},
	{"author-name", required_argument, NULL, AS_STRING},
	{"author-email", required_argument, NULL, AS_STRING},
	{"allow-empty", no_argument, NULL, AS_TRUE},
	{"mode", required_argument, NULL, AS_STRING},
	{"target", required_argument, NULL, AS_STRING},
	{"staged", no_argument, NULL, AS_TRUE},
	{"worktree", no_argument, NULL, AS_TRUE},
	{"source", required_argument, NULL, AS_STRING},
	{"remote", required_argument, NULL, AS_STRING},
	{"no-set-upstream", no_argument, NULL, AS_FALSE},
	{"scope", required_argument, NULL, AS_STRING},
	{"host", required_argument, NULL, AS_STRING},
	{"protocol", required_argument, NULL, AS_STRING},
	{"user", required_argument, NULL, AS_STRING},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* "allow-empty" is the parameter allow_empty. */
static void parameter_name(const char *option, char *name, size_t size)
{
	(void)snprintf(name, size, "%s", option);
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = '_';
	}
}

/* From a file, so that no argument of a process shows it; "-" is standard input. */
static int set_password(struct sandpool_call *call, const char *path)
{
	FILE *file CLEANUP_FILE =
		strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "re") : fopen(path, "re");
	char text[PASSWORD_MAX];

	if (!file || !fgets(text, sizeof(text), file))
		return cli_fail("%s: no password: %s", path,
				file ? "it is empty" : strerror(errno));
	text[strcspn(text, "\n")] = '\0';
	sandpool_set_string(call, "password", text);
	explicit_bzero(text, sizeof(text));
	return 0;
}

static int set_number(struct sandpool_call *call, const char *name, const char *option)
{
	char *end;
	long long number = strtoll(optarg, &end, 10);

	if (end == optarg || *end)
		return cli_fail("--%s: not a number: %s", option, optarg);
	sandpool_set_int(call, name, number);
	return 0;
}

static int take_option(struct cli *cli, struct sandpool_call *call, int kind, const char *option)
{
	char name[64];

	parameter_name(option, name, sizeof(name));
	switch (kind) {
	case AS_STRING:
		sandpool_set_string(call, name, optarg);
		return 0;
	case AS_INT:
		return set_number(call, name, option);
	case AS_TRUE:
		sandpool_set_bool(call, name, true);
		return 0;
	case AS_FALSE: /* --no-set-upstream */
		sandpool_set_bool(call, name + strlen("no_"), false);
		return 0;
	case AS_PASSWORD:
		return set_password(call, optarg);
	case 'm':
		sandpool_set_string(call, "message", optarg);
		return 0;
	case 'u':
		sandpool_set_string(call, "user", optarg);
		return 0;
	}
	return cli_usage(cli);
}

/* ID:PATH, the verb's own words, then its list. */
static int take_words(struct cli *cli, struct sandpool_call *call, const struct git_verb *verb,
		      int count, char **words)
{
	struct place place CLEANUP(place_deinit) = {0};
	int used = 1;

	if (count < 1)
		return cli_usage(cli);
	if (place_parse(words[0], &place) < 0)
		return cli_fail("out of memory");
	if (!place.sandbox && !verb->is_placeless)
		return cli_fail("%s: write ID:PATH", words[0]);
	sandpool_set_string(call, "sandbox_id", place.sandbox ? place.sandbox : words[0]);
	if (place.sandbox && !(verb->is_placeless && strcmp(place.path, ".") == 0))
		sandpool_set_string(call, "path", place.path);
	for (size_t i = 0; i < ARRAY_SIZE(verb->words) && verb->words[i]; i++) {
		if (used == count)
			return cli_fail("git %s: needs %s", verb->name, verb->words[i]);
		sandpool_set_string(call, verb->words[i], words[used++]);
	}
	while (verb->list && used < count)
		sandpool_add_string(call, verb->list, words[used++]);
	return used == count ? 0 : cli_usage(cli);
}

int cmd_git(struct cli *cli, int argc, char **argv)
{
	const struct git_verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;
	struct sandpool_call *call CLEANUP_CALL = NULL;
	int c, index = 0, status;

	if (!verb)
		return argc > 1 && argv[1][0] != '-'
			       ? cli_fail("git %s: no such verb; see sandpool git --help", argv[1])
			       : cli_usage(cli);
	call = cli_new(verb->method);
	argc--;
	argv++;
	optind = 1;
	while ((c = options_next(argc, argv, "hm:u:", options, &index)) != -1) {
		status = take_option(cli, call, c, options[index].name);
		if (status)
			return status;
	}
	status = take_words(cli, call, verb, argc - optind, argv + optind);
	if (status == 0)
		status = cli_call_and_print(cli, call);
	return status || cli->json ? status : verb->print(call);
}
