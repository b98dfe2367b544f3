/*
 * Changes from the sandbox to one client. Those that the client does not take wait here, a bounded number: the stream
 * itself is never held up, since it may share its connection with others (design: "the pool").
 */
#include "config.h"

#include "daemon/watch.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/conn.h"
#include "daemon/e2b/envd.h"
#include "daemon/e2b/wire.h"
#include "daemon/file-entry.h"
#include "daemon/provider.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"

#define WAITING_MAX_COUNT 4096 /* changes for a client that does not read */
#define WAITING_MAX_BYTES ((size_t)8 << 20)
#define WATCHES_MAX       1024
#define ID_SIZE           24

struct waiting {
	struct list link;
	struct watch_event event; /* name and entry are owned */
	size_t size;              /* on the wire */
};

struct watch {
	struct list link; /* server.watches */
	struct server *server;
	struct conn *conn;
	struct conn_stream to_client;
	struct sandbox *sandbox; /* pinned */
	struct watch_start_params asked;
	struct provider_wait provider;
	struct envd_stream stream;
	struct envd_probe probe;
	struct watch_waiter *waiter; /* until it has started */
	struct list waiting;         /* of struct waiting */
	unsigned waiting_count;
	size_t waiting_bytes;
	bool has_ended; /* err says why; told after what waits */
	struct sb_error err;
	char id[ID_SIZE];
};

/* ---- to the client --------------------------------------------------------------------------- */

static void event_deinit(struct watch_event *event)
{
	event->sandbox_id = event->watch_id = event->error = event->error_text =
		NULL; /* borrowed */
	fields_free(&watch_event_type, event);
}

static void waiting_free(struct waiting *waiting)
{
	list_remove(&waiting->link);
	event_deinit(&waiting->event);
	free(waiting);
}

static struct watch *watch_free(struct watch *watch)
{
	provider_wait_cancel(&watch->provider);
	envd_stream_cancel(&watch->stream);
	envd_probe_cancel(&watch->probe);
	list_for_each_safe (struct waiting, waiting, &watch->waiting, link)
		waiting_free(waiting);
	conn_remove_stream(&watch->to_client);
	list_remove(&watch->link);
	fields_free(&watch_start_params_type, &watch->asked);
	sandbox_unpin(watch->sandbox);
	free(watch);
	return NULL;
}

static void send(struct watch *watch, struct watch_event *event)
{
	event->sandbox_id = watch->sandbox->row.id;
	event->watch_id = watch->id;
	conn_notify(watch->conn, "watch.event", &watch_event_type, event);
}

static void send_end(struct watch *watch)
{
	struct watch_event event = {.type = WATCH_END};

	if (watch->err.code != SB_OK) {
		event.error = (char *)(uintptr_t)sb_code_info(watch->err.code)->kind;
		event.error_text = watch->err.text;
	}
	send(watch, &event);
	watch_free(watch);
}

static void pump(struct watch *watch)
{
	struct waiting *waiting;

	while (conn_has_room(watch->conn) &&
	       (waiting = list_first(&watch->waiting, struct waiting, link))) {
		send(watch, &waiting->event);
		watch->waiting_count--;
		watch->waiting_bytes -= waiting->size;
		waiting_free(waiting);
	}
	if (watch->has_ended && list_is_empty(&watch->waiting))
		send_end(watch);
}

static void on_drain(struct conn_stream *stream)
{
	pump(container_of(stream, struct watch, to_client));
}

/* No further changes. Before its start its waiter is told, afterwards its client. */
static void finish(struct watch *watch, const struct sb_error *why)
{
	struct watch_waiter *waiter = watch->waiter;

	if (!waiter) {
		watch->has_ended = true;
		watch->err = *why;
		pump(watch);
		return;
	}
	watch->waiter = NULL;
	waiter->watch = NULL;
	waiter->err = *why;
	watch_free(watch);
	waiter->on_started(waiter);
}

static void on_close(struct conn_stream *stream)
{
	struct watch *watch = container_of(stream, struct watch, to_client);

	if (watch->waiter)
		watch->waiter->watch = NULL; /* its operation is being cancelled */
	watch_free(watch);
}

/* ---- from the sandbox ------------------------------------------------------------------------ */

static bool has_room(const struct watch *watch, size_t size)
{
	return watch->waiting_count < WAITING_MAX_COUNT &&
	       watch->waiting_bytes + size <= WAITING_MAX_BYTES;
}

/* Takes what `event` owns. */
static void keep(struct watch *watch, struct watch_event *event, size_t size)
{
	struct waiting *waiting = has_room(watch, size) ? calloc(1, sizeof(*waiting)) : NULL;

	if (!waiting) {
		struct sb_error err = {0};

		event_deinit(event);
		envd_stream_cancel(&watch->stream);
		(void)sb_fail(&err, SB_LAGGED, "%u changes were not read", watch->waiting_count);
		finish(watch, &err);
		return;
	}
	*waiting = (struct waiting){.event = *event, .size = size};
	list_append(&watch->waiting, &waiting->link);
	watch->waiting_count++;
	watch->waiting_bytes += size;
}

