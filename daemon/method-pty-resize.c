/* pty.resize */
#include "config.h"

#include "daemon/envd-op.h"
#include "daemon/method.h"
#include "protocol/types.h"

static const void *request(const void *params, struct envd_parts *parts)
{
	const struct pty_resize_params *resize = params;

	parts->selector.pid = resize->pid;
	parts->size.cols = resize->cols;
	parts->size.rows = resize->rows;
	parts->pty.size = &parts->size;
	parts->update.process = &parts->selector;
	parts->update.pty = &parts->pty;
	return &parts->update;
}

struct call_done *method_pty_resize(struct call *call)
{
	static const struct envd_op_spec spec = {
		.method = "process.Process/Update",
		.in = &wire_update_request_type,
		.out = &wire_empty_type,
		.request = request,
		.reply = envd_op_reply_nothing,
	};
	const struct pty_resize_params *params = call->params;

	return envd_op_call(call, &spec, params->sandbox_id, NULL, params->request_timeout);
}
