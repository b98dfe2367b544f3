/* The RPC client: unary calls, streams split anywhere, and every row of wire §8.3. */
#include "config.h"

#include "daemon/e2b/envd.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/raw-provider.h"
#include "tests/unit/unit.h"

struct unary {
	struct envd_call call;
	bool done;
};

struct stream {
	struct envd_stream stream;
	bool done;
	struct buf told; /* the messages, each with a newline */
	unsigned cancel_at;
	bool frees; /* itself, when it cancels */
};

static void on_done(struct envd_call *call)
{
	container_of(call, struct unary, call)->done = true;
}

static void on_end(struct envd_stream *stream)
{
	struct stream *s = container_of(stream, struct stream, stream);

	assert_false(s->done);
	s->done = true;
}

static void on_message(struct envd_stream *stream, const char *json, size_t len)
{
	struct stream *s = container_of(stream, struct stream, stream);

	buf_add(&s->told, json, len);
	buf_add(&s->told, "\n", 1);
	if (s->cancel_at != stream->messages)
		return;
	envd_stream_cancel(stream);
	if (s->frees) {
		buf_deinit(&s->told);
		free(s);
	}
}

static struct envd_target target_of(struct raw_provider *p)
{
	return (struct envd_target){.upstream = &p->upstream, .sandbox_id = "i1"};
}

static void start_unary(struct raw_provider *p, struct unary *u, const char *method)
{
	struct envd_target target = target_of(p);
	static struct wire_empty nothing;

	*u = (struct unary){.call = {.done = on_done}};
	envd_unary_start(&target, &u->call, method, &wire_empty_type, &nothing, &wire_empty_type,
			 &nothing, 0);
	assert_false(u->done);
}

static void start_stream(struct raw_provider *p, struct stream *s, const char *method,
			 const struct envd_stream_options *options)
{
	struct envd_target target = target_of(p);
	struct wire_selector selector = {.pid = 7};
	struct wire_select_request request = {&selector};

	s->stream = (struct envd_stream){.on_message = on_message, .on_end = on_end};
	envd_stream_start(&target, &s->stream, method, &wire_select_request_type, &request,
			  options);
	assert_false(s->done);
}

/* A stream's response: head, then these payloads, the last of them the end when `ends`. */
static void stream_answer(struct buf *out, const char *const *payloads, bool ends)
{
	struct buf body CLEANUP_BUF = {0};

	for (; *payloads; payloads++)
		envelope_add(&body, ends && !payloads[1] ? ENVELOPE_END : 0, *payloads,
			     strlen(*payloads));
	buf_reset(out);
	buf_printf(out,
		   "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
		   body.len);
	buf_add(out, body.data, body.len);
	buf_add_str(out, ends ? "\r\n0\r\n\r\n" : "\r\n");
}

/* ---- unary ----------------------------------------------------------------------------------- */

static void test_unary_calls_carry_routing_and_credentials(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct envd_target target = target_of(p);
	struct wire_path_request request = {.path = (char *)(uintptr_t) "/a"};
	struct wire_entry_response entry = {0};
	struct unary u = {.call = {.done = on_done}};

	target.access_token = "secret";
	target.user = "joe";
	raw_provider_expect(
		p, raw_answer(&answer, 200, "", "{\"entry\":{\"name\":\"a\",\"size\":\"4\"}}"));
	envd_unary_start(&target, &u.call, "filesystem.Filesystem/Stat", &wire_path_request_type,
			 &request, &wire_entry_response_type, &entry, 1500);
	run_until(p->base, &u.done);
	assert_int_equal(u.call.err.code, SB_OK);
	assert_string_equal(entry.entry->name, "a");
	assert_int_equal(entry.entry->size, 4);
	assert_said(p, "POST /filesystem.Filesystem/Stat HTTP/1.1\r\nHost: localhost\r\n");
	assert_said(p, "E2b-Sandbox-Id: i1\r\nE2b-Sandbox-Port: 49983\r\n");
	assert_said(p, "X-Access-Token: secret\r\nAuthorization: Basic am9lOg==\r\n");
	assert_said(p, "Content-Type: application/json\r\nConnect-Protocol-Version: 1\r\n"
		       "Connect-Timeout-Ms: 1500\r\n");
	assert_string_equal(p->body.data, "{\"path\":\"/a\"}");
	fields_free(&wire_entry_response_type, &entry);
}

