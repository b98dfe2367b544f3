/* A scripted HTTP server for unit tests. */
#include "config.h"

#include "tests/unit/raw-server.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static void conn_free(struct raw_conn *conn)
{
	list_remove(&conn->link);
	bufferevent_free(conn->bev);
	buf_deinit(&conn->in);
	free(conn);
}

/* Decode a chunked body in place; the length of what it took on the wire, 0 when it is not whole. */
static size_t decode_chunked(const char *text, struct buf *out)
{
	const char *at = text;

	for (;;) {
		char *end;
		const char *line = strstr(at, "\r\n");
		size_t len = line ? strtoul(at, &end, 16) : 0;

		if (!line || strlen(line + 2) < len + 2)
			return 0;
		buf_add(out, line + 2, len);
		at = line + 2 + len + 2;
		if (len == 0)
			return (size_t)(at - text);
	}
}

/* The length of the whole request at the start of `in`, 0 when it is not all there. */
static size_t request_len(const char *in, size_t in_len, struct buf *body)
{
	const char *end = strstr(in, "\r\n\r\n");
	const char *field = strcasestr(in, "\r\nContent-Length:");
	size_t head_len = (size_t)(end + 4 - in);
	size_t len = 0;

	if (strcasestr(in, "\r\nTransfer-Encoding: chunked")) {
		len = decode_chunked(end + 4, body);
		return len ? head_len + len : 0;
	}
	if (field && field < end)
		len = strtoul(field + 17, NULL, 10);
	if (in_len < head_len + len)
		return 0;
	buf_add(body, end + 4, len);
	return head_len + len;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct raw_conn *conn = arg;
	struct raw_server *server = conn->server;
	struct evbuffer *input = bufferevent_get_input(bev);
	struct buf body CLEANUP_BUF = {0};
	size_t len = evbuffer_get_length(input);
	char *end;

	buf_add(&conn->in, evbuffer_pullup(input, -1), len);
	(void)evbuffer_drain(input, len);
	end = conn->in.data ? strstr(conn->in.data, "\r\n\r\n") : NULL;
	if (!end)
		return;
	if (!conn->head_told) {
		char *head = strndup(conn->in.data, (size_t)(end + 2 - conn->in.data));

		conn->head_told = true;
		conn->requests++;
		server->heads++;
		if (server->on_head)
			server->on_head(conn, head);
		free(head);
		if (!server->on_request)
			return; /* `conn` may be gone */
	}
	if (!server->on_request)
		return;
	len = request_len(conn->in.data, conn->in.len, &body);
	if (len > 0) {
		char *head = strndup(conn->in.data, (size_t)(end + 2 - conn->in.data));

		buf_add(&body, "", 0);
		buf_consume(&conn->in, len);
		conn->head_told = false;
		server->on_request(conn, head, body.data, body.len);
		free(head);
	}
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_free(arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct raw_server *server = arg;
	struct raw_conn *conn = calloc(1, sizeof(*conn));

	(void)listener;
	(void)address;
	(void)len;
	assert_non_null(conn);
	conn->server = server;
	list_init(&conn->link);
	list_append(&server->conns, &conn->link);
	server->accepted++;
	conn->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

void raw_server_init(struct raw_server *server, struct event_base *base)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(inet);
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	*server = (struct raw_server){.base = base};
	list_init(&server->conns);
	(void)snprintf(server->dir, sizeof(server->dir), "/tmp/sandpool-test-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	(void)snprintf(server->path, sizeof(server->path), "%s/http.sock", server->dir);
	(void)snprintf(local.sun_path, sizeof(local.sun_path), "%s", server->path);
	server->unix_listener = evconnlistener_new_bind(base, on_accept, server, flags, 512,
							(struct sockaddr *)&local, sizeof(local));
	server->tcp_listener = evconnlistener_new_bind(base, on_accept, server, flags, 512,
						       (struct sockaddr *)&inet, sizeof(inet));
	assert_non_null(server->unix_listener);
	assert_non_null(server->tcp_listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(server->tcp_listener),
				     (struct sockaddr *)&inet, &len),
			 0);
	server->port = ntohs(inet.sin_port);
}

void raw_server_drop_all(struct raw_server *server)
{
	struct raw_conn *conn;

	while ((conn = list_first(&server->conns, struct raw_conn, link)))
		conn_free(conn);
}

void raw_server_deinit(struct raw_server *server)
{
	raw_server_drop_all(server);
	evconnlistener_free(server->unix_listener);
	evconnlistener_free(server->tcp_listener);
	assert_int_equal(unlink(server->path), 0);
	assert_int_equal(rmdir(server->dir), 0);
}

unsigned raw_server_open(const struct raw_server *server)
{
	unsigned count = 0;

	list_for_each (struct raw_conn, conn, &server->conns, link)
		count++;
	return count;
}

void raw_send_bytes(struct raw_conn *conn, const char *data, size_t len)
{
	(void)bufferevent_write(conn->bev, data, len);
}

void raw_send(struct raw_conn *conn, const char *text)
{
	raw_send_bytes(conn, text, strlen(text));
}

static void on_flushed(struct bufferevent *bev, void *arg)
{
	(void)bev;
	conn_free(arg);
}

void raw_close(struct raw_conn *conn)
{
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0) {
		conn_free(conn);
		return;
	}
	bufferevent_setcb(conn->bev, NULL, on_flushed, on_event, conn);
}

void raw_reset(struct raw_conn *conn)
{
	struct linger linger = {.l_onoff = 1};

	(void)setsockopt(bufferevent_getfd(conn->bev), SOL_SOCKET, SO_LINGER, &linger,
			 sizeof(linger));
	conn_free(conn);
}

void raw_reply(struct raw_conn *conn, int status, const char *headers, const char *body)
{
	struct buf text CLEANUP_BUF = {0};

	buf_printf(&text, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
		   headers, body);
	raw_send_bytes(conn, text.data, text.len);
}

static void on_too_long(evutil_socket_t fd, short what, void *arg)
{
	bool *is_over = arg;

	(void)fd;
	(void)what;
	*is_over = true;
}

void run_until(struct event_base *base, const bool *flag)
{
	struct timeval limit = {.tv_sec = 10};
	bool is_over = false;
	struct event *guard = evtimer_new(base, on_too_long, &is_over);

	(void)evtimer_add(guard, &limit);
	while (!*flag && !is_over)
		(void)event_base_loop(base, EVLOOP_ONCE);
	event_free(guard);
	assert_true(*flag);
}

void run_turns(struct event_base *base, int times)
{
	while (times-- > 0)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}
