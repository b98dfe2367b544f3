/* Operations: the loop around a function of steps, its deadline, its one end. */
#include "config.h"

#include "daemon/op.h"

#include <assert.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/call.h"
#include "daemon/server.h"

static int64_t deadline_from(double timeout_s)
{
	if (timeout_s <= 0 || timeout_s > (double)(INT64_MAX / 4000))
		return INT64_MAX;
	return clock_mono_ms() + (int64_t)(timeout_s * 1000);
}

void op_init(struct op *op, const struct op_type *type, struct server *server, double timeout_s)
{
	*op = (struct op){.type = type, .server = server, .deadline_ms = deadline_from(timeout_s)};
	list_init(&op->link);
}

static void op_finish(struct op *op)
{
	assert(op->is_ended && !op->call);
	if (op->timer)
		event_free(op->timer);
	list_remove(&op->link);
	op->type->release(op);
}

/* ---- the deadline ------------------------------------------------------------------------------ */

static const char *op_step_name(const struct op *op)
{
	return op->type->steps[op->step];
}

static void op_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct op *op = arg;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	(void)sb_fail(&err, SB_TIMEOUT, "%s: the deadline passed after %" PRId64 " ms, at step %s",
		      op->type->name, clock_mono_ms() - op->started_ms, op_step_name(op));
	op_cancel(op, &err);
}

static void op_arm(struct op *op)
{
	if (op->timer)
		(void)event_del(op->timer);
	if (op->deadline_ms == INT64_MAX)
		return;
	if (!op->timer)
		op->timer = event_new(op->server->base, -1, 0, op_on_deadline, op);
	if (!op->timer)
		abort(); /* out of memory: work without a deadline is not to be had */
	timer_set(op->timer, op->deadline_ms - clock_mono_ms());
}

void op_set_deadline(struct op *op, double timeout_s)
{
	op->deadline_ms = deadline_from(timeout_s);
	if (op->is_started)
		op_arm(op);
}

/* ---- running ----------------------------------------------------------------------------------- */

void op_start(struct op *op)
{
	op->is_started = true;
	op->number = ++op->server->op_number;
	op->started_ms = clock_mono_ms();
	list_append(&op->server->ops, &op->link);
	op_arm(op);
	op_run(op);
}

void op_run(struct op *op)
{
	enum op_next next;

	assert(op->is_started && !op->is_running && !op->is_ended);
	op->is_running = true;
	do
		next = op->type->run(op);
	while (next == OP_AGAIN);
	op->is_running = false;
	assert(op->is_ended == (next == OP_ENDED));
	if (next == OP_ENDED)
		op_finish(op);
}

static void op_go(struct op *op, int step)
{
	int last = op->step;

	op->step = step;
	if (last != step)
		log_debug("%s[%" PRIu64 "]: %s -> %s, %" PRId64 " ms", op->type->name, op->number,
			  op->type->steps[last], op_step_name(op),
			  clock_mono_ms() - op->started_ms);
}

enum op_next op_again(struct op *op, int step)
{
	op_go(op, step);
	return OP_AGAIN;
}

enum op_next op_wait(struct op *op, int step)
{
	op_go(op, step);
	return OP_WAIT;
}

/* ---- the end ----------------------------------------------------------------------------------- */

/* Part with the call, which is about to be answered. */
static struct call *op_take_call(struct op *op)
{
	struct call *call = take(&op->call);

	if (call)
		call->op = NULL;
	return call;
}

/* The proof that a call was answered ends here. */
static void answered(const struct call_done *done)
{
	assert(done);
	(void)done;
}

enum op_next op_end(struct op *op)
{
	assert(!op->is_ended && !op->call);
	op->is_ended = true;
	return OP_ENDED;
}

enum op_next op_reply_fds(struct op *op, const void *result, int *fds, size_t count)
{
	struct call *call = op_take_call(op);

	if (call)
		answered(call_reply_fds(call, result, fds, count));
	else
		close_fds(fds, count);
	return op_end(op);
}

enum op_next op_reply(struct op *op, const void *result)
{
	return op_reply_fds(op, result, NULL, 0);
}

enum op_next op_fail(struct op *op, const struct sb_error *err)
{
	struct call *call = op_take_call(op);

	assert(err->code);
	if (call)
		answered(call_fail(call, err));
	else
		log_debug("%s[%" PRIu64 "]: ended at %s: %s", op->type->name, op->number,
			  op_step_name(op), err->text);
	return op_end(op);
}

void op_cancel(struct op *op, const struct sb_error *why)
{
	struct call *call;

	assert(op->is_started && !op->is_running && !op->is_ended);
	if (!op->type->abandon) {
		(void)op_fail(op, why);
		op_finish(op);
		return;
	}
	op->is_running = true;
	(void)op->type->abandon(op, why);
	op->is_running = false;
	if (op->is_ended) {
		op_finish(op);
		return;
	}
	assert(op->deadline_ms > clock_mono_ms());
	call = op_take_call(op);
	if (call)
		answered(call_fail(call, why));
}

void ops_stop(struct server *server, const struct sb_error *why)
{
	struct op *op;

	while ((op = list_first(&server->ops, struct op, link))) {
		(void)op_fail(op, why);
		op_finish(op);
	}
}
