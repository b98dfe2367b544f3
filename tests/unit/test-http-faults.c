/* Servers that are not there, break off, talk nonsense, or say nothing. */
#include "config.h"

#include "daemon/base/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/http-call.h"
#include "tests/unit/unit.h"

static void test_nobody_listens(void **state)
{
	struct fixture *f = *state;
	struct call call;

	call_init(&call, f);
	start(&call,
	      (struct http_spec){.url = "http://x.sandbox/?secret", .unix_path = "/nowhere/s"});
	finish(&call);
	assert_int_equal(call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_non_null(strstr(call.err.text, "/nowhere/s: "));
	assert_null(strstr(call.err.text, "secret"));
	assert_int_equal(call.status, 0);
	assert_true(call.sent_nothing);
	buf_deinit(&call.body);
}

static void test_bad_requests_end_through_done(void **state)
{
	static const char *const split[] = {"A: b\r\nInjected: c", NULL};
	static const char *const nameless[] = {"no colon", NULL};
	struct fixture *f = *state;
	struct http_spec specs[] = {
		{.url = "ftp://127.0.0.1/x"},
		{.url = "http://a b/"},
		{.url = "http://a/", .headers = split},
		{.url = "http://a/", .headers = nameless},
	};

	for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
		struct call call;

		call_init(&call, f);
		start(&call, specs[i]);
		finish(&call);
		assert_int_equal(call.err.code, SB_INVALID_ARGUMENT);
		assert_true(call.sent_nothing);
		buf_deinit(&call.body);
	}
}

static void test_a_cut_body_is_told_after_its_head(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(answers) * 2; i++) {
		struct call call;

		call_init(&call, f);
		call.req.on_data = on_data;
		f->heard = false;
		start(&call, (struct http_spec){0});
		run_until(f->base, &f->heard);
		raw_send(f->conn, answers[i / 2]);
		run_turns(f->base, 20);
		if (i % 2)
			raw_reset(f->conn);
		else
			raw_close(f->conn);
		finish(&call);
		assert_int_equal(call.err.code, SB_UPSTREAM_UNAVAILABLE);
		assert_int_equal(call.status, 200);
		assert_false(call.sent_nothing);
		assert_body(&call, "part");
		buf_deinit(&call.body);
	}
}

/* A pooled connection dies under the second request: POST is not repeated, GET is. */
static void die_at_second(struct raw_conn *conn, const char *head, const char *body, size_t len)
{
	if (conn->requests > 1) {
		conn->server->on_request = hear;
		raw_close(conn);
		return;
	}
	hear(conn, head, body, len);
}

static void test_only_safe_requests_are_sent_again(void **state)
{
	static const struct {
		struct http_spec spec;
		bool again;
	} cases[] = {
		{{.method = "GET"}, true},
		{{.method = "POST", .body = "x", .body_len = 1}, false},
		{{.method = "POST"}, false},
		{{.method = "DELETE"}, false},
		{{.method = "POST", .body = "x", .body_len = 1, .may_resend = true}, true},
	};
	struct fixture *f = *state;

	f->answer = OK;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct call first, second;

		raw_server_drop_all(&f->server);
		run_turns(f->base, 10);
		f->server.on_request = die_at_second;
		call_init(&first, f);
		start(&first, (struct http_spec){0});
		finish(&first);
		f->server.heads = 0;
		call_init(&second, f);
		start(&second, cases[i].spec);
		finish(&second);
		assert_int_equal(second.err.code, cases[i].again ? SB_OK : SB_UPSTREAM_UNAVAILABLE);
		assert_int_equal(f->server.heads, cases[i].again ? 2 : 1);
		assert_false(second.sent_nothing);
		buf_deinit(&first.body);
		buf_deinit(&second.body);
	}
}

static void test_replies_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct buf head CLEANUP_BUF = {0};
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	start(&call, (struct http_spec){.reply_max = 1});
	finish(&call);
	assert_int_equal(call.err.code, SB_TOO_LARGE);
	assert_int_equal(call.status, 200);
	buf_deinit(&call.body);
	call_init(&call, f);
	start(&call, (struct http_spec){.reply_max = 2});
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	buf_deinit(&call.body);
	buf_add_str(&head, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&head, "X-Long-%d: 0123456789\r\n", i);
	f->answer = head.data;
	call_init(&call, f);
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_int_equal(call.err.code, SB_TOO_LARGE);
	buf_deinit(&call.body);
}

