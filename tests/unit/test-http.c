/* The HTTP client against a scripted server in the same loop: requests, answers, pauses. */
#include "config.h"

#include "daemon/base/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/http-call.h"
#include "tests/unit/unit.h"

/* ---- the plain way ---------------------------------------------------------------------------- */

static void test_answers_come_with_status_headers_and_body(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_int_equal(call.status, 200);
	assert_int_equal(call.head_status, 200);
	assert_string_equal(call.seen, "yes");
	assert_false(call.was_reused);
	assert_false(call.sent_nothing);
	assert_body(&call, "hi");
	buf_deinit(&call.body);
}

static void test_requests_carry_what_the_caller_said_and_no_more(void **state)
{
	static const char *const headers[] = {"X-One: 1", "X-Empty:", "Expect: 100-continue", NULL};
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	start(&call, (struct http_spec){.method = "POST",
					.url = "http://a.b/p/../q?x=%2F",
					.unix_path = f->server.path,
					.headers = headers,
					.body = "{}",
					.body_len = 2});
	finish(&call);
	assert_string_equal(f->heads.data,
			    "POST /p/../q?x=%2F HTTP/1.1\r\nHost: a.b\r\n"
			    "User-Agent: sandpool/" PACKAGE_VERSION "\r\nX-One: 1\r\n"
			    "X-Empty:\r\nContent-Length: 2\r\n");
	assert_string_equal(f->body.data, "{}");
	buf_deinit(&call.body);
}

static void test_methods_without_a_body_say_so(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	start(&call, (struct http_spec){.method = "POST"});
	finish(&call);
	assert_non_null(strstr(f->heads.data, "POST /x"));
	assert_non_null(strstr(f->heads.data, "Content-Length: 0\r\n"));
	assert_null(strstr(f->heads.data, "Content-Type"));
	buf_reset(&f->heads);
	buf_reset(&call.body);
	call.done = false;
	start(&call, (struct http_spec){.method = "DELETE"});
	finish(&call);
	assert_non_null(strstr(f->heads.data, "DELETE /x"));
	assert_null(strstr(f->heads.data, "Content-Length"));
	buf_reset(&f->heads);
	buf_reset(&call.body);
	call.done = false;
	f->answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
	start(&call, (struct http_spec){.method = "HEAD"});
	finish(&call);
	assert_non_null(strstr(f->heads.data, "HEAD /x"));
	assert_int_equal(call.status, 200);
	buf_deinit(&call.body);
}

static void test_connections_are_kept_and_used_again(void **state)
{
	struct fixture *f = *state;
	struct http_stats stats;
	struct call call;
	char url[64];

	f->answer = OK;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", f->server.port);
	for (int i = 0; i < 3; i++) {
		call_init(&call, f);
		start(&call, (struct http_spec){.url = url});
		finish(&call);
		assert_int_equal(call.err.code, SB_OK);
		assert_int_equal(call.was_reused, i > 0);
		buf_deinit(&call.body);
	}
	assert_int_equal(f->server.accepted, 1);
	http_get_stats(f->http, &stats);
	assert_int_equal(stats.requests, 3);
	assert_int_equal(stats.reused, 2);
	assert_int_equal(stats.connections, 1);
	assert_int_equal(stats.in_flight, 0);
}

static void test_hosts_behind_one_socket_have_connections_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	for (int i = 0; i < 4; i++) {
		call_init(&call, f);
		start(&call,
		      (struct http_spec){.url = i % 2 ? "http://a.sandbox/" : "http://b.sandbox/",
					 .unix_path = f->server.path});
		finish(&call);
		buf_deinit(&call.body);
	}
	assert_int_equal(f->server.accepted, 2);
}

static void test_chunked_bodies_and_split_heads(void **state)
{
	static const char answer[] =
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSeen: a b\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n"
		"Trailer: t\r\n\r\n";
	struct fixture *f = *state;
	struct call call;

	call_init(&call, f);
	start(&call, (struct http_spec){0});
	run_until(f->base, &f->heard);
	for (const char *at = answer; *at; at++) {
		raw_send_bytes(f->conn, at, 1);
		run_turns(f->base, 3);
	}
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_int_equal(call.status, 200);
	assert_string_equal(call.seen, "a b");
	assert_body(&call, "abcde");
	buf_deinit(&call.body);
}

static void count_header(void *arg, const char *name, const char *value)
{
	buf_printf(arg, "%s=%s;", name, value);
}

static void list_headers(struct http_req *req, int status)
{
	struct call *call = container_of(req, struct call, req);

	(void)status;
	http_headers(req, count_header, &call->body);
}

static void test_headers_are_told_in_order(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = "HTTP/1.1 204 X\r\nB: 1\r\nA: 2\r\nC:\r\nB: 3\r\n\r\n";
	call_init(&call, f);
	call.req.on_head = list_headers;
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_body(&call, "B=1;A=2;C=;B=3;");
	assert_null(http_header(&(struct http_req){0}, "A"));
	buf_deinit(&call.body);
}

static void test_redirects_are_not_followed(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = "HTTP/1.1 302 X\r\nLocation: http://one.sandbox/y\r\nContent-Length: 0\r\n\r\n";
	call_init(&call, f);
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_int_equal(call.status, 302);
	assert_int_equal(f->server.heads, 1);
	buf_deinit(&call.body);
}

