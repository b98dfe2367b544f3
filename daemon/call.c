/*
 * Calls: from the request to the one answer. An answer is written where it will be sent from: into the
 * connection's buffer, or into the batch the call belongs to.
 */
#include "config.h"

#include "daemon/call.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/op.h"
#include "daemon/server.h"
#include "daemon/user.h"
#include "protocol/message.h"

#define BATCH_RESERVE 1024 /* bytes of a batch's line kept for each answer still to come */

struct batch {
	struct conn *conn; /* NULL once the client has gone */
	struct buf out;    /* "[answer,answer" */
	size_t pending;    /* calls not answered, and one while calls may join */
	size_t expected;   /* answers that may still come */
	int fds[FRAME_FDS_MAX];
	size_t fd_count;
};

/* What every answering function returns: there is no other way to have one. */
static struct call_done *call_done(void)
{
	static char token;

	return (struct call_done *)(void *)&token;
}

/* ---- where answers go ------------------------------------------------------------------------- */

struct batch *batch_new(struct conn *conn, size_t count)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->conn = conn;
	batch->pending = 1;
	batch->expected = count;
	return batch;
}

/* One less to wait for; after the last the line is sent, unless all were notifications. */
static void batch_release(struct batch *batch)
{
	if (--batch->pending > 0)
		return;
	buf_add(&batch->out, "]", 1);
	if (batch->conn && batch->out.len > 1 && !batch->out.failed)
		conn_send(batch->conn, batch->out.data, batch->out.len, batch->fds,
			  batch->fd_count);
	else
		close_fds(batch->fds, batch->fd_count);
	if (batch->conn && batch->out.failed)
		conn_close(batch->conn);
	buf_deinit(&batch->out);
	free(batch);
}

void batch_close(struct batch *batch)
{
	batch_release(batch);
}

/* An answer in the making. */
struct answer {
	struct conn *conn;
	struct batch *batch;
	struct buf *out;
	size_t start; /* of the answer in out */
};

static struct answer answer_begin(struct conn *conn, struct batch *batch)
{
	struct answer answer = {conn, batch, NULL, 0};

	if (batch) {
		batch->expected -= batch->expected > 0;
		answer.out = &batch->out;
		buf_add(answer.out, batch->out.len ? "," : "[", 1);
	} else {
		answer.out = conn_line_begin(conn);
	}
	answer.start = answer.out->len;
	return answer;
}

/* Would the line be longer than a line may be? */
static bool answer_is_too_long(const struct answer *answer)
{
	if (answer->batch)
		return answer->out->len + answer->batch->expected * BATCH_RESERVE > FRAME_LINE_MAX;
	return answer->out->len - answer->start > FRAME_LINE_MAX;
}

/* Takes the descriptors. */
static void answer_end(struct answer *answer, const char *id, int *fds, size_t count)
{
	struct batch *batch = answer->batch;
	bool is_too_long = answer_is_too_long(answer);

	if (!answer->out->failed &&
	    (is_too_long || (batch && count + batch->fd_count > FRAME_FDS_MAX))) {
		struct sb_error err = {0};

		(void)sb_fail(&err, SB_TOO_LARGE, "the answer has more %s than fit in one line",
			      is_too_long ? "bytes" : "descriptors");
		answer->out->len = answer->start;
		message_add_error(answer->out, id, &err);
		close_fds(fds, count);
		count = 0;
	}
	if (!batch) {
		conn_line_end(answer->conn, fds, count);
		return;
	}
	if (count)
		memcpy(batch->fds + batch->fd_count, fds, count * sizeof(*fds));
	batch->fd_count += count;
}

void answer_error(struct conn *conn, struct batch *batch, const char *id,
		  const struct sb_error *err)
{
	struct answer answer = answer_begin(conn, batch);

	message_add_error(answer.out, id, err);
	answer_end(&answer, id, NULL, 0);
}

/* ---- calls ------------------------------------------------------------------------------------ */

static void call_free(struct call *call)
{
	struct calls *calls = call->conn ? conn_calls(call->conn) : NULL;

	if (calls) {
		list_remove(&call->link);
		calls->count--;
		conn_poke(call->conn);
	}
	if (call->params)
		fields_free(call->method->params, call->params);
	close_fds(call->fds, call->fd_count);
	call->server->call_count--;
	call->user->calls--;
	user_put(call->user);
	free(call->params);
	free(call->id);
	free(call);
}

