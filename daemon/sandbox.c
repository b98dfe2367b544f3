/* One sandbox: its states, its row, its deadline. The registry of all of them is in registry.c. */
#include "config.h"

#include "daemon/sandbox.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/e2b/envd.h"
#include "daemon/provider.h"
#include "daemon/registry-private.h"

#define US_PER_MS 1000
#define ID_MIN    16 /* E2B's have 20 or 21 (wire §1.4) */

/* How far the provider's idea of a deadline may be from ours: it set its clock while we waited. */
#define DEADLINE_SLACK_US (2 * 1000 * US_PER_MS)

static const char *const state_names[] = {
	[SANDBOX_CREATING] = "creating", [SANDBOX_RUNNING] = "running", [SANDBOX_PAUSED] = "paused",
	[SANDBOX_KILLING] = "killing",   [SANDBOX_ENDED] = "ended",
};

#define TO(state) (1u << (state))
static const unsigned transitions[] = {
	[SANDBOX_CREATING] =
		TO(SANDBOX_RUNNING) | TO(SANDBOX_PAUSED) | TO(SANDBOX_KILLING) | TO(SANDBOX_ENDED),
	[SANDBOX_RUNNING] = TO(SANDBOX_PAUSED) | TO(SANDBOX_KILLING) | TO(SANDBOX_ENDED),
	[SANDBOX_PAUSED] = TO(SANDBOX_RUNNING) | TO(SANDBOX_KILLING) | TO(SANDBOX_ENDED),
	[SANDBOX_KILLING] = TO(SANDBOX_ENDED),
	[SANDBOX_ENDED] = 0,
};

/* The state of a row, which is a number for ever, and the state in memory, which is not. */
static const enum store_state stored_states[] = {
	[SANDBOX_CREATING] = STORE_SANDBOX_CREATING, [SANDBOX_RUNNING] = STORE_SANDBOX_RUNNING,
	[SANDBOX_PAUSED] = STORE_SANDBOX_PAUSED,     [SANDBOX_KILLING] = STORE_SANDBOX_KILLING,
	[SANDBOX_ENDED] = STORE_SANDBOX_ENDED,
};

enum sandbox_state sandbox_state_from_row(const struct sandbox_row *row)
{
	switch (row->state) {
	case STORE_SANDBOX_CREATING:
		return SANDBOX_CREATING;
	case STORE_SANDBOX_RUNNING:
		return SANDBOX_RUNNING;
	case STORE_SANDBOX_PAUSED:
		return SANDBOX_PAUSED;
	case STORE_SANDBOX_KILLING:
		return SANDBOX_KILLING;
	case STORE_SANDBOX_ENDED:
		break;
	}
	return SANDBOX_ENDED;
}

const char *sandbox_words(const struct sandbox *sandbox)
{
	if (sandbox->row.name)
		return sandbox->row.name;
	return sandbox->row.id ? sandbox->row.id : "new sandbox";
}

bool sandbox_is_id(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");

	return len >= ID_MIN && !text[len];
}

bool sandbox_is_there(const struct sandbox *sandbox)
{
	return sandbox->state == SANDBOX_RUNNING || sandbox->state == SANDBOX_PAUSED;
}

bool sandbox_allows(const struct sandbox *sandbox, const struct peer *peer)
{
	return registry_trusts(sandbox->registry, peer) || sandbox->row.uid == (int64_t)peer->uid;
}

/* ---- the deadline ---------------------------------------------------------------------------- */

void sandbox_on_expiry(evutil_socket_t fd, short what, void *arg)
{
	struct sandbox *sandbox = arg;
	const struct registry_events *events = registry_events(sandbox->registry);

	(void)fd;
	(void)what;
	if (events->expired)
		events->expired(events->expired_arg, sandbox);
}

/* The deadline counts while it runs; one that is already past is told in the next turn. */
static void schedule(struct sandbox *sandbox)
{
	int64_t left_us = sandbox->row.end_us - clock_wall_us();

	if (sandbox->state == SANDBOX_RUNNING && sandbox->row.end_us > 0)
		timer_set(sandbox->expiry, (left_us + US_PER_MS - 1) / US_PER_MS);
	else
		(void)event_del(sandbox->expiry);
}

void sandbox_set_end(struct sandbox *sandbox, int64_t end_us)
{
	sandbox->row.end_us = end_us;
	schedule(sandbox);
}

void sandbox_recheck(struct sandbox *sandbox, int64_t delay_ms)
{
	timer_set(sandbox->expiry, delay_ms);
}

/* ---- states ---------------------------------------------------------------------------------- */

