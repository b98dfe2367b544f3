/* file.write_many: several small files, one after the other. Those written before a failure stay. */
#include "config.h"

#include <string.h>

#include "daemon/e2b/files.h"
#include "daemon/file-entry.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/transfer.h"
#include "protocol/types.h"

struct many_op {
	struct op op;
	struct sandbox *sandbox;
	struct provider_wait provider;
	struct file_upload upload;
	struct list_value answer; /* of struct wire_written, to one upload */
	struct envd_probe probe;
	struct transfer transfer;
	struct list_value written; /* of struct file_written; count of them are done */
	size_t at;                 /* in the content of the file being written */
};

enum many_step { MANY_BEGIN, MANY_NEXT, MANY_WRITTEN, MANY_PROBED };

static const char *const steps[] = {"begin", "next", "written", "probed", NULL};

static const struct file_write_many_params *params_of(const struct many_op *many)
{
	return many->op.call->params;
}

static const struct file_item *item_of(const struct many_op *many)
{
	return (const struct file_item *)params_of(many)->files.items + many->written.count;
}

static ssize_t on_upload(struct file_upload *upload, char *data, size_t size)
{
	struct many_op *many = container_of(upload, struct many_op, upload);
	const struct bytes *content = &item_of(many)->data;
	size_t left = content->len - many->at;
	size_t len = left < size ? left : size;

	if (len == 0)
		return 0;
	memcpy(data, content->data + many->at, len);
	many->at += len;
	transfer_moved(&many->transfer, len);
	return (ssize_t)len;
}

static void on_done(struct file_upload *upload)
{
	op_run(&container_of(upload, struct many_op, upload)->op);
}

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct many_op, provider)->op);
}

static void on_probed(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct many_op, probe)->op);
}

static enum op_next fail(struct many_op *many, struct sb_error *err)
{
	(void)sb_wrap(err, "files[%zu]", many->written.count);
	return op_fail(&many->op, err);
}

static enum op_next begin(struct many_op *many)
{
	many->provider.done = on_ready;
	provider_ready(many->sandbox->provider, &many->provider);
	return op_wait(&many->op, MANY_NEXT);
}

static enum op_next next(struct many_op *many)
{
	const struct file_write_many_params *params = params_of(many);
	struct envd_target target;

	if (many->provider.err.code)
		return op_fail(&many->op, &many->provider.err);
	if (many->written.count == params->files.count)
		return op_reply(&many->op, &(struct file_write_many_result){many->written});
	sandbox_target(many->sandbox, params->user, &target);
	many->at = 0;
	many->upload.on_upload = on_upload;
	many->upload.done = on_done;
	file_upload_start(&target, &many->upload, item_of(many)->path,
			  &(struct file_upload_options){.size = (int64_t)item_of(many)->data.len},
			  &many->answer);
	return op_wait(&many->op, MANY_WRITTEN);
}

static enum op_next probe(struct many_op *many)
{
	struct envd_target target;

	sandbox_target(many->sandbox, NULL, &target);
	many->probe.done = on_probed;
	envd_probe_start(&target, &many->probe, 0);
	return op_wait(&many->op, MANY_PROBED);
}

static enum op_next written(struct many_op *many)
{
	struct file_written *result =
		(struct file_written *)many->written.items + many->written.count;
	struct sb_error err = many->upload.err;

	if (err.code && many->upload.is_cut)
		return probe(many);
	if (err.code == SB_OK && many->answer.count == 0)
		(void)sb_fail(&err, SB_SANDBOX, "the answer names no file");
	if (err.code)
		return fail(many, &err);
	file_written_take(many->answer.items, (int64_t)item_of(many)->data.len, result);
	fields_free_list(&wire_written_type, &many->answer);
	many->written.count++;
	return op_again(&many->op, MANY_NEXT);
}

static enum op_next many_run(struct op *op)
{
	struct many_op *many = container_of(op, struct many_op, op);

	switch ((enum many_step)op->step) {
	case MANY_BEGIN:
		return begin(many);
	case MANY_NEXT:
		return next(many);
	case MANY_WRITTEN:
		return written(many);
	case MANY_PROBED:
		envd_cut_explain(many->probe.health, &many->upload.err);
		return fail(many, &many->upload.err);
	}
	abort();
}

static void many_release(struct op *op)
{
	struct many_op *many = container_of(op, struct many_op, op);

	provider_wait_cancel(&many->provider);
	file_upload_cancel(&many->upload);
	envd_probe_cancel(&many->probe);
	fields_free_list(&wire_written_type, &many->answer);
	fields_free_list(&file_written_type, &many->written);
	sandbox_unpin(many->sandbox);
	free(many);
}

static const struct op_type many_type = {
	.name = "file.write_many",
	.steps = steps,
	.run = many_run,
	.release = many_release,
};

struct call_done *method_file_write_many(struct call *call)
{
	const struct file_write_many_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct many_op *many;
	void *items;

	if (!sandbox)
		return call_fail(call, &err);
	many = calloc(1, sizeof(*many));
	items = calloc(params->files.count + 1, sizeof(struct file_written));
	if (!many || !items) {
		free(many);
		free(items);
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	}
	op_init(&many->op, &many_type, call->server, params->request_timeout);
	transfer_init(&many->transfer, &many->op, params->request_timeout, false);
	many->written.items = items;
	many->sandbox = sandbox;
	sandbox_pin(sandbox);
	return call_later(call, &many->op);
}
