/*
 * command.start and pty.create: the answer when the command runs, its output afterwards. The command goes
 * on when the client leaves; only a start that was given up is undone.
 */
#include "config.h"

#include "daemon/command-fd.h"
#include "daemon/command.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/subscription.h"
#include "protocol/types.h"

struct start_op {
	struct op op;
	struct sandbox *sandbox;
	struct command_spec spec;           /* strings are the params' */
	unsigned streams;                   /* to be sent to the connection; SUBSCRIPTION_BIT */
	int stdin_fd, stdout_fd, stderr_fd; /* owned; -1: none */
	struct provider_wait provider;
	struct command *command;
	struct command_watch watch;
};

enum start_step { START_BEGIN, START_READY, START_STARTING };

static const char *const steps[] = {"begin", "ready", "starting", NULL};

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct start_op, provider)->op);
}

static void on_change(struct command_watch *watch)
{
	op_run(&container_of(watch, struct start_op, watch)->op);
}

static enum op_next begin(struct start_op *start)
{
	start->provider.done = on_ready;
	provider_ready(start->sandbox->provider, &start->provider);
	return op_wait(&start->op, START_READY);
}

static enum op_next ready(struct start_op *start)
{
	struct sb_error err = {0};

	if (start->provider.err.code)
		return op_fail(&start->op, &start->provider.err);
	start->command = command_start(start->op.server, start->sandbox, &start->spec, &err);
	if (!start->command)
		return op_fail(&start->op, &err);
	start->watch.on_change = on_change;
	command_watch(start->command, &start->watch);
	return op_wait(&start->op, START_STARTING);
}

static int wire(struct start_op *start, struct sb_error *err)
{
	struct command *command = start->command;

	if (start->stdin_fd >= 0 && command_fd_input(command, take_fd(&start->stdin_fd), err) < 0)
		return -1;
	if (start->stdout_fd >= 0 &&
	    command_fd_output(command, SPOOL_STDOUT, take_fd(&start->stdout_fd), err) < 0)
		return -1;
	if (start->stderr_fd >= 0 &&
	    command_fd_output(command, SPOOL_STDERR, take_fd(&start->stderr_fd), err) < 0)
		return -1;
	return 0;
}

static enum op_next started(struct start_op *start)
{
	struct command *command = start->command;
	struct conn *conn = start->op.call->conn;
	struct sb_error err = {0};

	if (wire(start, &err) < 0) {
		command_discard(command);
		return op_fail(&start->op, &err);
	}
	if (conn && start->streams && subscription_new(conn, command, 0, start->streams, &err) < 0)
		return op_fail(&start->op, &err);
	return op_reply(&start->op, &(struct command_start_result){command->pid, 0});
}

static enum op_next start_run(struct op *op)
{
	struct start_op *start = container_of(op, struct start_op, op);

	switch ((enum start_step)op->step) {
	case START_BEGIN:
		return begin(start);
	case START_READY:
		return ready(start);
	case START_STARTING:
		if (start->command->state == COMMAND_STARTING)
			return op_wait(op, START_STARTING);
		if (!start->command->has_started)
			return op_fail(op, &start->command->err);
		return started(start);
	}
	abort();
}

static void start_release(struct op *op)
{
	struct start_op *start = container_of(op, struct start_op, op);

	provider_wait_cancel(&start->provider);
	if (start->command && !start->command->has_started)
		command_discard(start->command);
	command_unwatch(&start->watch);
	sandbox_unpin(start->sandbox);
	cleanup_fd(&start->stdin_fd);
	cleanup_fd(&start->stdout_fd);
	cleanup_fd(&start->stderr_fd);
	free(start);
}

static const struct op_type start_type = {
	.name = "command.start",
	.steps = steps,
	.run = start_run,
	.release = start_release,
};

static struct start_op *start_new(struct call *call, const char *sandbox_id, double request_timeout,
				  struct sb_error *err)
{
	struct sandbox *sandbox =
		registry_get(call->server->registry, sandbox_id, &call->peer, err);
	struct start_op *start;

	if (!sandbox)
		return NULL;
	start = calloc(1, sizeof(*start));
	if (!start) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	op_init(&start->op, &start_type, call->server, request_timeout);
	start->sandbox = sandbox;
	start->streams = SUBSCRIPTION_ALL;
	start->stdin_fd = start->stdout_fd = start->stderr_fd = -1;
	sandbox_pin(sandbox);
	return start;
}

static int take_one(struct call *call, int64_t index, const char *param, int *fd,
		    struct sb_error *err)
{
	if (index == TYPES_UNSET)
		return 0;
	*fd = call_take_fd(call, index, param, err);
	return *fd < 0 ? -1 : 0;
}

/* The descriptors of the request. A stream that goes to one is not sent as command.output. */
static int take_fds(struct call *call, struct start_op *start, struct sb_error *err)
{
	const struct command_start_params *params = call->params;

	if (take_one(call, params->stdin_fd, "stdin_fd", &start->stdin_fd, err) < 0 ||
	    take_one(call, params->stdout_fd, "stdout_fd", &start->stdout_fd, err) < 0 ||
	    take_one(call, params->stderr_fd, "stderr_fd", &start->stderr_fd, err) < 0)
		return -1;
	if (start->stdin_fd >= 0)
		start->spec.stdin_open = true;
	if (start->stdout_fd >= 0)
		start->streams &= ~SUBSCRIPTION_BIT(SPOOL_STDOUT);
	if (start->stderr_fd >= 0)
		start->streams &= ~SUBSCRIPTION_BIT(SPOOL_STDERR);
	return 0;
}

struct call_done *method_command_start(struct call *call)
{
	const struct command_start_params *params = call->params;
	struct sb_error err = {0};
	struct start_op *start;

	if (!params->cmd == !params->argv.items)
		return call_fail_code(call, SB_INVALID_PARAMS, "params: either cmd or argv");
	start = start_new(call, params->sandbox_id, params->request_timeout, &err);
	if (!start)
		return call_fail(call, &err);
	start->spec = (struct command_spec){
		.cmd = params->cmd,
		.argv = &params->argv,
		.envs = &params->envs,
		.cwd = params->cwd,
		.user = params->user,
		.stdin_open = params->stdin_open,
		.timeout_s = params->timeout,
		.idle_timeout_s = params->idle_timeout,
	};
	if (take_fds(call, start, &err) < 0) {
		start_release(&start->op);
		return call_fail(call, &err);
	}
	if (!params->output)
		start->streams = 0;
	return call_later(call, &start->op);
}

struct call_done *method_pty_create(struct call *call)
{
	const struct pty_create_params *params = call->params;
	struct sb_error err = {0};
	struct start_op *start = start_new(call, params->sandbox_id, params->request_timeout, &err);

	if (!start)
		return call_fail(call, &err);
	start->spec = (struct command_spec){
		.argv = &params->argv,
		.envs = &params->envs,
		.cwd = params->cwd,
		.user = params->user,
		.is_pty = true,
		.cols = params->cols,
		.rows = params->rows,
		.timeout_s = params->timeout,
	};
	return call_later(call, &start->op);
}
