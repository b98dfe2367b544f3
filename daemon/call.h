/*
 * One request under way. A method gets it with its parameters decoded, and must answer exactly once:
 * struct call_done can be had from the functions below only, so a path that forgets does not compile.
 *
 * A call may outlive its connection: `conn` is then NULL, and the answer goes nowhere.
 */
#ifndef SP_CALL_H
#define SP_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "daemon/conn.h"
#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/methods.h"

struct batch;
struct op;
struct server;
struct user;
struct call_done; /* never defined */

struct message;

struct calls { /* of one connection */
	struct list list;
	unsigned count;
};

struct call {
	struct server *server;
	struct conn *conn; /* NULL once the client has gone */
	struct peer peer;
	struct user *user; /* pinned */
	const struct method_info *method;
	char *id;               /* JSON text; NULL in a notification, which gets no answer */
	void *params;           /* the method's params struct */
	int fds[FRAME_FDS_MAX]; /* what rode along; owned until call_take_fd() */
	size_t fd_count;
	int64_t started_ms;
	struct op *op;       /* works for this call; NULL when it was answered at once */
	struct batch *batch; /* answers of a batch go back together; NULL for a call of its own */
	struct list link;    /* conn_calls(), while conn is there */
};

/*
 * A call made from a request or notification, whose id it takes: its parameters are checked and decoded.
 * NULL with `err` when they are wrong. It joins the batch, when there is one.
 */
struct call *call_new(struct conn *conn, struct server *server, const struct method_info *method,
		      struct message *message, struct batch *batch, struct sb_error *err) MUST_USE;

/* `result` is the method's result struct; borrowed. */
struct call_done *call_reply(struct call *call, const void *result) MUST_USE;
/* The same with descriptors, which are taken. */
struct call_done *call_reply_fds(struct call *call, const void *result, int *fds,
				 size_t count) MUST_USE;
/* A result that is already JSON. */
struct call_done *call_reply_json(struct call *call, const char *json) MUST_USE;
struct call_done *call_fail(struct call *call, const struct sb_error *err) MUST_USE;
struct call_done *call_fail_code(struct call *call, enum sb_code code, const char *fmt,
				 ...) MUST_USE PRINTF_LIKE(3, 4);

/* The operation now owns the duty to answer (op.h); it is started here. */
struct call_done *call_later(struct call *call, struct op *op) MUST_USE;

/* Descriptor `index` of the request as the caller's own; -1 with SB_INVALID_PARAMS when there is none. */
int call_take_fd(struct call *call, int64_t index, const char *param,
		 struct sb_error *err) MUST_USE;

/* The client has gone: each call is cancelled or goes on without it, as its method says. */
void calls_leave(struct calls *calls);

/* Answers of a batch of `count` messages: an array, sent when the last is there. Freed then. */
struct batch *batch_new(struct conn *conn, size_t count) MUST_USE;
/* No further calls join. */
void batch_close(struct batch *batch);
/* Answer a message that did not become a call; `batch` NULL: by itself. `id` NULL is written as null. */
void answer_error(struct conn *conn, struct batch *batch, const char *id,
		  const struct sb_error *err);

/* The call of this connection with that id, or NULL. */
struct call *call_find(struct conn *conn, const char *id);

#endif
