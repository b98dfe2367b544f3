/* The HTTP client against a scripted server in the same loop. */
#include "config.h"

#include "daemon/base/http.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/list.h"
#include "protocol/buf.h"
#include "tests/unit/raw-server.h"
#include "tests/unit/unit.h"

struct fixture {
	struct event_base *base;
	struct http *http;
	struct raw_server server;
	struct raw_conn *conn; /* the last that asked */
	bool heard;
	struct buf heads; /* all request heads */
	struct buf body;  /* of the last request */
	const char *answer;
};

struct call {
	struct http_req req;
	struct fixture *f;
	bool done;
	int status;
	int head_status;
	struct buf body;
	struct sb_error err;
	bool sent_nothing;
	bool was_reused;
	bool refuses; /* on_data pauses */
	bool was_refused;
	bool cancels;       /* in whatever callback comes next */
	const char *upload; /* what is left to send */
	bool upload_waits;
	bool upload_asked;
	bool upload_aborts;
	char seen[32]; /* value of the header "Seen" in done() */
};

static void hear(struct raw_conn *conn, const char *head, const char *body, size_t len)
{
	struct fixture *f = conn->server->arg;

	f->conn = conn;
	f->heard = true;
	buf_add_str(&f->heads, head);
	buf_reset(&f->body);
	buf_add(&f->body, body, len);
	if (f->answer)
		raw_send(conn, f->answer);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct http_options options = {0};
	struct sb_error err = {0};

	(void)signal(SIGPIPE, SIG_IGN);
	f->base = event_base_new();
	raw_server_init(&f->server, f->base);
	f->server.arg = f;
	f->server.on_request = hear;
	assert_int_equal(http_global_init(&err), 0);
	f->http = http_new(f->base, &options, &err);
	assert_non_null(f->http);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->http = http_free(f->http);
	raw_server_deinit(&f->server);
	event_base_free(f->base);
	buf_deinit(&f->heads);
	buf_deinit(&f->body);
	free(f);
	return 0;
}

static void on_done(struct http_req *req, const struct http_reply *reply)
{
	struct call *call = container_of(req, struct call, req);
	const char *seen = http_header(req, "sEEN");

	assert_false(call->done);
	assert_null(req->slot);
	call->done = true;
	call->status = reply->status;
	call->err = *reply->err;
	call->sent_nothing = reply->sent_nothing;
	call->was_reused = reply->was_reused;
	if (reply->body_len > 0)
		buf_add(&call->body, reply->body, reply->body_len);
	(void)snprintf(call->seen, sizeof(call->seen), "%s", seen ? seen : "(none)");
}

static void on_head(struct http_req *req, int status)
{
	struct call *call = container_of(req, struct call, req);

	call->head_status = status;
	if (call->cancels)
		http_cancel(req);
}

static bool on_data(struct http_req *req, const char *data, size_t len)
{
	struct call *call = container_of(req, struct call, req);

	if (call->cancels) {
		http_cancel(req);
		return true;
	}
	if (call->refuses) {
		call->was_refused = true;
		return false;
	}
	buf_add(&call->body, data, len);
	return true;
}

static ssize_t on_upload(struct http_req *req, char *data, size_t size)
{
	struct call *call = container_of(req, struct call, req);
	size_t len;

	call->upload_asked = true;
	if (call->cancels) {
		http_cancel(req);
		return 0;
	}
	if (call->upload_aborts)
		return HTTP_UPLOAD_ABORT;
	if (call->upload_waits)
		return HTTP_UPLOAD_WAIT;
	len = strlen(call->upload);
	if (len > size)
		len = size;
	memcpy(data, call->upload, len);
	call->upload += len;
	return (ssize_t)len;
}

static void call_init(struct call *call, struct fixture *f)
{
	*call = (struct call){.req = {.on_head = on_head, .done = on_done}, .f = f};
}

static void start(struct call *call, struct http_spec spec)
{
	if (!spec.method)
		spec.method = "GET";
	if (!spec.url) {
		spec.url = "http://one.sandbox/x";
		spec.unix_path = call->f->server.path;
	}
	http_start(call->f->http, &call->req, &spec);
	assert_false(call->done); /* no callback before return */
	assert_non_null(call->req.slot);
}

static void finish(struct call *call)
{
	run_until(call->f->base, &call->done);
}

