/* Requests cancelled in every state, from every callback, in great numbers. */
#include "config.h"

#include "daemon/base/http.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/http-call.h"
#include "tests/unit/unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cancel_in_each_state_is_silent),
		TEST(test_cancel_in_each_callback),
		TEST(test_done_may_cancel_others_and_start_again),
		TEST(test_cancel_and_start_inside_a_callback),
		TEST(test_hundreds_of_cancels_in_flight),
		TEST(test_freeing_the_pool_cancels),
	};

	return cmocka_run_group_tests_name("http-cancel", tests, NULL, NULL);
}
