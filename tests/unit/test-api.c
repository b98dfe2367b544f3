/* The REST client: what it asks, how it reads answers, and every row of wire §8.2. */
#include "config.h"

#include "daemon/e2b/api.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/raw-provider.h"
#include "tests/unit/unit.h"

#define CREATED                                                                                    \
	"{\"templateID\":\"base\",\"sandboxID\":\"iabc\",\"clientID\":\"c\",\"envdVersion\":\"0."  \
	"6."                                                                                       \
	"13\",\"envdAccessToken\":\"t\",\"domain\":null,\"new\":{\"unknown\":[1]}}"

struct waiter {
	struct api_call call;
	bool done;
};

static void on_done(struct api_call *call)
{
	struct waiter *waiter = container_of(call, struct waiter, call);

	assert_false(waiter->done);
	waiter->done = true;
}

static void finish(struct raw_provider *p, struct waiter *waiter)
{
	assert_false(waiter->done); /* not before the start has returned */
	run_until(p->base, &waiter->done);
}

static struct waiter waiting(void)
{
	return (struct waiter){.call = {.done = on_done}};
}

static void test_create_asks_as_the_sdk_does(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct wire_new_sandbox request = {0};
	struct wire_sandbox sandbox = {0};
	struct waiter w = waiting();
	struct string_pair metadata = {(char *)(uintptr_t) "a", (char *)(uintptr_t) "b c&d"};
	struct string_pair env = {(char *)(uintptr_t) "X", (char *)(uintptr_t) "1"};

	fields_init(&wire_new_sandbox_type, &request);
	request.template_id = (char *)(uintptr_t) "base";
	request.metadata = (struct string_map){&metadata, 1};
	request.env_vars = (struct string_map){&env, 1};
	request.timeout_s = 13;
	request.secure = true;
	raw_provider_expect(p, raw_answer(&answer, 201, "", CREATED));
	api_create(&p->upstream, &w.call, &request, &sandbox);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_OK);
	assert_int_equal(w.call.status, 201);
	assert_string_equal(sandbox.sandbox_id, "iabc");
	assert_string_equal(sandbox.envd_version, "0.6.13");
	assert_string_equal(sandbox.envd_access_token, "t");
	assert_null(sandbox.domain);
	assert_said(p, "POST /sandboxes HTTP/1.1\r\nHost: api.test\r\n");
	assert_said(p, "X-API-KEY: e2b_00ff\r\n");
	assert_said(p, "Content-Type: application/json\r\n");
	/* wire §1.5: the example; the order of members is the table's */
	assert_string_equal(
		p->body.data,
		"{\"templateID\":\"base\",\"timeout\":13,\"metadata\":{\"a\":\"b c&d\"},"
		"\"envVars\":{\"X\":\"1\"},\"secure\":true,\"allow_internet_access\":true}");
	fields_free(&wire_sandbox_type, &sandbox);
}

static void test_each_call_has_its_route(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct wire_sandbox sandbox = {0};
	struct wire_sandbox_info info = {0};
	struct waiter w = waiting();

	raw_provider_expect(p, raw_answer(&answer, 201, "", CREATED));
	api_connect(&p->upstream, &w.call, "i/1", 0, &sandbox);
	finish(p, &w);
	assert_said(p, "POST /sandboxes/i%2F1/connect ");
	assert_string_equal(p->body.data, "{\"timeout\":0}");
	assert_int_equal(w.call.status, 201);
	fields_free(&wire_sandbox_type, &sandbox);

	w = waiting();
	raw_provider_expect(p,
			    raw_answer(&answer, 200, "",
				       "{\"sandboxID\":\"i1\",\"state\":\"paused\",\"cpuCount\":2,"
				       "\"metadata\":{\"k\":\"v\"}}"));
	api_get(&p->upstream, &w.call, "i1", &info);
	finish(p, &w);
	assert_said(p, "GET /sandboxes/i1 ");
	assert_string_equal(info.state, "paused");
	assert_int_equal(info.cpu_count, 2);
	assert_true(info.allow_internet_access); /* absent */
	assert_string_equal(string_map_get(&info.metadata, "k"), "v");
	fields_free(&wire_sandbox_info_type, &info);

	w = waiting();
	raw_provider_expect(p, "HTTP/1.1 204 X\r\n\r\n");
	api_kill(&p->upstream, &w.call, "i1");
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_OK);
	assert_said(p, "DELETE /sandboxes/i1 ");
	assert_not_said(p, "Content-");

	w = waiting();
	raw_provider_expect(p, "HTTP/1.1 204 X\r\n\r\n");
	api_set_timeout(&p->upstream, &w.call, "i1", 77);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_OK);
	assert_said(p, "POST /sandboxes/i1/timeout ");
	assert_string_equal(p->body.data, "{\"timeout\":77}");
}

