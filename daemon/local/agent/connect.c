/*
 * Connect RPC served. A call begins when the body of its request is whole (for client streams: with its
 * head) and lives until the HTTP exchange closes, whether or not it was answered before: `is_ended` makes
 * everything after the answer a no-op.
 */
#include "config.h"

#include "daemon/local/agent/connect.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/envelope.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/auth.h"
#include "daemon/local/agent/routes.h"

#define UNARY_TYPE          "application/json"
#define STREAM_TYPE         "application/connect+json"
#define KEEPALIVE_DEFAULT_S 90
#define KEEPALIVE_MAX_S     86400

struct call {
	struct rpc rpc;
	struct httpd_handler http;
	struct httpd_request *request;
	const struct rpc_procedure *procedure;
	struct event deadline;
	struct event keepalive;
	struct timeval keepalive_interval;
	struct envelope_reader reader; /* of a client stream */
	bool is_open;                  /* the head of a streamed answer was sent */
	bool is_ended;                 /* answered */
	bool is_held;                  /* a client stream waits for rpc_resume() */
	bool has_body_end;
};

static const char *const connect_codes[SB_CODE_COUNT] = {
	[SB_PARSE] = "invalid_argument",
	[SB_INVALID_PARAMS] = "invalid_argument",
	[SB_INVALID_ARGUMENT] = "invalid_argument",
	[SB_INVALID_REQUEST] = "failed_precondition",
	[SB_SANDBOX] = "unknown",
	[SB_TIMEOUT] = "deadline_exceeded",
	[SB_NOT_FOUND] = "not_found",
	[SB_FILE_NOT_FOUND] = "not_found",
	[SB_CONFLICT] = "already_exists",
	[SB_PERMISSION] = "permission_denied",
	[SB_AUTHENTICATION] = "unauthenticated",
	[SB_NOT_ENOUGH_SPACE] = "resource_exhausted",
	[SB_OVERLOADED] = "resource_exhausted",
	[SB_TOO_LARGE] = "resource_exhausted",
	[SB_CANCELLED] = "canceled",
	[SB_UNSUPPORTED] = "unimplemented",
};

