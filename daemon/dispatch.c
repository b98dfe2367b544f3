/* Lines to calls: the envelope, the method, its parameters, its descriptors; and what clients tell about calls. */
#include "config.h"

#include "daemon/dispatch.h"

#include <assert.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/method.h"
#include "daemon/user.h"
#include "protocol/message.h"
#include "protocol/types.h"

#define NOTIFICATION_PARAMS_MAX 256 /* bytes of the largest params struct of a notification */

static struct call_done *(*const functions[METHOD_COUNT])(struct call *call) = {
#define METHOD(name, symbol, params, result, on_disconnect, errors, meaning)                       \
	[METHOD_##symbol] = method_##symbol,
#define NOTIFICATION(name, params, direction, meaning)
#include "protocol/methods.def"
#undef METHOD
#undef NOTIFICATION
};

void dispatch_refuse(struct conn *conn, const struct sb_error *err)
{
	answer_error(conn, NULL, NULL, err);
}

/* ---- notifications ---------------------------------------------------------------------------- */

static const struct notification_info *find_notification(const char *name)
{
	for (const struct notification_info *info = notifications; info->name; info++) {
		if (strcmp(info->name, name) == 0 && info->direction != NOTIFICATION_DOWN)
			return info;
	}
	return NULL;
}

/* Every notification from a client begins with the id of the call it speaks of. */
_Static_assert(offsetof(struct cancel_params, id) == 0, "id first");
_Static_assert(offsetof(struct transfer_data, id) == 0, "id first");
_Static_assert(offsetof(struct transfer_credit, id) == 0, "id first");

static void notify_call(struct conn *conn, const struct notification_info *info, void *params)
{
	struct call *call = call_find(conn, *(char **)params);
	struct op *op = call ? call->op : NULL;

	if (!op)
		return; /* it was answered meanwhile */
	if (info->params == &cancel_params_type) {
		struct sb_error err = {0};

		(void)sb_fail(&err, SB_CANCELLED, "cancelled by the client");
		op_cancel(op, &err);
	} else if (op->type->notify) {
		op->type->notify(op, info, params);
	}
}

/*
 * A notification gets no answer, but a transfer that it was meant for cannot go on without it: the call
 * ends with what is wrong.
 */
static void refuse_notification(struct conn *conn, const struct notification_info *info,
				const struct message *message, const struct sb_error *err)
{
	CLEANUP_FREE char *id = message_params_id(message);
	struct call *call = id ? call_find(conn, id) : NULL;

	log_debug("%s: uid %u: %s", info->name, conn_peer(conn)->uid, err->text);
	if (call && call->op && call->op->type->notify)
		op_cancel(call->op, err);
}

static void dispatch_notification(struct conn *conn, const struct notification_info *info,
				  const struct message *message)
{
	_Alignas(max_align_t) char params[NOTIFICATION_PARAMS_MAX] = {0};
	struct sb_error err = {0};

	assert(info->params->size <= sizeof(params));
	if (message->fds)
		conn_drop_fds(conn); /* no notification takes any */
	if (fields_decode(info->params, FIELDS_OURS, message->body, "params", params, &err) < 0) {
		(void)sb_wrap(&err, "%s", info->name);
		refuse_notification(conn, info, message, &err);
		return;
	}
	notify_call(conn, info, params);
	fields_free(info->params, params);
}

/* ---- requests --------------------------------------------------------------------------------- */

/* When all together, or one user, have too much under way, those connections that have much of it wait. */
static int check_room(const struct server *server, struct conn *conn, struct sb_error *err)
{
	const struct user *user = user_find(&server->users, conn_peer(conn)->uid);
	size_t count = conn_calls(conn)->count;

	if (count >= CONN_CALLS_MAX)
		return sb_fail(err, SB_OVERLOADED, "%d calls are under way on this connection",
			       CONN_CALLS_MAX);
	if (count >= CONN_CALLS_FAIR && !user_may_take(user->calls, server->call_count, CALLS_MAX))
		return sb_fail(err, SB_OVERLOADED,
			       "%u calls of all clients are under way, %u of them of uid %u",
			       server->call_count, user->calls, user->uid);
	return 0;
}

/* The method of a message that may be called now; -1 with `err`. */
static int find_method(const struct server *server, struct conn *conn,
		       const struct message *message, struct sb_error *err)
{
	int id = method_find(message->method);

	if (id < 0)
		return sb_fail(err, SB_METHOD_NOT_FOUND,
			       "no method \"%.64s\"; rpc.discover lists those there are",
			       message->method);
	if (message->id && call_find(conn, message->id))
		return sb_fail(err, SB_INVALID_REQUEST, "id %.64s is that of a call under way",
			       message->id);
	if (check_room(server, conn, err) < 0)
		return -1;
	return id;
}

/* -1 with `err` when it did not become a call; its descriptors are dealt with then. */
static int dispatch_call(struct server *server, struct conn *conn, struct message *message,
			 struct batch *batch, struct sb_error *err)
{
	int fds[FRAME_FDS_MAX];
	struct call *call = NULL;
	struct call_done *done;
	int id;

