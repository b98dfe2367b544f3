/*
 * file.write: from the request, from transfer.data, or from a descriptor. Bytes are taken from the client
 * only as the sandbox takes them.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/e2b/files.h"
#include "daemon/fd-source.h"
#include "daemon/file-entry.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/transfer.h"
#include "protocol/types.h"

#define CREDIT_STEP (TRANSFER_WINDOW / 4)

struct write_op {
	struct op op;
	struct sandbox *sandbox;
	struct provider_wait provider;
	struct file_upload upload;
	struct list_value written; /* of struct wire_written */
	struct envd_probe probe;
	struct transfer transfer;
	struct sb_error err;
	bool is_waiting; /* the upload, for bytes */
	bool is_done;    /* the upload ended well */
	/* Bytes to send next, and whether that is all. They are in params, in `queue`, or the source's. */
	const char *data;
	size_t len;
	bool is_last;
	struct fd_source *source;
	bool is_reading;
	bool is_stream;
	struct buf queue; /* of transfer.data */
	int64_t received; /* of transfer.data */
	int64_t owed;     /* bytes the client was not given credit for yet */
};

enum write_step { WRITE_BEGIN, WRITE_READY, WRITE_MOVING, WRITE_PROBED };

static const char *const steps[] = {"begin", "ready", "moving", "probed", NULL};

/* ---- where bytes come from --------------------------------------------------------------------- */

static void resume(struct write_op *write)
{
	if (!write->is_waiting)
		return;
	write->is_waiting = false;
	file_upload_resume(&write->upload);
}

static void on_read(void *arg, const char *data, size_t len, const struct sb_error *err)
{
	struct write_op *write = arg;

	write->is_reading = false;
	if (err->code) {
		write->err = *err;
		op_run(&write->op);
		return;
	}
	write->data = data;
	write->len = len;
	write->is_last = len == 0;
	resume(write);
}

static void read_more(struct write_op *write)
{
	if (!write->source || write->is_reading)
		return;
	write->is_reading = true;
	fd_source_read(write->source);
}

/* As much as was sent may follow. */
static void give_credit(struct write_op *write, size_t len)
{
	write->owed += (int64_t)len;
	if (write->owed < CREDIT_STEP || write->is_last)
		return;
	transfer_send_credit(&write->op, write->owed);
	write->owed = 0;
}

static ssize_t on_upload(struct file_upload *upload, char *data, size_t size)
{
	struct write_op *write = container_of(upload, struct write_op, upload);
	size_t len = write->len < size ? write->len : size;

	if (len == 0 && write->is_last)
		return 0;
	if (len == 0) {
		write->is_waiting = true;
		read_more(write);
		return HTTP_UPLOAD_WAIT;
	}
	memcpy(data, write->data, len);
	write->data += len;
	write->len -= len;
	if (write->is_stream)
		give_credit(write, len);
	transfer_moved(&write->transfer, len);
	return (ssize_t)len;
}

static void take_data(struct write_op *write, const struct transfer_data *piece)
{
	if (write->is_last)
		(void)sb_fail(&write->err, SB_INVALID_PARAMS, "transfer.data behind the end");
	else if (piece->offset != write->received)
		(void)sb_fail(&write->err, SB_INVALID_PARAMS,
			      "transfer.data at offset %" PRId64 ", expected at %" PRId64,
			      piece->offset, write->received);
	else if (write->len + piece->data.len > TRANSFER_WINDOW)
		(void)sb_fail(&write->err, SB_INVALID_PARAMS,
			      "transfer.data of more bytes than there was credit for");
	else {
		buf_consume(&write->queue, write->queue.len - write->len);
		buf_add(&write->queue, piece->data.data, piece->data.len);
	}
	if (write->queue.failed)
		(void)sb_fail(&write->err, SB_INTERNAL, "out of memory");
	write->received += (int64_t)piece->data.len;
	write->data = write->queue.data;
	write->len = write->queue.len;
	write->is_last = piece->end;
}

static void on_notify(struct op *op, const struct notification_info *info, void *params)
{
	struct write_op *write = container_of(op, struct write_op, op);

	if (info->params != &transfer_data_type || !write->is_stream || write->err.code)
		return; /* what follows a failure is of no interest */
	take_data(write, params);
	if (write->err.code)
		op_run(op);
	else
		resume(write);
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void on_done(struct file_upload *upload)
{
	struct write_op *write = container_of(upload, struct write_op, upload);

	write->err = upload->err;
	write->is_done = upload->err.code == SB_OK;
	op_run(&write->op);
}

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct write_op, provider)->op);
}

