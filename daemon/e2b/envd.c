/* Connect RPC and /health of a sandbox's envd, asked (wire §3 to §6). */
#include "config.h"

#include "daemon/e2b/envd.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "daemon/base/clock.h"
#include "daemon/base/list.h"
#include "daemon/e2b/ask.h"
#include "daemon/e2b/fault.h"

#define ANSWER_MAX       (16u << 20)
#define REFUSAL_MAX      (64u << 10) /* of a body that says why there is no stream */
#define KEEPALIVE_S      50
#define SILENCE_SLACK_MS 10000
#define CLOSING_MS       5000 /* for the HTTP body to end after the stream's end */
#define PROBE_TIMEOUT_MS 5000
#define PAUSE_MOST_MS    (10 * 60 * 1000)

static bool is_filesystem_method(const char *method)
{
	return strncmp(method, "filesystem.", strlen("filesystem.")) == 0;
}

/* The connection worked and then did not. */
static bool is_cut_reply(const struct http_reply *reply)
{
	return reply->err->code == SB_UPSTREAM_UNAVAILABLE && !reply->sent_nothing;
}

static void ask_rpc(struct ask *ask, const struct envd_target *target, const char *method,
		    const char *content_type, int64_t timeout_ms)
{
	ask_envd(ask, target, "POST", "/");
	buf_add_str(&ask->url, method);
	ask_header(ask, "Content-Type: %s", content_type);
	ask_header(ask, "Connect-Protocol-Version: 1");
	if (timeout_ms > 0)
		ask_header(ask, "Connect-Timeout-Ms: %lld", (long long)timeout_ms);
}

/* ---- unary ----------------------------------------------------------------------------------- */

static void on_answer(struct http_req *req, const struct http_reply *reply)
{
	struct envd_call *call = container_of(req, struct envd_call, req);
	struct fault_answer answer = {reply->status, reply->body, reply->body_len};

	call->status = reply->status;
	if (call->err.code != SB_OK)
		; /* it never began */
	else if (reply->err->code != SB_OK)
		call->err = *reply->err;
	else if (reply->status != 200)
		(void)fault_from_rpc(&answer, call->is_filesystem, call->code, &call->err);
	else if (fields_parse(call->type, FIELDS_E2B, reply->body, reply->body_len, "answer",
			      call->result, &call->err) < 0)
		(void)fault_bad_answer(reply->status, &call->err);
	call->is_cut = is_cut_reply(reply);
	call->sent_nothing = reply->sent_nothing;
	call->done(call);
}

void envd_unary_start(const struct envd_target *target, struct envd_call *call, const char *method,
		      const struct fields *in, const void *request, const struct fields *out,
		      void *result, int64_t timeout_ms)
{
	struct ask ask;

	assert(!call->req.slot);
	*call = (struct envd_call){
		.done = call->done,
		.req = {.done = on_answer},
		.type = out,
		.result = result,
		.is_filesystem = is_filesystem_method(method),
	};
	ask_rpc(&ask, target, method, "application/json", timeout_ms);
	fields_encode(in, FIELDS_E2B, request, &ask.body);
	ask.spec.timeout_ms = timeout_ms;
	ask.spec.reply_max = ANSWER_MAX;
	ask_start(&ask, &call->req, &call->err);
}

void envd_unary_cancel(struct envd_call *call)
{
	http_cancel(&call->req);
}

/* ---- server streams -------------------------------------------------------------------------- */

static void stream_release(struct envd_stream *stream)
{
	http_cancel(&stream->req);
	envelope_reader_deinit(&stream->reader);
	buf_deinit(&stream->refusal);
	if (stream->is_gone)
		*stream->is_gone = true;
	stream->is_gone = NULL;
}

/* stream->err is what it shall be; nothing of the stream is touched afterwards. */
static void stream_end(struct envd_stream *stream)
{
	stream_release(stream);
	stream->on_end(stream);
}

