/* Input of processes. */
#include "config.h"

#include "daemon/local/agent/input.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "daemon/e2b/wire.h"

#define PENDING_MAX ((size_t)16 << 20)

/* ---- writers -------------------------------------------------------------------------------- */

static bool is_waiting(const struct writer *writer)
{
	return !list_is_empty(&writer->link);
}

static void writer_free(struct writer *writer)
{
	free(writer->data.data);
	free(writer);
}

static void writer_on_close(struct rpc_handler *handler)
{
	struct writer *writer = container_of(handler, struct writer, handler);

	writer->rpc = NULL;
	if (!is_waiting(writer))
		writer_free(writer);
}

struct writer *writer_new(struct rpc *rpc, bool is_stream)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	list_init(&writer->link);
	writer->handler.on_close = writer_on_close;
	writer->rpc = rpc;
	writer->is_stream = is_stream;
	rpc->handler = &writer->handler;
	return writer;
}

/* Its piece is written, or will never be: let the call go on. */
static void writer_done(struct input *input, struct writer *writer, const struct sb_error *err)
{
	list_remove(&writer->link);
	input->pending_bytes -= writer->data.len;
	free(writer->data.data);
	writer->data = (struct bytes){0};
	if (!writer->rpc)
		writer_free(writer);
	else if (err)
		rpc_fail(writer->rpc, err);
	else if (writer->is_stream)
		rpc_resume(writer->rpc);
	else
		rpc_reply(writer->rpc, &(const struct wire_empty){0});
}

/* ---- writing -------------------------------------------------------------------------------- */

/* 0 when the whole piece is written, 1 when the process must read first, -1 with errno. */
static int write_piece(int fd, struct writer *writer)
{
	while (writer->sent < writer->data.len) {
		ssize_t n = write(fd, writer->data.data + writer->sent,
				  writer->data.len - writer->sent);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 1 : -1;
		writer->sent += (size_t)n;
	}
	return 0;
}

static void fd_close(struct input *input)
{
	if (input->fd >= 0)
		(void)event_del(&input->event);
	cleanup_fd(&input->fd);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct input *input = arg;
	struct writer *writer;

	(void)what;
	while ((writer = list_first(&input->pending, struct writer, link))) {
		struct sb_error err = {0};
		int result = write_piece(fd, writer);

		if (result > 0)
			return;
		if (result < 0)
			(void)sb_fail_errno(&err, SB_INTERNAL, errno, "error writing to stdin");
		writer_done(input, writer, result < 0 ? &err : NULL);
		if (input->fd < 0)
			return; /* a resumed stream found the process gone */
	}
	(void)event_del(&input->event);
	if (input->is_closing)
		fd_close(input);
}

int input_write(struct input *input, struct writer *writer, struct bytes *data,
		struct sb_error *err)
{
	int result;

	assert(!is_waiting(writer));
	if (input->fd < 0 || input->is_closing)
		return sb_fail(err, SB_INTERNAL,
			       "error writing to stdin: stdin not enabled or closed");
	if (data->len > PENDING_MAX - input->pending_bytes)
		return sb_fail(err, SB_OVERLOADED, "too much input waits for the process");
	free(writer->data.data);
	writer->data = *data;
	writer->sent = 0;
	*data = (struct bytes){0};
	result = list_is_empty(&input->pending) ? write_piece(input->fd, writer) : 1;
	if (result < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error writing to stdin");
	if (result > 0) {
		list_append(&input->pending, &writer->link);
		input->pending_bytes += writer->data.len;
		(void)event_add(&input->event, NULL);
	}
	return result;
}

/* ---- the object ----------------------------------------------------------------------------- */

void input_init(struct input *input, struct event_base *base, int fd)
{
	*input = (struct input){.fd = fd};
	list_init(&input->pending);
	if (fd >= 0)
		(void)event_assign(&input->event, base, fd, EV_WRITE | EV_PERSIST, on_writable,
				   input);
}

void input_deinit(struct input *input)
{
	assert(list_is_empty(&input->pending));
	fd_close(input);
}

void input_close(struct input *input)
{
	if (list_is_empty(&input->pending))
		fd_close(input);
	else
		input->is_closing = true;
}

void input_fail(struct input *input, const char *why)
{
	struct sb_error err = {0};
	struct writer *writer;

	fd_close(input);
	(void)sb_fail(&err, SB_INTERNAL, "error writing to stdin: %s", why);
	while ((writer = list_first(&input->pending, struct writer, link)))
		writer_done(input, writer, &err);
}
