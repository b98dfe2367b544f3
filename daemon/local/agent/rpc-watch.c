/*
 * Watches served. A streamed one lives as long as its call; one that is asked lives until RemoveWatcher, or until the
 * call that makes it ends without having told its id.
 */
#include "config.h"

#include "daemon/local/agent/rpc-watch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/entry.h"
#include "daemon/local/agent/passwd.h"
#include "daemon/local/agent/path.h"
#include "daemon/local/agent/watch.h"
#include "protocol/hex.h"

#define WATCHERS_MAX 256
#define EVENTS_MAX   65536 /* that a watcher keeps until it is asked */

static struct wire_empty empty;

static struct watch *begin_watch(struct rpc *rpc, const struct wire_watch_request *ask,
				 struct watch_owner *owner, struct sb_error *err)
{
	const struct watch_options options = {ask->recursive, ask->allow_network_mounts};
	CLEANUP_FREE char *path = path_resolve(rpc->agent, &rpc->user, ask->path, err);
	CLEANUP_FREE char *clean = path ? path_clean(path) : NULL;

	if (path && !clean)
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
	return clean ? watch_new(rpc->agent->base, clean, &options, owner, err) : NULL;
}

/* What is there now under that name: NULL when nothing is, or the change is not one that has an entry. */
static struct wire_entry *read_entry(const struct watch *watch, int type, const char *name)
{
	CLEANUP(accounts_deinit) struct accounts accounts = {0};
	CLEANUP_FREE char *path = NULL;
	struct sb_error ignored = {0};
	struct wire_entry *entry;

	if (type == WIRE_CHANGE_REMOVE || type == WIRE_CHANGE_RENAME)
		return NULL;
	path = watch_path(watch, name);
	entry = path ? calloc(1, sizeof(*entry)) : NULL;
	if (!entry)
		return NULL;
	if (entry_read(AT_FDCWD, path, path, &accounts, entry, &ignored) < 0) {
		sb_clear(&ignored);
		fields_free(&wire_entry_type, entry);
		free(entry);
		return NULL;
	}
	return entry;
}

/* ---- WatchDir -------------------------------------------------------------------------------- */

struct watch_stream {
	struct rpc_handler handler;
	struct watch_owner owner;
	struct rpc *rpc;
	struct watch *watch;
	bool includes_entry;
};

static void stream_on_ready(struct watch_owner *owner)
{
	struct watch_stream *stream = container_of(owner, struct watch_stream, owner);
	const struct wire_watch_message message = {.start = &empty};

	(void)rpc_send(stream->rpc, &message);
}

static void stream_on_change(struct watch_owner *owner, int type, const char *name)
{
	struct watch_stream *stream = container_of(owner, struct watch_stream, owner);
	CLEANUP_FREE char *copy = strdup(name);
	struct wire_filesystem_event event = {.name = copy, .type = type};
	const struct wire_watch_message message = {.event = &event};

	if (stream->includes_entry)
		event.entry = read_entry(stream->watch, type, name);
	if (rpc_send(stream->rpc, &message) > HTTPD_STREAM_HIGH)
		watch_hold(stream->watch, true);
	if (event.entry)
		fields_free(&wire_entry_type, event.entry);
	free(event.entry);
}

static void stream_on_failure(struct watch_owner *owner, const struct sb_error *err)
{
	rpc_fail(container_of(owner, struct watch_stream, owner)->rpc, err);
}

static void stream_on_drain(struct rpc_handler *handler)
{
	watch_hold(container_of(handler, struct watch_stream, handler)->watch, false);
}

static void stream_on_close(struct rpc_handler *handler)
{
	struct watch_stream *stream = container_of(handler, struct watch_stream, handler);

	watch_free(stream->watch);
	free(stream);
}

static int watch_dir(struct rpc *rpc, void *arg, struct sb_error *err)
{
	const struct wire_watch_request *ask = arg;
	struct watch_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	stream->handler = (struct rpc_handler){stream_on_drain, stream_on_close};
	stream->owner = (struct watch_owner){stream_on_ready, stream_on_change, stream_on_failure};
	stream->rpc = rpc;
	stream->includes_entry = ask->include_entry;
	stream->watch = begin_watch(rpc, ask, &stream->owner, err);
	if (!stream->watch) {
		free(stream);
		return -1;
	}
	rpc->handler = &stream->handler;
	return 0;
}

/* ---- watchers -------------------------------------------------------------------------------- */

#define ID_BYTES 10

struct watcher {
	struct list link; /* agent->watchers */
	struct agent *agent;
	struct watch_owner owner;
	struct watch *watch;
	struct creation *creation; /* until its id has been told */
	bool includes_entry;
	struct wire_watcher_events kept;
	size_t room;             /* of kept */
	struct sb_error failure; /* told whenever it is asked */
	char id[1 + 2 * ID_BYTES + 1];
};

struct creation {
	struct rpc_handler handler;
	struct rpc *rpc;
	struct watcher *watcher; /* NULL when its id has been told */
};

static void watcher_free(struct watcher *watcher)
{
	list_remove(&watcher->link);
	watcher->agent->watcher_count--;
	watch_free(watcher->watch);
	fields_free(&wire_watcher_events_type, &watcher->kept);
	free(watcher);
}

void watchers_free(struct agent *agent)
{
	list_for_each_safe (struct watcher, watcher, &agent->watchers, link)
		watcher_free(watcher);
}

