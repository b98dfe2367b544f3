/* One request inside http.c and http-request.c; nobody else includes this. */
#ifndef SP_HTTP_SLOT_H
#define SP_HTTP_SLOT_H

#include <curl/curl.h>

#include "daemon/base/http.h"
#include "daemon/base/list.h"
#include "protocol/buf.h"

struct event;

enum slot_state { SLOT_QUEUED, SLOT_RUNNING, SLOT_ENDED, SLOT_DEAD, SLOT_STATE_COUNT };

struct http_slot {
	struct http *http;
	struct http_req *req; /* borrowed; NULL once cancelled or done */
	enum slot_state state;
	struct list link;   /* http.slots[state] */
	struct list waking; /* http.waking: to be resumed or failed by the drain */
	CURL *easy;
	struct event *limit; /* of the wait for the head, or http_set_limit()'s; NULL: never set */
	struct curl_slist *headers;
	struct buf body; /* the reply's, when nobody takes it as it comes */
	struct sb_error err;
	char where[128]; /* host or socket, for messages */
	char why[CURL_ERROR_SIZE];

	int64_t started_ms;
	int64_t timeout_ms;
	int64_t limit_ms;
	int64_t upload_left; /* -1: no length was told */
	bool may_resend;
	unsigned tries; /* how often a connection was ready to carry it */

	int status; /* 0 until the head is there */
	size_t head_bytes;
	int paused; /* CURLPAUSE_* */
	int resume; /* CURLPAUSE_* to be taken back by the drain */
	bool was_reused;
};

struct http {
	struct event_base *base;
	struct event *drain;
	struct event *timer;
	CURLM *multi;
	char *proxy;
	char *no_proxy;
	char *ca_file;
	char *user_agent;
	unsigned idle_max;
	int (*open_socket)(void *arg, int family, int type, int protocol);
	void *open_arg;
	struct list slots[SLOT_STATE_COUNT];
	unsigned counts[SLOT_STATE_COUNT]; /* lengths of slots[] */
	struct list waking;                /* http_slot.waking */
	bool is_busy;                      /* inside one of our event callbacks */
	uint64_t requests;
	uint64_t reused;
	uint64_t connections;
};

/* Fill the handle and the slot from `spec`; -1 with slot->err filled. */
int slot_prepare(struct http_slot *slot, const struct http_spec *spec) MUST_USE;

/* Turn libcurl's result into slot->err. */
void slot_fail_curl(struct http_slot *slot, CURLcode code);

/* Have the drain look at a running slot. */
void slot_wake(struct http_slot *slot);

/* End the request with SB_TIMEOUT unless that is moved within `ms`; -1 when out of memory. */
int slot_limit(struct http_slot *slot, int64_t ms) MUST_USE;

#endif