static void test_metrics(void **state)
{
	static const char sample[] =
		"[{\"timestamp\":\"2025-01-31T12:00:00Z\",\"timestampUnix\":1738324800,"
		"\"cpuCount\":2,\"cpuUsedPct\":12.5,\"memUsed\":1,\"memTotal\":2,\"memCache\":3,"
		"\"diskUsed\":4,\"diskTotal\":5}]";
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0}, wrong CLEANUP_BUF = {0};
	struct list_value list = {0};
	const struct wire_sandbox_metric *metric;
	struct waiter w = waiting();

	raw_provider_expect(p, raw_answer(&answer, 200, "", sample));
	api_metrics(&p->upstream, &w.call, "i1", 7, 9, &list);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_OK);
	assert_said(p, "GET /sandboxes/i1/metrics?start=7&end=9 ");
	assert_int_equal(list.count, 1);
	metric = list.items;
	assert_string_equal(metric->timestamp, "2025-01-31T12:00:00Z");
	assert_true(metric->cpu_used_pct > 12.4 && metric->cpu_used_pct < 12.6);
	assert_int_equal(metric->disk_total, 5);
	assert_int_equal(metric->processes, 0);
	fields_free_list(&wire_sandbox_metric_type, &list);

	w = waiting();
	raw_provider_expect(p, raw_answer(&wrong, 200, "", "{}"));
	api_metrics(&p->upstream, &w.call, "i1", 0, 0, &list);
	finish(p, &w);
	assert_said(p, "GET /sandboxes/i1/metrics ");
	assert_int_equal(w.call.err.code, SB_SANDBOX);
}

/* They go into URLs: what would lead elsewhere is not taken from a provider. */
static void test_ids_and_domains_are_names(void **state)
{
	static const char *const bodies[] = {
		"{\"templateID\":\"t\",\"clientID\":\"\",\"sandboxID\":\"\"}",
		"{\"templateID\":\"t\",\"clientID\":\"\",\"sandboxID\":\"../../x\"}",
		"{\"templateID\":\"t\",\"clientID\":\"\",\"sandboxID\":\"a@127.0.0.1:1/\"}",
		"{\"templateID\":\"t\",\"clientID\":\"\",\"sandboxID\":\"a\\r\\nX: y\"}",
		"{\"templateID\":\"t\",\"clientID\":\"\",\"sandboxID\":\"i1\",\"domain\":\"a/b\"}",
	};
	struct raw_provider *p = *state;
	struct wire_sandbox sandbox = {0};
	struct api_page page = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct buf answer CLEANUP_BUF = {0}, list CLEANUP_BUF = {0},
				  other CLEANUP_BUF = {0};
		struct waiter w = waiting();

		raw_provider_expect(p, raw_answer(&answer, 201, "", bodies[i]));
		api_connect(&p->upstream, &w.call, "i1", 0, &sandbox);
		finish(p, &w);
		assert_int_equal(w.call.err.code, SB_SANDBOX);
		assert_null(sandbox.sandbox_id);

		w = waiting();
		buf_printf(&list, "[%s]", bodies[i]);
		raw_provider_expect(p, raw_answer(&other, 200, "", list.data));
		api_list(&p->upstream, &w.call, &(struct api_filter){0}, &page);
		finish(p, &w);
		assert_int_equal(w.call.err.code, SB_SANDBOX);
		assert_null(page.sandboxes.items);
	}
}

