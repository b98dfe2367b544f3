/*
 * command.connect, pty.connect and command.wait: attach to a command by pid. One that this daemon does not
 * follow yet, since somebody else started it, is followed from now on.
 */
#include "config.h"

#include "daemon/command.h"
#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/subscription.h"
#include "protocol/types.h"

struct attach_op {
	struct op op;
	struct sandbox *sandbox;
	int64_t pid;
	bool is_pty;
	bool waits;          /* for the end */
	double wait_timeout; /* seconds */
	int64_t from_offset;
	struct command *command;
	struct command_watch watch;
};

enum attach_step { ATTACH_FIND, ATTACH_FOUND, ATTACH_WAITING };

static const char *const steps[] = {"find", "found", "waiting", NULL};

static void on_change(struct command_watch *watch)
{
	op_run(&container_of(watch, struct attach_op, watch)->op);
}

static enum op_next find(struct attach_op *attach)
{
	struct sb_error err = {0};
	struct command *command = command_find(attach->sandbox, attach->pid);

	if (!command)
		command = command_follow(attach->op.server, attach->sandbox, attach->pid,
					 attach->is_pty, &err);
	if (!command)
		return op_fail(&attach->op, &err);
	attach->command = command;
	attach->watch.on_change = on_change;
	command_watch(command, &attach->watch);
	return op_again(&attach->op, ATTACH_FOUND);
}

static enum op_next subscribe(struct attach_op *attach)
{
	struct command *command = attach->command;
	int64_t end = spool_end(command->spool);
	int64_t offset = attach->from_offset;
	struct sb_error err = {0};

	if (offset == TYPES_UNSET || offset > end)
		offset = end;
	if (attach->op.call->conn &&
	    subscription_new(attach->op.call->conn, command, offset, SUBSCRIPTION_ALL, &err) < 0)
		return op_fail(&attach->op, &err);
	return op_reply(&attach->op, &(struct command_start_result){attach->pid, offset});
}

static enum op_next report_end(struct attach_op *attach)
{
	struct command_exit exit;

	if (attach->command->err.code)
		return op_fail(&attach->op, &attach->command->err);
	command_exit_fill(attach->command, &exit);
	return op_reply(&attach->op, &exit);
}

static enum op_next attach_run(struct op *op)
{
	struct attach_op *attach = container_of(op, struct attach_op, op);

	switch ((enum attach_step)op->step) {
	case ATTACH_FIND:
		return find(attach);
	case ATTACH_FOUND:
		if (attach->command->state == COMMAND_STARTING)
			return op_wait(op, ATTACH_FOUND);
		if (!attach->command->has_started)
			return op_fail(op, &attach->command->err);
		if (!attach->waits)
			return subscribe(attach);
		op_set_deadline(op, attach->wait_timeout);
		return op_again(op, ATTACH_WAITING);
	case ATTACH_WAITING:
		if (attach->command->state != COMMAND_ENDED)
			return op_wait(op, ATTACH_WAITING);
		return report_end(attach);
	}
	abort();
}

static void attach_release(struct op *op)
{
	struct attach_op *attach = container_of(op, struct attach_op, op);

	command_unwatch(&attach->watch);
	sandbox_unpin(attach->sandbox);
	free(attach);
}

static const struct op_type attach_type = {
	.name = "command.attach",
	.steps = steps,
	.run = attach_run,
	.release = attach_release,
};

static struct attach_op *attach_new(struct call *call, const char *sandbox_id, int64_t pid,
				    double request_timeout, struct sb_error *err)
{
	struct sandbox *sandbox =
		registry_get(call->server->registry, sandbox_id, &call->peer, err);
	struct attach_op *attach;

	if (!sandbox)
		return NULL;
	attach = calloc(1, sizeof(*attach));
	if (!attach) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	op_init(&attach->op, &attach_type, call->server, request_timeout);
	attach->sandbox = sandbox;
	attach->pid = pid;
	sandbox_pin(sandbox);
	return attach;
}

static struct call_done *connect_call(struct call *call, bool is_pty)
{
	const struct command_connect_params *params = call->params;
	struct sb_error err = {0};
	struct attach_op *attach =
		attach_new(call, params->sandbox_id, params->pid, params->request_timeout, &err);

	if (!attach)
		return call_fail(call, &err);
	attach->is_pty = is_pty;
	attach->from_offset = params->from_offset;
	return call_later(call, &attach->op);
}

struct call_done *method_command_connect(struct call *call)
{
	return connect_call(call, false);
}

struct call_done *method_pty_connect(struct call *call)
{
	return connect_call(call, true);
}

struct call_done *method_command_wait(struct call *call)
{
	const struct command_wait_params *params = call->params;
	struct sb_error err = {0};
	struct attach_op *attach =
		attach_new(call, params->sandbox_id, params->pid, params->request_timeout, &err);

	if (!attach)
		return call_fail(call, &err);
	attach->waits = true;
	attach->wait_timeout = params->timeout;
	return call_later(call, &attach->op);
}
