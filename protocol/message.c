/*
 * The JSON-RPC 2.0 envelope, read and written. Its few members are found by walking the text; json-c builds a tree
 * of what methods care for only: params, result, error.
 */
#include "config.h"

#include "protocol/message.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "protocol/fields.h"
#include "protocol/frame.h"
#include "protocol/scan.h"
#include "protocol/text.h"

/* Members of an envelope. */
enum part {
	PART_JSONRPC,
	PART_ID,
	PART_METHOD,
	PART_PARAMS,
	PART_RESULT,
	PART_ERROR,
	PART_FDS,
	PART_UNKNOWN, /* any other */
	PART_COUNT,
};

static const char *const part_names[PART_UNKNOWN] = {
	"jsonrpc", "id", "method", "params", "result", "error", "fds",
};

/* A value as a tree: returns new; NULL is null, or out of memory. */
static json_object *parse_value(const struct text_span *value)
{
	json_tokener *tokener = json_tokener_new_ex(SCAN_DEPTH_MAX + 1);
	CLEANUP_FREE char *text = NULL;
	json_object *json = NULL;

	/* A number ends where something else begins: give scalars an end of their own. */
	if (*value->at != '{' && *value->at != '[')
		text = strndup(value->at, value->len);
	if (tokener && text)
		json = json_tokener_parse_ex(tokener, text, (int)value->len + 1);
	else if (tokener)
		json = json_tokener_parse_ex(tokener, value->at, (int)value->len);
	if (tokener)
		json_tokener_free(tokener);
	return json;
}

/* ---- members ---------------------------------------------------------------------------------- */

static bool is_plain(const struct text_span *span)
{
	return !memchr(span->at, '\\', span->len);
}

/* What a string says: returns new. NULL when it is no string, or has a NUL in it. */
static char *read_string(const struct text_span *value)
{
	char *text = NULL;
	json_object *json;

	if (!value->at || *value->at != '"')
		return NULL;
	if (is_plain(value))
		return strndup(value->at + 1, value->len - 2);
	json = parse_value(value);
	if (json &&
	    strlen(json_object_get_string(json)) == (size_t)json_object_get_string_len(json))
		text = strdup(json_object_get_string(json));
	(void)json_object_put(json);
	return text;
}

static enum part find_part(const struct text_span *key)
{
	struct text_span quoted = {key->at - 1, key->len + 2};
	CLEANUP_FREE char *unescaped = is_plain(key) ? NULL : read_string(&quoted);
	const char *name = unescaped ? unescaped : key->at;
	size_t len = unescaped ? strlen(unescaped) : key->len;
	int part = 0;

	while (part < PART_UNKNOWN &&
	       (strlen(part_names[part]) != len || memcmp(part_names[part], name, len) != 0))
		part++;
	return (enum part)part;
}

static void find_parts(const char *object, struct text_span parts[PART_COUNT])
{
	struct text_span key, value;

	while (text_next_member(&object, &key, &value))
		parts[find_part(&key)] = value;
}

