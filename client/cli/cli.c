/* Calling, printing and failing, for all verbs. */
#include "config.h"

#include "client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000

int cli_fail(const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("sandpool: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	return EXIT_OURS;
}

int cli_fail_with(const struct sandpool_error *err)
{
	return cli_fail("%s", err->message);
}

int cli_usage(const struct cli *cli)
{
	(void)fprintf(stderr, "usage: sandpool %s %s\n", cli->verb->name, cli->verb->synopsis);
	if (cli->verb->help)
		(void)fputs(cli->verb->help, stderr);
	return EXIT_OURS;
}

int cli_connect(struct cli *cli)
{
	struct sandpool_error err;

	if (cli->sp)
		return 0;
	cli->sp = sandpool_open(cli->socket, CONNECT_TIMEOUT_MS, &err);
	if (cli->sp)
		return 0;
	(void)cli_fail_with(&err);
	return -1;
}

struct sandpool_call *cli_new(const char *method)
{
	struct sandpool_call *call = sandpool_call_new(method);

	if (!call) {
		(void)cli_fail("out of memory");
		abort();
	}
	return call;
}

struct sandpool_call *cli_new_for(const char *method, const char *sandbox)
{
	struct sandpool_call *call = cli_new(method);

	sandpool_set_string(call, "sandbox_id", sandbox);
	return call;
}

int cli_call(struct cli *cli, struct sandpool_call *call)
{
	struct sandpool_error err;

	if (cli_connect(cli) < 0)
		return EXIT_OURS;
	return sandpool_call(cli->sp, call, -1, &err) < 0 ? cli_fail_with(&err) : 0;
}

void cli_print_json(const struct sandpool_call *call)
{
	const char *json = sandpool_get_json(call);

	if (json)
		(void)puts(json);
}

int cli_call_and_print(struct cli *cli, struct sandpool_call *call)
{
	int status = cli_call(cli, call);

	if (status == 0 && cli->json)
		cli_print_json(call);
	return status;
}

#define ITEM_PATH_SIZE 128

static const char *item_path(char *path, const char *list, size_t index, const char *name)
{
	(void)snprintf(path, ITEM_PATH_SIZE, "%s[%zu].%s", list, index, name);
	return path;
}

const char *item_string(const struct sandpool_call *call, const char *list, size_t index,
			const char *name)
{
	char path[ITEM_PATH_SIZE];

	return sandpool_get_string(call, item_path(path, list, index, name));
}

int64_t item_int(const struct sandpool_call *call, const char *list, size_t index, const char *name)
{
	char path[ITEM_PATH_SIZE];

	return sandpool_get_int(call, item_path(path, list, index, name));
}

double item_number(const struct sandpool_call *call, const char *list, size_t index,
		   const char *name)
{
	char path[ITEM_PATH_SIZE];

	return sandpool_get_number(call, item_path(path, list, index, name));
}

bool item_has(const struct sandpool_call *call, const char *list, size_t index, const char *name)
{
	char path[ITEM_PATH_SIZE];

	return sandpool_has(call, item_path(path, list, index, name));
}

void cleanup_call(struct sandpool_call **call)
{
	sandpool_call_free(*call);
	*call = NULL;
}

double parse_duration(const char *text)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit) == 0)
			return value * units[i].seconds;
	}
	return -1;
}

int add_pair_option(struct sandpool_call *call, const char *name, const char *option)
{
	const char *equals = strchr(option, '=');
	char *key CLEANUP_FREE = NULL;

	if (equals == option)
		return -1;
	if (!equals) {
		if (strcmp(name, "envs") != 0)
			return -1;
		sandpool_add_pair(call, name, option, getenv(option));
		return 0;
	}
	key = strndup(option, (size_t)(equals - option));
	if (!key)
		return -1;
	sandpool_add_pair(call, name, key, equals + 1);
	return 0;
}

int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = {.fd = fd, .events = POLLOUT};

			(void)poll(&ready, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

char **command_words(int argc, char **argv, int first)
{
	if (first < argc && strcmp(argv[first], "--") == 0)
		first++;
	return first < argc ? argv + first : NULL;
}
