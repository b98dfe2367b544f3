/* sandpool files watch: changes in a directory, a line each, until interrupted or the watch ends. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/cmd-files.h"

struct watch {
	bool json;
	bool was_answered, has_ended;
	int status;
};

/* Names may hold anything: what would break a line, or a terminal, is shown as an escape. */
static void print_name(const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < ' ' || c == 0x7f || c == '\\')
			(void)printf("\\x%02x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('\n');
}

static void print_change(const struct watch *watch, struct sandpool_note *note)
{
	if (watch->json) {
		(void)puts(sandpool_note_json(note));
	} else {
		(void)printf("%-6s  ", sandpool_note_string(note, "type"));
		print_name(sandpool_note_string(note, "name"));
	}
	(void)fflush(stdout);
}

static void on_note(void *arg, struct sandpool_note *note)
{
	struct watch *watch = arg;
	const char *type = sandpool_note_string(note, "type"), *message;

	if (strcmp(sandpool_note_method(note), "watch.event") != 0 || !type)
		return;
	if (strcmp(type, "end") != 0) {
		print_change(watch, note);
		return;
	}
	message = sandpool_note_string(note, "message");
	watch->has_ended = true;
	watch->status = cli_fail("the watch has ended: %s", message ? message : "nobody says why");
}

static void on_done(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct watch *watch = arg;

	(void)call;
	watch->was_answered = true;
	if (err) {
		watch->has_ended = true;
		watch->status = cli_fail_with(err);
	}
}

int files_watch(const struct files_args *args, const struct place *place)
{
	struct sandpool_call *call CLEANUP_CALL = file_call(args, "watch.start", place);
	struct watch watch = {.json = args->cli->json};
	struct sandpool_error err;

	sandpool_set_bool(call, "recursive", args->recursive);
	if (cli_connect(args->cli) < 0)
		return EXIT_OURS;
	sandpool_on_note(args->cli->sp, on_note, &watch);
	if (sandpool_start(args->cli->sp, call, on_done, &watch, &err) < 0)
		return cli_fail_with(&err);
	while (!watch.has_ended) {
		if (sandpool_wait(args->cli->sp, -1, &err) < 0)
			return watch.status ? watch.status : cli_fail_with(&err);
	}
	return watch.status;
}
