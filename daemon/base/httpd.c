/*
 * HTTP served by libmicrohttpd, run by libevent: its epoll descriptor is one event of our loop.
 *
 * A request object begins with the request line and ends in on_completed(). Whenever there is nothing to
 * do for it (the handler takes no more body, has not replied yet, or its stream is empty) its connection is
 * suspended; httpd_wake() resumes it. Handlers run inside MHD_run(), which must not be entered twice, so
 * httpd_wake() only activates `run_event` and the work happens on the next turn of the loop.
 *
 * A suspended connection is out of libmicrohttpd's sight, and a peer that leaves would never be noticed:
 * `closed_event` watches its descriptor from the first suspension on.
 */
#include "config.h"

#include "daemon/base/httpd.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/httpd-private.h"

#define CONNECTIONS_MAX 4096u
#define IDLE_TIMEOUT_S  640u
#define CONNECTION_MEMORY                                                                          \
	((size_t)64 << 10)         /* head, body piece and output piece of one connection */
#define DROPPED_BODY_MAX (1 << 20) /* longer unwanted bodies are not read: the connection closes */
#define RUNS_PER_TURN    64        /* then the other events of the loop have a turn */

struct httpd {
	struct MHD_Daemon *daemon;
	struct httpd_service *service;
	struct event_base *base;
	struct event *epoll_event;
	struct event *run_event;
	struct list connections; /* of struct httpd_connection */
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

void httpd_wake(struct httpd_request *request)
{
	if (!request->is_suspended)
		return;
	request->is_suspended = false;
	MHD_resume_connection(request->connection->mhd);
	run_soon(request->connection->httpd);
}

static void on_peer_closed(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_connection *connection = arg;

	(void)fd;
	(void)what;
	connection->is_gone = true;
	(void)event_del(&connection->closed_event);
	if (connection->request && connection->request->is_suspended)
		httpd_abort(connection->request);
}

bool httpd_suspend(struct httpd_request *request)
{
	struct httpd_connection *connection = request->connection;

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
	struct httpd_connection *connection = info->socket_context;
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
		(void)httpd_suspend(request);
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
		(void)httpd_suspend(request);
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
	struct httpd_connection *connection = *context;
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
	(void)signal(SIGPIPE, SIG_IGN); /* libmicrohttpd relies on it */
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
	list_for_each (struct httpd_connection, connection, &httpd->connections, link) {
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

unsigned httpd_request_count(const struct httpd *httpd)
{
	unsigned count = 0;

	list_for_each (struct httpd_connection, connection, &httpd->connections, link)
		count += connection->request != NULL;
	return count;
}