	if (conn_take_fds(conn, fds, message->fds) < 0)
		return sb_fail(err, SB_INVALID_REQUEST, "descriptors of this request are missing");
	id = find_method(server, conn, message, err);
	if (id >= 0)
		call = call_new(conn, server, method_info((enum method_id)id), message, batch, err);
	if (!call) {
		close_fds(fds, message->fds);
		return -1;
	}
	memcpy(call->fds, fds, message->fds * sizeof(*fds));
	call->fd_count = message->fds;
	done = functions[id](call);
	assert(done);
	(void)done;
	return 0;
}

static void dispatch_message(struct server *server, struct conn *conn, struct message *message,
			     struct batch *batch)
{
	const struct notification_info *info;
	struct sb_error err = {0};

	switch (message->kind) {
	case MESSAGE_NOTIFICATION:
		info = find_notification(message->method);
		if (info)
			dispatch_notification(conn, info, message);
		else if (dispatch_call(server, conn, message, batch, &err) < 0)
			log_debug("%s: uid %u: %s", message->method, conn_peer(conn)->uid,
				  err.text);
		return;
	case MESSAGE_REQUEST:
		(void)dispatch_call(server, conn, message, batch, &err);
		break;
	case MESSAGE_RESULT:
		(void)sb_fail(&err, SB_INVALID_REQUEST, "an answer, but nothing was asked");
		break;
	case MESSAGE_ERROR:
		(void)sb_fail(&err, SB_INVALID_REQUEST, "%s",
			      message->method ? message->method
					      : "an answer, but nothing was asked");
		break;
	}
	if (err.code)
		answer_error(conn, batch, message->id, &err);
}

/* ---- lines ------------------------------------------------------------------------------------ */

/* Did as many descriptors come with the line as it says? If not, none that waits can be told apart. */
static int check_fds(struct conn *conn, const struct message_batch *messages, struct sb_error *err)
{
	size_t waiting = conn_fds_waiting(conn);
	size_t wanted = 0;

	for (size_t i = 0; i < messages->count; i++)
		wanted += messages->items[i].fds;
	if (wanted <= waiting && (wanted == waiting || !conn_is_drained(conn)))
		return 0;
	conn_drop_fds(conn);
	return sb_fail(err, SB_INVALID_REQUEST, "fds: the line says %zu descriptors, %zu came",
		       wanted, waiting);
}

static void dispatch_messages(struct server *server, struct conn *conn,
			      struct message_batch *messages, struct sb_error *err)
{
	struct batch *batch = messages->is_array ? batch_new(conn, messages->count) : NULL;

	for (size_t i = 0; i < messages->count; i++) {
		struct message *message = &messages->items[i];

		if (!err->code)
			dispatch_message(server, conn, message, batch);
		else if (message->kind != MESSAGE_NOTIFICATION)
			answer_error(conn, batch, message->id, err);
	}
	if (batch)
		batch_close(batch);
}

void dispatch_line(struct server *server, struct conn *conn, char *line, size_t len)
{
	struct message_batch messages;
	struct sb_error err = {0};

	if (message_parse(line, len, &messages, &err) < 0) {
		if (conn_is_drained(conn))
			conn_drop_fds(conn);
		dispatch_refuse(conn, &err);
		return;
	}
	(void)check_fds(conn, &messages, &err);
	dispatch_messages(server, conn, &messages, &err);
	message_batch_free(&messages);
}
