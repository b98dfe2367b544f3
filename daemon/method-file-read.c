/*
 * file.read: into the answer, as transfer.data, or into a descriptor. Wherever the bytes go, when that is
 * full the download pauses, and TCP holds the sandbox back.
 */
#include "config.h"

#include <inttypes.h>

#include "daemon/e2b/files.h"
#include "daemon/fd-sink.h"
#include "daemon/method.h"
#include "daemon/provider.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/transfer.h"
#include "protocol/types.h"

struct read_op {
	struct op op;
	struct sandbox *sandbox;
	struct provider_wait provider;
	struct file_download download;
	struct envd_probe probe;
	struct transfer transfer;
	struct sb_error err;
	bool is_paused;
	bool is_whole; /* the download ended well */
	/* where the bytes go, one of: */
	struct fd_sink *sink;
	bool is_full;
	struct conn_stream stream; /* conn is set while it streams */
	int64_t credit;
	struct buf data;
};

enum read_step { READ_BEGIN, READ_READY, READ_MOVING, READ_PROBED };

static const char *const steps[] = {"begin", "ready", "moving", "probed", NULL};

static const struct file_read_params *params_of(const struct read_op *read)
{
	return read->op.call->params;
}

static void resume(struct read_op *read)
{
	if (!read->is_paused)
		return;
	read->is_paused = false;
	file_download_resume(&read->download);
}

/* ---- where bytes go ---------------------------------------------------------------------------- */

static bool to_sink(struct read_op *read, const char *data, size_t len)
{
	if (read->is_full)
		return false;
	read->is_full = !fd_sink_write(read->sink, data, len);
	return true;
}

static void on_sunk(void *arg, const struct sb_error *err)
{
	struct read_op *read = arg;

	read->is_full = false;
	if (err->code)
		read->err = *err;
	resume(read);
	if (err->code || read->is_whole)
		op_run(&read->op);
}

static bool to_client(struct read_op *read, const char *data, size_t len)
{
	if ((int64_t)len > read->credit || !conn_has_room(read->stream.conn))
		return false;
	read->credit -= (int64_t)len;
	transfer_send_data(&read->op, params_of(read)->offset + read->transfer.bytes, data, len);
	return true;
}

static void on_drain(struct conn_stream *stream)
{
	resume(container_of(stream, struct read_op, stream));
}

/* The call is cancelled, too, when its client leaves. */
static void on_close(struct conn_stream *stream)
{
	(void)stream;
}

static void on_notify(struct op *op, const struct notification_info *info, void *params)
{
	struct read_op *read = container_of(op, struct read_op, op);
	const struct transfer_credit *credit = params;

	if (info->params != &transfer_credit_type || credit->bytes <= 0)
		return;
	read->credit += credit->bytes < TRANSFER_WINDOW ? credit->bytes : TRANSFER_WINDOW;
	if (read->credit > TRANSFER_WINDOW)
		read->credit = TRANSFER_WINDOW;
	resume(read);
}

static bool to_answer(struct read_op *read, const char *data, size_t len)
{
	const struct file_download *download = &read->download;

	if (download->size > FILE_INLINE_MAX || read->data.len + len > FILE_INLINE_MAX)
		(void)sb_fail(&read->err, SB_TOO_LARGE,
			      "an answer holds at most %u bytes: read parts by offset and length, "
			      "or use stream, or fd",
			      FILE_INLINE_MAX);
	else
		buf_add(&read->data, data, len);
	if (read->data.failed)
		(void)sb_fail(&read->err, SB_INTERNAL, "out of memory");
	return true;
}

static bool on_data(struct file_download *download, const char *data, size_t len)
{
	struct read_op *read = container_of(download, struct read_op, download);
	bool is_taken;

	read->transfer.total = download->size;
	if (read->sink)
		is_taken = to_sink(read, data, len);
	else if (read->stream.conn)
		is_taken = to_client(read, data, len);
	else
		is_taken = to_answer(read, data, len);
	read->is_paused = !is_taken;
	if (is_taken)
		transfer_moved(&read->transfer, len);
	if (read->err.code)
		op_run(&read->op);
	return is_taken;
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void on_done(struct file_download *download)
{
	struct read_op *read = container_of(download, struct read_op, download);

	read->err = download->err;
	read->is_whole = download->err.code == SB_OK;
	op_run(&read->op);
}

static void on_ready(struct provider_wait *wait)
{
	op_run(&container_of(wait, struct read_op, provider)->op);
}

static void on_probed(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct read_op, probe)->op);
}