static bool is_streamed(const struct rpc_procedure *procedure)
{
	return procedure->stream || procedure->message;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* `err` as the wire has it; borrows its text. */
static struct wire_connect_error wire_error(struct sb_error *err)
{
	const char *code = connect_codes[err->code];

	/* The struct is only encoded, never freed: the cast takes nothing over. */
	return (struct wire_connect_error){
		.code = (char *)(uintptr_t)(code ? code : "internal"),
		.message = err->text,
	};
}

static void reply_json(struct httpd_request *request, unsigned status, const struct fields *type,
		       const void *value)
{
	static const struct httpd_header headers[] = {{"Content-Type", UNARY_TYPE}, {NULL, NULL}};
	CLEANUP_BUF struct buf body = {0};

	fields_encode(type, FIELDS_E2B, value, &body);
	if (body.failed)
		httpd_abort(request);
	else
		httpd_reply(request, status, headers, body.data, body.len);
}

void connect_refuse(struct httpd_request *request, const struct sb_error *err)
{
	struct sb_error copy = *err;
	struct wire_connect_error error = wire_error(&copy);

	reply_json(request, (unsigned)wire_connect_status(error.code), &wire_connect_error_type,
		   &error);
}

static void open_stream(struct call *call)
{
	static const struct httpd_header headers[] = {{"Content-Type", STREAM_TYPE}, {NULL, NULL}};

	if (call->is_open)
		return;
	call->is_open = true;
	httpd_stream_start(call->request, 200, headers, -1);
}

static void add_envelope(struct buf *out, unsigned char flags, const struct fields *type,
			 const void *value)
{
	CLEANUP_BUF struct buf payload = {0};

	fields_encode(type, FIELDS_E2B, value, &payload);
	out->failed |= payload.failed;
	envelope_add(out, flags, payload.data, payload.len);
}

/* The call is answered: neither deadline nor keepalive any more. */
static void call_end(struct call *call)
{
	call->is_ended = true;
	(void)evtimer_del(&call->deadline);
	(void)evtimer_del(&call->keepalive);
}

static void end_stream(struct call *call, struct wire_connect_error *error)
{
	const struct wire_end_of_stream end = {error};
	CLEANUP_BUF struct buf out = {0};

	open_stream(call);
	call_end(call);
	add_envelope(&out, ENVELOPE_END, &wire_end_of_stream_type, &end);
	if (out.failed) {
		httpd_abort(call->request);
		return;
	}
	(void)httpd_stream_write(call->request, out.data, out.len);
	httpd_stream_end(call->request);
}

void rpc_reply(struct rpc *rpc, const void *response)
{
	struct call *call = container_of(rpc, struct call, rpc);

	if (call->is_ended)
		return;
	call_end(call);
	reply_json(call->request, 200, call->procedure->response, response);
}

void rpc_fail(struct rpc *rpc, const struct sb_error *err)
{
	struct call *call = container_of(rpc, struct call, rpc);
	struct sb_error copy = *err;
	struct wire_connect_error error = wire_error(&copy);

	if (call->is_ended)
		return;
	if (is_streamed(call->procedure)) {
		end_stream(call, &error);
		return;
	}
	call_end(call);
	connect_refuse(call->request, err);
}

void rpc_end(struct rpc *rpc)
{
	struct call *call = container_of(rpc, struct call, rpc);

	if (!call->is_ended)
		end_stream(call, NULL);
}

size_t rpc_send_envelope(struct rpc *rpc, const struct buf *envelope)
{
	struct call *call = container_of(rpc, struct call, rpc);

	if (call->is_ended)
		return 0;
	if (call->procedure->keepalive)
		(void)evtimer_add(&call->keepalive, &call->keepalive_interval);
	return httpd_stream_write(call->request, envelope->data, envelope->len);
}

size_t rpc_send(struct rpc *rpc, const void *message)
{
	struct call *call = container_of(rpc, struct call, rpc);
	CLEANUP_BUF struct buf envelope = {0};

	add_envelope(&envelope, 0, call->procedure->response, message);
	if (envelope.failed) {
		httpd_abort(call->request);
		return 0;
	}
	return rpc_send_envelope(rpc, &envelope);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	(void)sb_fail(&err, SB_TIMEOUT, "context deadline exceeded");
	rpc_fail(&call->rpc, &err);
}

static void on_keepalive(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)what;
	(void)rpc_send(&call->rpc, call->procedure->keepalive);
}

/* ---- the request ---------------------------------------------------------------------------- */

static bool is_type(const char *header, const char *type)
{
	size_t len = strlen(type);

	if (!header || strncasecmp(header, type, len) != 0)
		return false;
	header += len;
	header += strspn(header, " \t");
	return *header == '\0' || *header == ';';
}

/* Digits with an optional fraction, which old clients send: "1500.0". -1 when it is none. */
static int64_t parse_count(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;

	if (digits == 0 || digits > 10)
		return -1;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return *rest == '\0' ? strtoll(text, NULL, 10) : -1;
}

static int read_headers(struct call *call, struct sb_error *err)
{
	const char *version = httpd_header(call->request, "Connect-Protocol-Version");
	const char *timeout = httpd_header(call->request, "Connect-Timeout-Ms");
	const char *keepalive = httpd_header(call->request, "Keepalive-Ping-Interval");
	const char *encoding = httpd_header(call->request, is_streamed(call->procedure)
								   ? "Connect-Content-Encoding"
								   : "Content-Encoding");
	int64_t interval = keepalive ? parse_count(keepalive) : -1;

	if (version && strcmp(version, "1") != 0)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "connect-protocol-version must be \"1\": got \"%s\"", version);
	if (encoding && strcmp(encoding, "identity") != 0)
		return sb_fail(err, SB_UNSUPPORTED, "unknown compression \"%s\"", encoding);
	if (timeout) {
		call->rpc.timeout_ms = parse_count(timeout);
		if (call->rpc.timeout_ms < 0)
			return sb_fail(err, SB_INVALID_ARGUMENT, "invalid timeout \"%s\"", timeout);
	}
	if (interval <= 0 || interval > KEEPALIVE_MAX_S)
		interval = KEEPALIVE_DEFAULT_S;
	call->keepalive_interval.tv_sec = (time_t)interval;
	return 0;
}

