/*
 * HTTP asked for: libcurl's multi interface on a libevent loop, the only files that name curl. Used by
 * the daemon towards providers and by the engine towards its agents.
 *
 * A request is embedded in the object that waits for it; the object comes back with container_of. Rules:
 * no callback runs before http_start() returns, nor inside http_cancel(); after http_cancel() or done() no
 * further callback comes. Both may be called from inside any callback of any request; the object may be
 * freed there once its request is cancelled or done.
 *
 * Redirects are not followed, "Expect" is not sent, the environment's proxies are not read. Sockets are
 * close-on-exec; libcurl's own wake-up pipes are not, so whoever execs closes what it does not mean to pass.
 * Programs ignore SIGPIPE.
 */
#ifndef SP_HTTP_H
#define SP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/error.h"

struct event_base;
struct http;
struct http_slot;

/* How a pool reaches its host. Strings are copied by http_new(). */
struct http_options {
	const char *proxy;      /* URL, or NULL: none (the environment is not read) */
	const char *no_proxy;   /* comma-separated hosts, or NULL */
	const char *ca_file;    /* PEM, or NULL for the system's */
	const char *user_agent; /* or NULL: "sandpool/<version>" */
	unsigned idle_max;      /* idle connections kept; 0 means 64 */
	/* Opens the pool's network sockets as socket(2) does, when they must be in another network; or NULL. */
	int (*open_socket)(void *arg, int family, int type, int protocol);
	void *open_arg;
};

struct http_spec {
	const char *method; /* "GET", "POST", … */
	const char *url;
	const char *unix_path; /* connect to this Unix socket instead of the URL's host; or NULL */
	const char *const *headers; /* "Name: value" lines, ends with NULL; or NULL */
	const void *body;           /* copied; NULL when none, or when on_upload feeds it */
	size_t body_len;
	int64_t upload_len;      /* with on_upload: its length, or -1 for chunked */
	int connect_timeout_ms;  /* 0 means 10 s */
	int64_t timeout_ms;      /* for all of it; 0 means none */
	int64_t head_timeout_ms; /* until the response head is there; 0 means none */
	size_t reply_max;        /* without on_data: most body bytes gathered; 0 means 4 MiB */
	bool http1;              /* HTTP/1.1 on a connection of its own: bulk bodies (design §5) */
	/*
	 * Harmless to ask twice: when a pooled connection dies before the response begins, the request
	 * is sent again on a fresh one. GET and HEAD always are; a body from on_upload never is.
	 */
	bool may_resend;
};

struct http_reply {
	int status;       /* 0 when no response head came */
	const char *body; /* gathered body, NUL-terminated; NULL with on_data */
	size_t body_len;
	const struct sb_error *err; /* code SB_OK when a whole response came, whatever its status */
	/*
	 * Failed, and provably no byte of the request reached the host: no connection was ever ready
	 * for it. A pooled connection that died under the request is no such proof.
	 */
	bool sent_nothing;
	bool was_reused; /* a pooled connection served it */
};

struct http_req { /* embed me; zero means idle */
	/* The response head is there (after 1xx); http_header() works from here on. May be NULL. */
	void (*on_head)(struct http_req *req, int status);
	/*
	 * Body bytes. Returns false to pause: the same bytes come again after http_resume(). NULL: the
	 * body is gathered for done().
	 */
	bool (*on_data)(struct http_req *req, const char *data, size_t len);
	/*
	 * Request body wanted: writes up to `size` bytes to `data` and returns how many; 0 ends the
	 * body; HTTP_UPLOAD_WAIT pauses until http_resume_upload(); HTTP_UPLOAD_ABORT gives up, and
	 * done() tells SB_CANCELLED. Never asked for more than upload_len bytes.
	 */
	ssize_t (*on_upload)(struct http_req *req, char *data, size_t size);
	/* The end, good or bad. `reply` is valid during the call. */
	void (*done)(struct http_req *req, const struct http_reply *reply);
	struct http_slot *slot; /* private to http.c; not NULL while in flight */
	struct http_slot *head; /* private to http.c; where http_header() reads */
};

#define HTTP_UPLOAD_WAIT  (-1)
#define HTTP_UPLOAD_ABORT (-2)

struct http_stats {
	unsigned in_flight;
	unsigned queued; /* of these, without a connection */
	uint64_t requests;
	uint64_t reused; /* of requests, those on a pooled connection */
	uint64_t connections;
};

/* Once per process before any other call; refuses a libcurl without asynchronous name lookup. */
int http_global_init(struct sb_error *err) MUST_USE;

struct http *http_new(struct event_base *base, const struct http_options *options,
		      struct sb_error *err) MUST_USE;
/* Cancels what is in flight (no callback). Not from inside a callback. NULL is fine. */
struct http *http_free(struct http *http);

/* Begin; failure to begin comes through done(). `spec` is only read during the call, `req` is not in flight. */
void http_start(struct http *http, struct http_req *req, const struct http_spec *spec);
void http_cancel(struct http_req *req); /* safe when idle, in flight, or queued for delivery */
/* Take up what paused, soon and not from inside the call; harmless when nothing is paused. */
void http_resume(struct http_req *req);
void http_resume_upload(struct http_req *req);

/*
 * From on_head or on_data on: unless this is called again within `ms`, the request ends with SB_TIMEOUT.
 * For streams, which have no deadline as a whole but must not fall silent.
 */
void http_set_limit(struct http_req *req, int64_t ms);

/* A response header's value by name in any case, or NULL; from on_head to done. */
const char *http_header(const struct http_req *req, const char *name);
/* Calls `each` for every header of the final response, in order. */
void http_headers(const struct http_req *req,
		  void (*each)(void *arg, const char *name, const char *value), void *arg);

void http_get_stats(const struct http *http, struct http_stats *ret);

#endif
