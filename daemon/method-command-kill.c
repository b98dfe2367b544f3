/* command.kill and pty.kill: a signal to one process. */
#include "config.h"

#include "daemon/envd-op.h"
#include "daemon/method.h"
#include "protocol/types.h"

static const void *kill_request(const void *params, struct envd_parts *parts)
{
	const struct command_kill_params *kill = params;

	parts->selector.pid = kill->pid;
	parts->signal.process = &parts->selector;
	parts->signal.signal =
		kill->signal == COMMAND_SIGNAL_TERM ? WIRE_SIGNAL_TERM : WIRE_SIGNAL_KILL;
	return &parts->signal;
}

static const void *pty_kill_request(const void *params, struct envd_parts *parts)
{
	parts->selector.pid = ((const struct pid_params *)params)->pid;
	parts->signal.process = &parts->selector;
	parts->signal.signal = WIRE_SIGNAL_KILL;
	return &parts->signal;
}

static enum op_next kill_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	(void)answer;
	if (envd->err.code != SB_OK && envd->err.code != SB_NOT_FOUND)
		return op_fail(op, &envd->err);
	return op_reply(op, &(struct command_kill_result){.killed = envd->err.code == SB_OK});
}

struct call_done *method_command_kill(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "process.Process/SendSignal",
		.in = &wire_signal_request_type,
		.out = &wire_empty_type,
		.request = kill_request,
		.reply = kill_reply,
	};
	const struct command_kill_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
}

struct call_done *method_pty_kill(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "process.Process/SendSignal",
		.in = &wire_signal_request_type,
		.out = &wire_empty_type,
		.request = pty_kill_request,
		.reply = kill_reply,
	};
	const struct pid_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
}
