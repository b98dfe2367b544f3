/*
 * HTTP served by libmicrohttpd, run by libevent: its epoll descriptor is one event of our loop.
 *
 * A request object begins with the request line and ends in on_completed(). Whenever there is nothing to
 * do for it (the handler takes no more body, has not replied yet, or its stream is empty) its connection is
 * suspended; wake() resumes it. Handlers run inside MHD_run(), which must not be entered twice, so wake()
 * only activates `run_event` and the work happens on the next turn of the loop.
 *
 * A suspended connection is out of libmicrohttpd's sight, and a peer that leaves would never be noticed:
 * `closed_event` watches its descriptor from the first suspension on.
 */
#include "config.h"

#include "daemon/base/httpd.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "daemon/base/list.h"
#include "protocol/buf.h"
#include "protocol/fields.h"

#define CONNECTIONS_MAX 4096u
#define IDLE_TIMEOUT_S  640u
#define CONNECTION_MEMORY                                                                          \
	((size_t)64 << 10) /* head, body piece and output piece of one connection */
#define STREAM_BLOCK     ((size_t)64 << 10)
#define DROPPED_BODY_MAX (1 << 20) /* longer unwanted bodies are not read: the connection closes */
#define RUNS_PER_TURN    64        /* then the other events of the loop have a turn */

struct httpd {
	struct MHD_Daemon *daemon;
	struct httpd_service *service;
	struct event_base *base;
	struct event *epoll_event;
	struct event *run_event;
	struct list connections; /* of struct connection */
};

struct connection {
	struct list link; /* httpd.connections */
	struct httpd *httpd;
	struct MHD_Connection *mhd;
	struct httpd_request *request; /* the one in progress, or NULL */
	struct event closed_event;
	bool is_watched; /* closed_event was added */
	bool is_gone;    /* the peer has closed its side */
};

struct httpd_request {
	struct connection *connection;
	struct httpd_handler *handler;
	const char *method;
	char *target; /* path, NUL, query */
	const char *query;
	const struct httpd_header *more_headers; /* of httpd_add_headers(), or NULL */
	struct MHD_Response *response;           /* made and not yet queued */
	unsigned status;
	bool has_head;     /* on_request was called */
	bool is_replied;   /* a reply was made */
	bool is_suspended; /* out of libmicrohttpd's sight until wake() */
	bool is_aborted;
	bool has_body_end;
	bool is_stream_ended;
	bool is_above_low; /* on_drain is due when the stream falls again */
	struct buf stream;
	size_t stream_sent; /* bytes of `stream` already taken from its front */
};

/* ---- running -------------------------------------------------------------------------------- */

static void run_soon(struct httpd *httpd)
{
	event_active(httpd->run_event, EV_TIMEOUT, 0);
}

/* Give libmicrohttpd the processor until it has nothing to do before its next timeout. */
static void httpd_run(struct httpd *httpd)
{
	for (int i = 0; i < RUNS_PER_TURN; i++) {
		MHD_UNSIGNED_LONG_LONG wait_ms;

		(void)MHD_run(httpd->daemon);
		if (MHD_get_timeout(httpd->daemon, &wait_ms) != MHD_YES) {
			(void)event_del(httpd->run_event);
			return;
		}
		if (wait_ms > 0) {
			const struct timeval wait = {(time_t)(wait_ms / 1000),
						     (suseconds_t)(wait_ms % 1000 * 1000)};

			(void)event_add(httpd->run_event, &wait);
			return;
		}
	}
	run_soon(httpd);
}

static void on_run_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	httpd_run(arg);
}

/* Let libmicrohttpd look at the request again. */
static void wake(struct httpd_request *request)
{
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->connection->mhd);
	run_soon(request->connection->httpd);
}

static void on_peer_closed(evutil_socket_t fd, short what, void *arg)
{
	struct connection *connection = arg;

	(void)fd;
	(void)what;
	connection->is_gone = true;
	(void)event_del(&connection->closed_event);
	if (connection->request && connection->request->is_suspended)
		httpd_abort(connection->request);
}