/* The one message in the body of a server-streaming call. */
static int unwrap(const char *body, size_t len, const char **ret_text, size_t *ret_len,
		  struct sb_error *err)
{
	struct envelope_reader reader = {0};
	const char *payload;
	bool is_end;
	int found = envelope_reader_add(&reader, body, len, err);

	if (found == 0)
		found = envelope_reader_next(&reader, &is_end, &payload, ret_len, err);
	if (found == 1 &&
	    (is_end || envelope_reader_is_partial(&reader) || *ret_len + ENVELOPE_HEAD != len))
		found = 0;
	envelope_reader_deinit(&reader);
	if (found == 1) {
		*ret_text = body + ENVELOPE_HEAD;
		return 0;
	}
	sb_clear(err);
	return sb_fail(err, SB_INVALID_ARGUMENT, "expected exactly one enveloped message");
}

/* The procedure's own function, by its kind. What comes back is that function's. */
static int run_procedure(struct call *call, void *request, struct sb_error *err)
{
	const struct rpc_procedure *procedure = call->procedure;
	CLEANUP_FREE void *response = NULL;
	int result;

	if (procedure->stream)
		return procedure->stream(&call->rpc, request, err);
	if (procedure->message)
		return procedure->message(&call->rpc, request, err);
	if (procedure->begin)
		return procedure->begin(&call->rpc, request, err);
	response = calloc(1, procedure->response->size);
	if (!response)
		return sb_fail(err, SB_INTERNAL, "no memory for an answer");
	result = procedure->answer(&call->rpc, request, response, err);
	if (result == 0)
		rpc_reply(&call->rpc, response);
	fields_free(procedure->response, response);
	return result;
}

/* Decode one message and hand it to the procedure. */
static int run_message(struct call *call, const char *text, size_t len, struct sb_error *err)
{
	const struct fields *type = call->procedure->request;
	CLEANUP_FREE void *request = calloc(1, type->size);
	struct sb_error why = {0};
	int result;

	if (!request)
		return sb_fail(err, SB_INTERNAL, "no memory for a request");
	if (fields_parse(type, FIELDS_E2B, text, len, "message", request, &why) < 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "unmarshal message: %s", why.text);
	result = run_procedure(call, request, err);
	fields_free(type, request);
	return result;
}

static int run_call(struct call *call, const char *body, size_t len, struct sb_error *err)
{
	if (call->procedure->stream && unwrap(body, len, &body, &len, err) < 0)
		return -1;
	return run_message(call, body, len, err);
}

/* ---- the life of a call ---------------------------------------------------------------------- */

static void call_on_drain(struct httpd_handler *http)
{
	struct call *call = container_of(http, struct call, http);

	if (call->rpc.handler && call->rpc.handler->on_drain && !call->is_ended)
		call->rpc.handler->on_drain(call->rpc.handler);
}

static void call_on_close(struct httpd_handler *http, enum httpd_close why)
{
	struct call *call = container_of(http, struct call, http);

	(void)why;
	call_end(call);
	if (call->rpc.handler)
		call->rpc.handler->on_close(call->rpc.handler);
	user_deinit(&call->rpc.user);
	envelope_reader_deinit(&call->reader);
	free(call);
}

/* The call, ready to run; NULL when it was refused already. */
static struct call *call_new(struct agent *agent, struct httpd_request *request,
			     const struct rpc_procedure *procedure)
{
	struct call *call = calloc(1, sizeof(*call));
	struct sb_error err = {0};

	if (!call) {
		httpd_abort(request);
		return NULL;
	}
	call->rpc.agent = agent;
	call->request = request;
	call->procedure = procedure;
	call->http.on_drain = call_on_drain;
	call->http.on_close = call_on_close;
	(void)evtimer_assign(&call->deadline, agent->base, on_deadline, call);
	(void)evtimer_assign(&call->keepalive, agent->base, on_keepalive, call);
	httpd_handle(request, &call->http);
	if (auth_user(agent, request, &call->rpc.user, &err) < 0 || read_headers(call, &err) < 0) {
		rpc_fail(&call->rpc, &err);
		return NULL;
	}
	if (call->rpc.timeout_ms > 0 && !procedure->answer) {
		const struct timeval wait = {(time_t)(call->rpc.timeout_ms / 1000),
					     (suseconds_t)(call->rpc.timeout_ms % 1000 * 1000)};

		(void)evtimer_add(&call->deadline, &wait);
	}
	return call;
}

