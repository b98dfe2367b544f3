/*
 * sandbox.connect: the provider is asked what the sandbox is like; that is all when no timeout is given and
 * it runs. Otherwise E2B's connect follows, which resumes a paused one and never shortens a running one's
 * time. One that we did not know belongs to the caller from now on; only who may see everything can do that.
 */
#include "config.h"

#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

#define US_PER_S          1000000
#define DEFAULT_TIMEOUT_S 300 /* of one whose timeout at create is not known */

enum connect_step {
	CONNECT_READY,
	CONNECT_LOOK,
	CONNECT_LOOKED,
	CONNECT_ASK,
	CONNECT_ASKED,
	CONNECT_REPLY
};

static const char *const connect_steps[] = {"ready", "look",  "looked", "ask",
					    "asked", "reply", NULL};

struct connect_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox; /* NULL until one that we do not know is found */
	char *id;
	double timeout; /* TYPES_UNSET: none given */
	int64_t timeout_s;
	struct wire_sandbox_info info;
	struct wire_sandbox wire;
};

/* Somebody else may have met it while we asked. */
static int connect_meet(struct connect_op *c)
{
	struct registry *registry = c->op.server->registry;
	struct sb_error *err = &c->remote.api.err;
	struct sandbox *sandbox = registry_find(registry, c->info.sandbox_id);

	if (!sandbox)
		sandbox = sandbox_adopt(registry, c->remote.provider, &c->op.call->peer, err);
	else
		sandbox = registry_get_any(registry, c->info.sandbox_id, &c->op.call->peer, err);
	if (!sandbox)
		return -1;
	sandbox_pin(sandbox);
	c->sandbox = sandbox;
	return 0;
}

static enum op_next connect_looked(struct connect_op *c)
{
	struct sb_error *err = &c->remote.api.err;

	if (err->code == SB_SANDBOX_NOT_FOUND && c->sandbox && sandbox_is_there(c->sandbox))
		sandbox_set_gone(c->sandbox);
	if (err->code)
		return op_fail(&c->op, err);
	if (!c->sandbox && connect_meet(c) < 0)
		return op_fail(&c->op, err);
	if (c->sandbox->state == SANDBOX_ENDED || c->sandbox->state == SANDBOX_KILLING)
		return op_again(&c->op, CONNECT_REPLY);
	if (sandbox_apply_info(c->sandbox, &c->info, err) < 0)
		return op_fail(&c->op, err);
	if (c->sandbox->state == SANDBOX_RUNNING && c->timeout < 0)
		return op_again(&c->op, CONNECT_REPLY);
	if (c->timeout >= 0)
		c->timeout_s = remote_seconds(c->timeout);
	else
		c->timeout_s =
			c->sandbox->row.timeout_s ? c->sandbox->row.timeout_s : DEFAULT_TIMEOUT_S;
	return op_again(&c->op, CONNECT_ASK);
}

static enum op_next connect_asked(struct connect_op *c)
{
	struct sb_error *err = &c->remote.api.err;
	struct sandbox *sandbox = c->sandbox;
	bool was_resumed = c->remote.api.status == 201;
	int64_t end_us = clock_wall_us() + c->timeout_s * US_PER_S;

	if (err->code == SB_SANDBOX_NOT_FOUND && sandbox_is_there(sandbox))
		sandbox_set_gone(sandbox);
	if (err->code)
		return op_fail(&c->op, err);
	if (!sandbox_is_there(sandbox))
		return op_again(&c->op, CONNECT_REPLY);
	if (sandbox_apply(sandbox, &c->wire, err) < 0)
		return op_fail(&c->op, err);
	if (was_resumed || end_us > sandbox->row.end_us)
		sandbox->row.end_us = end_us;
	if (sandbox->state == SANDBOX_PAUSED)
		sandbox_set_state(sandbox, SANDBOX_RUNNING, NULL, NULL);
	else
		sandbox_save(sandbox, NULL);
	sandbox_set_end(sandbox, sandbox->row.end_us);
	return op_again(&c->op, CONNECT_REPLY);
}