/* Nothing to do for this request until wake(). False when its peer has already left. */
static bool suspend(struct httpd_request *request)
{
	struct connection *connection = request->connection;

	if (connection->is_gone) {
		request->is_aborted = true;
		return false;
	}
	if (!connection->is_watched)
		connection->is_watched = event_add(&connection->closed_event, NULL) == 0;
	request->is_suspended = true;
	MHD_suspend_connection(connection->mhd);
	return true;
}

/* ---- a request coming in -------------------------------------------------------------------- */

/* The earliest sight of a request, and the only one of its raw target. */
static void *on_request_line(void *arg, const char *target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info->socket_context;
	struct httpd_request *request = calloc(1, sizeof(*request));
	char *query;

	(void)arg;
	if (!request)
		return NULL;
	request->target = strdup(target);
	if (!request->target) {
		free(request);
		return NULL;
	}
	query = strchr(request->target, '?');
	request->query = query ? query + 1 : "";
	if (query)
		*query = '\0';
	request->connection = connection;
	connection->request = request;
	return request;
}

static enum MHD_Result queue_response(struct httpd_request *request)
{
	struct MHD_Response *response = take(&request->response);
	enum MHD_Result result =
		MHD_queue_response(request->connection->mhd, request->status, response);

	MHD_destroy_response(response);
	return result;
}

/* A refused body that is long, or that the peer offers to keep, is not worth reading. */
static bool is_body_unwanted(const struct httpd_request *request)
{
	return request->response && httpd_content_length(request) != 0 &&
	       (httpd_header(request, "Expect") ||
		httpd_content_length(request) > DROPPED_BODY_MAX);
}

static enum MHD_Result on_head(struct httpd_request *request, const char *method)
{
	struct httpd_service *service = request->connection->httpd->service;

	request->has_head = true;
	request->method = method;
	service->on_request(service, request);
	assert(request->is_replied || request->handler || request->is_aborted);
	if (request->is_aborted)
		return MHD_NO;
	return is_body_unwanted(request) ? queue_response(request) : MHD_YES;
}

static enum MHD_Result on_body(struct httpd_request *request, const char *data, size_t *left)
{
	struct httpd_handler *handler = request->handler;
	size_t taken = *left;

	if (!request->is_replied && handler && handler->on_body)
		taken = handler->on_body(handler, data, *left);
	assert(taken <= *left);
	*left -= taken;
	if (request->is_replied)
		*left = 0;
	if (*left > 0 && !request->is_aborted)
		(void)suspend(request);
	return request->is_aborted ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_body_end(struct httpd_request *request)
{
	if (!request->has_body_end) {
		struct httpd_handler *handler = request->handler;

		request->has_body_end = true;
		if (!request->is_replied && handler && handler->on_body_end)
			handler->on_body_end(handler);
	}
	if (request->response && !request->is_aborted)
		return queue_response(request);
	if (!request->is_aborted)
		(void)suspend(request);
	return request->is_aborted ? MHD_NO : MHD_YES;
}

/* libmicrohttpd calls this with the head, then with pieces of the body, then with none. */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *mhd, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *left, void **context)
{
	struct httpd_request *request = *context;

	(void)arg;
	(void)mhd;
	(void)url;
	(void)version;
	if (!request || request->is_aborted)
		return MHD_NO;
	if (!request->has_head)
		return on_head(request, method);
	return *left > 0 ? on_body(request, data, left) : on_body_end(request);
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct httpd_request *request = *context;

	(void)arg;
	(void)mhd;
	if (!request)
		return;
	*context = NULL;
	if (request->handler && request->handler->on_close) {
		bool is_done = code == MHD_REQUEST_TERMINATED_COMPLETED_OK && !request->is_aborted;

		request->handler->on_close(request->handler,
					   is_done ? HTTPD_CLOSE_DONE : HTTPD_CLOSE_GONE);
	}
	request->connection->request = NULL;
	if (request->response)
		MHD_destroy_response(request->response);
	buf_deinit(&request->stream);
	free(request->target);
	free(request);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct httpd *httpd = arg;
	struct connection *connection = *context;
	int fd;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!connection)
			return;
		(void)event_del(&connection->closed_event);
		list_remove(&connection->link);
		free(connection);
		return;
	}
	fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		abort(); /* libmicrohttpd has no way to refuse a connection here */
	connection->httpd = httpd;
	connection->mhd = mhd;
	list_append(&httpd->connections, &connection->link);
	(void)event_assign(&connection->closed_event, httpd->base, fd, EV_CLOSED | EV_PERSIST,
			   on_peer_closed, connection);
	*context = connection;
}

