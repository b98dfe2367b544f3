/*
 * The control plane's REST API (wire §1), asked. One struct per call, embedded in the object that waits;
 * one function per method.
 *
 *	c->api.done = on_created;
 *	api_create(upstream, &c->api, &request, &c->sandbox);
 *
 * done() comes once, never from inside the function that starts the call, and not after api_cancel().
 * By then `err` says how it went, and on success the caller's result holds the decoded answer, his to
 * free by fields_free(). Requests are encoded before the function returns; results are borrowed until done().
 *
 * Errors (wire §8.2): 401 SB_AUTHENTICATION, 404 SB_SANDBOX_NOT_FOUND (SB_TEMPLATE for create), 409
 * SB_CONFLICT, 429 SB_RATE_LIMIT, other statuses SB_SANDBOX with "<status>: <message>". A 502, 503 or 504
 * that the API did not write itself (no error body) and broken connections are SB_UPSTREAM_UNAVAILABLE;
 * deadlines SB_TIMEOUT. err.http_status is the provider's status.
 */
#ifndef SP_API_H
#define SP_API_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/http.h"
#include "daemon/e2b/upstream.h"
#include "daemon/e2b/wire.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct api_call {                            /* embed me; zero means idle */
	void (*done)(struct api_call *call); /* set before the start, with timeout_ms */
	int64_t timeout_ms;                  /* for the whole call; 0 means 60 s */
	/* the outcome */
	struct sb_error err;
	int status;             /* 0 when no answer came */
	int64_t retry_after_ms; /* what Retry-After asked for; 0 when it did not */
	bool sent_nothing;      /* failed, and the provider provably saw nothing of it */
	/* private */
	struct http_req req;
	const struct fields *type; /* of the answer; NULL when it has none */
	void *result;
	enum sb_code missing; /* what a 404 means */
	bool is_list;
};

/* POST /sandboxes. Not repeated by itself; see sent_nothing. */
void api_create(const struct upstream *upstream, struct api_call *call,
		const struct wire_new_sandbox *request, struct wire_sandbox *result);

/*
 * POST /sandboxes/{id}/connect: resumes a paused sandbox; never shortens a running one's time, and a
 * `timeout_s` of 0 leaves it as it is. call->status 201 says that it was resumed.
 */
void api_connect(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		 int64_t timeout_s, struct wire_sandbox *result);

/* GET /sandboxes/{id} */
void api_get(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
	     struct wire_sandbox_info *result);

/* DELETE /sandboxes/{id}; SB_SANDBOX_NOT_FOUND when there was none. */
void api_kill(const struct upstream *upstream, struct api_call *call, const char *sandbox_id);

/* POST /sandboxes/{id}/timeout: the end is that far from now, nearer or farther than before. */
void api_set_timeout(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		     int64_t timeout_s);

/* PUT /sandboxes/{id}/network: in place of all it was told of the way out before. */
void api_set_network(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		     const struct wire_network_update *network);

/* GET /v2/sandboxes */
struct api_filter {
	const struct string_map *metadata; /* all of these; or NULL */
	const char *state;                 /* "running", "paused", "running,paused"; NULL: both */
	const char *next_token;            /* from the page before; NULL: the first */
	int64_t limit;                     /* 1 to 100; 0: the provider's own */
};

struct api_page {
	struct list_value sandboxes; /* of struct wire_sandbox_info */
	char *next_token;            /* NULL: this is the last page */
};

void api_list(const struct upstream *upstream, struct api_call *call,
	      const struct api_filter *filter, struct api_page *result);
void api_page_free(struct api_page *page); /* what it owns */

/*
 * GET /sandboxes/{id}/metrics: its samples between two times in seconds since the epoch (0: no bound), the
 * oldest first, as a list of struct wire_sandbox_metric. A sandbox that is not known has none.
 */
void api_metrics(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		 int64_t start_s, int64_t end_s, struct list_value *result);

/* GET /sandpool/engine, which only our own engine has. */
void api_about(const struct upstream *upstream, struct api_call *call, struct engine_about *result);

void api_cancel(struct api_call *call); /* safe when idle */

#endif
