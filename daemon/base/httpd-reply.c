/* Replies: made at any time, in one piece, from a file, or as a stream that libmicrohttpd reads from a buffer. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/httpd-private.h"
#include "protocol/fields.h"

#define BLOCK ((size_t)64 << 10) /* libmicrohttpd's own buffer of a stream or file */

/* ---- in one piece ------------------------------------------------------------------------------ */

void httpd_add_headers(struct httpd_request *request, const struct httpd_header *headers)
{
	request->more_headers = headers;
}

static void add_headers(struct MHD_Response *response, const struct httpd_header *headers)
{
	for (; headers && headers->name; headers++)
		(void)MHD_add_response_header(response, headers->name, headers->value);
}

static void set_response(struct httpd_request *request, unsigned status,
			 const struct httpd_header *headers, struct MHD_Response *response)
{
	assert(!request->is_replied);
	request->is_replied = true;
	if (!response) {
		httpd_abort(request);
		return;
	}
	add_headers(response, headers);
	add_headers(response, request->more_headers);
	request->response = response;
	request->status = status;
	httpd_wake(request);
}

void httpd_reply(struct httpd_request *request, unsigned status, const struct httpd_header *headers,
		 const void *body, size_t len)
{
	/* The pointer is only read: MUST_COPY. */
	set_response(request, status, headers,
		     MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
						     MHD_RESPMEM_MUST_COPY));
}

/* ---- from a file ------------------------------------------------------------------------------- */

struct stretch { /* of a file, being sent */
	int fd;
	uint64_t start;
};

static void stretch_free(void *arg)
{
	struct stretch *stretch = arg;

	cleanup_fd(&stretch->fd);
	free(stretch);
}

/*
 * A file that has become shorter than was promised ends the connection. By sendfile libmicrohttpd would send
 * nothing, and wait for a socket that is ready already.
 */
static ssize_t on_stretch_read(void *arg, uint64_t offset, char *to, size_t max)
{
	const struct stretch *stretch = arg;
	ssize_t len;

	do
		len = pread(stretch->fd, to, max, (off_t)(stretch->start + offset));
	while (len < 0 && errno == EINTR);
	return len > 0 ? len : MHD_CONTENT_READER_END_WITH_ERROR;
}

void httpd_reply_fd(struct httpd_request *request, unsigned status,
		    const struct httpd_header *headers, int fd, uint64_t offset, uint64_t length)
{
	struct stretch *stretch = calloc(1, sizeof(*stretch));
	struct MHD_Response *response = NULL;

	if (stretch) {
		*stretch = (struct stretch){fd, offset};
		response = MHD_create_response_from_callback(length, BLOCK, on_stretch_read,
							     stretch, stretch_free);
		if (!response)
			stretch_free(stretch);
	} else {
		cleanup_fd(&fd);
	}
	set_response(request, status, headers, response);
}

/* ---- errors ------------------------------------------------------------------------------------ */

void httpd_reply_error(struct httpd_request *request, unsigned status, const char *fmt, ...)
{
	static const struct httpd_header headers[] = {
		{"Content-Type", "application/json; charset=utf-8"},
		{"X-Content-Type-Options", "nosniff"},
		{NULL, NULL},
	};
	CLEANUP_BUF struct buf body = {0};
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	buf_printf(&body, "{\"code\":%u,\"message\":", status);
	fields_encode_string(&body, message, strlen(message));
	buf_add_str(&body, "}\n");
	httpd_reply(request, status, headers, body.failed ? "{}" : body.data,
		    body.failed ? 2 : body.len);
}

/* ---- streamed ---------------------------------------------------------------------------------- */

static size_t stream_queued(const struct httpd_request *request)
{
	return request->stream.len - request->stream_sent;
}

/* Move up to `max` queued bytes to `to`. */
static size_t stream_take(struct httpd_request *request, char *to, size_t max)
{
	size_t len = stream_queued(request) < max ? stream_queued(request) : max;

	memcpy(to, request->stream.data + request->stream_sent, len);
	request->stream_sent += len;
	if (stream_queued(request) > 0)
		return len;
	request->stream_sent = 0;
	if (request->stream.size > HTTPD_STREAM_LOW)
		buf_deinit(&request->stream); /* an idle stream keeps no large buffer */
	else
		buf_reset(&request->stream);
	return len;
}

static ssize_t on_stream_read(void *arg, uint64_t offset, char *to, size_t max)
{
	struct httpd_request *request = arg;
	struct httpd_handler *handler = request->handler;
	size_t len;

	(void)offset;
	if (request->is_aborted || request->stream.failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (stream_queued(request) == 0) {
		if (request->is_stream_ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		return httpd_suspend(request) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
	}
	len = stream_take(request, to, max);
	if (request->is_above_low && stream_queued(request) <= HTTPD_STREAM_LOW) {
		request->is_above_low = false;
		if (handler && handler->on_drain)
			handler->on_drain(handler);
	}
	return (ssize_t)len;
}

void httpd_stream_start(struct httpd_request *request, unsigned status,
			const struct httpd_header *headers, int64_t length)
{
	uint64_t size = length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)length;

	set_response(request, status, headers,
		     MHD_create_response_from_callback(size, BLOCK, on_stream_read, request, NULL));
}

size_t httpd_stream_write(struct httpd_request *request, const void *data, size_t len)
{
	if (request->is_aborted || len == 0)
		return stream_queued(request);
	if (request->stream_sent > 0 && request->stream_sent >= stream_queued(request)) {
		buf_consume(&request->stream, request->stream_sent);
		request->stream_sent = 0;
	}
	buf_add(&request->stream, data, len);
	if (stream_queued(request) > HTTPD_STREAM_LOW)
		request->is_above_low = true;
	httpd_wake(request);
	return stream_queued(request);
}

void httpd_stream_end(struct httpd_request *request)
{
	request->is_stream_ended = true;
	httpd_wake(request);
}

/* ---- cut off ----------------------------------------------------------------------------------- */

void httpd_abort(struct httpd_request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	request->is_aborted = true;
	if (request->is_suspended)
		httpd_wake(request);
	else
		(void)shutdown(info->connect_fd, SHUT_RDWR); /* wakes what waits for the peer */
}
