/* file.list */
#include "config.h"

#include "daemon/envd-op.h"
#include "daemon/file-entry.h"
#include "daemon/method.h"
#include "protocol/types.h"

static const void *request(const void *params, struct envd_parts *parts)
{
	const struct file_list_params *list = params;

	parts->path.path = list->path;
	parts->path.depth = list->depth;
	return &parts->path;
}

static enum op_next reply(struct op *op, const struct envd_call *envd, void *answer)
{
	struct wire_entry_list *list = answer;
	struct wire_entry *wire = list->entries.items;
	size_t count = list->entries.count;
	struct file_list_result result = {0};
	struct sb_error err = envd->err;
	struct file_entry *entries;
	enum op_next next;

	if (err.code)
		return op_fail(op, &err);
	entries = calloc(count + 1, sizeof(*entries));
	if (!entries) {
		(void)sb_fail(&err, SB_INTERNAL, "out of memory");
		return op_fail(op, &err);
	}
	for (size_t i = 0; i < count; i++)
		file_entry_take(&wire[i], &entries[i]);
	result.entries = (struct list_value){entries, count};
	next = op_reply(op, &result);
	fields_free_list(&file_entry_type, &result.entries);
	return next;
}

struct call_done *method_file_list(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "filesystem.Filesystem/ListDir",
		.in = &wire_path_request_type,
		.out = &wire_entry_list_type,
		.request = request,
		.reply = reply,
	};
	const struct file_list_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, params->user, params->request_timeout);
}
