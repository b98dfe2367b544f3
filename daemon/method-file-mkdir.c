/* file.mkdir and file.remove */
#include "config.h"

#include <string.h>

#include "daemon/envd-op.h"
#include "daemon/method.h"
#include "protocol/types.h"

static const void *request(const void *params, struct envd_parts *parts)
{
	parts->path.path = ((const struct file_params *)params)->path;
	return &parts->path;
}

static enum op_next mkdir_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	bool was_there = strcmp(envd->code, "already_exists") == 0;

	(void)answer;
	if (envd->err.code != SB_OK && !was_there)
		return op_fail(op, &envd->err);
	return op_reply(op, &(struct file_mkdir_result){.created = !was_there});
}

struct call_done *method_file_mkdir(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/MakeDir",
		.in = &wire_path_request_type,
		.out = &wire_entry_response_type,
		.request = request,
		.reply = mkdir_reply,
	};
	const struct file_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}

struct call_done *method_file_remove(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/Remove",
		.in = &wire_path_request_type,
		.out = &wire_empty_type,
		.request = request,
		.reply = envd_op_reply_nothing,
	};
	const struct file_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}
