/* The JSON-RPC 2.0 envelope, read and written. */
#include "config.h"

#include "protocol/message.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "protocol/fields.h"
#include "protocol/frame.h"
#include "protocol/scan.h"

/* The text of an id: a string or an integer; in an answer also null. */
static int read_id(json_object *json, bool may_be_null, char **ret)
{
	bool is_string = json_object_is_type(json, json_type_string);

	if (is_string && json_object_get_string_len(json) > MESSAGE_ID_MAX)
		return -1;
	if (!is_string && !json_object_is_type(json, json_type_int) && !(may_be_null && !json))
		return -1;
	*ret = strdup(json ? json_object_to_json_string_ext(
				     json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
			   : "null");
	return *ret ? 0 : -1;
}

/* Turn a message into the report of what is wrong with it (message.h). */
static void message_spoil(struct message *message, const char *reason)
{
	(void)json_object_put(message->body);
	message->body = NULL;
	free(message->method);
	message->method = strdup(reason);
	message->kind = MESSAGE_ERROR;
	message->fds = 0;
}

static const char *read_envelope_members(json_object *json, struct message *message)
{
	json_object_object_foreach(json, key, value)
	{
		if (strcmp(key, "jsonrpc") == 0) {
			if (!json_object_is_type(value, json_type_string) ||
			    strcmp(json_object_get_string(value), "2.0") != 0)
				return "jsonrpc must be \"2.0\"";
		} else if (strcmp(key, "id") == 0) {
			continue; /* read first, so that errors can carry it */
		} else if (strcmp(key, "method") == 0) {
			if (!json_object_is_type(value, json_type_string) ||
			    strlen(json_object_get_string(value)) !=
				    (size_t)json_object_get_string_len(value))
				return "method must be a string";
			message->method = strdup(json_object_get_string(value));
		} else if (strcmp(key, "params") == 0 || strcmp(key, "result") == 0 ||
			   strcmp(key, "error") == 0) {
			if (message->body)
				return "params, result and error exclude each other";
			message->body = json_object_get(value);
		} else if (strcmp(key, "fds") == 0) {
			if (!json_object_is_type(value, json_type_int) ||
			    json_object_get_int64(value) < 0 ||
			    json_object_get_int64(value) > FRAME_FDS_MAX)
				return "fds must be an integer from 0 to 16";
			message->fds = (size_t)json_object_get_int64(value);
		} else {
			return "unknown member beside jsonrpc, id, method, params and fds";
		}
	}
	return NULL;
}

/* What an object with these members is; NULL, or what is wrong with it. */
static const char *classify(json_object *json, struct message *message)
{
	bool has_result = json_object_object_get_ex(json, "result", NULL);
	bool has_error = json_object_object_get_ex(json, "error", NULL);

	if (!json_object_object_get_ex(json, "jsonrpc", NULL))
		return "jsonrpc is missing";
	if (message->method) {
		if (has_result || has_error)
			return "method excludes result and error";
		if (json_object_object_get_ex(json, "params", NULL) &&
		    !json_object_is_type(message->body, json_type_object))
			return "params must be an object: parameters are named";
		message->kind = message->id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
		return NULL;
	}
	if (!message->id || has_result == has_error)
		return "method is missing";
	if (has_error && !json_object_is_type(message->body, json_type_object))
		return "error must be an object";
	message->kind = has_result ? MESSAGE_RESULT : MESSAGE_ERROR;
	return NULL;
}

static void message_read(json_object *json, struct message *message)
{
	json_object *id = NULL;
	const char *reason;

	if (!json_object_is_type(json, json_type_object)) {
		message_spoil(message, "a message must be an object");
		return;
	}
	if (json_object_object_get_ex(json, "id", &id)) {
		bool is_answer = !json_object_object_get_ex(json, "method", NULL);

		if (read_id(id, is_answer, &message->id) < 0) {
			message_spoil(message,
				      "id must be an integer or a string of at most 128 bytes");
			return;
		}
	}
	reason = read_envelope_members(json, message);
	if (!reason)
		reason = classify(json, message);
	if (reason)
		message_spoil(message, reason);
}

static int read_all(json_object *json, struct message_batch *batch, struct sb_error *err)
{
	bool is_array = json_object_is_type(json, json_type_array);
	size_t count = is_array ? json_object_array_length(json) : 1;

	if (count == 0)
		return sb_fail(err, SB_INVALID_REQUEST, "an empty batch");
	if (count > MESSAGE_BATCH_MAX)
		return sb_fail(err, SB_TOO_LARGE, "a batch of more than %d messages",
			       MESSAGE_BATCH_MAX);
	batch->items = calloc(count, sizeof(*batch->items));
	if (!batch->items)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "reading a message");
	batch->is_array = is_array;
	batch->count = count;
	for (size_t i = 0; i < batch->count; i++)
		message_read(batch->is_array ? json_object_array_get_idx(json, i) : json,
			     &batch->items[i]);
	return 0;
}

