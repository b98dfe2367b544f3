/* sandbox.is_running: asks the sandbox itself. A paused one is not asked, since that might wake it. */
#include "config.h"

#include "daemon/e2b/envd.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

enum running_step { RUNNING_ASK, RUNNING_ASKED };

static const char *const running_steps[] = {"ask", "asked", NULL};

struct running_op {
	struct op op;
	struct envd_probe probe;
	struct sandbox *sandbox;
};

static void running_on_probe(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct running_op, probe)->op);
}

static enum op_next running_run(struct op *op)
{
	struct running_op *r = container_of(op, struct running_op, op);
	struct envd_target target;

	switch ((enum running_step)op->step) {
	case RUNNING_ASK:
		r->probe.done = running_on_probe;
		sandbox_target(r->sandbox, NULL, &target);
		envd_probe_start(&target, &r->probe, 0);
		return op_wait(op, RUNNING_ASKED);
	case RUNNING_ASKED:
		if (r->probe.health == ENVD_UNKNOWN)
			return op_fail(op, &r->probe.err);
		if (r->probe.health == ENVD_NOT_RUNNING && r->sandbox->state == SANDBOX_RUNNING)
			sandbox_recheck(r->sandbox, 0);
		return op_reply(op, &(struct sandbox_running_result){.running = r->probe.health ==
										ENVD_RUNNING});
	}
	abort();
}

static void running_release(struct op *op)
{
	struct running_op *r = container_of(op, struct running_op, op);

	envd_probe_cancel(&r->probe);
	sandbox_unpin(r->sandbox);
	free(r);
}

static const struct op_type running_type = {
	"sandbox.is_running", running_steps, running_run, NULL, NULL, running_release,
};

struct call_done *method_sandbox_is_running(struct call *call)
{
	const struct sandbox_params *params = call->params;
	struct sandbox *sandbox = registry_find(call->server->registry, params->sandbox_id);
	struct running_op *r;

	if (sandbox && !sandbox_allows(sandbox, &call->peer))
		return call_fail_code(call, SB_PERMISSION, "sandbox '%s' belongs to uid %lld",
				      params->sandbox_id, (long long)sandbox->row.uid);
	if (!sandbox || sandbox->state != SANDBOX_RUNNING)
		return call_reply(call, &(struct sandbox_running_result){.running = false});
	r = calloc(1, sizeof(*r));
	if (!r)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	r->sandbox = sandbox;
	sandbox_pin(sandbox);
	op_init(&r->op, &running_type, call->server, params->request_timeout);
	return call_later(call, &r->op);
}