/* ---- pausing ---------------------------------------------------------------------------------- */

static void test_a_refused_piece_comes_again(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	call.req.on_data = on_data;
	call.refuses = true;
	start(&call, (struct http_spec){0});
	run_until(f->base, &call.was_refused);
	run_turns(f->base, 20);
	assert_false(call.done);
	call.was_refused = false;
	http_resume(&call.req); /* and is refused again */
	run_until(f->base, &call.was_refused);
	run_turns(f->base, 20);
	assert_false(call.done);
	call.refuses = false;
	http_resume(&call.req);
	assert_int_equal(call.body.len, 0); /* not from inside the call */
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_body(&call, "hi");
	buf_deinit(&call.body);
}

static void test_a_paused_body_holds_the_server_back(void **state)
{
	enum { TOTAL = 16 << 20 };
	struct fixture *f = *state;
	char *bytes = malloc(TOTAL);
	struct evbuffer *left;
	struct call call;

	memset(bytes, 'x', TOTAL);
	call_init(&call, f);
	call.req.on_data = on_data;
	call.refuses = true;
	start(&call, (struct http_spec){.http1 = true});
	run_until(f->base, &f->heard);
	raw_send(f->conn, "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n");
	raw_send_bytes(f->conn, bytes, TOTAL);
	run_until(f->base, &call.was_refused);
	run_turns(f->base, 50);
	left = bufferevent_get_output(f->conn->bev);
	assert_true(evbuffer_get_length(left) > TOTAL / 2);
	call.refuses = false;
	http_resume(&call.req);
	finish(&call);
	assert_int_equal(call.body.len, TOTAL);
	assert_memory_equal(call.body.data, bytes, TOTAL);
	free(bytes);
	buf_deinit(&call.body);
}

static void test_uploads_wait_and_go_on(void **state)
{
	struct fixture *f = *state;
	struct call call;

	for (int with_length = 0; with_length < 2; with_length++) {
		call_init(&call, f);
		call.req.on_upload = on_upload;
		call.upload = "some bytes";
		call.upload_waits = true;
		f->answer = OK;
		f->heard = false;
		start(&call,
		      (struct http_spec){.method = "POST", .upload_len = with_length ? 10 : -1});
		run_until(f->base, &call.upload_asked);
		run_turns(f->base, 20);
		assert_false(f->heard);
		call.upload_waits = false;
		http_resume_upload(&call.req);
		finish(&call);
		assert_int_equal(call.err.code, SB_OK);
		assert_string_equal(f->body.data, "some bytes");
		buf_deinit(&call.body);
	}
	assert_non_null(strstr(f->heads.data, "POST /x"));
	assert_non_null(strstr(f->heads.data, "Transfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(f->heads.data, "Content-Length: 10\r\n"));
	assert_null(strstr(f->heads.data, "Expect"));
}

static void answer_at_head(struct raw_conn *conn, const char *head)
{
	struct fixture *f = conn->server->arg;

	(void)head;
	raw_send(conn, f->answer);
}

static void test_a_refusal_ends_an_upload_that_waits(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->server.on_head = answer_at_head;
	f->server.on_request = NULL;
	f->answer = "HTTP/1.1 403 X\r\nContent-Length: 2\r\n\r\nno";
	call_init(&call, f);
	call.req.on_upload = on_upload;
	call.upload_waits = true;
	start(&call, (struct http_spec){.method = "POST", .upload_len = -1});
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_int_equal(call.status, 403);
	assert_body(&call, "no");
	buf_deinit(&call.body);
}

static void test_an_upload_that_gives_up_or_falls_short_is_cancelled(void **state)
{
	struct fixture *f = *state;
	struct call call;

	call_init(&call, f);
	call.req.on_upload = on_upload;
	call.upload_aborts = true;
	start(&call, (struct http_spec){.method = "POST", .upload_len = -1});
	finish(&call);
	assert_int_equal(call.err.code, SB_CANCELLED);
	call_init(&call, f);
	call.req.on_upload = on_upload;
	call.upload = "short";
	start(&call, (struct http_spec){.method = "POST", .upload_len = 10});
	finish(&call);
	assert_int_equal(call.err.code, SB_CANCELLED);
	call_init(&call, f);
	call.req.on_upload = on_upload;
	call.upload = "longer than told";
	f->answer = OK;
	start(&call, (struct http_spec){.method = "POST", .upload_len = 6});
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_string_equal(f->body.data, "longer");
	buf_deinit(&call.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers_come_with_status_headers_and_body),
		TEST(test_requests_carry_what_the_caller_said_and_no_more),
		TEST(test_methods_without_a_body_say_so),
		TEST(test_connections_are_kept_and_used_again),
		TEST(test_hosts_behind_one_socket_have_connections_of_their_own),
		TEST(test_chunked_bodies_and_split_heads),
		TEST(test_headers_are_told_in_order),
		TEST(test_redirects_are_not_followed),
		TEST(test_a_refused_piece_comes_again),
		TEST(test_a_paused_body_holds_the_server_back),
		TEST(test_uploads_wait_and_go_on),
		TEST(test_a_refusal_ends_an_upload_that_waits),
		TEST(test_an_upload_that_gives_up_or_falls_short_is_cancelled),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