void sandbox_save(struct sandbox *sandbox, struct store_write *write)
{
	sandbox->row.state = stored_states[sandbox->state];
	store_put_sandbox(sandbox->registry->store, &sandbox->row, write);
}

static void tell_watches(struct sandbox *sandbox)
{
	struct list watches;
	struct sandbox_watch *watch;

	list_init(&watches);
	list_move_all(&sandbox->watches, &watches);
	while ((watch = list_first(&watches, struct sandbox_watch, link))) {
		list_remove(&watch->link);
		watch->on_change(watch);
	}
}

/* What a tombstone keeps, and nothing that opens a door. */
static void bury(struct sandbox *sandbox, const char *cause)
{
	sandbox->row.ended_us = clock_wall_us();
	cleanup_free(&sandbox->row.ended_cause);
	sandbox->row.ended_cause = strdup(cause);
	cleanup_free(&sandbox->row.access_token);
	registry_forget(sandbox);
}

void sandbox_set_state(struct sandbox *sandbox, enum sandbox_state state, const char *cause,
		       struct store_write *write)
{
	const struct registry_events *events = registry_events(sandbox->registry);
	bool was_there = sandbox_is_there(sandbox);

	if (!(transitions[sandbox->state] & TO(state)))
		abort();
	log_info("sandbox %s: %s -> %s%s%s", sandbox_words(sandbox), state_names[sandbox->state],
		 state_names[state], cause ? ": " : "", cause ? cause : "");
	sandbox->state = state;
	sandbox->registry->count += (unsigned)sandbox_is_there(sandbox) - (unsigned)was_there;
	if (state == SANDBOX_ENDED) {
		assert(sandbox->pins > 0);
		bury(sandbox, cause);
	}
	schedule(sandbox);
	sandbox_save(sandbox, write);
	if (state == SANDBOX_ENDED && events->ended) {
		struct sb_error why = {0};

		(void)sb_fail(&why, SB_SANDBOX_NOT_FOUND, "the sandbox has ended: %s", cause);
		events->ended(sandbox, &why);
	}
	tell_watches(sandbox);
}

void sandbox_set_gone(struct sandbox *sandbox)
{
	const char *cause = "provider";

	if (sandbox->state == SANDBOX_KILLING)
		cause = "killed";
	else if (sandbox->row.end_us > 0 &&
		 clock_wall_us() >= sandbox->row.end_us - DEADLINE_SLACK_US)
		cause = "timeout";
	sandbox_set_state(sandbox, SANDBOX_ENDED, cause, NULL);
}

void sandbox_watch(struct sandbox *sandbox, struct sandbox_watch *watch)
{
	list_init(&watch->link);
	list_append(&sandbox->watches, &watch->link);
}

void sandbox_unwatch(struct sandbox_watch *watch)
{
	if (watch->link.next)
		list_remove(&watch->link);
}

/* ---- what the provider says ------------------------------------------------------------------ */

/* Replace a string by a copy; NULL and "" leave it as it is. */
static int set_text(char **text, const char *value, bool *changed)
{
	char *copy;

	if (!value || !*value || (*text && strcmp(*text, value) == 0))
		return 0;
	copy = strdup(value);
	if (!copy)
		return -1;
	free(*text);
	*text = copy;
	*changed = true;
	return 0;
}

static void set_number(int64_t *number, int64_t value, bool *changed)
{
	*changed |= *number != value;
	*number = value;
}

static int no_memory(struct sb_error *err)
{
	return sb_fail(err, SB_INTERNAL, "out of memory");
}

/* The template as its user named it stays; one we did not make has the provider's words. */
static int apply_identity(struct sandbox *sandbox, const char *id, const char *template_id,
			  const char *alias, bool *changed)
{
	struct sandbox_row *row = &sandbox->row;

	if (!row->template &&
	    set_text(&row->template, alias && *alias ? alias : template_id, changed) < 0)
		return -1;
	if (row->id)
		return 0;
	return set_text(&row->id, id, changed) < 0 ? -1 : registry_index_id(sandbox);
}

int sandbox_apply(struct sandbox *sandbox, const struct wire_sandbox *wire, struct sb_error *err)
{
	struct sandbox_row *row = &sandbox->row;
	bool changed = false;

	if (apply_identity(sandbox, wire->sandbox_id, wire->template_id, wire->alias, &changed) <
		    0 ||
	    set_text(&row->access_token, wire->envd_access_token, &changed) < 0 ||
	    set_text(&row->domain, wire->domain, &changed) < 0 ||
	    set_text(&row->envd_version, wire->envd_version, &changed) < 0)
		return no_memory(err);
	return 0;
}