static void test_lists_have_filters_and_pages(void **state)
{
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};
	struct string_pair pair = {(char *)(uintptr_t) "k 1", (char *)(uintptr_t) "v&=é"};
	struct string_map metadata = {&pair, 1};
	struct api_filter filter = {
		.metadata = &metadata, .state = "running", .next_token = "a=/", .limit = 7};
	struct api_page page = {0};
	struct waiter w = waiting();

	raw_provider_expect(p, raw_answer(&answer, 200, "x-next-token: more\r\n",
					  "[{\"sandboxID\":\"i1\"},{\"sandboxID\":\"i2\"}]"));
	api_list(&p->upstream, &w.call, &filter, &page);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_OK);
	assert_int_equal(page.sandboxes.count, 2);
	assert_string_equal(((struct wire_sandbox_info *)page.sandboxes.items)[1].sandbox_id, "i2");
	assert_string_equal(page.next_token, "more");
	/* wire §1.6, observed */
	assert_said(p, "GET /v2/sandboxes?metadata=k%2525201%3Dv%252526%25253D%2525C3%2525A9&"
		       "state=running&limit=7&nextToken=a%3D%2F ");
	api_page_free(&page);

	w = waiting();
	raw_provider_expect(p, raw_answer(&answer, 200, "X-Next-Token:\r\n", "[]"));
	api_list(&p->upstream, &w.call, &(struct api_filter){0}, &page);
	finish(p, &w);
	assert_said(p, "GET /v2/sandboxes HTTP");
	assert_int_equal(page.sandboxes.count, 0);
	assert_null(page.next_token);
	api_page_free(&page);
}

enum which { CREATE, CONNECT, GET, LIST, KILL, TIMEOUT, WHICH_COUNT };

static void ask(struct raw_provider *p, struct waiter *w, enum which which, void *result)
{
	struct wire_new_sandbox request = {.template_id = (char *)(uintptr_t) "t"};

	switch (which) {
	case CREATE:
		api_create(&p->upstream, &w->call, &request, result);
		break;
	case CONNECT:
		api_connect(&p->upstream, &w->call, "i1", 1, result);
		break;
	case GET:
		api_get(&p->upstream, &w->call, "i1", result);
		break;
	case LIST:
		api_list(&p->upstream, &w->call, &(struct api_filter){0}, result);
		break;
	case KILL:
		api_kill(&p->upstream, &w->call, "i1");
		break;
	case TIMEOUT:
		api_set_timeout(&p->upstream, &w->call, "i1", 1);
		break;
	case WHICH_COUNT:
		abort();
	}
}

union results {
	struct wire_sandbox sandbox;
	struct wire_sandbox_info info;
	struct api_page page;
};

#define OF_CALL (-1) /* what a 404 means depends on the call */

