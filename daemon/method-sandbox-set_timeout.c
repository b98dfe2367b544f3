/* sandbox.set_timeout: the end is so far from now, nearer or farther than before. */
#include "config.h"

#include "daemon/base/clock.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

#define US_PER_S 1000000

enum timeout_step { TIMEOUT_READY, TIMEOUT_ASK, TIMEOUT_ASKED };

static const char *const timeout_steps[] = {"ready", "ask", "asked", NULL};

struct timeout_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox;
	int64_t timeout_s;
};

static enum op_next timeout_asked(struct timeout_op *t)
{
	const struct sb_error *err = &t->remote.api.err;
	struct sandbox_timeout_result result;
	char end_at[CLOCK_TEXT_SIZE];
	int64_t end_us = clock_wall_us() + t->timeout_s * US_PER_S;

	if (err->code == SB_SANDBOX_NOT_FOUND && sandbox_is_there(t->sandbox))
		sandbox_set_gone(t->sandbox);
	if (err->code)
		return op_fail(&t->op, err);
	if (sandbox_is_there(t->sandbox)) {
		sandbox_set_end(t->sandbox, end_us);
		sandbox_save(t->sandbox, NULL);
	}
	result.end_at = clock_format(end_us, end_at);
	return op_reply(&t->op, &result);
}

static enum op_next timeout_run(struct op *op)
{
	struct timeout_op *t = container_of(op, struct timeout_op, op);

	switch ((enum timeout_step)op->step) {
	case TIMEOUT_READY:
		return remote_ready(&t->remote, TIMEOUT_ASK);
	case TIMEOUT_ASK:
		if (t->remote.wait.err.code)
			return op_fail(op, &t->remote.wait.err);
		api_set_timeout(&t->sandbox->provider->upstream, remote_call(&t->remote),
				t->sandbox->row.id, t->timeout_s);
		return op_wait(op, TIMEOUT_ASKED);
	case TIMEOUT_ASKED:
		return timeout_asked(t);
	}
	abort();
}

/* An answer that does not come any more may have moved the deadline: ask what it is. */
static void timeout_release(struct op *op)
{
	struct timeout_op *t = container_of(op, struct timeout_op, op);

	if (t->remote.api.req.slot && t->sandbox->state == SANDBOX_RUNNING)
		sandbox_recheck(t->sandbox, 0);
	remote_cancel(&t->remote);
	sandbox_unpin(t->sandbox);
	free(t);
}

static const struct op_type timeout_type = {
	"sandbox.set_timeout", timeout_steps, timeout_run, NULL, NULL, timeout_release,
};

struct call_done *method_sandbox_set_timeout(struct call *call)
{
	const struct sandbox_timeout_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct timeout_op *t;

	if (!sandbox)
		return call_fail(call, &err);
	t = calloc(1, sizeof(*t));
	if (!t)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	t->sandbox = sandbox;
	t->timeout_s = remote_seconds(params->timeout);
	sandbox_pin(sandbox);
	op_init(&t->op, &timeout_type, call->server, params->request_timeout);
	remote_init(&t->remote, &t->op, sandbox->provider);
	return call_later(call, &t->op);
}
