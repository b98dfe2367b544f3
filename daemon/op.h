/*
 * Multi-step work: an operation is one function that reads downwards. Callbacks of what it waits for
 * store what arrived and call op_run(); the function looks at its step and goes on from there.
 *
 *	struct kill_op { struct op op; struct api_call api; … };
 *
 *	static enum op_next kill_run(struct op *op)
 *	{
 *		struct kill_op *k = container_of(op, struct kill_op, op);
 *
 *		switch ((enum kill_step)op->step) {
 *		case KILL_ASK:
 *			api_kill(&k->api, …);
 *			return op_wait(op, KILL_ASKED);
 *		case KILL_ASKED:
 *			if (k->api.err.code)
 *				return op_fail(op, &k->api.err);
 *			return op_reply(op, &(struct sandbox_kill_result){.killed = true});
 *		}
 *		abort();
 *	}
 *
 * An operation ends exactly once: with an answer, with an error, or cancelled. Its `release` then cancels
 * what is still pending and frees it. Every operation has a deadline; when it passes, the operation is
 * released and its caller gets SB_TIMEOUT.
 */
#ifndef SP_OP_H
#define SP_OP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct call;
struct event;
struct notification_info;
struct op;
struct server;

enum op_next {
	OP_AGAIN, /* the step changed: run at once */
	OP_WAIT,  /* something pending will call op_run() */
	OP_ENDED, /* op_reply(), op_fail() or op_end() was called */
};

struct op_type {
	const char *name;         /* "sandbox.kill" */
	const char *const *steps; /* names of the steps, for the log; ends with NULL */
	enum op_next (*run)(struct op *op);
	/*
	 * The deadline passed or the caller cancelled: say what becomes of the work. May be NULL: the
	 * operation ends with `why`. When it is given it must either op_fail() (OP_ENDED) or go on
	 * without a caller (OP_WAIT), having moved its deadline.
	 */
	enum op_next (*abandon)(struct op *op, const struct sb_error *why);
	/*
	 * The caller said something about this call (transfer.data, transfer.credit): `params` is the
	 * notification's struct; members may be taken. Store it, then op_run() if that is what was waited
	 * for. NULL: the method knows no such thing, and it is ignored.
	 */
	void (*notify)(struct op *op, const struct notification_info *info, void *params);
	/* Cancel what is pending, free what is owned, free the op itself. */
	void (*release)(struct op *op);
};

struct op { /* embed me first in the struct of the operation */
	const struct op_type *type;
	struct server *server;
	struct call *call; /* who waits; NULL in background work, or once it was answered */
	int step;
	int64_t deadline_ms; /* monotonic; INT64_MAX: none */
	int64_t started_ms;
	struct event *timer;
	uint64_t number; /* for the log */
	bool is_started;
	bool is_running;
	bool is_ended;
	struct list link; /* server.ops */
};

/*
 * `timeout_s` 0 means no deadline. Step 0 runs when op_start() or call_later() is called; until then the
 * operation is on no list and its maker may simply free it.
 */
void op_init(struct op *op, const struct op_type *type, struct server *server, double timeout_s);

/* Start background work that no call waits for. */
void op_start(struct op *op);

/* Something the operation waited for is there. Must not be called from inside its own run. */
void op_run(struct op *op);

void op_set_deadline(struct op *op, double timeout_s);

/* How run() returns. */
enum op_next op_again(struct op *op, int step);
enum op_next op_wait(struct op *op, int step);
enum op_next op_reply(struct op *op,
		      const void *result); /* the result struct of the call's method */
enum op_next op_reply_fds(struct op *op, const void *result, int *fds, size_t count);
enum op_next op_fail(struct op *op, const struct sb_error *err);
enum op_next op_end(struct op *op); /* background work is done */

/* The caller has gone or asks to stop: abandon. */
void op_cancel(struct op *op, const struct sb_error *why);

/* End all work under way, whatever its types say: the daemon stops. */
void ops_stop(struct server *server, const struct sb_error *why);

#endif
