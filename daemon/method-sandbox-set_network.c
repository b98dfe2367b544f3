/* sandbox.set_network: what a sandbox may reach from now on. The provider keeps it; we keep nothing. */
#include "config.h"

#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

enum network_step { NETWORK_READY, NETWORK_ASK, NETWORK_ASKED };

static const char *const network_steps[] = {"ready", "ask", "asked", NULL};

struct network_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox;
};

static void network_ask(struct network_op *n)
{
	const struct sandbox_network_params *params = n->op.call->params;
	const struct wire_network_update update = {
		.allow_out = params->allow_out,
		.deny_out = params->deny_out,
		.allow_internet_access = params->allow_internet_access,
		.rules = params->rules,
		.egress_proxy = params->egress_proxy,
	};

	api_set_network(&n->sandbox->provider->upstream, remote_call(&n->remote),
			n->sandbox->row.id, &update);
}

static enum op_next network_asked(struct network_op *n)
{
	const struct sb_error *err = &n->remote.api.err;
	const struct no_result result = {0};

	if (err->code == SB_SANDBOX_NOT_FOUND && sandbox_is_there(n->sandbox))
		sandbox_set_gone(n->sandbox);
	return err->code ? op_fail(&n->op, err) : op_reply(&n->op, &result);
}

static enum op_next network_run(struct op *op)
{
	struct network_op *n = container_of(op, struct network_op, op);

	switch ((enum network_step)op->step) {
	case NETWORK_READY:
		return remote_ready(&n->remote, NETWORK_ASK);
	case NETWORK_ASK:
		if (n->remote.wait.err.code)
			return op_fail(op, &n->remote.wait.err);
		network_ask(n);
		return op_wait(op, NETWORK_ASKED);
	case NETWORK_ASKED:
		return network_asked(n);
	}
	abort();
}

static void network_release(struct op *op)
{
	struct network_op *n = container_of(op, struct network_op, op);

	remote_cancel(&n->remote);
	sandbox_unpin(n->sandbox);
	free(n);
}

static const struct op_type network_type = {
	"sandbox.set_network", network_steps, network_run, NULL, NULL, network_release,
};

struct call_done *method_sandbox_set_network(struct call *call)
{
	const struct sandbox_network_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct network_op *n;

	if (!sandbox)
		return call_fail(call, &err);
	n = calloc(1, sizeof(*n));
	if (!n)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	n->sandbox = sandbox;
	sandbox_pin(sandbox);
	op_init(&n->op, &network_type, call->server, params->request_timeout);
	remote_init(&n->remote, &n->op, sandbox->provider);
	return call_later(call, &n->op);
}