static void on_change(struct watch *watch, struct wire_filesystem_event *change, size_t size)
{
	struct watch_event event = {.type = change->type, .name = take(&change->name)};

	if (change->entry)
		event.entry = calloc(1, sizeof(*event.entry));
	if (event.entry)
		file_entry_take(change->entry, event.entry);
	if (list_is_empty(&watch->waiting) && conn_has_room(watch->conn)) {
		send(watch, &event);
		event_deinit(&event);
	} else {
		keep(watch, &event, size);
	}
}

static void on_started(struct watch *watch)
{
	struct watch_waiter *waiter = watch->waiter;

	watch->waiter = NULL;
	if (waiter)
		waiter->on_started(waiter);
}

static void on_message(struct envd_stream *stream, const char *json, size_t len)
{
	struct watch *watch = container_of(stream, struct watch, stream);
	struct wire_watch_message message = {0};
	struct sb_error err = {0};

	if (fields_parse(&wire_watch_message_type, FIELDS_E2B, json, len, "change", &message,
			 &err) < 0) {
		envd_stream_cancel(stream);
		finish(watch, &err);
		return;
	}
	if (message.start)
		on_started(watch);
	else if (message.event && !watch->waiter)
		on_change(watch, message.event, len);
	fields_free(&wire_watch_message_type, &message);
}

static void on_probed(struct envd_probe *probe)
{
	struct watch *watch = container_of(probe, struct watch, probe);
	struct sb_error err = watch->stream.err;

	envd_cut_explain(probe->health, &err);
	finish(watch, &err);
}

static void on_stream_end(struct envd_stream *stream)
{
	struct watch *watch = container_of(stream, struct watch, stream);
	struct sb_error err = stream->err;
	struct envd_target target;

	if (stream->is_cut) {
		sandbox_target(watch->sandbox, NULL, &target);
		watch->probe.done = on_probed;
		envd_probe_start(&target, &watch->probe, 0);
		return;
	}
	if (err.code == SB_OK)
		(void)sb_fail(&err, SB_SANDBOX, "the sandbox ended the watch");
	finish(watch, &err);
}

static void on_provider(struct provider_wait *wait)
{
	struct watch *watch = container_of(wait, struct watch, provider);
	const struct watch_start_params *asked = &watch->asked;
	struct wire_watch_request request = {
		.path = asked->path,
		.recursive = asked->recursive,
		.include_entry = asked->include_entry,
		.allow_network_mounts = asked->allow_network_mounts,
	};
	const struct envd_stream_options options = {.timeout_ms = (int64_t)(asked->timeout * 1000)};
	struct envd_target target;

	if (wait->err.code) {
		finish(watch, &wait->err);
		return;
	}
	sandbox_target(watch->sandbox, asked->user, &target);
	watch->stream.on_message = on_message;
	watch->stream.on_end = on_stream_end;
	envd_stream_start(&target, &watch->stream, "filesystem.Filesystem/WatchDir",
			  &wire_watch_request_type, &request, &options);
}

/* ---- birth and death ------------------------------------------------------------------------- */

static unsigned count_watches(const struct server *server)
{
	unsigned count = 0;

	list_for_each (struct watch, watch, &server->watches, link)
		count++;
	return count;
}

int watch_new(struct server *server, struct conn *conn, struct sandbox *sandbox,
	      const struct watch_start_params *params, struct watch_waiter *waiter,
	      struct sb_error *err)
{
	struct watch *watch;

	if (count_watches(server) >= WATCHES_MAX)
		return sb_fail(err, SB_OVERLOADED, "%d watches are the most", WATCHES_MAX);
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	(void)snprintf(watch->id, sizeof(watch->id), "s%" PRIu64, ++server->watch_number);
	watch->server = server;
	watch->conn = conn;
	watch->sandbox = sandbox;
	sandbox_pin(sandbox);
	list_init(&watch->waiting);
	list_append(&server->watches, &watch->link);
	watch->to_client = (struct conn_stream){.on_drain = on_drain, .on_close = on_close};
	conn_add_stream(conn, &watch->to_client);
	watch->asked = (struct watch_start_params){
		.path = strdup(params->path),
		.recursive = params->recursive,
		.include_entry = params->include_entry,
		.allow_network_mounts = params->allow_network_mounts,
		.user = params->user ? strdup(params->user) : NULL,
		.timeout = params->timeout,
	};
	if (!watch->asked.path || (params->user && !watch->asked.user)) {
		watch_free(watch);
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	watch->waiter = waiter;
	waiter->watch = watch;
	watch->provider.done = on_provider;
	provider_ready(sandbox->provider, &watch->provider);
	return 0;
}

void watch_abandon(struct watch_waiter *waiter)
{
	if (waiter->watch && waiter->watch->waiter == waiter)
		watch_free(waiter->watch);
	waiter->watch = NULL;
}

const char *watch_id(const struct watch *watch)
{
	return watch->id;
}

bool watch_is_ours(const char *id)
{
	return id[0] == 's' && id[1] && !id[1 + strspn(id + 1, "0123456789")];
}

bool watch_end(struct server *server, const struct conn *conn, const char *id)
{
	list_for_each (struct watch, watch, &server->watches, link) {
		if (watch->conn != conn || watch->waiter || strcmp(watch->id, id) != 0)
			continue;
		watch_free(watch);
		return true;
	}
	return false;
}
