/* file.stat, file.exists and file.rename: one path, one entry. */
#include "config.h"

#include "daemon/envd-op.h"
#include "daemon/file-entry.h"
#include "daemon/method.h"
#include "protocol/types.h"

static const void *path_request(const void *params, struct envd_parts *parts)
{
	parts->path.path = ((const struct file_params *)params)->path;
	return &parts->path;
}

static const void *move_request(const void *params, struct envd_parts *parts)
{
	const struct file_rename_params *rename = params;

	parts->move.source = rename->old_path;
	parts->move.destination = rename->new_path;
	return &parts->move;
}

static enum op_next entry_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	struct wire_entry_response *response = answer;
	struct sb_error err = envd->err;
	struct file_entry entry = {0};
	enum op_next next;

	if (err.code == SB_OK && !response->entry)
		(void)sb_fail(&err, SB_SANDBOX, "the answer has no entry");
	if (err.code)
		return op_fail(op, &err);
	file_entry_take(response->entry, &entry);
	next = op_reply(op, &entry);
	fields_free(&file_entry_type, &entry);
	return next;
}

static enum op_next exists_reply(struct op *op, const struct envd_call *envd, void *answer)
{
	(void)answer;
	if (envd->err.code != SB_OK && envd->err.code != SB_FILE_NOT_FOUND)
		return op_fail(op, &envd->err);
	return op_reply(op, &(struct file_exists_result){.exists = envd->err.code == SB_OK});
}

struct call_done *method_file_stat(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/Stat",
		.in = &wire_path_request_type,
		.out = &wire_entry_response_type,
		.request = path_request,
		.reply = entry_reply,
	};
	const struct file_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}

struct call_done *method_file_exists(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/Stat",
		.in = &wire_path_request_type,
		.out = &wire_entry_response_type,
		.request = path_request,
		.reply = exists_reply,
	};
	const struct file_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}

struct call_done *method_file_rename(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/Move",
		.in = &wire_move_request_type,
		.out = &wire_entry_response_type,
		.request = move_request,
		.reply = entry_reply,
	};
	const struct file_rename_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}