/* Paths and queries stay as they came. */
static size_t leave_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

/* ---- the server ----------------------------------------------------------------------------- */

static struct MHD_Daemon *daemon_start(struct httpd *httpd, int listen_fd,
				       const struct httpd_options *options)
{
	unsigned max =
		options && options->connections_max ? options->connections_max : CONNECTIONS_MAX;
	unsigned timeout =
		options && options->idle_timeout_s ? options->idle_timeout_s : IDLE_TIMEOUT_S;
	const struct MHD_OptionItem items[] = {
		{MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, (intptr_t)max, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)timeout, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONNECTION_MEMORY, NULL},
		{MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access,
				httpd, MHD_OPTION_ARRAY, items, MHD_OPTION_NOTIFY_COMPLETED,
				on_completed, httpd, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
				httpd, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, httpd,
				MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, httpd, MHD_OPTION_END);
}

struct httpd *httpd_new(struct event_base *base, int listen_fd, struct httpd_service *service,
			const struct httpd_options *options, struct sb_error *err)
{
	CLEANUP_FD int fd = listen_fd;
	struct httpd *httpd = calloc(1, sizeof(*httpd));
	const union MHD_DaemonInfo *info;

	if (!httpd) {
		(void)sb_fail(err, SB_INTERNAL, "no memory for an HTTP server");
		return NULL;
	}
	httpd->base = base;
	httpd->service = service;
	list_init(&httpd->connections);
	(void)signal(SIGPIPE, SIG_IGN); /* sendfile has no MSG_NOSIGNAL */
	httpd->daemon = daemon_start(httpd, fd, options);
	if (!httpd->daemon) {
		(void)sb_fail(err, SB_INTERNAL, "cannot start an HTTP server");
		return httpd_free(httpd);
	}
	(void)take_fd(&fd);
	info = MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	httpd->epoll_event =
		event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_run_event, httpd);
	httpd->run_event = event_new(base, -1, 0, on_run_event, httpd);
	if (!httpd->epoll_event || !httpd->run_event || event_add(httpd->epoll_event, NULL) < 0) {
		(void)sb_fail(err, SB_INTERNAL, "cannot watch an HTTP server");
		return httpd_free(httpd);
	}
	return httpd;
}

struct httpd *httpd_free(struct httpd *httpd)
{
	if (!httpd)
		return NULL;
	list_for_each (struct connection, connection, &httpd->connections, link) {
		struct httpd_request *request = connection->request;

		if (request && request->is_suspended) { /* a suspended one cannot be ended */
			request->is_suspended = false;
			MHD_resume_connection(connection->mhd);
		}
	}
	if (httpd->daemon)
		MHD_stop_daemon(httpd->daemon);
	if (httpd->epoll_event)
		event_free(httpd->epoll_event);
	if (httpd->run_event)
		event_free(httpd->run_event);
	free(httpd);
	return NULL;
}

void httpd_quiesce(struct httpd *httpd)
{
	CLEANUP_FD int fd = MHD_quiesce_daemon(httpd->daemon);

	(void)fd;
}

unsigned httpd_connection_count(const struct httpd *httpd)
{
	return MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		->num_connections;
}

/* ---- what a request says -------------------------------------------------------------------- */

const char *httpd_method(const struct httpd_request *request)
{
	return request->method;
}

const char *httpd_path(const struct httpd_request *request)
{
	return request->target;
}

const char *httpd_query(const struct httpd_request *request)
{
	return request->query;
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection->mhd, MHD_HEADER_KIND, name);
}

struct header_visit {
	void (*each)(void *arg, const char *name, const char *value);
	void *arg;
};

static enum MHD_Result visit_header(void *arg, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	const struct header_visit *visit = arg;

	(void)kind;
	visit->each(visit->arg, name, value ? value : "");
	return MHD_YES;
}

