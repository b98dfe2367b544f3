/* What the tests of http.c share: a pool, a scripted server, and a request that notes what happens to it. */
#ifndef SP_TESTS_HTTP_CALL_H
#define SP_TESTS_HTTP_CALL_H

#include <event2/event.h>

#include "daemon/base/http.h"
#include "daemon/base/list.h"
#include "protocol/buf.h"
#include "tests/unit/raw-server.h"

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

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSeen: yes\r\n\r\nhi"

/* For cmocka: *state becomes a struct fixture, whose server answers `answer` to each request. */
int set_up(void **state);
int tear_down(void **state);
void hear(struct raw_conn *conn, const char *head, const char *body, size_t len);

/* The callbacks that the flags of struct call steer; on_head and done are set by call_init(). */
bool on_data(struct http_req *req, const char *data, size_t len);
ssize_t on_upload(struct http_req *req, char *data, size_t size);

void call_init(struct call *call, struct fixture *f);
/* GET http://one.sandbox/x at the Unix socket, unless `spec` says otherwise. */
void start(struct call *call, struct http_spec spec);
void finish(struct call *call);
void assert_body(const struct call *call, const char *text);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
