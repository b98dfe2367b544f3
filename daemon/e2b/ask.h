/*
 * One request under construction: URL and header lines of api.c, envd.c and files.c. Failures of memory
 * are kept until ask_start(), which then lets the request fail in the ordinary way.
 */
#ifndef SP_ASK_H
#define SP_ASK_H

#include <stdbool.h>

#include "daemon/base/http.h"
#include "daemon/e2b/envd.h"
#include "daemon/e2b/upstream.h"
#include "protocol/values.h"

struct ask {
	struct http *http;
	struct buf url; /* callers append their query */
	struct buf body;
	struct strings headers;
	bool failed;
	struct http_spec spec; /* method and limits; url, headers and body are set by ask_start() */
};

/* To the control plane. */
void ask_api(struct ask *ask, const struct upstream *upstream, const char *method,
	     const char *path);
/* To a sandbox's envd: routing and credentials as wire §2.1, §3.5. */
void ask_envd(struct ask *ask, const struct envd_target *target, const char *method,
	      const char *path);

void ask_header(struct ask *ask, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Starts `req` and frees what the ask owns. When memory failed, `err` is filled and done() follows. */
void ask_start(struct ask *ask, struct http_req *req, struct sb_error *err);

/* Whether envd is at least that recent; NULL and what is no version count as recent. */
bool ask_is_version(const struct envd_target *target, int major, int minor, int patch);

/* The user to name to envd, or NULL for none (wire §5.7). */
const char *ask_user(const struct envd_target *target);

#endif