/* The limit until something must be heard: of the first message, or of silence after it. */
static void stream_wait(struct envd_stream *stream)
{
	int64_t left = stream->start_by_ms - clock_mono_ms();

	if (stream->is_paused)
		left = PAUSE_MOST_MS;
	else if (stream->messages > 0 || stream->start_by_ms == 0)
		left = stream->silence_ms;
	http_set_limit(&stream->req, left > 0 ? left : 1);
}

static void on_stream_head(struct http_req *req, int status)
{
	struct envd_stream *stream = container_of(req, struct envd_stream, req);
	const char *type = http_header(req, "Content-Type");

	stream->status = status;
	stream->is_stream =
		status == 200 && type && strncasecmp(type, "application/connect+json", 24) == 0;
	stream_wait(stream);
}

/* The end-of-stream message: {} or {"error":…}. */
static void stream_read_end(struct envd_stream *stream, const char *payload, size_t len)
{
	struct wire_end_of_stream end = {0};

	stream->has_ended = true;
	if (fields_parse(&wire_end_of_stream_type, FIELDS_E2B, payload, len, "end of stream", &end,
			 &stream->err) < 0)
		(void)fault_bad_answer(stream->status, &stream->err);
	else if (end.error)
		(void)fault_from_stream(end.error, stream->is_filesystem, stream->messages == 0,
					stream->code, &stream->err);
	fields_free(&wire_end_of_stream_type, &end);
	http_set_limit(&stream->req, CLOSING_MS);
}

/* Tell the messages that are whole. False when the stream is over, or was cancelled and maybe freed. */
static bool stream_tell(struct envd_stream *stream)
{
	bool is_gone = false, is_end;
	const char *payload;
	size_t len;
	int found;

	stream->is_gone = &is_gone;
	while ((found = envelope_reader_next(&stream->reader, &is_end, &payload, &len,
					     &stream->err)) > 0) {
		if (is_end) {
			stream_read_end(stream, payload, len);
			break;
		}
		stream->messages++;
		stream->on_message(stream, payload, len);
		if (is_gone)
			return false;
	}
	stream->is_gone = NULL;
	if (found >= 0)
		return true;
	stream_end(stream);
	return false;
}

static bool on_stream_data(struct http_req *req, const char *data, size_t len)
{
	struct envd_stream *stream = container_of(req, struct envd_stream, req);

	if (stream->is_paused)
		return false;
	if (!stream->is_stream) {
		if (stream->refusal.len + len <= REFUSAL_MAX)
			buf_add(&stream->refusal, data, len);
		return true;
	}
	if (stream->has_ended) /* nothing that follows counts */
		return true;
	if (envelope_reader_add(&stream->reader, data, len, &stream->err) < 0) {
		stream_end(stream);
		return true;
	}
	if (stream_tell(stream) && !stream->has_ended)
		stream_wait(stream);
	return true;
}

/* The HTTP response is over, and no end-of-stream message came: say why. */
static void stream_explain(struct envd_stream *stream, const struct http_reply *reply)
{
	struct fault_answer answer = {reply->status, stream->refusal.data, stream->refusal.len};
	bool has_begun = stream->messages > 0 || stream->start_by_ms == 0;

	stream->is_cut = is_cut_reply(reply);
	if (reply->err->code == SB_TIMEOUT && has_begun && reply->status == 200) {
		stream->is_cut = true;
		(void)sb_fail(&stream->err, SB_UPSTREAM_UNAVAILABLE, "the stream fell silent");
	} else if (reply->err->code != SB_OK) {
		stream->err = *reply->err;
	} else if (reply->status != 200) {
		(void)fault_from_rpc(&answer, stream->is_filesystem, stream->code, &stream->err);
	} else if (!stream->is_stream) {
		(void)sb_fail(&stream->err, SB_SANDBOX, "200: the answer is no stream");
	} else {
		stream->is_cut = true;
		(void)sb_fail(&stream->err, SB_UPSTREAM_UNAVAILABLE, "the stream broke off");
	}
}