static void on_probed(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct write_op, probe)->op);
}

static enum op_next begin(struct write_op *write)
{
	write->provider.done = on_ready;
	provider_ready(write->sandbox->provider, &write->provider);
	return op_wait(&write->op, WRITE_READY);
}

static enum op_next ready(struct write_op *write)
{
	const struct file_write_params *params = write->op.call->params;
	struct envd_target target;

	if (write->err.code) /* of the first transfer.data */
		return op_fail(&write->op, &write->err);
	if (write->provider.err.code)
		return op_fail(&write->op, &write->provider.err);
	sandbox_target(write->sandbox, params->user, &target);
	write->upload.on_upload = on_upload;
	write->upload.done = on_done;
	file_upload_start(&target, &write->upload, params->path,
			  &(struct file_upload_options){.size = write->transfer.total},
			  &write->written);
	return op_wait(&write->op, WRITE_MOVING);
}

static enum op_next probe(struct write_op *write)
{
	struct envd_target target;

	sandbox_target(write->sandbox, NULL, &target);
	write->probe.done = on_probed;
	envd_probe_start(&target, &write->probe, 0);
	return op_wait(&write->op, WRITE_PROBED);
}

static enum op_next reply(struct write_op *write)
{
	struct file_written result;
	enum op_next next;

	if (write->written.count == 0) {
		(void)sb_fail(&write->err, SB_SANDBOX, "the answer names no file");
		return op_fail(&write->op, &write->err);
	}
	file_written_take(write->written.items, write->transfer.bytes, &result);
	next = op_reply(&write->op, &result);
	fields_free(&file_written_type, &result);
	return next;
}

static enum op_next write_run(struct op *op)
{
	struct write_op *write = container_of(op, struct write_op, op);

	switch ((enum write_step)op->step) {
	case WRITE_BEGIN:
		return begin(write);
	case WRITE_READY:
		return ready(write);
	case WRITE_MOVING:
		if (write->err.code && write->upload.is_cut)
			return probe(write);
		if (write->err.code)
			return op_fail(op, &write->err);
		if (!write->is_done)
			return op_wait(op, WRITE_MOVING);
		return reply(write);
	case WRITE_PROBED:
		envd_cut_explain(write->probe.health, &write->err);
		return op_fail(op, &write->err);
	}
	abort();
}

static void write_release(struct op *op)
{
	struct write_op *write = container_of(op, struct write_op, op);

	provider_wait_cancel(&write->provider);
	file_upload_cancel(&write->upload);
	envd_probe_cancel(&write->probe);
	(void)fd_source_free(write->source);
	fields_free_list(&wire_written_type, &write->written);
	buf_deinit(&write->queue);
	sandbox_unpin(write->sandbox);
	free(write);
}

static const struct op_type write_type = {
	.name = "file.write",
	.steps = steps,
	.run = write_run,
	.notify = on_notify,
	.release = write_release,
};

/* Where the bytes come from. */
static int open_source(struct write_op *write, struct call *call, struct sb_error *err)
{
	const struct file_write_params *params = call->params;
	struct server *server = call->server;
	int fd;

	if ((params->data.data != NULL) + (params->fd != TYPES_UNSET) + params->stream != 1)
		return sb_fail(err, SB_INVALID_PARAMS, "params: one of data, stream and fd");
	write->is_stream = params->stream;
	if (params->data.data) {
		write->data = params->data.data;
		write->len = params->data.len;
		write->is_last = true;
		write->transfer.total = (int64_t)params->data.len;
	}
	if (params->fd == TYPES_UNSET)
		return 0;
	fd = call_take_fd(call, params->fd, "fd", err);
	if (fd < 0)
		return -1;
	write->source = fd_source_new(server->base, server->workers, fd, on_read, write, err);
	return write->source ? 0 : -1;
}

struct call_done *method_file_write(struct call *call)
{
	const struct file_write_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct write_op *write;

	if (!sandbox)
		return call_fail(call, &err);
	write = calloc(1, sizeof(*write));
	if (!write)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&write->op, &write_type, call->server, params->request_timeout);
	transfer_init(&write->transfer, &write->op, params->request_timeout,
		      params->progress && !params->data.data);
	write->sandbox = sandbox;
	sandbox_pin(sandbox);
	if (open_source(write, call, &err) < 0) {
		write_release(&write->op);
		return call_fail(call, &err);
	}
	return call_later(call, &write->op);
}
