/* sandpool status */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/units.h"
#include "client/cli/verbs.h"

/* One line behind its label; control characters do nothing. */
static void print_line(const char *label, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void print_line(const char *label, const char *fmt, ...)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "%-10s ", label);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line + len, sizeof(line) - (size_t)len, fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	(void)puts(line);
}

static const char *text_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

static void print_daemon(const struct sandpool_call *call)
{
	char uptime[UNITS_TEXT_SIZE], memory[UNITS_TEXT_SIZE];

	print_line("daemon", "sandpoold %s, pid %" PRId64 ", up %s, %s of memory",
		   text_or(sandpool_get_string(call, "version"), "?"),
		   sandpool_get_int(call, "pid"),
		   units_duration(sandpool_get_number(call, "uptime"), uptime),
		   units_bytes(sandpool_get_int(call, "memory_bytes"), memory));
	print_line("socket", "%s", text_or(sandpool_get_string(call, "socket"), "?"));
	print_line("state", "%s", text_or(sandpool_get_string(call, "state_dir"), "?"));
}

static void print_clients(const struct sandpool_call *call)
{
	print_line("clients", "%" PRId64 " of %" PRId64 ", %" PRId64 " calls under way",
		   sandpool_get_int(call, "clients"), sandpool_get_int(call, "clients_max"),
		   sandpool_get_int(call, "calls"));
	for (size_t i = 0; i < sandpool_get_count(call, "users"); i++) {
		char in[UNITS_TEXT_SIZE], out[UNITS_TEXT_SIZE];

		print_line("",
			   "uid %" PRId64 ": %" PRId64 " clients, %" PRId64
			   " calls, %s held from them, %s for them",
			   item_int(call, "users", i, "uid"), item_int(call, "users", i, "clients"),
			   item_int(call, "users", i, "calls"),
			   units_bytes(item_int(call, "users", i, "input_bytes"), in),
			   units_bytes(item_int(call, "users", i, "output_bytes"), out));
	}
}

static void print_sandboxes(const struct sandpool_call *call)
{
	static const char *const states[] = {"creating", "paused", "killing"};
	char line[128], path[64];
	size_t len;

	len = (size_t)snprintf(line, sizeof(line), "%" PRId64 " running",
			       sandpool_get_int(call, "sandbox_states.running"));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		int64_t count;

		(void)snprintf(path, sizeof(path), "sandbox_states.%s", states[i]);
		count = sandpool_get_int(call, path);
		if (count > 0)
			len += (size_t)snprintf(line + len, sizeof(line) - len, ", %" PRId64 " %s",
						count, states[i]);
	}
	print_line("sandboxes", "%s", line);
	for (size_t i = 0; i < sandpool_get_count(call, "deadlines"); i++) {
		const char *name = item_string(call, "deadlines", i, "name");
		double left = units_seconds_until(item_string(call, "deadlines", i, "end_at"));
		char text[UNITS_TEXT_SIZE];

		print_line(
			"", "%s ends in %s",
			text_or(name ? name : item_string(call, "deadlines", i, "sandbox_id"), "?"),
			units_duration(left > 0 ? left : 0, text));
	}
}

static void print_storage(const struct sandpool_call *call)
{
	char kept[UNITS_TEXT_SIZE], total[UNITS_TEXT_SIZE];

	print_line("commands", "%" PRId64 " followed, %s of %s of output kept",
		   sandpool_get_int(call, "commands"),
		   units_bytes(sandpool_get_int(call, "spool_bytes"), kept),
		   units_bytes(sandpool_get_int(call, "spool_total"), total));
	print_line("registry", "%" PRId64 " changes on their way to the disk%s",
		   sandpool_get_int(call, "registry_queue"),
		   sandpool_get_bool(call, "registry_failing")
			   ? "; IT FAILS: what changes is not remembered"
			   : "");
}

static void print_provider(const struct sandpool_call *call, size_t i)
{
	static const char list[] = "providers";
	const char *mode = item_string(call, list, i, "engine.mode");
	const char *error = item_string(call, list, i, "last_error");
	char text[UNITS_TEXT_SIZE];

	print_line("provider", "%s (%s) is %s%s%s",
		   text_or(item_string(call, list, i, "name"), "?"),
		   text_or(item_string(call, list, i, "type"), "?"),
		   text_or(item_string(call, list, i, "state"), "?"), mode ? ", engine mode " : "",
		   text_or(mode, ""));
	print_line("", "at %s", text_or(item_string(call, list, i, "api_url"), "?"));
	print_line("", "%" PRId64 " requests, %" PRId64 " on one of %" PRId64 " connections again",
		   item_int(call, list, i, "requests"), item_int(call, list, i, "reused"),
		   item_int(call, list, i, "connections"));
	print_line("", "%" PRId64 " under way, %" PRId64 " queued; %" PRId64 " wait for it",
		   item_int(call, list, i, "in_flight"), item_int(call, list, i, "queued"),
		   item_int(call, list, i, "waiting"));
	if (item_has(call, list, i, "next_check"))
		print_line("", "compared with what we know in %s",
			   units_duration(item_number(call, list, i, "next_check"), text));
	if (error && strcmp(text_or(item_string(call, list, i, "state"), ""), "down") == 0)
		print_line("", "down: %s", error);
}

static void print_operation(const struct sandpool_call *call, size_t i)
{
	static const char list[] = "operations";
	char age[UNITS_TEXT_SIZE], left[UNITS_TEXT_SIZE], uid[24] = "the daemon";

	if (item_has(call, list, i, "uid"))
		(void)snprintf(uid, sizeof(uid), "uid %" PRId64, item_int(call, list, i, "uid"));
	print_line(i ? "" : "work", "#%" PRId64 " %s at %s for %s, %s%s, %s",
		   item_int(call, list, i, "number"),
		   text_or(item_string(call, list, i, "name"), "?"),
		   text_or(item_string(call, list, i, "step"), "?"),
		   units_duration(item_number(call, list, i, "age"), age),
		   item_has(call, list, i, "time_left")
			   ? units_duration(item_number(call, list, i, "time_left"), left)
			   : "no deadline",
		   item_has(call, list, i, "time_left") ? " left" : "", uid);
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
	print_daemon(call);
	print_clients(call);
	print_sandboxes(call);
	print_storage(call);
	for (size_t i = 0; i < sandpool_get_count(call, "providers"); i++)
		print_provider(call, i);
	for (size_t i = 0; i < sandpool_get_count(call, "operations"); i++)
		print_operation(call, i);
	return 0;
}