static void test_refusals_become_kinds(void **state)
{
	static const struct {
		int status;
		const char *body;
		int code;
		const char *text;
	} rows[] = {
		{400, "{\"code\":400,\"message\":\"no\"}", SB_SANDBOX, "400: no"},
		{401, "{\"code\":401,\"message\":\"key\"}", SB_AUTHENTICATION, "key"},
		{403, "{\"code\":403,\"message\":\"banned\"}", SB_SANDBOX, "403: banned"},
		{404, "{\"code\":404,\"message\":\"gone\"}", OF_CALL, "gone"},
		{404, "<html>nothing here</html>", SB_SANDBOX, "404: Not Found"},
		{404, "", SB_SANDBOX, "404: Not Found"},
		{409, "{\"code\":409,\"message\":\"paused\"}", SB_CONFLICT, "paused"},
		{429, "{\"code\":429,\"message\":\"slowly\"}", SB_RATE_LIMIT, "slowly"},
		{429, "", SB_RATE_LIMIT, "Too Many Requests"},
		{500, "{\"code\":500,\"message\":\"oops\",\"error_code\":\"x\"}", SB_SANDBOX,
		 "500: oops"},
		{500, "plain words\nmore", SB_SANDBOX, "500: plain words"},
		{500, "{\"code\":500,\"mess", SB_SANDBOX, "500: Internal Server Error"},
		{500, "{\"message\":7}", SB_SANDBOX, "500: Internal Server Error"},
		{503, "{\"code\":503,\"message\":\"full\"}", SB_SANDBOX, "503: full"},
		{502, "<html><h1>Bad Gateway</h1></html>", SB_UPSTREAM_UNAVAILABLE, "Bad Gateway"},
		{503, "", SB_UPSTREAM_UNAVAILABLE, "Service Unavailable"},
		{504, "upstream request timeout", SB_UPSTREAM_UNAVAILABLE,
		 "upstream request timeout"},
		{302, "", SB_SANDBOX, "302: no reason given"},
	};
	static const enum sb_code missing[WHICH_COUNT] = {
		[CREATE] = SB_TEMPLATE,        [CONNECT] = SB_SANDBOX_NOT_FOUND,
		[GET] = SB_SANDBOX_NOT_FOUND,  [LIST] = SB_SANDBOX,
		[KILL] = SB_SANDBOX_NOT_FOUND, [TIMEOUT] = SB_SANDBOX_NOT_FOUND,
	};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int which = 0; which < WHICH_COUNT; which++) {
			int code = rows[i].code == OF_CALL ? (int)missing[which] : rows[i].code;
			union results result = {0};
			struct waiter w = waiting();

			raw_provider_expect(p,
					    raw_answer(&answer, rows[i].status, "", rows[i].body));
			ask(p, &w, (enum which)which, &result);
			finish(p, &w);
			assert_int_equal(w.call.err.code, code);
			assert_int_equal(w.call.err.http_status, rows[i].status);
			assert_int_equal(w.call.status, rows[i].status);
			assert_false(w.call.sent_nothing);
			if (rows[i].code != OF_CALL)
				assert_string_equal(w.call.err.text, rows[i].text);
		}
	}
}

static void test_answers_that_are_not_understood(void **state)
{
	static const char *const bodies[] = {"",
					     "<html>",
					     "{\"sandboxID\":\"i\"",
					     "null",
					     "{\"sandboxID\":7}",
					     "{}",
					     "{\"sandboxID\":\"i\"}x"};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		for (int which = CREATE; which <= LIST; which++) {
			union results result = {0};
			struct waiter w = waiting();

			raw_provider_expect(p, raw_answer(&answer, 200, "", bodies[i]));
			ask(p, &w, (enum which)which, &result);
			finish(p, &w);
			assert_int_equal(w.call.err.code, SB_SANDBOX);
			assert_int_equal(w.call.err.http_status, 200);
			assert_non_null(strstr(w.call.err.text, "not understood"));
		}
	}
}

static void test_retry_after_is_told(void **state)
{
	static const struct {
		const char *header;
		int64_t low, high;
	} rows[] = {
		{"", 0, 0},
		{"Retry-After: 3\r\n", 3000, 3000},
		{"Retry-After: -3\r\n", 0, 0},
		{"Retry-After: soon\r\n", 0, 0},
		{"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0, 0},
		{"Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", 1000000, INT64_MAX},
	};
	struct raw_provider *p = *state;
	struct buf answer CLEANUP_BUF = {0};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct waiter w = waiting();

		raw_provider_expect(p, raw_answer(&answer, 429, rows[i].header, ""));
		api_kill(&p->upstream, &w.call, "i1");
		finish(p, &w);
		assert_true(w.call.retry_after_ms >= rows[i].low);
		assert_true(w.call.retry_after_ms <= rows[i].high);
	}
}