static void on_stream_done(struct http_req *req, const struct http_reply *reply)
{
	struct envd_stream *stream = container_of(req, struct envd_stream, req);

	stream->status = reply->status;
	if (!stream->has_ended && stream->err.code == SB_OK)
		stream_explain(stream, reply);
	stream_end(stream);
}

void envd_stream_start(const struct envd_target *target, struct envd_stream *stream,
		       const char *method, const struct fields *in, const void *request,
		       const struct envd_stream_options *options)
{
	int keepalive_s = options->keepalive_s > 0 ? options->keepalive_s : KEEPALIVE_S;
	struct buf message CLEANUP_BUF = {0};
	struct ask ask;

	assert(!stream->req.slot);
	*stream = (struct envd_stream){
		.on_message = stream->on_message,
		.on_end = stream->on_end,
		.req = {.on_head = on_stream_head,
			.on_data = on_stream_data,
			.done = on_stream_done},
		.silence_ms = (int64_t)keepalive_s * 2000 + SILENCE_SLACK_MS,
		.is_filesystem = is_filesystem_method(method),
	};
	if (options->start_timeout_ms > 0)
		stream->start_by_ms = clock_mono_ms() + options->start_timeout_ms;
	ask_rpc(&ask, target, method, "application/connect+json", options->timeout_ms);
	ask_header(&ask, "Keepalive-Ping-Interval: %d", keepalive_s);
	for (const char *const *line = options->headers; line && *line; line++)
		ask_header(&ask, "%s", *line);
	fields_encode(in, FIELDS_E2B, request, &message);
	if (message.failed)
		ask.failed = true;
	else
		envelope_add(&ask.body, 0, message.data, message.len);
	ask.spec.head_timeout_ms =
		options->start_timeout_ms > 0 ? options->start_timeout_ms : stream->silence_ms;
	ask_start(&ask, &stream->req, &stream->err);
}

void envd_stream_cancel(struct envd_stream *stream)
{
	stream_release(stream);
}

void envd_stream_pause(struct envd_stream *stream)
{
	if (stream->req.slot)
		stream->is_paused = true;
}

void envd_stream_resume(struct envd_stream *stream)
{
	if (!stream->is_paused)
		return;
	stream->is_paused = false;
	if (stream->req.slot) {
		stream_wait(stream);
		http_resume(&stream->req);
	}
}

/* ---- the probe ------------------------------------------------------------------------------- */

static void on_probed(struct http_req *req, const struct http_reply *reply)
{
	struct envd_probe *probe = container_of(req, struct envd_probe, req);
	struct fault_answer answer = {reply->status, reply->body, reply->body_len};
	char code[FAULT_CODE_SIZE];

	probe->health = ENVD_UNKNOWN;
	if (probe->err.code != SB_OK)
		; /* it never began */
	else if (reply->err->code != SB_OK)
		probe->err = *reply->err;
	else if (reply->status >= 200 && reply->status <= 299)
		probe->health = ENVD_RUNNING;
	else if (reply->status == 502)
		probe->health = ENVD_NOT_RUNNING;
	else
		(void)fault_from_rpc(&answer, false, code, &probe->err);
	probe->done(probe);
}

void envd_probe_start(const struct envd_target *target, struct envd_probe *probe,
		      int64_t timeout_ms)
{
	struct ask ask;

	assert(!probe->req.slot);
	*probe = (struct envd_probe){.done = probe->done, .req = {.done = on_probed}};
	ask_envd(&ask, target, "GET", "/health");
	ask.spec.timeout_ms = timeout_ms > 0 ? timeout_ms : PROBE_TIMEOUT_MS;
	ask_start(&ask, &probe->req, &probe->err);
}

void envd_probe_cancel(struct envd_probe *probe)
{
	http_cancel(&probe->req);
}

void envd_cut_explain(enum envd_health health, struct sb_error *err)
{
	if (health != ENVD_NOT_RUNNING)
		return;
	sb_clear(err);
	(void)sb_fail(err, SB_SANDBOX_NOT_FOUND,
		      "the sandbox was killed or reached its end of life meanwhile");
	err->http_status = 502;
}
