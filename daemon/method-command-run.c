/*
 * command.run: a command from its start to its end, its output in the answer. It lives as long as somebody
 * waits: given up by its caller, it is killed.
 */
#include "config.h"

#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/runner.h"
#include "daemon/sandbox.h"
#include "daemon/stdin-feed.h"
#include "protocol/types.h"

struct run_op {
	struct op op;
	struct sandbox *sandbox;
	struct provider_wait provider;
	struct runner runner;
	struct stdin_feed feed;
};

enum run_step { RUN_BEGIN, RUN_READY, RUN_STARTING, RUN_RUNNING };

static const char *const steps[] = {"begin", "ready", "starting", "running", NULL};

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct run_op, provider)->op);
}

static void on_change(struct runner *runner)
{
	op_run(&container_of(runner, struct run_op, runner)->op);
}

/* A command that does not read its input is not in error. */
static void on_fed(struct stdin_feed *feed)
{
	(void)feed;
}

static enum op_next begin(struct run_op *run)
{
	run->provider.done = on_ready;
	provider_ready(run->sandbox->provider, &run->provider);
	return op_wait(&run->op, RUN_READY);
}

static enum op_next ready(struct run_op *run)
{
	const struct command_run_params *params = run->op.call->params;
	const struct command_spec spec = {
		.cmd = params->cmd,
		.argv = &params->argv,
		.envs = &params->envs,
		.cwd = params->cwd,
		.user = params->user,
		.stdin_open = params->input.data != NULL,
		.timeout_s = params->timeout,
		.idle_timeout_s = params->idle_timeout,
		.is_transient = true,
	};
	struct sb_error err = {0};

	if (run->provider.err.code)
		return op_fail(&run->op, &run->provider.err);
	run->runner.on_change = on_change;
	if (runner_start(&run->runner, run->op.server, run->sandbox, &spec, &err) < 0)
		return op_fail(&run->op, &err);
	return op_wait(&run->op, RUN_STARTING);
}

static enum op_next started(struct run_op *run)
{
	const struct command_run_params *params = run->op.call->params;

	if (!run->runner.command->has_started)
		return op_fail(&run->op, &run->runner.command->err);
	op_set_deadline(&run->op, 0); /* from now on only the command's own timeouts count */
	if (params->input.data) {
		run->feed.done = on_fed;
		stdin_feed_start(&run->feed, run->sandbox, run->runner.command->pid, false,
				 params->input.data, params->input.len, true);
	}
	return op_again(&run->op, RUN_RUNNING);
}

static enum op_next ended(struct run_op *run)
{
	const struct runner *runner = &run->runner;
	const struct command *command = runner->command;
	struct sb_error err = {0};

	if (runner_check(runner, &err) < 0)
		return op_fail(&run->op, &err);
	return op_reply(&run->op, &(struct command_run_result){
					  .pid = command->pid,
					  .exit_code = command->exit_code,
					  .signal = command->signal,
					  .error = command->error,
					  .out = runner_bytes(&runner->out),
					  .err = runner_bytes(&runner->err),
					  .truncated = runner->truncated_offset != TYPES_UNSET,
					  .truncated_offset = runner->truncated_offset,
					  .end_offset = spool_end(command->spool),
				  });
}

static enum op_next run_run(struct op *op)
{
	struct run_op *run = container_of(op, struct run_op, op);

	switch ((enum run_step)op->step) {
	case RUN_BEGIN:
		return begin(run);
	case RUN_READY:
		return ready(run);
	case RUN_STARTING:
		if (!runner_is_begun(&run->runner))
			return op_wait(op, RUN_STARTING);
		return started(run);
	case RUN_RUNNING:
		if (!runner_is_over(&run->runner))
			return op_wait(op, RUN_RUNNING);
		return ended(run);
	}
	abort();
}

static void run_release(struct op *op)
{
	struct run_op *run = container_of(op, struct run_op, op);

	provider_wait_cancel(&run->provider);
	stdin_feed_cancel(&run->feed);
	runner_release(&run->runner);
	sandbox_unpin(run->sandbox);
	free(run);
}

static const struct op_type run_type = {
	.name = "command.run",
	.steps = steps,
	.run = run_run,
	.release = run_release,
};

struct call_done *method_command_run(struct call *call)
{
	const struct command_run_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox;
	struct run_op *run;

	if (!params->cmd == !params->argv.items)
		return call_fail_code(call, SB_INVALID_PARAMS, "params: either cmd or argv");
	sandbox = registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	if (!sandbox)
		return call_fail(call, &err);
	run = calloc(1, sizeof(*run));
	if (!run)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&run->op, &run_type, call->server, params->request_timeout);
	run->sandbox = sandbox;
	sandbox_pin(sandbox);
	return call_later(call, &run->op);
}