static enum op_next connect_reply(struct connect_op *c)
{
	struct sb_error err = {0};
	struct sandbox_info info;

	if (!sandbox_is_there(c->sandbox)) {
		(void)sb_fail(&err, SB_SANDBOX_NOT_FOUND, "no sandbox '%s'", c->id);
		return op_fail(&c->op, &err);
	}
	sandbox_info_fill(c->sandbox, &info);
	return op_reply(&c->op, &info);
}

static enum op_next connect_run(struct op *op)
{
	struct connect_op *c = container_of(op, struct connect_op, op);
	const struct upstream *upstream = &c->remote.provider->upstream;

	switch ((enum connect_step)op->step) {
	case CONNECT_READY:
		return remote_ready(&c->remote, CONNECT_LOOK);
	case CONNECT_LOOK:
		if (c->remote.wait.err.code)
			return op_fail(op, &c->remote.wait.err);
		api_get(upstream, remote_call(&c->remote), c->id, &c->info);
		return op_wait(op, CONNECT_LOOKED);
	case CONNECT_LOOKED:
		return connect_looked(c);
	case CONNECT_ASK:
		api_connect(upstream, remote_call(&c->remote), c->id, c->timeout_s, &c->wire);
		return op_wait(op, CONNECT_ASKED);
	case CONNECT_ASKED:
		return connect_asked(c);
	case CONNECT_REPLY:
		return connect_reply(c);
	}
	abort();
}

/* An answer that does not come any more may have changed things: ask what they are. */
static void connect_release(struct op *op)
{
	struct connect_op *c = container_of(op, struct connect_op, op);

	if (c->remote.api.req.slot && c->sandbox && sandbox_is_there(c->sandbox))
		sandbox_recheck(c->sandbox, 0);
	remote_cancel(&c->remote);
	if (c->sandbox)
		sandbox_unpin(c->sandbox);
	fields_free(&wire_sandbox_info_type, &c->info);
	fields_free(&wire_sandbox_type, &c->wire);
	free(c->id);
	free(c);
}

static const struct op_type connect_type = {
	"sandbox.connect", connect_steps, connect_run, NULL, NULL, connect_release,
};

static struct call_done *connect_later(struct call *call, struct sandbox *sandbox,
				       struct provider *provider)
{
	const struct sandbox_connect_params *params = call->params;
	struct connect_op *c = calloc(1, sizeof(*c));

	if (c)
		c->id = strdup(sandbox ? sandbox->row.id : params->sandbox_id);
	if (!c || !c->id) {
		free(c);
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	}
	c->sandbox = sandbox;
	if (sandbox)
		sandbox_pin(sandbox);
	c->timeout = params->timeout;
	op_init(&c->op, &connect_type, call->server, params->request_timeout);
	remote_init(&c->remote, &c->op, provider);
	return call_later(call, &c->op);
}

struct call_done *method_sandbox_connect(struct call *call)
{
	const struct sandbox_connect_params *params = call->params;
	struct registry *registry = call->server->registry;
	struct sandbox *sandbox = registry_find(registry, params->sandbox_id);
	struct provider *provider;
	struct sb_error err = {0};

	if (params->timeout > TYPES_UNSET && params->timeout < 0)
		return call_fail_code(call, SB_INVALID_PARAMS,
				      "params.timeout: must not be negative");
	provider = providers_get(call->server->providers, params->provider, &err);
	if (!provider)
		return call_fail(call, &err);
	if (sandbox || !sandbox_is_id(params->sandbox_id)) {
		sandbox = registry_get_any(registry, params->sandbox_id, &call->peer, &err);
		return sandbox ? connect_later(call, sandbox, sandbox->provider)
			       : call_fail(call, &err);
	}
	if (!registry_trusts(registry, &call->peer))
		return call_fail_code(
			call, SB_PERMISSION,
			"sandbox '%s' is not known here: only root and the daemon's user may take "
			"in others",
			params->sandbox_id);
	return connect_later(call, NULL, provider);
}