static void test_the_default_user_is_named_to_old_servers_only(void **state)
{
	static const struct {
		const char *version;
		bool is_named;
	} rows[] = {{NULL, false},     {"0.6.13", false},   {"v0.4.0", false}, {"0.3.9", true},
		    {"v0.1.12", true}, {"nonsense", false}, {"1.0.0", false}};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct envd_target target = target_of(p);
	struct wire_empty nothing = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct unary u = {.call = {.done = on_done}};

		target.version = rows[i].version;
		raw_provider_expect(p, raw_answer(&answer, 200, "", "{}"));
		envd_unary_start(&target, &u.call, "process.Process/List", &wire_empty_type,
				 &nothing, &wire_empty_type, &nothing, 0);
		run_until(p->base, &u.done);
		assert_not_said(p, "Connect-Timeout-Ms");
		if (rows[i].is_named)
			assert_said(p, "Authorization: Basic dXNlcjo=\r\n");
		else
			assert_not_said(p, "Authorization");
	}
}

struct rpc_row {
	int status;
	const char *body;
	enum sb_code code;
	const char *connect;
	const char *text;
};

static const struct rpc_row rpc_rows[] = {
	/* Connect codes win over the status */
	{400, "{\"code\":\"invalid_argument\",\"message\":\"bad\"}", SB_INVALID_ARGUMENT,
	 "invalid_argument", "bad"},
	{401, "{\"code\":\"unauthenticated\",\"message\":\"who\"}", SB_AUTHENTICATION,
	 "unauthenticated", "who"},
	{404, "{\"code\":\"not_found\",\"message\":\"pid 7\"}", SB_NOT_FOUND, "not_found", "pid 7"},
	{409, "{\"code\":\"already_exists\",\"message\":\"dir\"}", SB_CONFLICT, "already_exists",
	 "dir"},
	{429, "{\"code\":\"resource_exhausted\",\"message\":\"wait\"}", SB_RATE_LIMIT,
	 "resource_exhausted", "wait"},
	{503, "{\"code\":\"unavailable\",\"message\":\"off\"}", SB_TIMEOUT, "unavailable", "off"},
	{499, "{\"code\":\"canceled\",\"message\":\"c\"}", SB_TIMEOUT, "canceled", "c"},
	{504, "{\"code\":\"deadline_exceeded\",\"message\":\"d\"}", SB_TIMEOUT, "deadline_exceeded",
	 "d"},
	{501, "{\"code\":\"unimplemented\",\"message\":\"u\"}", SB_UNSUPPORTED, "unimplemented",
	 "u"},
	{500, "{\"code\":\"internal\",\"message\":\"i\"}", SB_SANDBOX, "internal", "internal: i"},
	{500, "{\"code\":\"unknown\",\"message\":\"x\"}", SB_SANDBOX, "unknown", "unknown: x"},
	{500, "{\"code\":\"data_loss\",\"message\":\"x\"}", SB_SANDBOX, "data_loss",
	 "data_loss: x"},
	{403, "{\"code\":\"permission_denied\",\"message\":\"x\"}", SB_SANDBOX, "permission_denied",
	 "permission_denied: x"},
	{400, "{\"code\":\"failed_precondition\",\"message\":\"x\"}", SB_SANDBOX,
	 "failed_precondition", "failed_precondition: x"},
	{400, "{\"code\":\"out_of_range\",\"message\":\"x\"}", SB_SANDBOX, "out_of_range",
	 "out_of_range: x"},
	{409, "{\"code\":\"aborted\",\"message\":\"x\"}", SB_SANDBOX, "aborted", "aborted: x"},
	{500, "{\"code\":\"not_found\"}", SB_NOT_FOUND, "not_found", "Internal Server Error"},
	/* answers that are not Connect's */
	{400, "Bad things", SB_INVALID_ARGUMENT, "", "Bad things"},
	{401, "{\"code\":401,\"message\":\"token\"}", SB_AUTHENTICATION, "", "token"},
	{403, "{\"sandboxId\":\"i1\",\"message\":\"secured\",\"code\":403}", SB_SANDBOX, "",
	 "403: secured"},
	{404, "404 page not found\n", SB_UNSUPPORTED, "", "404 page not found"},
	{405, "", SB_UNSUPPORTED, "", "Method Not Allowed"},
	{415, "", SB_UNSUPPORTED, "", "Unsupported Media Type"},
	{409, "{\"message\":\"transitioning\",\"code\":409}", SB_CONFLICT, "", "transitioning"},
	{413, "", SB_TOO_LARGE, "", "Content Too Large"},
	{429, "{\"message\":\"many\",\"code\":429}", SB_RATE_LIMIT, "", "many"},
	{499, "", SB_TIMEOUT, "", "no reason given"},
	{500, "", SB_SANDBOX, "", "500: Internal Server Error"},
	{500, "{\"code\":\"sandpit\",\"message\":\"?\"}", SB_SANDBOX, "", "500: ?"},
	{500, "{\"code\":\"a_code_that_is_much_longer_than_any\",\"message\":\"?\"}", SB_SANDBOX,
	 "", "500: ?"},
	{500, "{\"code\":401,\"message\":\"inner\"}", SB_AUTHENTICATION, "", "inner"},
	{501, "", SB_UNSUPPORTED, "", "Not Implemented"},
	{505, "", SB_UNSUPPORTED, "", "no reason given"},
	{502, "{\"sandboxId\":\"i1\",\"message\":\"The sandbox was not found\",\"code\":502}",
	 SB_SANDBOX_NOT_FOUND, "", "The sandbox was not found"},
	{502,
	 "{\"message\":\"The sandbox is running but port is not open\",\"port\":1,\"code\":502}",
	 SB_TIMEOUT, "", "The sandbox is running but port is not open"},
	{502, "<html>", SB_UPSTREAM_UNAVAILABLE, "", "Bad Gateway"},
	{503, "{\"code\":503,\"message\":\"m\"}", SB_TIMEOUT, "", "m"},
	{504, "{\"code\":504,\"message\":\"m\"}", SB_TIMEOUT, "", "m"},
};

