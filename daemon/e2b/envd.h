/*
 * envd's Connect RPC and its /health (wire §3 to §6), asked: unary calls, server streams, the probe.
 * Each is a struct embedded in the object that waits. Its last callback (done, on_end) comes once, never
 * from inside the function that starts it, and not after its cancel function; the object may be freed
 * or started again there.
 *
 * Errors (wire §8.3) by Connect code: invalid_argument SB_INVALID_ARGUMENT, unauthenticated
 * SB_AUTHENTICATION, not_found SB_NOT_FOUND (SB_FILE_NOT_FOUND for filesystem calls), already_exists and
 * the proxy's 409 SB_CONFLICT, resource_exhausted SB_RATE_LIMIT, unimplemented SB_UNSUPPORTED; unavailable,
 * canceled and deadline_exceeded SB_TIMEOUT; the others SB_SANDBOX with "<code>: <message>". Answers without
 * a Connect code go by their status in the same way. The proxy's 502 that says that the sandbox was not
 * found (wire §2.3), and a stream that begins with unavailable, are SB_SANDBOX_NOT_FOUND. A 502, 503 or 504
 * that nobody of ours wrote is SB_UPSTREAM_UNAVAILABLE, and so is what broke on the way; then `is_cut` is
 * set, envd_probe_start() tells whether the sandbox has ended (wire §2.4), and envd_cut_explain() words it.
 */
#ifndef SP_ENVD_H
#define SP_ENVD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/http.h"
#include "daemon/e2b/envelope.h"
#include "daemon/e2b/fault.h"
#include "daemon/e2b/upstream.h"
#include "protocol/error.h"
#include "protocol/fields.h"

/* One sandbox's envd, and as whom to speak to it. Borrowed, and only during the call it is given to. */
struct envd_target {
	const struct upstream *upstream;
	const char *sandbox_id;
	const char *access_token; /* or NULL */
	const char *domain;       /* what the provider told of this sandbox, or NULL */
	const char *version;      /* envd's, for gates (wire §5.7); NULL: a recent one */
	const char *user;         /* NULL: the sandbox's default user */
};

#define ENVD_CODE_SIZE FAULT_CODE_SIZE

/* ---- unary ----------------------------------------------------------------------------------- */

struct envd_call { /* embed me; zero means idle */
	void (*done)(struct envd_call *call);
	/* the outcome */
	struct sb_error err;
	int status;                /* HTTP's; 0 when no answer came */
	char code[ENVD_CODE_SIZE]; /* Connect's, "already_exists"; "" when there is none */
	bool is_cut;
	bool sent_nothing; /* failed, and provably nobody saw the request: it may be made again */
	/* private */
	struct http_req req;
	const struct fields *type;
	void *result;
	bool is_filesystem;
};

/*
 * POST /{method}, "process.Process/List", with `request` of `in` (may be freed on return). On success the
 * answer of type `out` is in `result`: borrowed and zeroed until done(), then the caller's to free by
 * fields_free(). `timeout_ms` 0 means none.
 */
void envd_unary_start(const struct envd_target *target, struct envd_call *call, const char *method,
		      const struct fields *in, const void *request, const struct fields *out,
		      void *result, int64_t timeout_ms);
void envd_unary_cancel(struct envd_call *call); /* safe when idle */

/* ---- server streams -------------------------------------------------------------------------- */

struct envd_stream_options {
	/* The server ends it after that long, and kills what Start started; 0: never. */
	int64_t timeout_ms;
	/* Until the first message; 0: none. */
	int64_t start_timeout_ms;
	/*
	 * How often the server lets hear of itself; 0 means every 50 s. A stream silent for more than
	 * two of these is taken for cut.
	 */
	int keepalive_s;
	const char *const *headers; /* further "Name: value" lines, ends with NULL; or NULL */
};

struct envd_stream { /* embed me; zero means idle */
	/* One message: JSON text, not NUL-terminated, valid during the call. May cancel the stream. */
	void (*on_message)(struct envd_stream *stream, const char *json, size_t len);
	/* The last call; err is empty when the server ended the stream properly. */
	void (*on_end)(struct envd_stream *stream);
	/* the outcome */
	struct sb_error err;
	int status;
	char code[ENVD_CODE_SIZE];
	bool is_cut;
	uint64_t messages; /* so far */
	/* private */
	struct http_req req;
	struct envelope_reader reader;
	struct buf refusal; /* body of an answer that is not a stream */
	int64_t silence_ms;
	bool is_filesystem;
	bool is_stream; /* the answer is one, not a refusal */
	bool has_ended; /* the end-of-stream envelope is there */
	bool is_paused;
	int64_t start_by_ms;
	bool *is_gone; /* set when it is cancelled inside on_message */
};

void envd_stream_start(const struct envd_target *target, struct envd_stream *stream,
		       const char *method, const struct fields *in, const void *request,
		       const struct envd_stream_options *options);
void envd_stream_cancel(struct envd_stream *stream); /* safe when idle */

/*
 * Take no more for a moment: messages that were received come still, further ones wait on the way. Briefly
 * only, since on a shared connection what waits costs much memory (design §5). Both are safe when idle.
 */
void envd_stream_pause(struct envd_stream *stream);
void envd_stream_resume(struct envd_stream *stream);

/* ---- the probe ------------------------------------------------------------------------------- */

enum envd_health {
	ENVD_RUNNING,
	ENVD_NOT_RUNNING, /* the proxy says 502: paused, killed, expired */
	ENVD_UNKNOWN,     /* something else: err says what */
};

struct envd_probe { /* embed me; zero means idle */
	void (*done)(struct envd_probe *probe);
	enum envd_health health;
	struct sb_error err; /* with ENVD_UNKNOWN */
	struct http_req req; /* private */
};

/* GET /health. `timeout_ms` 0 means 5 s. */
void envd_probe_start(const struct envd_target *target, struct envd_probe *probe,
		      int64_t timeout_ms);
void envd_probe_cancel(struct envd_probe *probe); /* safe when idle */

/* Turn the error of something cut into what the probe found: SB_SANDBOX_NOT_FOUND when it has ended. */
void envd_cut_explain(enum envd_health health, struct sb_error *err);

#endif
