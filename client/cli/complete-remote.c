/* Candidates from the daemon: one short call each, and silence when it fails. */
#include "config.h"

#include "client/cli/complete-remote.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/place.h"

#define PATIENCE_MS 1000 /* of somebody who pressed a key */

/* ---- printing --------------------------------------------------------------------------------- */

static bool has_control_characters(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

/* A name from a sandbox must neither break the lines nor reach the terminal's controls. */
void complete_offer(const struct complete_target *to, const char *candidate, const char *fmt, ...)
{
	char meaning[128];
	va_list ap;

	if (strncmp(candidate, to->word, strlen(to->word)) != 0 ||
	    has_control_characters(candidate))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(meaning, sizeof(meaning), fmt, ap);
	va_end(ap);
	(void)printf("%s\t%s\n", candidate, has_control_characters(meaning) ? "" : meaning);
}

void complete_files(void)
{
	(void)puts(":files");
}

/* ---- asking ----------------------------------------------------------------------------------- */

static bool ask(const struct complete_target *to, struct sandpool_call *call)
{
	if (!to->cli->sp)
		to->cli->sp = sandpool_open(to->cli->socket, PATIENCE_MS, NULL);
	return to->cli->sp && sandpool_call(to->cli->sp, call, PATIENCE_MS, NULL) == 0;
}

/* Text in a list of the result; never NULL. */
static const char *text_in(const struct sandpool_call *call, const char *list, size_t index,
			   const char *name)
{
	char path[64];
	const char *text;

	(void)snprintf(path, sizeof(path), "%s[%zu].%s", list, index, name);
	text = sandpool_get_string(call, path);
	return text ? text : "";
}

static void offer_with(const struct complete_target *to, const char *name, const char *suffix,
		       const char *meaning, const char *state)
{
	char candidate[128];

	(void)snprintf(candidate, sizeof(candidate), "%s%s", name, suffix);
	complete_offer(to, candidate, "%s%s%s", meaning, *meaning ? ", " : "", state);
}

void complete_sandboxes(const struct complete_target *to, const char *suffix)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("sandbox.list");

	if (!ask(to, call))
		return;
	for (size_t i = 0; i < sandpool_get_count(call, "sandboxes"); i++) {
		const char *id = text_in(call, "sandboxes", i, "sandbox_id");
		const char *name = text_in(call, "sandboxes", i, "name");
		const char *state = text_in(call, "sandboxes", i, "state");

		if (*name)
			offer_with(to, name, suffix, id, state);
		offer_with(to, id, suffix, name, state);
	}
}

/* Entries of the directory that `path` begins with, as ID:dir/name. */
static void complete_paths(const struct complete_target *to, const char *sandbox, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir CLEANUP_FREE = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("file.list", sandbox);

	if (!dir)
		return;
	sandpool_set_string(call, "path", *dir ? dir : ".");
	if (!ask(to, call))
		return;
	for (size_t i = 0; i < sandpool_get_count(call, "entries"); i++) {
		const char *type = text_in(call, "entries", i, "type");
		char candidate[4096];

		(void)snprintf(candidate, sizeof(candidate), "%s:%s%s%s", sandbox, dir,
			       text_in(call, "entries", i, "name"),
			       strcmp(type, "dir") == 0 ? "/" : "");
		complete_offer(to, candidate, "%s", type);
	}
}

void complete_places(const struct complete_target *to)
{
	struct place place CLEANUP(place_deinit) = {0};

	if (place_parse(to->word, &place) < 0)
		return;
	if (place.sandbox)
		complete_paths(to, place.sandbox, to->word + strlen(place.sandbox) + 1);
	else if (!strchr(to->word, '/'))
		complete_sandboxes(to, ":");
}

void complete_commands(const struct complete_target *to)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new_for("command.list", to->sandbox);

	if (!ask(to, call))
		return;
	for (size_t i = 0; i < sandpool_get_count(call, "commands"); i++) {
		char path[64], pid[24];

		(void)snprintf(path, sizeof(path), "commands[%zu].pid", i);
		(void)snprintf(pid, sizeof(pid), "%" PRId64, sandpool_get_int(call, path));
		complete_offer(to, pid, "%s %s", text_in(call, "commands", i, "cmd"),
			       text_in(call, "commands", i, "args[0]"));
	}
}

void complete_methods(const struct complete_target *to)
{
	struct sandpool_call *call CLEANUP_CALL = cli_new("rpc.discover");

	if (!ask(to, call))
		return;
	for (size_t i = 0; i < sandpool_get_count(call, "methods"); i++)
		complete_offer(to, text_in(call, "methods", i, "name"), "%s",
			       text_in(call, "methods", i, "summary"));
}