/* Labels that somebody else gave it, without ours. */
static int apply_metadata(struct sandbox_row *row, const struct string_map *metadata)
{
	for (size_t i = 0; i < metadata->count; i++) {
		const struct string_pair *pair = &metadata->items[i];

		if (strncmp(pair->key, SANDBOX_LABEL_PREFIX, strlen(SANDBOX_LABEL_PREFIX)) == 0)
			continue;
		if (string_map_add(&row->metadata, pair->key, pair->value) < 0)
			return -1;
	}
	return 0;
}

/*
 * Answers of create and timeout carry no end, so we compute it, late by the time they took on the way. What
 * callers were told stays, unless the provider's own end differs by more than such a delay.
 */
static void apply_end(struct sandbox_row *row, int64_t end_us, bool *changed)
{
	if (row->end_us == 0 || llabs(end_us - row->end_us) > DEADLINE_SLACK_US)
		set_number(&row->end_us, end_us, changed);
}

static void apply_numbers(struct sandbox_row *row, const struct wire_sandbox_info *info,
			  bool *changed)
{
	int64_t time_us;

	set_number(&row->cpu_count, info->cpu_count, changed);
	set_number(&row->memory_mb, info->memory_mb, changed);
	set_number(&row->disk_size_mb, info->disk_size_mb, changed);
	if (info->started_at && clock_parse(info->started_at, &time_us) == 0)
		set_number(&row->started_us, time_us, changed);
	if (info->end_at && clock_parse(info->end_at, &time_us) == 0)
		apply_end(row, time_us, changed);
}

int sandbox_apply_info(struct sandbox *sandbox, const struct wire_sandbox_info *info,
		       struct sb_error *err)
{
	struct sandbox_row *row = &sandbox->row;
	enum sandbox_state state = info->state && strcmp(info->state, "paused") == 0
					   ? SANDBOX_PAUSED
					   : SANDBOX_RUNNING;
	bool changed = false;

	if (apply_identity(sandbox, info->sandbox_id, info->template_id, info->alias, &changed) <
		    0 ||
	    set_text(&row->access_token, info->envd_access_token, &changed) < 0 ||
	    set_text(&row->domain, info->domain, &changed) < 0 ||
	    set_text(&row->envd_version, info->envd_version, &changed) < 0 ||
	    (!row->label && !row->metadata.items && apply_metadata(row, &info->metadata) < 0))
		return no_memory(err);
	apply_numbers(row, info, &changed);
	if (sandbox->state != state && sandbox->state != SANDBOX_KILLING) {
		sandbox_set_state(sandbox, state, NULL, NULL);
		return 0;
	}
	schedule(sandbox);
	if (changed)
		sandbox_save(sandbox, NULL);
	return 0;
}

/* ---- for others ------------------------------------------------------------------------------ */

void sandbox_pin(struct sandbox *sandbox)
{
	sandbox->pins++;
}

void sandbox_unpin(struct sandbox *sandbox)
{
	assert(sandbox->pins > 0);
	if (--sandbox->pins == 0 && sandbox->state == SANDBOX_ENDED)
		sandbox_free(sandbox);
}

void sandbox_target(const struct sandbox *sandbox, const char *user, struct envd_target *ret)
{
	*ret = (struct envd_target){
		.upstream = &sandbox->provider->upstream,
		.sandbox_id = sandbox->row.id,
		.access_token = sandbox->row.access_token,
		.domain = sandbox->row.domain,
		.version = sandbox->row.envd_version,
		.user = user,
	};
}

static char *format_time(int64_t wall_us, char *text)
{
	return wall_us > 0 ? clock_format(wall_us, text) : NULL;
}

void sandbox_info_fill(struct sandbox *sandbox, struct sandbox_info *ret)
{
	struct sandbox_row *row = &sandbox->row;
	static char running[] = "running", paused[] = "paused";

	*ret = (struct sandbox_info){
		.sandbox_id = row->id,
		.name = row->name,
		.template = row->template,
		.state = sandbox->state == SANDBOX_PAUSED ? paused : running,
		.provider = row->provider,
		.uid = row->uid,
		.metadata = row->metadata,
		.started_at = format_time(row->started_us, sandbox->started_at),
		.end_at = format_time(row->end_us, sandbox->end_at),
		.cpu_count = row->cpu_count,
		.memory_mb = row->memory_mb,
		.disk_size_mb = row->disk_size_mb,
		.envd_version = row->envd_version,
	};
}