/* The text of an id, which is the same for all ways to write it. In an answer it may be null. */
static int read_id(const struct text_span *value, bool may_be_null, char **ret)
{
	bool is_string = *value->at == '"';
	bool is_integer = strspn(value->at, "-0123456789") == value->len;
	bool is_null = may_be_null && *value->at == 'n';
	json_object *json;

	if (!is_string && !is_integer && !is_null)
		return -1;
	if (is_plain(value) && *value->at != '-') {
		if (is_string && value->len - 2 > MESSAGE_ID_MAX)
			return -1;
		*ret = strndup(value->at, value->len);
		return *ret ? 0 : -1;
	}
	json = parse_value(value);
	if (json && (!is_string || json_object_get_string_len(json) <= MESSAGE_ID_MAX))
		*ret = strdup(json_object_to_json_string_ext(
			json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	(void)json_object_put(json);
	return *ret ? 0 : -1;
}

char *message_params_id(const struct message *message)
{
	json_object *id;

	if (!json_object_object_get_ex(message->body, "id", &id))
		return NULL;
	return strdup(json_object_to_json_string_ext(id, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int read_fds(const struct text_span *value, size_t *ret)
{
	if (!value->at)
		return 0;
	if (value->len > 2 || strspn(value->at, "0123456789") != value->len)
		return -1;
	*ret = strtoul(value->at, NULL, 10);
	return *ret <= FRAME_FDS_MAX ? 0 : -1;
}

/* ---- messages --------------------------------------------------------------------------------- */

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

/* A message with a method; NULL, or what is wrong with it. */
static const char *read_request(const struct text_span *parts, struct message *message)
{
	const struct text_span *params = &parts[PART_PARAMS];

	if (parts[PART_RESULT].at || parts[PART_ERROR].at)
		return "method excludes result and error";
	if (params->at && *params->at != '{')
		return "params must be an object: parameters are named";
	message->method = read_string(&parts[PART_METHOD]);
	if (!message->method)
		return "method must be a string";
	message->kind = message->id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;
	if (params->at)
		message->body = parse_value(params);
	return NULL;
}

/* One without. */
static const char *read_answer(const struct text_span *parts, struct message *message)
{
	const struct text_span *result = &parts[PART_RESULT], *error = &parts[PART_ERROR];

	if (!message->id || !result->at == !error->at || parts[PART_PARAMS].at)
		return "method is missing";
	if (error->at && *error->at != '{')
		return "error must be an object";
	message->kind = result->at ? MESSAGE_RESULT : MESSAGE_ERROR;
	message->body = parse_value(result->at ? result : error);
	return NULL;
}

static const char *read_parts(const struct text_span *parts, struct message *message)
{
	const struct text_span *version = &parts[PART_JSONRPC], *id = &parts[PART_ID];

	/* The id first, so that errors can carry it. */
	if (id->at && read_id(id, !parts[PART_METHOD].at, &message->id) < 0)
		return "id must be an integer or a string of at most 128 bytes";
	if (!version->at || version->len != 5 || memcmp(version->at, "\"2.0\"", 5) != 0)
		return "jsonrpc must be \"2.0\"";
	if (parts[PART_UNKNOWN].at)
		return "unknown member beside jsonrpc, id, method, params and fds";
	if (read_fds(&parts[PART_FDS], &message->fds) < 0)
		return "fds must be an integer from 0 to 16";
	return parts[PART_METHOD].at ? read_request(parts, message) : read_answer(parts, message);
}

static void message_read(const char *text, struct message *message)
{
	struct text_span parts[PART_COUNT] = {0};
	const char *reason = "a message must be an object";

	if (*text == '{') {
		find_parts(text, parts);
		reason = read_parts(parts, message);
	}
	if (reason)
		message_spoil(message, reason);
}

static size_t count_elements(const char *array)
{
	struct text_span element;
	size_t count = 0;

	while (text_next_element(&array, &element))
		count++;
	return count;
}

static int read_all(const char *text, struct message_batch *batch, struct sb_error *err)
{
	bool is_array = *text == '[';
	size_t count = is_array ? count_elements(text) : 1;
	struct text_span element;

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
	if (!is_array)
		message_read(text, &batch->items[0]);
	for (size_t i = 0; is_array && text_next_element(&text, &element); i++)
		message_read(element.at, &batch->items[i]);
	return 0;
}

int message_parse(char *line, size_t len, struct message_batch *ret, struct sb_error *err)
{
	const char *text = line;

	*ret = (struct message_batch){0};
	if (scan_json(line, len, err) < 0)
		return -1;
	text = text_skip_space(text);
	if (*text != '{' && *text != '[')
		return sb_fail(err, SB_INVALID_REQUEST, "a message must be an object or a batch");
	return read_all(text, ret, err);
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
	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":", id);
	fields_encode_string(out, method, strlen(method));
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