int message_parse(char *line, size_t len, struct message_batch *ret, struct sb_error *err)
{
	json_tokener *tokener;
	json_object *json;
	int result;

	*ret = (struct message_batch){0};
	if (scan_json(line, len, err) < 0)
		return -1;
	tokener = json_tokener_new_ex(SCAN_DEPTH_MAX + 1);
	if (!tokener)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "reading a message");
	json = json_tokener_parse_ex(tokener, line,
				     (int)len + 1); /* with the NUL: the text ends here */
	json_tokener_free(tokener);
	if (!json_object_is_type(json, json_type_object) &&
	    !json_object_is_type(json, json_type_array))
		result = sb_fail(err, SB_INVALID_REQUEST, "a message must be an object or a batch");
	else
		result = read_all(json, ret, err);
	(void)json_object_put(json);
	if (result < 0)
		message_batch_free(ret);
	return result;
}

void message_batch_free(struct message_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->items[i].id);
		free(batch->items[i].method);
		(void)json_object_put(batch->items[i].body);
	}
	free(batch->items);
	*batch = (struct message_batch){0};
}

static void add_fds(struct buf *out, size_t fds)
{
	if (fds)
		buf_printf(out, ",\"fds\":%zu", fds);
}

void message_add_request(struct buf *out, const char *id, const char *method, const char *params,
			 size_t fds)
{
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"%s\"", id, method);
	if (params) {
		buf_add_str(out, ",\"params\":");
		buf_add_str(out, params);
	}
	add_fds(out, fds);
	buf_add(out, "}", 1);
}

void message_add_notification(struct buf *out, const char *method, const char *params)
{
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
	buf_add_str(out, params);
	buf_add(out, "}", 1);
}

void message_begin_result(struct buf *out, const char *id)
{
	buf_add_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_add_str(out, id);
	buf_add_str(out, ",\"result\":");
}

void message_end_result(struct buf *out, size_t fds)
{
	add_fds(out, fds);
	buf_add(out, "}", 1);
}

void message_add_result(struct buf *out, const char *id, const char *result, size_t fds)
{
	message_begin_result(out, id);
	buf_add_str(out, result);
	message_end_result(out, fds);
}

void message_add_error(struct buf *out, const char *id, const struct sb_error *error)
{
	const struct sb_code_info *info = sb_code_info(error->code);
	int status = error->http_status ? error->http_status : info->http_status;

	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":",
		   id ? id : "null", info->number);
	fields_encode_string(out, error->text, strlen(error->text));
	buf_printf(out, ",\"data\":{\"kind\":\"%s\",\"http_status\":%d,\"retryable\":%s}}}",
		   info->kind, status, info->retryable ? "true" : "false");
}

void message_read_error(const struct message *message, struct sb_error *ret_error)
{
	json_object *text = NULL, *data = NULL, *kind = NULL, *status = NULL;

	*ret_error = (struct sb_error){.code = SB_INTERNAL};
	(void)json_object_object_get_ex(message->body, "message", &text);
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s",
		       json_object_is_type(text, json_type_string) ? json_object_get_string(text)
								   : "an error without a message");
	if (!json_object_object_get_ex(message->body, "data", &data))
		return;
	if (json_object_object_get_ex(data, "kind", &kind) &&
	    json_object_is_type(kind, json_type_string))
		ret_error->code = sb_code_from_kind(json_object_get_string(kind));
	if (json_object_object_get_ex(data, "http_status", &status))
		ret_error->http_status = json_object_get_int(status);
}

struct json_object *message_take_body(struct message *message)
{
	return take(&message->body);
}

void message_body_free(struct json_object *body)
{
	(void)json_object_put(body);
}
