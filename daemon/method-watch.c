/*
 * watch.*: a watch is streamed by this daemon (watch.h), or kept by the sandbox and asked (wire §5.5: CreateWatcher), so
 * that it belongs to nobody's connection. Which one an id names, it shows itself.
 */
#include "config.h"

#include "daemon/conn.h"
#include "daemon/envd-op.h"
#include "daemon/file-entry.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/watch.h"
#include "protocol/types.h"

/* ---- streamed -------------------------------------------------------------------------------- */

struct watch_op {
	struct op op;
	struct sandbox *sandbox;
	struct watch_waiter waiter;
};

enum watch_step { WATCH_BEGIN, WATCH_BEGUN };

static const char *const steps[] = {"begin", "begun", NULL};

static void on_started(struct watch_waiter *waiter)
{
	op_run(&container_of(waiter, struct watch_op, waiter)->op);
}

static enum op_next begin(struct watch_op *w)
{
	struct call *call = w->op.call;
	struct sb_error err = {0};

	if (!call->conn)
		(void)sb_fail(&err, SB_CANCELLED, "its client has gone");
	else if (watch_new(w->op.server, call->conn, w->sandbox, call->params, &w->waiter, &err) ==
		 0)
		return op_wait(&w->op, WATCH_BEGUN);
	return op_fail(&w->op, &err);
}

static enum op_next watch_run(struct op *op)
{
	struct watch_op *w = container_of(op, struct watch_op, op);
	struct watch_start_result result;

	switch ((enum watch_step)op->step) {
	case WATCH_BEGIN:
		return begin(w);
	case WATCH_BEGUN:
		if (!w->waiter.watch)
			return op_fail(op, &w->waiter.err);
		result.watch_id = (char *)(uintptr_t)watch_id(w->waiter.watch);
		return op_reply(op, &result);
	}
	abort();
}

static void watch_release(struct op *op)
{
	struct watch_op *w = container_of(op, struct watch_op, op);

	watch_abandon(&w->waiter);
	sandbox_unpin(w->sandbox);
	free(w);
}

static const struct op_type watch_type = {
	.name = "watch.start",
	.steps = steps,
	.run = watch_run,
	.release = watch_release,
};

static struct call_done *start_streamed(struct call *call)
{
	const struct watch_start_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct watch_op *w = sandbox ? calloc(1, sizeof(*w)) : NULL;

	if (!sandbox)
		return call_fail(call, &err);
	if (!w)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&w->op, &watch_type, call->server, params->request_timeout);
	w->waiter.on_started = on_started;
	w->sandbox = sandbox;
	sandbox_pin(sandbox);
	return call_later(call, &w->op);
}

/* ---- kept by the sandbox ---------------------------------------------------------------------- */

static const void *create_request(const void *params, struct envd_parts *parts)
{
	const struct watch_start_params *start = params;

	parts->watch = (struct wire_watch_request){
		.path = start->path,
		.recursive = start->recursive,
		.include_entry = start->include_entry,
		.allow_network_mounts = start->allow_network_mounts,
	};
	return &parts->watch;
}

static enum op_next create_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	const struct wire_watcher *watcher = answer;
	struct sb_error err = envd->err;

	if (err.code == SB_OK && !watcher->watcher_id)
		(void)sb_fail(&err, SB_SANDBOX, "the answer names no watcher");
	if (err.code)
		return op_fail(op, &err);
	return op_reply(op, &(struct watch_start_result){watcher->watcher_id});
}

static struct call_done *start_kept(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/CreateWatcher",
		.in = &wire_watch_request_type,
		.out = &wire_watcher_type,
		.request = create_request,
		.reply = create_reply,
	};
	const struct watch_start_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}

static const void *watcher_request(const void *params, struct envd_parts *parts)
{
	parts->watcher.watcher_id = ((const struct watch_params *)params)->watch_id;
	return &parts->watcher;
}

/* Watchers are not files: what is not found is the id. */
static struct sb_error watcher_error(const struct envd_call *envd)
{
	struct sb_error err = envd->err;

	if (err.code == SB_FILE_NOT_FOUND)
		err.code = SB_NOT_FOUND;
	return err;
}

static enum op_next events_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	const struct wire_watcher_events *response = answer;
	struct wire_filesystem_event *wire = response->events.items;
	size_t count = response->events.count;
	struct sb_error err = watcher_error(envd);
	struct watch_events_result result = {0};
	struct watch_noted *events;
	enum op_next next;

	if (err.code)
		return op_fail(op, &err);
	events = calloc(count + 1, sizeof(*events));
	if (!events) {
		(void)sb_fail(&err, SB_INTERNAL, "out of memory");
		return op_fail(op, &err);
	}
	for (size_t i = 0; i < count; i++) {
		events[i] = (struct watch_noted){.type = wire[i].type, .name = take(&wire[i].name)};
		if (wire[i].entry)
			events[i].entry = calloc(1, sizeof(*events[i].entry));
		if (events[i].entry)
			file_entry_take(wire[i].entry, events[i].entry);
	}
	result.events = (struct list_value){events, count};
	next = op_reply(op, &result);
	fields_free(&watch_events_result_type, &result);
	return next;
}

static enum op_next stop_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	const struct sb_error err = watcher_error(envd);

	(void)answer;
	return err.code ? op_fail(op, &err) : op_reply(op, &(struct no_result){0});
}

/* ---- methods --------------------------------------------------------------------------------- */

struct call_done *method_watch_start(struct call *call)
{
	const struct watch_start_params *params = call->params;

	return params->stream ? start_streamed(call) : start_kept(call);
}

struct call_done *method_watch_events(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/GetWatcherEvents",
		.in = &wire_watcher_type,
		.out = &wire_watcher_events_type,
		.request = watcher_request,
		.reply = events_reply,
	};
	const struct watch_params *params = call->params;

	if (watch_is_ours(params->watch_id))
		return call_fail_code(call, SB_NOT_FOUND,
				      "watch '%s' is streamed: its changes come as watch.event",
				      params->watch_id);
	return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
}

struct call_done *method_watch_stop(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/RemoveWatcher",
		.in = &wire_watcher_type,
		.out = &wire_empty_type,
		.request = watcher_request,
		.reply = stop_reply,
	};
	const struct watch_params *params = call->params;

	if (!watch_is_ours(params->watch_id))
		return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
	if (!watch_end(call->server, call->conn, params->watch_id))
		return call_fail_code(call, SB_NOT_FOUND, "this connection has no watch '%s'",
				      params->watch_id);
	return call_reply(call, &(struct no_result){0});
}
