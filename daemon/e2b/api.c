/* The REST API, asked (wire §1). */
#include "config.h"

#include "daemon/e2b/api.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/list.h"
#include "daemon/base/uri.h"
#include "daemon/e2b/ask.h"
#include "daemon/e2b/fault.h"
#include "protocol/fields.h"

#define TIMEOUT_MS 60000
#define ANSWER_MAX (16u << 20)
#define ID_MAX     128

/* ---- the answer ------------------------------------------------------------------------------- */

/* Retry-After is a number of seconds or a date (RFC 9110). */
static int64_t read_retry_after(const struct http_req *req)
{
	const char *text = http_header(req, "Retry-After");
	struct tm tm = {0};
	char *end;
	long seconds;
	int64_t ms;

	if (!text)
		return 0;
	seconds = strtol(text, &end, 10);
	if (end != text && *end == '\0')
		return seconds > 0 && seconds < 1000000 ? (int64_t)seconds * 1000 : 0;
	if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return 0;
	ms = (int64_t)timegm(&tm) * 1000 - clock_wall_us() / 1000;
	return ms > 0 ? ms : 0;
}

/*
 * They become parts of URLs, where anything else could name another host. An id is one label of a host name, as
 * the wire has it; a domain may have a port.
 */
static int check_names(const char *sandbox_id, const char *domain, struct sb_error *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(sandbox_id);

	if (len == 0 || len > ID_MAX)
		return sb_fail(err, SB_SANDBOX, "a sandbox id of %zu characters", len);
	for (const char *at = sandbox_id; *at; at++) {
		if (!strchr(letters, *at) && *at != '-' && *at != '_')
			return sb_fail(err, SB_SANDBOX, "no sandbox id: '%.40s'", sandbox_id);
	}
	for (const char *at = domain ? domain : ""; *at; at++) {
		if (!strchr(letters, *at) && !strchr(".-_:", *at))
			return sb_fail(err, SB_SANDBOX, "no domain: '%.40s'", domain);
	}
	return 0;
}

static int check_page(const struct api_page *page, struct sb_error *err)
{
	const struct wire_sandbox_info *items = page->sandboxes.items;

	for (size_t i = 0; i < page->sandboxes.count; i++) {
		if (check_names(items[i].sandbox_id, items[i].domain, err) < 0)
			return -1;
	}
	return 0;
}

static int read_page(struct api_call *call, const struct http_reply *reply)
{
	struct api_page *page = call->result;
	const char *next = http_header(&call->req, "X-Next-Token");

	if (fields_parse_list(&wire_sandbox_info_type, FIELDS_E2B, reply->body, reply->body_len,
			      "answer", &page->sandboxes, &call->err) < 0)
		return -1;
	if (check_page(page, &call->err) < 0) {
		api_page_free(page);
		return -1;
	}
	page->next_token = next && *next ? strdup(next) : NULL;
	if (next && *next && !page->next_token) {
		api_page_free(page);
		return sb_fail_errno(&call->err, SB_INTERNAL, ENOMEM, "list");
	}
	return 0;
}

static int read_object(struct api_call *call, const struct http_reply *reply)
{
	const struct wire_sandbox *sandbox = call->result;
	const struct wire_sandbox_info *info = call->result;
	int result = fields_parse(call->type, FIELDS_E2B, reply->body, reply->body_len, "answer",
				  call->result, &call->err);

	if (result < 0)
		return -1;
	if (call->type == &wire_sandbox_type)
		result = check_names(sandbox->sandbox_id, sandbox->domain, &call->err);
	else if (call->type == &wire_sandbox_info_type)
		result = check_names(info->sandbox_id, info->domain, &call->err);
	if (result < 0)
		fields_free(call->type, call->result);
	return result;
}

static void read_answer(struct api_call *call, const struct http_reply *reply)
{
	struct fault_answer answer = {reply->status, reply->body, reply->body_len};
	int result = 0;

	if (reply->status < 200 || reply->status > 299) {
		(void)fault_from_api(&answer, call->missing, &call->err);
		return;
	}
	if (call->is_list && call->type)
		result = fields_parse_list(call->type, FIELDS_E2B, reply->body, reply->body_len,
					   "answer", call->result, &call->err);
	else if (call->is_list)
		result = read_page(call, reply);
	else if (call->type)
		result = read_object(call, reply);
	if (result < 0)
		(void)fault_bad_answer(reply->status, &call->err);
}

static void on_done(struct http_req *req, const struct http_reply *reply)
{
	struct api_call *call = container_of(req, struct api_call, req);

	call->status = reply->status;
	call->sent_nothing = reply->sent_nothing;
	call->retry_after_ms = read_retry_after(req);
	if (call->err.code == SB_OK) {
		if (reply->err->code != SB_OK)
			call->err = *reply->err;
		else
			read_answer(call, reply);
	}
	call->done(call);
}

/* ---- the question ----------------------------------------------------------------------------- */

static void call_start(struct api_call *call, struct ask *ask, const struct fields *type,
		       void *result, enum sb_code missing)
{
	assert(!call->req.slot);
	*call = (struct api_call){
		.done = call->done,
		.timeout_ms = call->timeout_ms,
		.req = {.done = on_done},
		.type = type,
		.result = result,
		.missing = missing,
	};
	ask->spec.timeout_ms = call->timeout_ms ? call->timeout_ms : TIMEOUT_MS;
	ask->spec.reply_max = ANSWER_MAX;
	if (ask->body.len)
		ask_header(ask, "Content-Type: application/json");
	ask_start(ask, &call->req, &call->err);
}