static enum op_next begin(struct read_op *read)
{
	read->provider.done = on_ready;
	provider_ready(read->sandbox->provider, &read->provider);
	return op_wait(&read->op, READ_READY);
}

static enum op_next ready(struct read_op *read)
{
	const struct file_read_params *params = params_of(read);
	struct envd_target target;

	if (read->provider.err.code)
		return op_fail(&read->op, &read->provider.err);
	sandbox_target(read->sandbox, params->user, &target);
	read->download.on_data = on_data;
	read->download.done = on_done;
	file_download_start(&target, &read->download, params->path, params->offset, params->length,
			    0, 0);
	return op_wait(&read->op, READ_MOVING);
}

static enum op_next probe(struct read_op *read)
{
	struct envd_target target;

	sandbox_target(read->sandbox, NULL, &target);
	read->probe.done = on_probed;
	envd_probe_start(&target, &read->probe, 0);
	return op_wait(&read->op, READ_PROBED);
}

static enum op_next reply(struct read_op *read)
{
	const struct file_read_params *params = params_of(read);
	bool is_all = params->offset == 0 && params->length == TYPES_UNSET;
	char empty[] = "";
	struct file_read_result result = {
		.bytes = read->transfer.bytes,
		.size = is_all ? read->transfer.bytes : TYPES_UNSET,
	};

	if (!read->sink && !read->stream.conn)
		result.data =
			(struct bytes){read->data.data ? read->data.data : empty, read->data.len};
	return op_reply(&read->op, &result);
}

static enum op_next read_run(struct op *op)
{
	struct read_op *read = container_of(op, struct read_op, op);

	switch ((enum read_step)op->step) {
	case READ_BEGIN:
		return begin(read);
	case READ_READY:
		return ready(read);
	case READ_MOVING:
		if (read->err.code && read->download.is_cut)
			return probe(read);
		if (read->err.code)
			return op_fail(op, &read->err);
		if (!read->is_whole || (read->sink && !fd_sink_is_idle(read->sink)))
			return op_wait(op, READ_MOVING);
		return reply(read);
	case READ_PROBED:
		envd_cut_explain(read->probe.health, &read->err);
		return op_fail(op, &read->err);
	}
	abort();
}

static void read_release(struct op *op)
{
	struct read_op *read = container_of(op, struct read_op, op);

	provider_wait_cancel(&read->provider);
	file_download_cancel(&read->download);
	envd_probe_cancel(&read->probe);
	conn_remove_stream(&read->stream);
	(void)fd_sink_free(read->sink);
	buf_deinit(&read->data);
	sandbox_unpin(read->sandbox);
	free(read);
}

static const struct op_type read_type = {
	.name = "file.read",
	.steps = steps,
	.run = read_run,
	.notify = on_notify,
	.release = read_release,
};

/* Where the bytes go. */
static int open_target(struct read_op *read, struct call *call, struct sb_error *err)
{
	const struct file_read_params *params = call->params;
	struct server *server = call->server;
	int fd;

	if (params->stream && params->fd != TYPES_UNSET)
		return sb_fail(err, SB_INVALID_PARAMS, "params: either stream or fd");
	if (params->stream) {
		read->credit = TRANSFER_WINDOW;
		read->stream.on_drain = on_drain;
		read->stream.on_close = on_close;
		conn_add_stream(call->conn, &read->stream);
	}
	if (params->fd == TYPES_UNSET)
		return 0;
	fd = call_take_fd(call, params->fd, "fd", err);
	if (fd < 0)
		return -1;
	read->sink = fd_sink_new(server->base, server->workers, fd, on_sunk, read, err);
	return read->sink ? 0 : -1;
}

struct call_done *method_file_read(struct call *call)
{
	const struct file_read_params *params = call->params;
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, params->sandbox_id, &call->peer, &err);
	struct read_op *read;

	if (!sandbox)
		return call_fail(call, &err);
	read = calloc(1, sizeof(*read));
	if (!read)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&read->op, &read_type, call->server, params->request_timeout);
	transfer_init(&read->transfer, &read->op, params->request_timeout,
		      params->progress && (params->stream || params->fd != TYPES_UNSET));
	read->sandbox = sandbox;
	sandbox_pin(sandbox);
	if (open_target(read, call, &err) < 0) {
		read_release(&read->op);
		return call_fail(call, &err);
	}
	return call_later(call, &read->op);
}