struct call *call_new(struct conn *conn, struct server *server, const struct method_info *method,
		      struct message *message, struct batch *batch, struct sb_error *err)
{
	CLEANUP_FREE void *params = calloc(1, method->params->size);
	CLEANUP_FREE struct call *call = calloc(1, sizeof(*call));
	struct user *user;

	if (!params || !call) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", method->name);
		return NULL;
	}
	if (fields_decode(method->params, FIELDS_OURS, message->body, "params", params, err) < 0)
		return NULL;
	user = user_get(&server->users, conn_peer(conn)->uid); /* there: he is connected */
	assert(user);
	call->server = server;
	call->conn = conn;
	call->peer = *conn_peer(conn);
	call->user = user;
	call->method = method;
	call->id = take(&message->id);
	call->params = take(&params);
	call->started_ms = clock_mono_ms();
	if (call->id && batch) {
		call->batch = batch;
		batch->pending++;
	}
	list_append(&conn_calls(conn)->list, &call->link);
	conn_calls(conn)->count++;
	server->call_count++;
	call->user->calls++;
	return take(&call);
}

/* The call is over. */
static struct call_done *call_end(struct call *call, enum sb_code code)
{
	struct batch *batch = call->batch;

	log_debug("%s: uid %u, pid %d: %s, %" PRId64 " ms", call->method->name, call->peer.uid,
		  call->peer.pid, sb_code_info(code)->kind, clock_mono_ms() - call->started_ms);
	call_free(call);
	if (batch)
		batch_release(batch);
	return call_done();
}

/* True when somebody waits for the answer. */
static bool call_is_heard(const struct call *call)
{
	return call->conn && call->id;
}

struct call_done *call_reply_fds(struct call *call, const void *result, int *fds, size_t count)
{
	struct answer answer;

	if (!call_is_heard(call)) {
		close_fds(fds, count);
		return call_end(call, SB_OK);
	}
	answer = answer_begin(call->conn, call->batch);
	message_begin_result(answer.out, call->id);
	fields_encode(call->method->result, FIELDS_OURS, result, answer.out);
	message_end_result(answer.out, count);
	answer_end(&answer, call->id, fds, count);
	return call_end(call, SB_OK);
}

struct call_done *call_reply(struct call *call, const void *result)
{
	return call_reply_fds(call, result, NULL, 0);
}

struct call_done *call_reply_json(struct call *call, const char *json)
{
	struct answer answer;

	if (!call_is_heard(call))
		return call_end(call, SB_OK);
	answer = answer_begin(call->conn, call->batch);
	message_add_result(answer.out, call->id, json, 0);
	answer_end(&answer, call->id, NULL, 0);
	return call_end(call, SB_OK);
}

struct call_done *call_fail(struct call *call, const struct sb_error *err)
{
	if (call_is_heard(call))
		answer_error(call->conn, call->batch, call->id, err);
	return call_end(call, err->code);
}

struct call_done *call_fail_code(struct call *call, enum sb_code code, const char *fmt, ...)
{
	struct sb_error err = {.code = code};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	return call_fail(call, &err);
}

struct call_done *call_later(struct call *call, struct op *op)
{
	assert(!call->op && !op->call);
	call->op = op;
	op->call = call;
	op_start(op);
	return call_done();
}

int call_take_fd(struct call *call, int64_t index, const char *param, struct sb_error *err)
{
	if (index < 0 || (size_t)index >= call->fd_count || call->fds[index] < 0)
		return sb_fail(err, SB_INVALID_PARAMS,
			       "params.%s: no descriptor %" PRId64 " came with this request", param,
			       index);
	return take_fd(&call->fds[index]);
}

struct call *call_find(struct conn *conn, const char *id)
{
	list_for_each (struct call, call, &conn_calls(conn)->list, link) {
		if (call->id && strcmp(call->id, id) == 0)
			return call;
	}
	return NULL;
}

void calls_leave(struct calls *calls)
{
	struct sb_error err = {0};
	struct call *call;

	(void)sb_fail(&err, SB_CANCELLED, "the client has gone");
	while ((call = list_first(&calls->list, struct call, link))) {
		list_remove(&call->link);
		calls->count--;
		call->conn = NULL;
		if (call->batch)
			call->batch->conn = NULL;
		if (call->method->on_disconnect == METHOD_CANCEL)
			op_cancel(call->op, &err);
	}
}
