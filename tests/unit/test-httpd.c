/* HTTP served, through a real Unix socket: raw clients run in the same event base as the server. */
#include "config.h"

#include "daemon/base/httpd.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/base/list.h"
#include "protocol/buf.h"
#include "tests/unit/unit.h"

#define WATCHDOG_S 20

/* ---- the server under test: what it does depends on the path --------------------------------- */

struct served {
	struct httpd_handler handler;
	struct httpd_request *request; /* NULL after on_close */
	struct buf body;
	size_t appetite; /* bytes of body still wanted */
	bool has_body_end;
	unsigned drains;
	unsigned closes;
	enum httpd_close why;
};

struct fixture {
	struct httpd_service service;
	struct event_base *base;
	struct event *watchdog;
	struct httpd *httpd;
	struct sockaddr_un address;
	socklen_t address_len;
	struct served served; /* by paths that have a handler */
	char path[128];
	char query[128];
	char header[128];
	int64_t content_length;
	unsigned requests;
};

static size_t served_on_body(struct httpd_handler *handler, const char *data, size_t len)
{
	struct served *served = container_of(handler, struct served, handler);
	size_t taken = len < served->appetite ? len : served->appetite;

	buf_add(&served->body, data, taken);
	served->appetite -= taken;
	return taken;
}

static void served_on_body_end(struct httpd_handler *handler)
{
	container_of(handler, struct served, handler)->has_body_end = true;
}

static void served_on_drain(struct httpd_handler *handler)
{
	container_of(handler, struct served, handler)->drains++;
}

static void served_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct served *served = container_of(handler, struct served, handler);

	served->request = NULL;
	served->closes++;
	served->why = why;
}

static const struct httpd_header text_plain[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};

static void echo(void *arg, struct httpd_request *request, const char *body, size_t len)
{
	(void)arg;
	httpd_reply(request, 200, text_plain, body, len);
}

static void on_request(struct httpd_service *service, struct httpd_request *request)
{
	struct fixture *f = container_of(service, struct fixture, service);
	const char *path = httpd_path(request);
	const char *header = httpd_header(request, "x-thing");

	f->requests++;
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	(void)snprintf(f->query, sizeof(f->query), "%s", httpd_query(request));
	(void)snprintf(f->header, sizeof(f->header), "%s", header ? header : "(none)");
	f->content_length = httpd_content_length(request);
	if (strcmp(path, "/echo") == 0) {
		httpd_collect(request, 4096, echo, NULL);
	} else if (strcmp(path, "/empty") == 0) {
		httpd_reply(request, 204, NULL, NULL, 0);
	} else if (strcmp(path, "/refuse") == 0) {
		httpd_reply_error(request, 401, "who are \"%s\"?", "you");
	} else if (strcmp(path, "/more") == 0) {
		httpd_add_headers(request, text_plain);
		httpd_reply_error(request, 404, "none");
	} else if (strcmp(path, "/handle") == 0) {
		f->served = (struct served){
			.handler = {served_on_body, served_on_body_end, served_on_drain,
				    served_on_close},
			.request = request,
			.appetite = f->served.appetite,
		};
		httpd_handle(request, &f->served.handler);
	} else {
		httpd_reply(request, 200, text_plain, path, strlen(path));
	}
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("the awaited did not happen within %d s", WATCHDOG_S);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct timeval limit = {WATCHDOG_S, 0};
	struct sb_error err = {0};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_non_null(f);
	f->address.sun_family = AF_UNIX; /* alone: the kernel picks an abstract name */
	f->address_len = sizeof(f->address);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->address, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &f->address_len), 0);
	assert_int_equal(listen(fd, 16), 0);
	f->base = event_base_new();
	f->watchdog = event_new(f->base, -1, 0, on_watchdog, NULL);
	assert_int_equal(event_add(f->watchdog, &limit), 0);
	f->service.on_request = on_request;
	f->served.appetite = SIZE_MAX;
	f->httpd = httpd_new(f->base, fd, &f->service, NULL, &err);
	assert_non_null(f->httpd);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	httpd_free(f->httpd);
	event_free(f->watchdog);
	event_base_free(f->base);
	buf_deinit(&f->served.body);
	free(f);
	return 0;
}

