/*
 * The engine's REST API on RUN/api.sock (wire §1): routes, key check and error bodies are api.c; what each
 * route does is api-<noun>.c.
 */
#ifndef SP_LOCAL_API_H
#define SP_LOCAL_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "protocol/fields.h"

struct box;
struct engine;
struct httpd_header;
struct httpd_request;

struct api *api_new(struct engine *engine, struct sb_error *err) MUST_USE;
/* Not from one of its own callbacks. NULL is fine. */
struct api *api_free(struct api *api);
unsigned api_request_count(const struct api *api);

/* ---- for api-<noun>.c ------------------------------------------------------------------------ */

struct api_call { /* one request with its whole body; lives as long as its handler runs */
	struct engine *engine;
	struct httpd_request *request;
	const char *body;
	size_t body_len;
	char *word; /* what stood at the '*' of the route, decoded; NULL when it has none */
};

/* Each replies once, or attaches an object of its own that will. */
void api_create(struct api_call *call);
void api_create_v2(struct api_call *call);
void api_list(struct api_call *call);
void api_list_v1(struct api_call *call);
void api_get(struct api_call *call);
void api_kill(struct api_call *call);
void api_set_timeout(struct api_call *call);
void api_refresh(struct api_call *call);
void api_connect(struct api_call *call);
void api_connect_v2(struct api_call *call);
void api_resume(struct api_call *call);
void api_set_network(struct api_call *call);
void api_metrics(struct api_call *call);
void api_metrics_of_many(struct api_call *call);
void api_about(struct api_call *call);
void api_get_alias(struct api_call *call);

/*
 * The running sandbox that the call's word names, or NULL after replying 400 or 404 (wire §1.4).
 */
struct box *api_box(struct api_call *call);

/* Decode the body, empty meaning {} when `may_be_empty`; -1 after replying 400 (wire §1.3). */
int api_decode(struct api_call *call, const struct fields *type, bool may_be_empty,
	       void *ret) MUST_USE;

/* Reply `value` as JSON. `headers` may be NULL; Content-Type is added. */
void api_reply(struct httpd_request *request, unsigned status, const struct fields *type,
	       const void *value);
/* Reply a JSON text; 500 when `json` has failed. `headers` ends with NULL, or is NULL. */
void api_reply_json(struct httpd_request *request, unsigned status,
		    const struct httpd_header *headers, const struct buf *json);
/* The error with its own HTTP status. */
void api_reply_failure(struct httpd_request *request, const struct sb_error *err);
/* 204, no body. */
void api_reply_empty(struct httpd_request *request);

/* The Sandbox object of create, connect and resume (wire §1.5). */
void api_reply_sandbox(struct httpd_request *request, unsigned status, const struct box *box);
/* One element of a list, or the detail with what only it has; the strings live in *text. */
struct wire_sandbox_info;
struct api_info_text {
	char started_at[40];
	char end_at[40];
	char token[72];
	char state[12];
	char client_id[12];
	char version[16];
	char alias[12];
	char on_timeout[8];
};
void api_fill_info(const struct box *box, struct wire_sandbox_info *ret,
		   struct api_info_text *text);

#define API_TEMPLATE  "base"
#define API_CLIENT_ID "local"

#endif
