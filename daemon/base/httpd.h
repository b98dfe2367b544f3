/*
 * HTTP served: libmicrohttpd on a libevent loop, the only files that name it. Used by the agent, the
 * engine's two sockets and the gateway.
 *
 * Life of one exchange: on_request() of the service sees the head and must, before it returns, either
 * reply, or call httpd_handle() with a handler embedded in its own object. A handler then gets the body
 * in pieces, the end of the body, and exactly one on_close(), after which the request is gone. A reply
 * may be made in any of these calls or at any later time; after it no more body is delivered. Paths and
 * queries are raw: nothing is unescaped.
 *
 * All memory is bounded: a body piece not taken holds the peer back; a stream tells how much it buffers.
 * A peer that leaves, even while its response waits for data, is noticed at once (on_close).
 */
#ifndef SP_HTTPD_H
#define SP_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"

struct event_base;
struct httpd;
struct httpd_request;

struct httpd_header {
	const char *name; /* NULL ends a list */
	const char *value;
};

enum httpd_close {
	HTTPD_CLOSE_DONE, /* the whole reply was handed to the kernel */
	HTTPD_CLOSE_GONE, /* the peer left, broke the protocol, or httpd_abort() was called */
};

/* What to do with one request; embed it in the object that does it. Callbacks may be NULL. */
struct httpd_handler {
	/* Takes up to `len` bytes of the body and returns how many; less than `len` pauses the body. */
	size_t (*on_body)(struct httpd_handler *handler, const char *data, size_t len);
	void (*on_body_end)(struct httpd_handler *handler);
	/* A stream's buffer fell to HTTPD_STREAM_LOW or less after being above it. */
	void (*on_drain)(struct httpd_handler *handler);
	/* The last call. Whoever embeds the handler may free itself here. */
	void (*on_close)(struct httpd_handler *handler, enum httpd_close why);
};

struct httpd_service {
	void (*on_request)(struct httpd_service *service, struct httpd_request *request);
};

struct httpd_options {
	unsigned connections_max; /* further ones wait in the backlog; 0 means 4096 */
	unsigned idle_timeout_s;  /* of a connection between and inside requests; 0 means 640 */
};

#define HTTPD_STREAM_LOW  (64u << 10)
#define HTTPD_STREAM_HIGH (256u << 10) /* a polite writer stops above this until on_drain */
#define HTTPD_BODY_MAX    (4u << 20)   /* most that httpd_collect() gathers */

/*
 * Serve on `listen_fd` (taken, non-blocking stream socket: Unix or TCP). `service` is borrowed. Makes the
 * process ignore SIGPIPE. httpd_free() must not be called from a callback.
 */
struct httpd *httpd_new(struct event_base *base, int listen_fd, struct httpd_service *service,
			const struct httpd_options *options, struct sb_error *err) MUST_USE;

/* Ends every exchange abruptly (on_close is called) and closes the socket. NULL is fine. */
struct httpd *httpd_free(struct httpd *httpd);

/* Requests in progress; a connection that is only kept for the next one counts for nothing. */
unsigned httpd_request_count(const struct httpd *httpd);

const char *httpd_method(const struct httpd_request *request);
const char *httpd_path(const struct httpd_request *request);  /* "/files", still percent-encoded */
const char *httpd_query(const struct httpd_request *request); /* after the '?', "" when none */
/* The first header of that name in any case, or NULL. Valid until on_close. */
const char *httpd_header(const struct httpd_request *request, const char *name);
/* Calls `each` for every header in order. */
void httpd_headers(const struct httpd_request *request,
		   void (*each)(void *arg, const char *name, const char *value), void *arg);
/* Content-Length, or -1 when the body is chunked. 0 when there is no body. */
int64_t httpd_content_length(const struct httpd_request *request);

/* From on_request(): this handler serves it. */
void httpd_handle(struct httpd_request *request, struct httpd_handler *handler);

/*
 * From on_request(), instead of httpd_handle(), for small bodies: gathers the whole body, at most
 * `max` ≤ HTTPD_BODY_MAX bytes (else answers 413 itself), and then calls `done` once. The reply may
 * come later, from anywhere; `done` must then have called httpd_handle() to learn of on_close. When
 * the peer leaves before the end of the body `done` is never called: `arg` is borrowed.
 */
void httpd_collect(struct httpd_request *request, size_t max,
		   void (*done)(void *arg, struct httpd_request *request, const char *body,
				size_t len),
		   void *arg);

/* Add `headers` to whatever reply will be made; borrowed until then. */
void httpd_add_headers(struct httpd_request *request, const struct httpd_header *headers);

/* Take up a body that on_body paused. */
void httpd_resume_body(struct httpd_request *request);

/*
 * Reply in one piece; `body` and `headers` are copied. A reply before the end of the body is allowed,
 * and sent when the rest of the body was read and dropped. Made in on_request() it is sent at once, and the
 * connection closed, when Content-Length says more than 1 MiB.
 */
void httpd_reply(struct httpd_request *request, unsigned status, const struct httpd_header *headers,
		 const void *body, size_t len);

/*
 * Reply with `length` bytes of file `fd` (taken) from `offset`. Should it turn out to be shorter, the connection is
 * cut when its bytes are sent.
 */
void httpd_reply_fd(struct httpd_request *request, unsigned status,
		    const struct httpd_header *headers, int fd, uint64_t offset, uint64_t length);

/* Begin a streamed reply: chunked when `length` is -1. */
void httpd_stream_start(struct httpd_request *request, unsigned status,
			const struct httpd_header *headers, int64_t length);

/* Queue a copy of `data`, sent as soon as the peer takes it. Returns the bytes now queued. */
size_t httpd_stream_write(struct httpd_request *request, const void *data, size_t len);
void httpd_stream_end(struct httpd_request *request);

/* Cut the connection without a proper end (wire §2.4); on_close(GONE) follows, not from inside this call. */
void httpd_abort(struct httpd_request *request);

/* Reply with the standard error body {"code":status,"message":…} (wire §1.3, §6). */
void httpd_reply_error(struct httpd_request *request, unsigned status, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

#endif
