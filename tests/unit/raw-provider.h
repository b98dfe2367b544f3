/* A scripted provider: a raw server and an upstream that points to it, in one loop. */
#ifndef SP_TESTS_RAW_PROVIDER_H
#define SP_TESTS_RAW_PROVIDER_H

#include "daemon/base/http.h"
#include "daemon/e2b/upstream.h"
#include "tests/unit/raw-server.h"

struct raw_provider {
	struct event_base *base;
	struct http *http;
	struct raw_server server;
	struct upstream upstream; /* "http://api.test" and "http://localhost" at the Unix socket */
	struct raw_conn *conn;    /* of the last request */
	bool heard;
	struct buf head; /* of the last request */
	struct buf body;
	const char *answer; /* bytes to answer each request with; NULL: the test does it */
};

/* For cmocka: *state becomes a struct raw_provider. */
int raw_provider_set_up(void **state);
int raw_provider_tear_down(void **state);

/* Forget the last request, and what comes next is answered so. */
void raw_provider_expect(struct raw_provider *provider, const char *answer);

/* Builds in `out` an answer with a Content-Length; `headers` are whole lines. Returns its text. */
const char *raw_answer(struct buf *out, int status, const char *headers, const char *body);

void assert_said(const struct raw_provider *provider, const char *part); /* in the head */
void assert_not_said(const struct raw_provider *provider, const char *part);

#endif
