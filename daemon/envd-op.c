/* One RPC behind a method. */
#include "config.h"

#include "daemon/envd-op.h"

#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"
#include "protocol/types.h"

struct envd_op {
	struct op op;
	struct sandbox *sandbox;
	const struct envd_op_spec *spec;
	const char *user; /* of the call's params, as what the request points to */
	double request_timeout;
	struct envd_call envd;
	void *answer;
	struct provider_wait provider;
	struct envd_probe probe;
};

enum envd_step { ENVD_ASK, ENVD_ASKED, ENVD_STARTED, ENVD_ASKED_AGAIN, ENVD_PROBED };

static const char *const steps[] = {"ask", "asked", "started", "asked-again", "probed", NULL};

static void on_asked(struct envd_call *envd)
{
	op_run(&container_of(envd, struct envd_op, envd)->op);
}

static void on_started(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct envd_op, provider)->op);
}

static void on_probed(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct envd_op, probe)->op);
}

static enum op_next ask(struct envd_op *e, int next)
{
	const struct envd_op_spec *spec = e->spec;
	int64_t timeout_ms = (int64_t)(e->request_timeout * 1000);
	struct envd_parts parts = {0};
	struct envd_target target;

	sandbox_target(e->sandbox, e->user, &target);
	e->envd.done = on_asked;
	envd_unary_start(&target, &e->envd, spec->method, spec->in,
			 spec->request(e->op.call->params, &parts), spec->out, e->answer,
			 timeout_ms);
	return op_wait(&e->op, next);
}

static enum op_next start_provider(struct envd_op *e)
{
	e->provider.done = on_started;
	provider_ready(e->sandbox->provider, &e->provider);
	return op_wait(&e->op, ENVD_STARTED);
}

static enum op_next probe(struct envd_op *e)
{
	struct envd_target target;

	sandbox_target(e->sandbox, NULL, &target);
	e->probe.done = on_probed;
	envd_probe_start(&target, &e->probe, 0);
	return op_wait(&e->op, ENVD_PROBED);
}

static enum op_next envd_op_run(struct op *op)
{
	struct envd_op *e = container_of(op, struct envd_op, op);

	switch ((enum envd_step)op->step) {
	case ENVD_ASK:
		return ask(e, ENVD_ASKED);
	case ENVD_ASKED:
		if (e->envd.err.code == SB_UPSTREAM_UNAVAILABLE && e->envd.sent_nothing)
			return start_provider(e);
		return op_again(op, ENVD_ASKED_AGAIN);
	case ENVD_STARTED:
		if (e->provider.err.code)
			return op_fail(op, &e->provider.err);
		return ask(e, ENVD_ASKED_AGAIN);
	case ENVD_ASKED_AGAIN:
		if (e->envd.is_cut)
			return probe(e);
		return e->spec->reply(op, &e->envd, e->answer);
	case ENVD_PROBED:
		envd_cut_explain(e->probe.health, &e->envd.err);
		return e->spec->reply(op, &e->envd, e->answer);
	}
	abort();
}

static void envd_op_release(struct op *op)
{
	struct envd_op *e = container_of(op, struct envd_op, op);

	envd_unary_cancel(&e->envd);
	provider_wait_cancel(&e->provider);
	envd_probe_cancel(&e->probe);
	fields_free(e->spec->out, e->answer);
	free(e->answer);
	sandbox_unpin(e->sandbox);
	free(e);
}

static const struct op_type envd_op_type = {
	.name = "envd",
	.steps = steps,
	.run = envd_op_run,
	.release = envd_op_release,
};

struct call_done *envd_op_call(struct call *call, const struct envd_op_spec *spec,
			       const char *sandbox_id, const char *user, double request_timeout)
{
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, sandbox_id, &call->peer, &err);
	CLEANUP_FREE struct envd_op *e = sandbox ? calloc(1, sizeof(*e)) : NULL;
	CLEANUP_FREE void *answer = e ? calloc(1, spec->out->size) : NULL;

	if (!sandbox)
		return call_fail(call, &err);
	if (!answer)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&e->op, &envd_op_type, call->server, request_timeout);
	e->spec = spec;
	e->user = user;
	e->request_timeout = request_timeout;
	e->answer = take(&answer);
	e->sandbox = sandbox;
	sandbox_pin(sandbox);
	return call_later(call, &take(&e)->op);
}

struct sandbox *envd_op_sandbox(struct op *op)
{
	return container_of(op, struct envd_op, op)->sandbox;
}

enum op_next envd_op_reply_nothing(struct op *op, const struct envd_call *envd, void *answer)
{
	(void)answer;
	if (envd->err.code)
		return op_fail(op, &envd->err);
	return op_reply(op, &(struct no_result){0});
}
