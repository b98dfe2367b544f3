/* command.list: what runs in a sandbox, and what of it this daemon follows. */
#include "config.h"

#include "daemon/command.h"
#include "daemon/envd-op.h"
#include "daemon/method.h"
#include "daemon/sandbox.h"
#include "protocol/types.h"

static const void *request(const void *params, struct envd_parts *parts)
{
	(void)params;
	return &parts->empty;
}

static int by_pid(const void *a, const void *b)
{
	const struct command_info *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Strings stay the provider's answer's. */
static void info_fill(struct sandbox *sandbox, const struct wire_process_info *process,
		      struct command_info *ret)
{
	const struct command *command = command_find(sandbox, process->pid);

	*ret = (struct command_info){
		.pid = process->pid,
		.tag = process->tag,
		.is_ours = command && command->state != COMMAND_ENDED,
	};
	if (process->config) {
		ret->cmd = process->config->cmd;
		ret->args = process->config->args;
		ret->cwd = process->config->cwd;
	}
}

static enum op_next reply(struct op *op, const struct envd_call *envd, void *answer)
{
	const struct wire_process_list *list = answer;
	const struct wire_process_info *processes = list->processes.items;
	CLEANUP_FREE struct command_info *infos = NULL;
	size_t count = list->processes.count;
	struct sb_error err = {0};

	if (envd->err.code)
		return op_fail(op, &envd->err);
	infos = calloc(count + 1, sizeof(*infos));
	if (!infos) {
		(void)sb_fail(&err, SB_INTERNAL, "out of memory");
		return op_fail(op, &err);
	}
	for (size_t i = 0; i < count; i++)
		info_fill(envd_op_sandbox(op), &processes[i], &infos[i]);
	qsort(infos, count, sizeof(*infos), by_pid);
	return op_reply(op, &(struct command_list_result){.commands = {infos, count}});
}

struct call_done *method_command_list(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "process.Process/List",
		.in = &wire_empty_type,
		.out = &wire_process_list_type,
		.request = request,
		.reply = reply,
	};
	const struct sandbox_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
}
