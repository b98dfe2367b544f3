/*
 * sandbox.kill. Legal in every state. A kill is a promise: from the moment it is asked for, the sandbox
 * counts as gone; when the provider cannot be reached, reconcile.c kills it later.
 */
#include "config.h"

#include <string.h>

#include "daemon/method.h"
#include "daemon/reconcile.h"
#include "daemon/registry.h"
#include "daemon/remote.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

enum kill_step {
	KILL_BEGIN,
	KILL_CREATED, /* whoever was creating it has seen that it is not wanted */
	KILL_READY,
	KILL_ASK,
	KILL_ASKED,
};

static const char *const kill_steps[] = {"begin", "created", "ready", "ask", "asked", NULL};

struct kill_op {
	struct op op;
	struct remote remote;
	struct sandbox *sandbox; /* NULL: one that only the provider knows */
	struct sandbox_watch watch;
	char *id;
};

static void kill_on_change(struct sandbox_watch *watch)
{
	op_run(&container_of(watch, struct kill_op, watch)->op);
}

static enum op_next kill_reply(struct kill_op *k, bool killed)
{
	return op_reply(&k->op, &(struct sandbox_kill_result){.killed = killed});
}

static enum op_next kill_begin(struct kill_op *k)
{
	struct sandbox *sandbox = k->sandbox;

	if (!sandbox)
		return op_again(&k->op, KILL_READY);
	if (sandbox->state != SANDBOX_KILLING)
		sandbox_set_state(sandbox, SANDBOX_KILLING, NULL, NULL);
	if (sandbox->is_creating) {
		k->watch.on_change = kill_on_change;
		sandbox_watch(sandbox, &k->watch);
		return op_wait(&k->op, KILL_CREATED);
	}
	if (!sandbox->row.id) /* lost on its way; release sends reconcile.c after it */
		return kill_reply(k, true);
	return op_again(&k->op, KILL_READY);
}

static enum op_next kill_asked(struct kill_op *k)
{
	const struct sb_error *err = &k->remote.api.err;
	bool is_known = k->sandbox && k->sandbox->state != SANDBOX_ENDED;

	if (err->code == SB_SANDBOX_NOT_FOUND) {
		if (is_known)
			sandbox_set_gone(k->sandbox);
		return kill_reply(k, false);
	}
	if (err->code)
		return op_fail(&k->op, err);
	if (is_known)
		sandbox_set_state(k->sandbox, SANDBOX_ENDED, "killed", NULL);
	return kill_reply(k, true);
}

static enum op_next kill_run(struct op *op)
{
	struct kill_op *k = container_of(op, struct kill_op, op);

	switch ((enum kill_step)op->step) {
	case KILL_BEGIN:
		return kill_begin(k);
	case KILL_CREATED:
		return kill_reply(k, true);
	case KILL_READY:
		return remote_ready(&k->remote, KILL_ASK);
	case KILL_ASK:
		if (k->remote.wait.err.code)
			return op_fail(op, &k->remote.wait.err);
		api_kill(&k->remote.provider->upstream, remote_call(&k->remote),
			 k->sandbox ? k->sandbox->row.id : k->id);
		return op_wait(op, KILL_ASKED);
	case KILL_ASKED:
		return kill_asked(k);
	}
	abort();
}

static void kill_release(struct op *op)
{
	struct kill_op *k = container_of(op, struct kill_op, op);
	struct sandbox *sandbox = k->sandbox;

	remote_cancel(&k->remote);
	sandbox_unwatch(&k->watch);
	if (sandbox && sandbox->state == SANDBOX_KILLING && !sandbox->is_creating)
		reconcile_soon(op->server->reconcile, sandbox->provider);
	if (sandbox)
		sandbox_unpin(sandbox);
	free(k->id);
	free(k);
}

static const struct op_type kill_type = {
	"sandbox.kill", kill_steps, kill_run, NULL, NULL, kill_release,
};

/* One we do not know may be killed by who runs the daemon, as the provider's account is his. */
static bool may_ask_provider(struct call *call, const char *id)
{
	return registry_trusts(call->server->registry, &call->peer) && sandbox_is_id(id);
}

struct call_done *method_sandbox_kill(struct call *call)
{
	const struct sandbox_params *params = call->params;
	struct sandbox *sandbox = registry_find(call->server->registry, params->sandbox_id);
	struct kill_op *k;

	if (sandbox && !sandbox_allows(sandbox, &call->peer))
		return call_fail_code(call, SB_PERMISSION, "sandbox '%s' belongs to uid %lld",
				      params->sandbox_id, (long long)sandbox->row.uid);
	if (!sandbox && !may_ask_provider(call, params->sandbox_id))
		return call_reply(call, &(struct sandbox_kill_result){.killed = false});
	k = calloc(1, sizeof(*k));
	if (k)
		k->id = strdup(params->sandbox_id);
	if (!k || !k->id) {
		free(k);
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	}
	k->sandbox = sandbox;
	if (sandbox)
		sandbox_pin(sandbox);
	op_init(&k->op, &kill_type, call->server, params->request_timeout);
	remote_init(&k->remote, &k->op,
		    sandbox ? sandbox->provider : providers_default(call->server->providers));
	return call_later(call, &k->op);
}