static void assert_body(const struct call *call, const char *text)
{
	assert_string_equal(call->body.data ? call->body.data : "", text);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSeen: yes\r\n\r\nhi"

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

/* ---- cancelling ------------------------------------------------------------------------------- */

static void test_cancel_in_each_state_is_silent(void **state)
{
	struct fixture *f = *state;
	struct call call;

	call_init(&call, f);
	http_cancel(&call.req); /* idle */
	start(&call, (struct http_spec){0});
	http_cancel(&call.req); /* queued */
	assert_null(call.req.slot);
	run_turns(f->base, 10);
	assert_int_equal(f->server.heads, 0);
	start(&call, (struct http_spec){0}); /* in flight */
	run_until(f->base, &f->heard);
	http_cancel(&call.req);
	run_turns(f->base, 10);
	start(&call, (struct http_spec){.url = "nonsense://x"}); /* ended before it began */
	http_cancel(&call.req);
	run_turns(f->base, 10);
	assert_false(call.done);
	assert_int_equal(raw_server_open(&f->server), 0);
}

static void test_cancel_in_each_callback(void **state)
{
	struct fixture *f = *state;
	struct http_stats stats;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	call.cancels = true;
	start(&call, (struct http_spec){0}); /* in on_head */
	run_until(f->base, &f->heard);
	run_turns(f->base, 20);
	assert_null(call.req.slot);
	assert_int_equal(call.head_status, 200);
	call.req.on_head = NULL;
	call.req.on_data = on_data;
	f->heard = false;
	start(&call, (struct http_spec){0}); /* in on_data */
	run_until(f->base, &f->heard);
	run_turns(f->base, 20);
	assert_null(call.req.slot);
	call.req.on_upload = on_upload;
	start(&call, (struct http_spec){.method = "PUT", .upload_len = -1}); /* in on_upload */
	run_until(f->base, &call.upload_asked);
	run_turns(f->base, 20);
	assert_null(call.req.slot);
	assert_false(call.done);
	http_get_stats(f->http, &stats);
	assert_int_equal(stats.in_flight, 0);
}

struct chain {
	struct http_req req;
	struct fixture *f;
	struct call *victim; /* cancelled in done */
	int left;            /* restarts in done */
	bool done;
};

static void chain_done(struct http_req *req, const struct http_reply *reply)
{
	struct chain *chain = container_of(req, struct chain, req);

	(void)reply;
	if (chain->victim)
		http_cancel(&chain->victim->req);
	http_cancel(req); /* harmless in its own done */
	if (chain->left-- > 0) {
		struct http_spec spec = {.method = "GET",
					 .url = "http://one.sandbox/",
					 .unix_path = chain->f->server.path};

		http_start(chain->f->http, req, &spec);
		return;
	}
	chain->done = true;
}

static void test_done_may_cancel_others_and_start_again(void **state)
{
	struct fixture *f = *state;
	struct http_spec bad = {.method = "GET", .url = "nonsense://x"};
	struct call victim;
	struct chain chain = {.req = {.done = chain_done}, .f = f, .victim = &victim, .left = 3};

	f->answer = OK;
	call_init(&victim, f);
	http_start(f->http, &chain.req, &bad); /* both end in one turn, this one first */
	http_start(f->http, &victim.req, &bad);
	run_until(f->base, &chain.done);
	assert_false(victim.done);
	assert_int_equal(f->server.heads, 3);
}

static bool start_inside(struct http_req *req, const char *data, size_t len)
{
	struct call *call = container_of(req, struct call, req);
	struct http_spec spec = {
		.method = "GET", .url = "http://two.sandbox/", .unix_path = call->f->server.path};

	(void)data;
	(void)len;
	http_cancel(req); /* inside libcurl: leaves, and asks again at once */
	call->req.on_data = on_data;
	http_start(call->f->http, req, &spec);
	return false;
}

static void test_cancel_and_start_inside_a_callback(void **state)
{
	struct fixture *f = *state;
	struct call call;

	f->answer = OK;
	call_init(&call, f);
	call.req.on_data = start_inside;
	start(&call, (struct http_spec){0});
	finish(&call);
	assert_int_equal(call.err.code, SB_OK);
	assert_body(&call, "hi");
	assert_int_equal(f->server.heads, 2);
	buf_deinit(&call.body);
}

static void test_hundreds_of_cancels_in_flight(void **state)
{
	enum { COUNT = 300 };
	struct fixture *f = *state;
	struct call *calls = calloc(COUNT, sizeof(*calls));
	struct http_stats stats;
	struct call last;

	for (int round = 0; round < 3; round++) {
		f->answer = round == 2 ? OK : NULL;
		for (int i = 0; i < COUNT; i++) {
			char url[64];

			call_init(&calls[i], f);
			(void)snprintf(url, sizeof(url), "http://%d.sandbox/", i);
			start(&calls[i],
			      (struct http_spec){.url = url, .unix_path = f->server.path});
			if (round > 0 && i % 7 == 0)
				run_turns(f->base, 1);
		}
		run_turns(f->base, round * 3);
		for (int i = 0; i < COUNT; i++) {
			bool was_done = calls[i].done;

			http_cancel(&calls[i].req);
			if (i % 11 == 0)
				run_turns(f->base, 1);
			assert_true(was_done == calls[i].done);
			buf_deinit(&calls[i].body);
		}
	}
	http_get_stats(f->http, &stats);
	assert_int_equal(stats.in_flight, 0);
	f->answer = OK;
	call_init(&last, f);
	start(&last, (struct http_spec){0});
	finish(&last);
	assert_int_equal(last.err.code, SB_OK);
	buf_deinit(&last.body);
	free(calls);
}

static void test_freeing_the_pool_cancels(void **state)
{
	struct fixture *f = *state;
	struct http_options options = {0};
	struct sb_error err = {0};
	struct call flying, queued;

	call_init(&flying, f);
	call_init(&queued, f);
	start(&flying, (struct http_spec){0});
	run_until(f->base, &f->heard);
	start(&queued, (struct http_spec){0});
	f->http = http_free(f->http);
	assert_null(flying.req.slot);
	assert_null(queued.req.slot);
	assert_false(flying.done || queued.done);
	f->http = http_new(f->base, &options, &err);
	assert_non_null(f->http);
}

/* ---- failures --------------------------------------------------------------------------------- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(test_cancel_in_each_state_is_silent),
		TEST(test_cancel_in_each_callback),
		TEST(test_done_may_cancel_others_and_start_again),
		TEST(test_cancel_and_start_inside_a_callback),
		TEST(test_hundreds_of_cancels_in_flight),
		TEST(test_freeing_the_pool_cancels),
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

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
