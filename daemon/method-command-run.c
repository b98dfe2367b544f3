/*
 * command.run: a command from its start to its end, its output in the answer. It lives as long as somebody
 * waits: given up by its caller, it is killed.
 */
#include "config.h"

#include "daemon/command.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/stdin-feed.h"
#include "protocol/types.h"

struct run_op {
	struct op op;
	struct sandbox *sandbox;
	struct provider_wait provider;
	struct command *command;
	struct command_watch watch;
	struct spool_reader reader;
	struct stdin_feed feed;
	bool is_read; /* all of the output */
	struct buf out, err;
	int64_t truncated_offset;
};

enum run_step { RUN_BEGIN, RUN_READY, RUN_STARTING, RUN_RUNNING };

static const char *const steps[] = {"begin", "ready", "starting", "running", NULL};

/* ---- output ------------------------------------------------------------------------------------ */

static void truncated(struct run_op *run, int64_t offset)
{
	if (run->truncated_offset == TYPES_UNSET)
		run->truncated_offset = offset;
}

static void keep(struct run_op *run, const struct spool_chunk *chunk)
{
	struct buf *to = chunk->stream == SPOOL_STDERR ? &run->err : &run->out;
	size_t room = RUN_OUTPUT_MAX - to->len;
	size_t len = chunk->len < room ? chunk->len : room;

	if (!chunk->data)
		len = 0;
	else
		buf_add(to, chunk->data, len);
	if (len < chunk->len)
		truncated(run, chunk->offset + (int64_t)len);
}

static void on_output(struct spool_reader *reader)
{
	struct run_op *run = container_of(reader, struct run_op, reader);
	struct spool_chunk chunk;
	int got;

	while ((got = spool_read(reader, &chunk)) > 0)
		keep(run, &chunk);
	if (got == 0)
		return;
	run->is_read = true;
	spool_detach(reader);
	op_run(&run->op);
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct run_op, provider)->op);
}

static void on_change(struct command_watch *watch)
{
	op_run(&container_of(watch, struct run_op, watch)->op);
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
	run->command = command_start(run->op.server, run->sandbox, &spec, &err);
	if (!run->command)
		return op_fail(&run->op, &err);
	run->watch.on_change = on_change;
	command_watch(run->command, &run->watch);
	run->reader.on_ready = on_output;
	spool_attach(run->command->spool, &run->reader, 0);
	return op_wait(&run->op, RUN_STARTING);
}

static enum op_next started(struct run_op *run)
{
	const struct command_run_params *params = run->op.call->params;

	if (!run->command->has_started)
		return op_fail(&run->op, &run->command->err);
	op_set_deadline(&run->op, 0); /* from now on only the command's own timeouts count */
	if (params->input.data) {
		run->feed.done = on_fed;
		stdin_feed_start(&run->feed, run->sandbox, run->command->pid, false,
				 params->input.data, params->input.len, true);
	}
	return op_again(&run->op, RUN_RUNNING);
}

static enum op_next ended(struct run_op *run)
{
	const struct command *command = run->command;
	struct sb_error err = {0};

	if (command->err.code)
		return op_fail(&run->op, &command->err);
	if (run->out.failed || run->err.failed) {
		(void)sb_fail(&err, SB_INTERNAL, "out of memory");
		return op_fail(&run->op, &err);
	}
	return op_reply(&run->op, &(struct command_run_result){
					  .pid = command->pid,
					  .exit_code = command->exit_code,
					  .signal = command->signal,
					  .error = command->error,
					  .out = {run->out.data, run->out.len},
					  .err = {run->err.data, run->err.len},
					  .truncated = run->truncated_offset != TYPES_UNSET,
					  .truncated_offset = run->truncated_offset,
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
		if (run->command->state == COMMAND_STARTING)
			return op_wait(op, RUN_STARTING);
		return started(run);
	case RUN_RUNNING:
		if (run->command->state != COMMAND_ENDED || !run->is_read)
			return op_wait(op, RUN_RUNNING);
		return ended(run);
	}
	abort();
}

/* What was left out of the answer can still be had; otherwise nobody needs the command any more. */
static void run_release(struct op *op)
{
	struct run_op *run = container_of(op, struct run_op, op);

	provider_wait_cancel(&run->provider);
	stdin_feed_cancel(&run->feed);
	spool_detach(&run->reader);
	if (run->command &&
	    (run->command->state != COMMAND_ENDED || run->truncated_offset == TYPES_UNSET))
		command_discard(run->command);
	command_unwatch(&run->watch);
	sandbox_unpin(run->sandbox);
	buf_deinit(&run->out);
	buf_deinit(&run->err);
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
	run->truncated_offset = TYPES_UNSET;
	sandbox_pin(sandbox);
	return call_later(call, &run->op);
}