static void watcher_on_ready(struct watch_owner *owner)
{
	struct watcher *watcher = container_of(owner, struct watcher, owner);
	const struct wire_watcher answer = {watcher->id};
	struct creation *creation = take(&watcher->creation);

	creation->watcher = NULL;
	rpc_reply(creation->rpc, &answer);
}

static int make_room(struct watcher *watcher)
{
	struct wire_watcher_events *kept = &watcher->kept;
	size_t room = watcher->room ? watcher->room * 2 : 16;
	void *items;

	if (kept->events.count < watcher->room)
		return 0;
	items = room <= EVENTS_MAX ? reallocarray(kept->events.items, room,
						  sizeof(struct wire_filesystem_event))
				   : NULL;
	if (!items)
		return sb_fail(&watcher->failure, SB_INTERNAL,
			       "more than %zu changes since the last call", kept->events.count);
	kept->events.items = items;
	watcher->room = room;
	return 0;
}

static void watcher_on_change(struct watch_owner *owner, int type, const char *name)
{
	struct watcher *watcher = container_of(owner, struct watcher, owner);
	struct wire_filesystem_event *events;

	if (watcher->failure.code != SB_OK || make_room(watcher) < 0)
		return;
	events = watcher->kept.events.items;
	events[watcher->kept.events.count++] = (struct wire_filesystem_event){
		.name = strdup(name),
		.type = type,
		.entry = watcher->includes_entry ? read_entry(watcher->watch, type, name) : NULL,
	};
}

static void watcher_on_failure(struct watch_owner *owner, const struct sb_error *err)
{
	struct watcher *watcher = container_of(owner, struct watcher, owner);

	if (watcher->failure.code == SB_OK)
		watcher->failure = *err;
	if (watcher->creation)
		rpc_fail(watcher->creation->rpc, err);
}

static void creation_on_close(struct rpc_handler *handler)
{
	struct creation *creation = container_of(handler, struct creation, handler);

	if (creation->watcher)
		watcher_free(creation->watcher);
	free(creation);
}

static void make_id(char *text)
{
	unsigned char random[ID_BYTES];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* the kernel promises up to 256 bytes */
	text[0] = 'w';
	hex_write(text + 1, random, sizeof(random));
}

static struct watcher *watcher_new(struct rpc *rpc, const struct wire_watch_request *ask,
				   struct sb_error *err)
{
	struct watcher *watcher;

	if (rpc->agent->watcher_count >= WATCHERS_MAX) {
		(void)sb_fail(err, SB_OVERLOADED, "%d watchers are the most: remove some",
			      WATCHERS_MAX);
		return NULL;
	}
	watcher = calloc(1, sizeof(*watcher));
	if (!watcher) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	watcher->agent = rpc->agent;
	watcher->agent->watcher_count++;
	list_append(&rpc->agent->watchers, &watcher->link);
	watcher->owner =
		(struct watch_owner){watcher_on_ready, watcher_on_change, watcher_on_failure};
	watcher->includes_entry = ask->include_entry;
	make_id(watcher->id);
	watcher->watch = begin_watch(rpc, ask, &watcher->owner, err);
	if (watcher->watch)
		return watcher;
	watcher_free(watcher);
	return NULL;
}

static int create_watcher(struct rpc *rpc, void *arg, struct sb_error *err)
{
	struct creation *creation = calloc(1, sizeof(*creation));

	if (!creation)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	creation->watcher = watcher_new(rpc, arg, err);
	if (!creation->watcher) {
		free(creation);
		return -1;
	}
	creation->watcher->creation = creation;
	creation->handler.on_close = creation_on_close;
	creation->rpc = rpc;
	rpc->handler = &creation->handler;
	return 0;
}

static struct watcher *watcher_find(struct agent *agent, const char *id, struct sb_error *err)
{
	list_for_each (struct watcher, watcher, &agent->watchers, link) {
		if (id && !watcher->creation && strcmp(watcher->id, id) == 0)
			return watcher;
	}
	(void)sb_fail(err, SB_NOT_FOUND, "watcher with id %.64s not found", id ? id : "");
	return NULL;
}

static int get_watcher_events(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	const struct wire_watcher *ask = arg;
	struct watcher *watcher = watcher_find(rpc->agent, ask->watcher_id, err);

	if (!watcher)
		return -1;
	watch_catch_up(watcher->watch);
	if (watcher->failure.code != SB_OK) {
		*err = watcher->failure;
		return -1;
	}
	*(struct wire_watcher_events *)answer = watcher->kept;
	watcher->kept = (struct wire_watcher_events){0};
	watcher->room = 0;
	return 0;
}

static int remove_watcher(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	const struct wire_watcher *ask = arg;
	struct watcher *watcher = watcher_find(rpc->agent, ask->watcher_id, err);

	(void)answer;
	if (!watcher)
		return -1;
	watcher_free(watcher);
	return 0;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct wire_watch_message keepalive = {.keepalive = &empty};

#define SERVICE "filesystem.Filesystem/"

const struct rpc_procedure watch_procedures[] = {
	{SERVICE "WatchDir", &wire_watch_request_type, &wire_watch_message_type,
	 .stream = watch_dir, .keepalive = &keepalive},
	{SERVICE "CreateWatcher", &wire_watch_request_type, &wire_watcher_type,
	 .begin = create_watcher},
	{SERVICE "GetWatcherEvents", &wire_watcher_type, &wire_watcher_events_type,
	 .answer = get_watcher_events},
	{SERVICE "RemoveWatcher", &wire_watcher_type, &wire_empty_type, .answer = remove_watcher},
	{.name = NULL},
};