void httpd_headers(const struct httpd_request *request,
		   void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	struct header_visit visit = {each, arg};

	(void)MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, visit_header,
					&visit);
}

int64_t httpd_content_length(const struct httpd_request *request)
{
	const char *length = httpd_header(request, "Content-Length");

	if (httpd_header(request, "Transfer-Encoding"))
		return -1;
	return length ? strtoll(length, NULL, 10) : 0; /* libmicrohttpd has checked it */
}

void httpd_handle(struct httpd_request *request, struct httpd_handler *handler)
{
	request->handler = handler;
}

void httpd_resume_body(struct httpd_request *request)
{
	wake(request);
}

/* ---- gathering a small body ------------------------------------------------------------------ */

struct collector {
	struct httpd_handler handler;
	struct httpd_request *request;
	struct buf body;
	size_t max;
	void (*done)(void *arg, struct httpd_request *request, const char *body, size_t len);
	void *arg;
};

static size_t collector_on_body(struct httpd_handler *handler, const char *data, size_t len)
{
	struct collector *collector = container_of(handler, struct collector, handler);

	if (len > collector->max - collector->body.len)
		httpd_reply_error(collector->request, 413, "request body too large");
	else
		buf_add(&collector->body, data, len);
	return len;
}

static void collector_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct collector *collector = container_of(handler, struct collector, handler);

	(void)why;
	buf_deinit(&collector->body);
	free(collector);
}

static void collector_on_body_end(struct httpd_handler *handler)
{
	struct collector *collector = container_of(handler, struct collector, handler);
	struct httpd_request *request = collector->request;

	request->handler = NULL; /* the collector is done; the next handler is `done`'s to choose */
	if (collector->body.failed)
		httpd_reply_error(request, 503, "out of memory");
	else
		collector->done(collector->arg, request,
				collector->body.data ? collector->body.data : "",
				collector->body.len);
	assert(request->is_replied || request->handler || request->is_aborted);
	collector_on_close(&collector->handler, HTTPD_CLOSE_DONE);
}

void httpd_collect(struct httpd_request *request, size_t max,
		   void (*done)(void *arg, struct httpd_request *request, const char *body,
				size_t len),
		   void *arg)
{
	struct collector *collector;

	assert(max <= HTTPD_BODY_MAX);
	if (httpd_content_length(request) > (int64_t)max) {
		httpd_reply_error(request, 413, "request body too large");
		return;
	}
	collector = calloc(1, sizeof(*collector));
	if (!collector) {
		httpd_abort(request);
		return;
	}
	collector->handler.on_body = collector_on_body;
	collector->handler.on_body_end = collector_on_body_end;
	collector->handler.on_close = collector_on_close;
	collector->request = request;
	collector->max = max;
	collector->done = done;
	collector->arg = arg;
	httpd_handle(request, &collector->handler);
}

/* ---- replies -------------------------------------------------------------------------------- */

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
	wake(request);
}

void httpd_reply(struct httpd_request *request, unsigned status, const struct httpd_header *headers,
		 const void *body, size_t len)
{
	/* The pointer is only read: MUST_COPY. */
	set_response(request, status, headers,
		     MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
						     MHD_RESPMEM_MUST_COPY));
}

void httpd_reply_fd(struct httpd_request *request, unsigned status,
		    const struct httpd_header *headers, int fd, uint64_t offset, uint64_t length)
{
	CLEANUP_FD int file = fd;
	struct MHD_Response *response =
		MHD_create_response_from_fd_at_offset64(length, file, offset);

	if (response)
		(void)take_fd(&file);
	set_response(request, status, headers, response);
}

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
		return suspend(request) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
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
		     MHD_create_response_from_callback(size, STREAM_BLOCK, on_stream_read, request,
						       NULL));
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
	wake(request);
	return stream_queued(request);
}

void httpd_stream_end(struct httpd_request *request)
{
	request->is_stream_ended = true;
	wake(request);
}

void httpd_abort(struct httpd_request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	request->is_aborted = true;
	if (request->is_suspended)
		wake(request);
	else
		(void)shutdown(info->connect_fd, SHUT_RDWR); /* wakes what waits for the peer */
}

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