/* ---- a raw client --------------------------------------------------------------------------- */

struct client {
	int fd;
	struct buf got;
	bool is_closed;
};

static void client_open(struct fixture *f, struct client *client)
{
	*client = (struct client){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(connect(client->fd, (struct sockaddr *)&f->address, f->address_len), 0);
}

static void client_close(struct client *client)
{
	cleanup_fd(&client->fd);
	buf_deinit(&client->got);
}

static void turn(struct fixture *f)
{
	assert_int_not_equal(event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK), -1);
}

/* Send all of it, running the server in between. */
static void client_send(struct fixture *f, struct client *client, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		turn(f);
	}
}

static void client_say(struct fixture *f, struct client *client, const char *text)
{
	client_send(f, client, text, strlen(text));
}

static void client_read(struct client *client)
{
	char *at = buf_reserve(&client->got, 65536);
	ssize_t n = recv(client->fd, at, 65536, MSG_DONTWAIT);

	if (n > 0) {
		client->got.len += (size_t)n;
		at[n] = '\0';
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		client->is_closed = true;
}

/* Read until `text` has come, then forget all that came. */
static void client_expect(struct fixture *f, struct client *client, const char *text)
{
	while (!client->got.data || !strstr(client->got.data, text)) {
		assert_false(client->is_closed);
		turn(f);
		client_read(client);
	}
	buf_reset(&client->got);
}

static void client_expect_close(struct fixture *f, struct client *client)
{
	while (!client->is_closed) {
		turn(f);
		client_read(client);
	}
}

static void wait_for_close(struct fixture *f)
{
	while (f->served.closes == 0)
		turn(f);
	assert_int_equal(f->served.closes, 1);
}

/* ---- requests and plain replies ------------------------------------------------------------- */

static void test_raw_target_and_keep_alive(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /a%2Fb%20c?x=%2525&y=a+b HTTP/1.1\r\nHost: h\r\nX-Thing: v\r\n\r\n");
	client_expect(f, &c, "\r\n\r\n/a%2Fb%20c");
	assert_string_equal(f->path, "/a%2Fb%20c");
	assert_string_equal(f->query, "x=%2525&y=a+b");
	assert_string_equal(f->header, "v");
	assert_int_equal(f->content_length, 0);
	client_say(f, &c, "GET /two? HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "\r\n\r\n/two");
	assert_string_equal(f->query, "");
	assert_string_equal(f->header, "(none)");
	while (httpd_request_count(f->httpd) > 0)
		turn(f); /* the connection alone is no request */
	client_close(&c);
}

static void test_headers_are_added_to_any_reply(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /more HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "Content-Type: text/plain\r\n");
	client_close(&c);
}

static void test_204_is_bare(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!c.got.data || !strstr(c.got.data, "\r\n\r\n")) {
		turn(f);
		client_read(&c);
	}
	assert_non_null(strstr(c.got.data, "HTTP/1.1 204 "));
	assert_null(strstr(c.got.data, "Content-Type"));
	assert_null(strstr(c.got.data, "Content-Length"));
	assert_string_equal(strstr(c.got.data, "\r\n\r\n"), "\r\n\r\n");
	client_close(&c);
}

static void test_head_has_no_body(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c,
		   "HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\nGET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "\r\n\r\nHTTP/1.1 204"); /* nothing between the two heads */
	client_close(&c);
}