static void on_body(void *arg, struct httpd_request *request, const char *body, size_t len)
{
	struct call *call = call_new(arg, request, procedure_find(httpd_path(request)));
	struct sb_error err = {0};

	if (!call)
		return;
	if (call->procedure->stream) {
		open_stream(call);
		if (call->procedure->keepalive)
			(void)evtimer_add(&call->keepalive, &call->keepalive_interval);
	}
	if (run_call(call, body, len, &err) < 0)
		rpc_fail(&call->rpc, &err);
}

/* ---- client streams ------------------------------------------------------------------------- */

/* Run the messages that are whole, until one holds the rest back. */
static void run_messages(struct call *call)
{
	struct sb_error err = {0};
	const char *payload;
	bool is_end;
	size_t len;
	int result = 0;

	while (result == 0 && !call->is_ended) {
		int found = envelope_reader_next(&call->reader, &is_end, &payload, &len, &err);

		if (found == 0)
			break;
		result = found < 0 ? -1 : run_message(call, payload, len, &err);
	}
	if (result < 0)
		rpc_fail(&call->rpc, &err);
	call->is_held = result > 0;
	if (call->is_held || call->is_ended || !call->has_body_end)
		return;
	if (envelope_reader_is_partial(&call->reader)) {
		(void)sb_fail(&err, SB_INVALID_ARGUMENT, "the stream ended inside a message");
		rpc_fail(&call->rpc, &err);
		return;
	}
	open_stream(call);
	(void)rpc_send(&call->rpc, &(const struct wire_empty){0});
	rpc_end(&call->rpc);
}

static size_t call_on_body(struct httpd_handler *http, const char *data, size_t len)
{
	struct call *call = container_of(http, struct call, http);
	struct sb_error err = {0};

	if (call->is_held)
		return 0;
	if (envelope_reader_add(&call->reader, data, len, &err) < 0)
		rpc_fail(&call->rpc, &err);
	else
		run_messages(call);
	return len;
}

static void call_on_body_end(struct httpd_handler *http)
{
	struct call *call = container_of(http, struct call, http);

	call->has_body_end = true;
	if (!call->is_held)
		run_messages(call);
}

void rpc_resume(struct rpc *rpc)
{
	struct call *call = container_of(rpc, struct call, rpc);

	if (!call->is_held || call->is_ended)
		return;
	run_messages(call);
	if (!call->is_held)
		httpd_resume_body(call->request);
}

/* ---- the door ------------------------------------------------------------------------------- */

void connect_serve(struct agent *agent, struct httpd_request *request,
		   const struct rpc_procedure *procedure)
{
	const char *type = is_streamed(procedure) ? STREAM_TYPE : UNARY_TYPE;
	struct call *call;

	if (strcmp(httpd_method(request), "POST") != 0) {
		const struct httpd_header allow[] = {{"Allow", "POST"}, {NULL, NULL}};

		httpd_reply(request, 405, allow, NULL, 0);
	} else if (!is_type(httpd_header(request, "Content-Type"), type)) {
		const struct httpd_header accept[] = {{"Accept-Post", type}, {NULL, NULL}};

		httpd_reply(request, 415, accept, NULL, 0);
	} else if (procedure->message) {
		call = call_new(agent, request, procedure);
		if (call) {
			call->http.on_body = call_on_body;
			call->http.on_body_end = call_on_body_end;
		}
	} else {
		httpd_collect(request, HTTPD_BODY_MAX, on_body, agent);
	}
}