static void test_failures_of_the_way_there(void **state)
{
	struct raw_provider *p = *state;
	struct upstream nowhere = p->upstream;
	struct wire_sandbox_info info = {0};
	struct waiter w = waiting();

	nowhere.api_unix = "/nowhere/s";
	api_get(&nowhere, &w.call, "i1", &info);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_true(w.call.sent_nothing);

	w = waiting();
	w.call.timeout_ms = 30;
	raw_provider_expect(p, NULL);
	api_get(&p->upstream, &w.call, "i1", &info);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_TIMEOUT);
	assert_null(strstr(w.call.err.text, "e2b_00ff"));

	w = waiting();
	raw_provider_expect(p, "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"sandboxID\":");
	api_get(&p->upstream, &w.call, "i1", &info);
	run_until(p->base, &p->heard);
	run_turns(p->base, 10);
	raw_reset(p->conn);
	finish(p, &w);
	assert_int_equal(w.call.err.code, SB_UPSTREAM_UNAVAILABLE);
	assert_false(w.call.sent_nothing);
}

static void test_cancelled_calls_stay_silent(void **state)
{
	struct raw_provider *p = *state;
	struct wire_sandbox_info info = {0};
	struct waiter w = waiting();

	api_cancel(&w.call);
	api_get(&p->upstream, &w.call, "i1", &info);
	run_until(p->base, &p->heard);
	api_cancel(&w.call);
	run_turns(p->base, 10);
	assert_false(w.done);
}

static void assert_sandbox_url(const char *url, const char *domain, const char *of_sandbox,
			       const char *expected)
{
	struct upstream upstream = {.sandbox_url = url, .domain = domain};
	struct buf out CLEANUP_BUF = {0};

	upstream_sandbox_url(&upstream, of_sandbox, "i1", &out);
	assert_string_equal(out.data, expected);
}

static void test_urls_of_sandboxes(void **state)
{
	struct upstream upstream = {.sandbox_url = "http://x", .domain = "e2b.app"};
	struct buf host CLEANUP_BUF = {0};

	(void)state;
	assert_sandbox_url("http://localhost:9", "e2b.app", "mine.org", "http://localhost:9");
	assert_sandbox_url(NULL, "e2b.app", NULL, "https://sandbox.e2b.app");
	assert_sandbox_url(NULL, "e2b.app", "", "https://sandbox.e2b.app");
	assert_sandbox_url(NULL, "x.org", "e2b.dev", "https://sandbox.e2b.dev");
	assert_sandbox_url(NULL, "e2b.pro", NULL, "https://sandbox.e2b.pro");
	assert_sandbox_url(NULL, "e2b-staging.dev", NULL, "https://sandbox.e2b-staging.dev");
	assert_sandbox_url(NULL, "e2b.app", "mine.org", "https://49983-i1.mine.org");
	upstream_host(&upstream, NULL, "i1", 3000, &host);
	assert_string_equal(host.data, "3000-i1.e2b.app");
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, raw_provider_set_up, raw_provider_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create_asks_as_the_sdk_does), TEST(test_each_call_has_its_route),
		TEST(test_create_asks_as_the_sdk_does), TEST(test_metrics),
		TEST(test_ids_and_domains_are_names),   TEST(test_lists_have_filters_and_pages),
		TEST(test_refusals_become_kinds),       TEST(test_answers_that_are_not_understood),
		TEST(test_retry_after_is_told),         TEST(test_failures_of_the_way_there),
		TEST(test_cancelled_calls_stay_silent), cmocka_unit_test(test_urls_of_sandboxes),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