static void test_bodies_are_collected(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
	client_say(f, &c, "lo");
	client_expect(f, &c, "\r\n\r\nhello");
	client_say(
		f, &c,
		"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	client_say(f, &c, "2\r\nde\r\n0\r\n\r\n");
	client_expect(f, &c, "\r\n\r\nabcde");
	assert_int_equal(f->content_length, -1);
	client_say(f, &c, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
	client_expect(f, &c, "Content-Length: 0\r\n");
	client_close(&c);
}

static void test_expect_100_continue(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c,
		   "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
		   "2\r\n\r\n");
	client_expect(f, &c, "HTTP/1.1 100 ");
	client_say(f, &c, "hi");
	client_expect(f, &c, "\r\n\r\nhi");
	client_say(f, &c,
		   "POST /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
		   "2\r\n\r\n");
	client_expect(f, &c, "HTTP/1.1 401 ");
	client_expect_close(f, &c);
	client_close(&c);
}

static void test_too_long_bodies_get_413(void **state)
{
	struct fixture *f = *state;
	struct client c;
	char body[8192];

	memset(body, 'x', sizeof(body));
	client_open(f, &c);
	client_say(f, &c, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 8192\r\n\r\n");
	client_send(f, &c, body, sizeof(body));
	client_expect(f, &c, "HTTP/1.1 413 ");
	client_say(f, &c,
		   "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n");
	client_send(f, &c, body, sizeof(body));
	client_say(f, &c, "\r\n0\r\n\r\n");
	client_expect(f, &c, "HTTP/1.1 413 ");
	client_say(f, &c, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4096\r\n\r\n");
	client_send(f, &c, body, 4096);
	client_expect(f, &c, "HTTP/1.1 200 ");
	client_close(&c);
}

static void test_refused_bodies_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct client c;
	char body[65536];

	memset(body, 'x', sizeof(body));
	client_open(f, &c);
	client_say(f, &c, "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n");
	client_send(f, &c, body, sizeof(body));
	client_expect(f, &c, "{\"code\":401,\"message\":\"who are \\\"you\\\"?\"}\n");
	client_say(f, &c, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "\r\n\r\n/again");
	client_say(f, &c, "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
	client_expect(f, &c, "HTTP/1.1 401 ");
	client_expect_close(f, &c);
	client_close(&c);
}

static void test_nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: nonsense\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"\r\n\r\n\r\nnonsense\r\n\r\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct client c;

		client_open(f, &c);
		client_say(f, &c, bad[i]);
		client_expect_close(f, &c);
		client_close(&c);
	}
}

/* ---- handlers ------------------------------------------------------------------------------- */

static void test_reply_comes_later(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "POST /handle HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
	while (!f->served.has_body_end)
		turn(f);
	assert_string_equal(f->served.body.data, "abc");
	assert_int_equal(f->served.closes, 0);
	httpd_reply(f->served.request, 201, NULL, "late", 4);
	assert_int_equal(f->served.closes, 0); /* never from inside the call */
	client_expect(f, &c, "\r\n\r\nlate");
	wait_for_close(f);
	assert_int_equal(f->served.why, HTTPD_CLOSE_DONE);
	client_close(&c);
}

static void test_unwanted_body_holds_the_peer_back(void **state)
{
	static char body[1 << 20];
	struct fixture *f = *state;
	struct client c;
	size_t sent = 0;
	ssize_t n;

	f->served.appetite = 1000;
	memset(body, 'b', sizeof(body));
	client_open(f, &c);
	client_say(f, &c, "POST /handle HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n");
	for (int idle = 0; idle < 100;) {
		n = send(c.fd, body + sent, sizeof(body) - sent, MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		turn(f);
	}
	assert_true(sent < sizeof(body)); /* bounded by socket and connection buffers */
	assert_int_equal(f->served.body.len, 1000);
	f->served.appetite = SIZE_MAX;
	httpd_resume_body(f->served.request);
	client_send(f, &c, body + sent, sizeof(body) - sent);
	while (!f->served.has_body_end)
		turn(f);
	assert_int_equal(f->served.body.len, sizeof(body));
	httpd_reply(f->served.request, 204, NULL, NULL, 0);
	client_expect(f, &c, "HTTP/1.1 204");
	client_close(&c);
}

static void test_reply_while_the_body_is_paused(void **state)
{
	struct fixture *f = *state;
	struct client c;

	f->served.appetite = 1;
	client_open(f, &c);
	client_say(f, &c, "POST /handle HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
	while (f->served.body.len < 1)
		turn(f);
	httpd_reply(f->served.request, 507, NULL, "full", 4);
	client_say(f, &c, "def");
	client_expect(f, &c, "\r\n\r\nfull");
	assert_int_equal(f->served.body.len, 1);
	client_say(f, &c, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "\r\n\r\n/again");
	client_close(&c);
}

static void test_streams_are_chunked(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_stream_start(f->served.request, 200, text_plain, -1);
	client_expect(f, &c, "Transfer-Encoding: chunked\r\n\r\n");
	assert_int_equal(httpd_stream_write(f->served.request, "one", 3), 3);
	client_expect(f, &c, "3\r\none\r\n");
	(void)httpd_stream_write(f->served.request, "two", 3);
	httpd_stream_end(f->served.request);
	client_expect(f, &c, "3\r\ntwo\r\n0\r\n\r\n");
	wait_for_close(f);
	assert_int_equal(f->served.why, HTTPD_CLOSE_DONE);
	client_close(&c);
}

static void test_streams_of_known_length(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_stream_start(f->served.request, 200, NULL, 6);
	(void)httpd_stream_write(f->served.request, "abc", 3);
	client_expect(f, &c, "Content-Length: 6\r\n");
	(void)httpd_stream_write(f->served.request, "def", 3);
	httpd_stream_end(f->served.request);
	client_expect(f, &c, "def");
	client_say(f, &c, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
	client_expect(f, &c, "\r\n\r\n/again");
	client_close(&c);
}

static void test_slow_readers_are_told_and_drained(void **state)
{
	static char block[HTTPD_STREAM_HIGH];
	struct fixture *f = *state;
	struct client c;
	size_t queued = 0;
	size_t total = 0;

	memset(block, 's', sizeof(block));
	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.0\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_stream_start(f->served.request, 200, NULL, -1);
	while (queued <= HTTPD_STREAM_HIGH) { /* until the peer holds us back */
		queued = httpd_stream_write(f->served.request, block, sizeof(block));
		total += sizeof(block);
		for (int i = 0; i < 10; i++)
			turn(f);
	}
	f->served.drains = 0;
	while (f->served.drains == 0) {
		turn(f);
		client_read(&c);
	}
	httpd_stream_end(f->served.request);
	client_expect_close(f, &c); /* HTTP/1.0: the end of the connection ends the body */
	assert_int_equal(c.got.len - (size_t)(strstr(c.got.data, "\r\n\r\n") + 4 - c.got.data),
			 total);
	wait_for_close(f);
	assert_int_equal(f->served.why, HTTPD_CLOSE_DONE);
	client_close(&c);
}

static void test_abort_cuts_the_stream(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_stream_start(f->served.request, 200, NULL, -1);
	(void)httpd_stream_write(f->served.request, "one", 3);
	client_expect(f, &c, "3\r\none\r\n");
	httpd_abort(f->served.request);
	assert_int_equal(f->served.closes, 0);
	client_expect_close(f, &c);
	assert_int_equal(c.got.len, 0); /* no "0\r\n\r\n" */
	wait_for_close(f);
	assert_int_equal(f->served.why, HTTPD_CLOSE_GONE);
	client_close(&c);
}

static void test_abort_of_a_stalled_stream(void **state)
{
	static char block[1 << 20];
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_stream_start(f->served.request, 200, NULL, -1);
	(void)httpd_stream_write(f->served.request, block, sizeof(block));
	for (int i = 0; i < 20; i++)
		turn(f);
	httpd_abort(f->served.request);
	wait_for_close(f); /* though the client reads nothing */
	assert_int_equal(f->served.why, HTTPD_CLOSE_GONE);
	client_close(&c);
}

/* Whatever the request waits for, its client's end is seen. */
static void test_vanished_clients_are_noticed(void **state)
{
	static const char *const requests[] = {
		"GET /handle HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /handle HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(requests); i++) {
		struct client c;

		f->served.closes = 0;
		f->served.has_body_end = false;
		f->served.appetite = i == 1 ? 2 : SIZE_MAX; /* paused, or waiting for more */
		f->requests = 0;
		client_open(f, &c);
		client_say(f, &c, requests[i % 2]);
		while (f->requests == 0 || (i % 2 == 0 && !f->served.has_body_end))
			turn(f);
		if (i == 2) {
			httpd_stream_start(f->served.request, 200, NULL, -1);
			client_expect(f, &c, "\r\n\r\n");
		}
		client_close(&c);
		wait_for_close(f);
		assert_int_equal(f->served.why, HTTPD_CLOSE_GONE);
		buf_deinit(&f->served.body);
	}
}

static void test_reply_from_a_file(void **state)
{
	struct fixture *f = *state;
	FILE *file = tmpfile();
	struct client c;

	assert_int_equal(fwrite("0123456789", 1, 10, file), 10);
	assert_int_equal(fflush(file), 0);
	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_reply_fd(f->served.request, 206, NULL, dup(fileno(file)), 2, 5);
	client_expect(f, &c, "Content-Length: 5\r\n\r\n23456");
	assert_int_equal(fclose(file), 0);
	client_close(&c);
}

static void test_a_file_that_shrinks_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	FILE *file = tmpfile();
	struct client c;

	assert_int_equal(fwrite("0123456789", 1, 10, file), 10);
	assert_int_equal(fflush(file), 0);
	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	httpd_reply_fd(f->served.request, 200, NULL, dup(fileno(file)), 0, 10);
	assert_int_equal(ftruncate(fileno(file), 4), 0);
	client_expect(f, &c, "Content-Length: 10\r\n\r\n0123");
	client_expect_close(f, &c);
	wait_for_close(f);
	assert_int_equal(f->served.why, HTTPD_CLOSE_GONE);
	assert_int_equal(fclose(file), 0);
	client_close(&c);
}

static void test_freeing_ends_all_exchanges(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(f, &c);
	client_say(f, &c, "GET /handle HTTP/1.1\r\nHost: h\r\n\r\n");
	while (!f->served.has_body_end)
		turn(f);
	f->httpd = httpd_free(f->httpd);
	assert_int_equal(f->served.closes, 1);
	assert_int_equal(f->served.why, HTTPD_CLOSE_GONE);
	client_expect_close(f, &c);
	client_close(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_raw_target_and_keep_alive),
		TEST(test_headers_are_added_to_any_reply),
		TEST(test_204_is_bare),
		TEST(test_head_has_no_body),
		TEST(test_bodies_are_collected),
		TEST(test_expect_100_continue),
		TEST(test_too_long_bodies_get_413),
		TEST(test_refused_bodies_are_dropped),
		TEST(test_nonsense_is_refused),
		TEST(test_reply_comes_later),
		TEST(test_unwanted_body_holds_the_peer_back),
		TEST(test_reply_while_the_body_is_paused),
		TEST(test_streams_are_chunked),
		TEST(test_streams_of_known_length),
		TEST(test_slow_readers_are_told_and_drained),
		TEST(test_abort_cuts_the_stream),
		TEST(test_abort_of_a_stalled_stream),
		TEST(test_vanished_clients_are_noticed),
		TEST(test_reply_from_a_file),
		TEST(test_a_file_that_shrinks_ends_the_connection),
		TEST(test_freeing_ends_all_exchanges),
	};

	return cmocka_run_group_tests_name("httpd", tests, NULL, NULL);
}