static void test_unary_refusals_become_kinds(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rpc_rows); i++) {
		const struct rpc_row *row = &rpc_rows[i];
		struct unary u;

		for (int is_filesystem = 0; is_filesystem < 2; is_filesystem++) {
			enum sb_code code = row->code == SB_NOT_FOUND && is_filesystem
						    ? SB_FILE_NOT_FOUND
						    : row->code;

			raw_provider_expect(p, raw_answer(&answer, row->status, "", row->body));
			start_unary(p, &u,
				    is_filesystem ? "filesystem.Filesystem/X"
						  : "process.Process/X");
			run_until(p->base, &u.done);
			assert_int_equal(u.call.err.code, code);
			assert_string_equal(u.call.err.text, row->text);
			assert_string_equal(u.call.code, row->connect);
			assert_int_equal(u.call.status, row->status);
			assert_false(u.call.is_cut);
		}
	}
}

static void test_unary_calls_that_break(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct unary u;

	raw_provider_expect(p, raw_answer(&answer, 200, "", "<html>"));
	start_unary(p, &u, "process.Process/X");
	run_until(p->base, &u.done);
	assert_int_equal(u.call.err.code, SB_SANDBOX);

	raw_provider_expect(p, NULL);
	start_unary(p, &u, "process.Process/X");
	run_until(p->base, &p->heard);
	raw_reset(p->conn);
	run_until(p->base, &u.done);
	assert_int_equal(u.call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_true(u.call.is_cut);
	assert_false(u.call.sent_nothing);

	/* a front's 503 does not say that nobody behind it has acted */
	raw_provider_expect(p, raw_answer(&answer, 503, "", "<html>"));
	start_unary(p, &u, "process.Process/X");
	run_until(p->base, &u.done);
	assert_int_equal(u.call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_false(u.call.is_cut);
	assert_false(u.call.sent_nothing);

	raw_provider_expect(p, NULL);
	start_unary(p, &u, "process.Process/X");
	run_until(p->base, &p->heard);
	envd_unary_cancel(&u.call);
	run_turns(p->base, 10);
	assert_false(u.done);

	p->upstream.sandbox_unix = "/nonexistent/socket";
	start_unary(p, &u, "process.Process/X");
	run_until(p->base, &u.done);
	assert_int_equal(u.call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_true(u.call.sent_nothing);
}

/* ---- streams --------------------------------------------------------------------------------- */

static const char *const good[] = {"{\"event\":{\"start\":{\"pid\":512}}}",
				   "{\"event\":{\"data\":{\"stdout\":\"aGkK\"}}}", "{}", NULL};
static const char good_told[] = "{\"event\":{\"start\":{\"pid\":512}}}\n"
				"{\"event\":{\"data\":{\"stdout\":\"aGkK\"}}}\n";

static void test_streams_ask_as_the_sdk_does(void **state)
{
	static const char *const headers[] = {"Sandpool-From-Offset: 12", NULL};
	struct envd_stream_options options = {.timeout_ms = 60000, .headers = headers};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct stream s = {0};

	stream_answer(&answer, good, true);
	raw_provider_expect(p, NULL);
	start_stream(p, &s, "process.Process/Connect", &options);
	run_until(p->base, &p->heard);
	raw_send_bytes(p->conn, answer.data, answer.len);
	run_until(p->base, &s.done);
	assert_int_equal(s.stream.err.code, SB_OK);
	assert_string_equal(s.told.data, good_told);
	assert_int_equal(s.stream.messages, 2);
	assert_said(p, "POST /process.Process/Connect ");
	assert_said(p, "Content-Type: application/connect+json\r\nConnect-Protocol-Version: 1\r\n"
		       "Connect-Timeout-Ms: 60000\r\nKeepalive-Ping-Interval: 50\r\n"
		       "Sandpool-From-Offset: 12\r\n");
	assert_memory_equal(p->body.data, "\0\0\0\0\x15{\"process\":{\"pid\":7}}", 26);
	assert_int_equal(p->body.len, 26);
	buf_deinit(&s.told);
}

static void test_streams_split_at_every_byte(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	stream_answer(&answer, good, true);
	for (size_t split = 1; split < answer.len; split++) {
		struct stream s = {0};

		raw_provider_expect(p, NULL);
		start_stream(p, &s, "process.Process/Connect", &(struct envd_stream_options){0});
		run_until(p->base, &p->heard);
		raw_send_bytes(p->conn, answer.data, split);
		run_turns(p->base, 4);
		raw_send_bytes(p->conn, answer.data + split, answer.len - split);
		run_until(p->base, &s.done);
		assert_int_equal(s.stream.err.code, SB_OK);
		assert_string_equal(s.told.data, good_told);
		buf_deinit(&s.told);
	}
	assert_int_equal(p->server.accepted, 1); /* a stream that ends well leaves its connection */
}

static void run_stream(struct raw_provider *p, struct stream *s, const char *method,
		       const struct buf *answer)
{
	*s = (struct stream){0};
	raw_provider_expect(p, NULL);
	start_stream(p, s, method, &(struct envd_stream_options){0});
	run_until(p->base, &p->heard);
	raw_send_bytes(p->conn, answer->data, answer->len);
	run_until(p->base, &s->done);
	buf_deinit(&s->told);
}

static void test_errors_at_the_end_of_streams(void **state)
{
	static const struct {
		const char *end;
		enum sb_code first; /* when nothing came before it */
		enum sb_code later;
		const char *connect;
	} rows[] = {
		{"{\"error\":{\"code\":\"not_found\",\"message\":\"x\"}}", SB_NOT_FOUND,
		 SB_NOT_FOUND, "not_found"},
		{"{\"error\":{\"code\":\"invalid_argument\",\"message\":\"x\"}}",
		 SB_INVALID_ARGUMENT, SB_INVALID_ARGUMENT, "invalid_argument"},
		{"{\"error\":{\"code\":\"unauthenticated\"}}", SB_AUTHENTICATION, SB_AUTHENTICATION,
		 "unauthenticated"},
		{"{\"error\":{\"code\":\"unavailable\"}}", SB_SANDBOX_NOT_FOUND, SB_TIMEOUT,
		 "unavailable"},
		{"{\"error\":{\"code\":\"deadline_exceeded\"}}", SB_TIMEOUT, SB_TIMEOUT,
		 "deadline_exceeded"},
		{"{\"error\":{\"code\":\"resource_exhausted\"}}", SB_RATE_LIMIT, SB_RATE_LIMIT,
		 "resource_exhausted"},
		{"{\"error\":{\"code\":\"what\"}}", SB_SANDBOX, SB_SANDBOX, "unknown"},
		{"{\"error\":{}}", SB_SANDBOX, SB_SANDBOX, "unknown"},
		{"nonsense", SB_SANDBOX, SB_SANDBOX, ""},
		{"{\"metadata\":{\"k\":[\"v\"]}}", SB_OK, SB_OK, ""},
		{"{\"error\":null}", SB_OK, SB_OK, ""},
	};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct stream s;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		stream_answer(&answer, (const char *[]){rows[i].end, NULL}, true);
		run_stream(p, &s, "process.Process/Connect", &answer);
		assert_int_equal(s.stream.err.code, rows[i].first);
		assert_string_equal(s.stream.code, rows[i].connect);
		stream_answer(&answer, (const char *[]){"{}", rows[i].end, NULL}, true);
		run_stream(p, &s, "process.Process/Connect", &answer);
		assert_int_equal(s.stream.err.code, rows[i].later);
		assert_false(s.stream.is_cut);
	}
	stream_answer(&answer, (const char *[]){rows[0].end, NULL}, true);
	run_stream(p, &s, "filesystem.Filesystem/WatchDir", &answer);
	assert_int_equal(s.stream.err.code, SB_FILE_NOT_FOUND);
	assert_int_equal(s.stream.err.http_status, 404);
}

static void test_streams_that_are_refused(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct stream s;

	for (size_t i = 0; i < ARRAY_SIZE(rpc_rows); i++) {
		(void)raw_answer(&answer, rpc_rows[i].status, "", rpc_rows[i].body);
		run_stream(p, &s, "process.Process/Connect", &answer);
		assert_int_equal(s.stream.err.code, rpc_rows[i].code);
		assert_string_equal(s.stream.err.text, rpc_rows[i].text);
		assert_int_equal(s.stream.status, rpc_rows[i].status);
	}
	(void)raw_answer(&answer, 200, "Content-Type: text/html\r\n", "<html>");
	run_stream(p, &s, "process.Process/Connect", &answer);
	assert_int_equal(s.stream.err.code, SB_SANDBOX);
}

static void test_what_follows_the_end_does_not_count(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct stream s;

	stream_answer(&answer, good, true);
	answer.len -= strlen("0\r\n\r\n");
	buf_add_str(&answer, "7\r\ngarbage\r\n0\r\n\r\n");
	run_stream(p, &s, "process.Process/Connect", &answer);
	assert_int_equal(s.stream.err.code, SB_OK);
	assert_int_equal(s.stream.messages, 2);
}

static void test_streams_without_an_end_are_cut(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	stream_answer(&answer, good, false);
	for (int way = 0; way < 3; way++) {
		struct stream s = {0};

		raw_provider_expect(p, NULL);
		start_stream(p, &s, "process.Process/Connect", &(struct envd_stream_options){0});
		run_until(p->base, &p->heard);
		raw_send_bytes(p->conn, answer.data, answer.len);
		run_turns(p->base, 10);
		if (way == 0)
			raw_send(p->conn, "0\r\n\r\n"); /* a clean end of the body */
		else if (way == 1)
			raw_close(p->conn);
		else
			raw_reset(p->conn);
		run_until(p->base, &s.done);
		assert_int_equal(s.stream.err.code, SB_UPSTREAM_UNAVAILABLE);
		assert_true(s.stream.is_cut);
		assert_int_equal(s.stream.messages, 3);
		buf_deinit(&s.told);
	}
}

static void test_bad_envelopes_end_the_stream(void **state)
{
	static const char bad[][12] = {"\x01\0\0\0\x02{}", "\0\xff\0\0\0"};
	struct raw_provider *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct stream s = {0};

		raw_provider_expect(p, NULL);
		start_stream(p, &s, "process.Process/Connect", &(struct envd_stream_options){0});
		run_until(p->base, &p->heard);
		raw_send(p->conn,
			 "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\n\r\n");
		raw_send_bytes(p->conn, bad[i], i == 0 ? 7 : 5);
		run_until(p->base, &s.done); /* although the server says no more */
		assert_int_equal(s.stream.err.code, i == 0 ? SB_SANDBOX : SB_TOO_LARGE);
	}
}

static void test_streams_may_be_cancelled_from_inside(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	stream_answer(&answer, good, true);
	for (unsigned at = 1; at <= 2; at++) {
		for (int frees = 0; frees < 2; frees++) {
			struct stream *s = calloc(1, sizeof(*s));

			s->cancel_at = at;
			s->frees = frees;
			raw_provider_expect(p, NULL);
			start_stream(p, s, "process.Process/Connect",
				     &(struct envd_stream_options){0});
			run_until(p->base, &p->heard);
			raw_send_bytes(p->conn, answer.data, answer.len);
			run_turns(p->base, 20);
			if (frees)
				continue;
			assert_false(s->done);
			assert_int_equal(s->stream.messages, at);
			envd_stream_cancel(&s->stream);
			buf_deinit(&s->told);
			free(s);
		}
	}
}

static void test_streams_have_deadlines(void **state)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\n\r\n";
	struct envd_stream_options options = {.start_timeout_ms = 40};
	struct raw_provider *p = *state;

	for (int has_head = 0; has_head < 2; has_head++) {
		struct stream s = {0};

		raw_provider_expect(p, has_head ? head : NULL);
		start_stream(p, &s, "process.Process/Start", &options);
		run_until(p->base, &s.done);
		assert_int_equal(s.stream.err.code, SB_TIMEOUT);
		assert_false(s.stream.is_cut);
	}
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, raw_provider_set_up, raw_provider_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unary_calls_carry_routing_and_credentials),
		TEST(test_the_default_user_is_named_to_old_servers_only),
		TEST(test_unary_refusals_become_kinds),
		TEST(test_unary_calls_that_break),
		TEST(test_streams_ask_as_the_sdk_does),
		TEST(test_streams_split_at_every_byte),
		TEST(test_errors_at_the_end_of_streams),
		TEST(test_streams_that_are_refused),
		TEST(test_what_follows_the_end_does_not_count),
		TEST(test_streams_without_an_end_are_cut),
		TEST(test_bad_envelopes_end_the_stream),
		TEST(test_streams_may_be_cancelled_from_inside),
		TEST(test_streams_have_deadlines),
	};

	return cmocka_run_group_tests_name("envd", tests, NULL, NULL);
}