/* "/sandboxes/{id}" and what follows it. */
static void ask_sandbox(struct ask *ask, const struct upstream *upstream, const char *method,
			const char *sandbox_id, const char *suffix)
{
	ask_api(ask, upstream, method, "/sandboxes/");
	uri_encode(&ask->url, sandbox_id, strlen(sandbox_id));
	buf_add_str(&ask->url, suffix);
}

void api_create(const struct upstream *upstream, struct api_call *call,
		const struct wire_new_sandbox *request, struct wire_sandbox *result)
{
	struct ask ask;

	ask_api(&ask, upstream, "POST", "/sandboxes");
	fields_encode(&wire_new_sandbox_type, FIELDS_E2B, request, &ask.body);
	call_start(call, &ask, &wire_sandbox_type, result, SB_TEMPLATE);
}

void api_connect(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		 int64_t timeout_s, struct wire_sandbox *result)
{
	struct wire_timeout timeout = {.timeout_s = timeout_s};
	struct ask ask;

	ask_sandbox(&ask, upstream, "POST", sandbox_id, "/connect");
	fields_encode(&wire_timeout_type, FIELDS_E2B, &timeout, &ask.body);
	ask.spec.may_resend = true; /* twice is as once */
	call_start(call, &ask, &wire_sandbox_type, result, SB_SANDBOX_NOT_FOUND);
}

void api_get(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
	     struct wire_sandbox_info *result)
{
	struct ask ask;

	ask_sandbox(&ask, upstream, "GET", sandbox_id, "");
	call_start(call, &ask, &wire_sandbox_info_type, result, SB_SANDBOX_NOT_FOUND);
}

void api_kill(const struct upstream *upstream, struct api_call *call, const char *sandbox_id)
{
	struct ask ask;

	ask_sandbox(&ask, upstream, "DELETE", sandbox_id, "");
	call_start(call, &ask, NULL, NULL, SB_SANDBOX_NOT_FOUND);
}

void api_set_timeout(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		     int64_t timeout_s)
{
	struct wire_timeout timeout = {.timeout_s = timeout_s};
	struct ask ask;

	ask_sandbox(&ask, upstream, "POST", sandbox_id, "/timeout");
	fields_encode(&wire_timeout_type, FIELDS_E2B, &timeout, &ask.body);
	ask.spec.may_resend = true;
	call_start(call, &ask, NULL, NULL, SB_SANDBOX_NOT_FOUND);
}

void api_set_network(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		     const struct wire_network_update *network)
{
	struct ask ask;

	ask_sandbox(&ask, upstream, "PUT", sandbox_id, "/network");
	fields_encode(&wire_network_update_type, FIELDS_E2B, network, &ask.body);
	ask.spec.may_resend = true;
	call_start(call, &ask, NULL, NULL, SB_SANDBOX_NOT_FOUND);
}

/* Append `text` percent-encoded twice: once for itself, once as a member of a form. */
static void encode_twice(struct buf *out, const char *text)
{
	struct buf once CLEANUP_BUF = {0};

	uri_encode(&once, text, strlen(text));
	if (once.failed)
		out->failed = true;
	else if (once.len > 0)
		uri_encode(out, once.data, once.len);
}

/* "metadata=…" with its three layers of encoding (wire §1.6); the third is the query's own. */
static void add_metadata(struct ask *ask, const struct string_map *metadata)
{
	struct buf form CLEANUP_BUF = {0};

	for (size_t i = 0; i < metadata->count; i++) {
		buf_add_str(&form, i ? "&" : "");
		encode_twice(&form, metadata->items[i].key);
		buf_add_str(&form, "=");
		encode_twice(&form, metadata->items[i].value);
	}
	if (form.failed)
		ask->failed = true;
	else if (form.len > 0)
		uri_query_add(&ask->url, "metadata", form.data);
}

static void add_number(struct ask *ask, const char *name, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	if (number > 0)
		uri_query_add(&ask->url, name, text);
}

void api_list(const struct upstream *upstream, struct api_call *call,
	      const struct api_filter *filter, struct api_page *result)
{
	struct ask ask;

	ask_api(&ask, upstream, "GET", "/v2/sandboxes");
	if (filter->metadata)
		add_metadata(&ask, filter->metadata);
	if (filter->state)
		uri_query_add(&ask.url, "state", filter->state);
	add_number(&ask, "limit", filter->limit);
	if (filter->next_token)
		uri_query_add(&ask.url, "nextToken", filter->next_token);
	call_start(call, &ask, NULL, result, SB_SANDBOX);
	call->is_list = true;
}

void api_page_free(struct api_page *page)
{
	fields_free_list(&wire_sandbox_info_type, &page->sandboxes);
	free(page->next_token);
	*page = (struct api_page){0};
}

void api_metrics(const struct upstream *upstream, struct api_call *call, const char *sandbox_id,
		 int64_t start_s, int64_t end_s, struct list_value *result)
{
	struct ask ask;

	ask_sandbox(&ask, upstream, "GET", sandbox_id, "/metrics");
	add_number(&ask, "start", start_s);
	add_number(&ask, "end", end_s);
	call_start(call, &ask, &wire_sandbox_metric_type, result, SB_SANDBOX_NOT_FOUND);
	call->is_list = true;
}

void api_about(const struct upstream *upstream, struct api_call *call, struct engine_about *result)
{
	struct ask ask;

	ask_api(&ask, upstream, "GET", "/sandpool/engine");
	call_start(call, &ask, &engine_about_type, result, SB_UNSUPPORTED);
}

void api_cancel(struct api_call *call)
{
	http_cancel(&call->req);
}
