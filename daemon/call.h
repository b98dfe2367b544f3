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
struct call_done; /* never defined */

struct call {
	struct server *server;
	struct conn *conn; /* NULL once the client has gone */
	struct peer peer;
	const struct method_info *method;
	char *id;               /* JSON text; NULL in a notification, which gets no answer */
	void *params;           /* the method's params struct */
	int fds[FRAME_FDS_MAX]; /* what rode along; owned until call_take_fd() */
	size_t fd_count;
	int64_t started_ms;
	struct op *op;       /* works for this call; NULL when it was answered at once */
	struct batch *batch; /* answers of a batch go back together */
	struct list link;    /* conn.calls, while conn is there */
};

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

/* The call of this connection with that id, or NULL. */
struct call *call_find(struct conn *conn, const char *id);

#endif