static void test_garbage_is_refused(void **state)
{
	static const char *const answers[] = {"garbage\r\n\r\n", "HTTP/0.9 200\r\n\r\n",
					      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct call call;

		f->answer = answers[i];
		call_init(&call, f);
		start(&call, (struct http_spec){0});
		finish(&call);
		assert_int_equal(call.err.code, SB_UPSTREAM_UNAVAILABLE);
		buf_deinit(&call.body);
	}
}

static void test_deadlines_name_themselves(void **state)
{
	struct fixture *f = *state;
	struct call call;

	call_init(&call, f);
	start(&call, (struct http_spec){.head_timeout_ms = 30});
	finish(&call);
	assert_int_equal(call.err.code, SB_TIMEOUT);
	assert_non_null(strstr(call.err.text, "no response head within 30 ms"));
	assert_false(call.sent_nothing);
	f->answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart";
	call_init(&call, f);
	call.req.on_data = on_data;
	start(&call, (struct http_spec){.head_timeout_ms = 20, .timeout_ms = 60});
	finish(&call);
	assert_int_equal(call.err.code, SB_TIMEOUT);
	assert_non_null(strstr(call.err.text, "no whole response within 60 ms"));
	assert_int_equal(call.status, 200);
	buf_deinit(&call.body);
}

static bool limit_silence(struct http_req *req, const char *data, size_t len)
{
	http_set_limit(req, 40);
	return on_data(req, data, len);
}

static void test_a_stream_that_falls_silent_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = "HTTP/1.1 200 OK\r\n\r\nsome";
	call_init(&call, f);
	call.req.on_data = limit_silence;
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_int_equal(call.err.code, SB_TIMEOUT);
	assert_non_null(strstr(call.err.text, "no more of the response within 40 ms"));
	assert_body(&call, "some");
	buf_deinit(&call.body);
}

/* A listening port whose queue is full: a connection to it hangs. */
static void test_a_connection_that_hangs_is_given_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	struct fixture *f = *state;
	struct call call;
	int fds[5];
	char url[64];

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[0], (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fds[0], 0), 0);
	assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &len), 0);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&address, len);
	}
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", ntohs(address.sin_port));
	call_init(&call, f);
	start(&call, (struct http_spec){.url = url, .connect_timeout_ms = 50, .timeout_ms = 60000});
	finish(&call);
	assert_int_equal(call.err.code, SB_TIMEOUT);
	assert_non_null(strstr(call.err.text, ": cannot connect: "));
	assert_true(call.sent_nothing);
	buf_deinit(&call.body);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)close(fds[i]);
}

static void test_idle_connections_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct http_options options = {.idle_max = 4};
	struct sb_error err = {0};
	struct call calls[40];

	f->http = http_free(f->http);
	f->http = http_new(f->base, &options, &err);
	f->answer = OK;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		char url[64];

		call_init(&calls[i], f);
		(void)snprintf(url, sizeof(url), "http://%zu.sandbox/", i);
		start(&calls[i], (struct http_spec){.url = url, .unix_path = f->server.path});
	}
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		finish(&calls[i]);
		buf_deinit(&calls[i].body);
	}
	run_turns(f->base, 20);
	assert_int_equal(f->server.accepted, ARRAY_SIZE(calls));
	assert_in_range(raw_server_open(&f->server), 1, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_listens),
		TEST(test_bad_requests_end_through_done),
		TEST(test_a_cut_body_is_told_after_its_head),
		TEST(test_only_safe_requests_are_sent_again),
		TEST(test_replies_are_bounded),
		TEST(test_garbage_is_refused),
		TEST(test_deadlines_name_themselves),
		TEST(test_a_stream_that_falls_silent_is_given_up),
		TEST(test_a_connection_that_hangs_is_given_up),
		TEST(test_idle_connections_are_bounded),
	};

	return cmocka_run_group_tests_name("http-faults", tests, NULL, NULL);
}
