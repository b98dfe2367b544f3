/*
 * A call: parameters are gathered as JSON text, one piece per name; the result is kept as it came and
 * read by path. What goes wrong while parameters are set is remembered and fails the call.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "protocol/fields.h"
#include "protocol/lookup.h"
#include "protocol/scan.h"
#include "protocol/utf8.h"

int client_fail(struct sandpool_error *err, const char *kind, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	*err = (struct sandpool_error){0};
	(void)snprintf(err->kind, sizeof(err->kind), "%s", kind);
	va_start(ap, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -1;
}

int client_fail_with(struct sandpool_error *err, const struct sandpool_error *from)
{
	if (err)
		*err = *from;
	return -1;
}

struct sandpool_call *sandpool_call_new(const char *method)
{
	struct sandpool_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->params_end = &call->params;
	call->method = strdup(method);
	if (!call->method) {
		sandpool_call_free(call);
		return NULL;
	}
	return call;
}

static void free_params(struct sandpool_call *call)
{
	while (call->params) {
		struct param *param = call->params;

		call->params = param->next;
		free(param->name);
		buf_deinit(&param->text);
		free(param);
	}
	call->params_end = &call->params;
	free(take(&call->raw_params));
}

void sandpool_call_free(struct sandpool_call *call)
{
	if (!call)
		return;
	if (call->sp) {
		sandpool_cancel(call);
		call_detach(call);
	}
	free_params(call);
	close_fds(call->fds, call->fd_count);
	close_fds(call->result_fds, call->result_fd_count);
	message_body_free(call->result);
	buf_deinit(&call->bytes);
	free(call->method);
	free(call);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static struct param *find_param(struct sandpool_call *call, const char *name)
{
	for (struct param *param = call->params; param; param = param->next) {
		if (strcmp(param->name, name) == 0)
			return param;
	}
	return NULL;
}

/* The parameter of that name, made when it is not there; NULL when that cannot be. */
static struct param *get_param(struct sandpool_call *call, const char *name)
{
	struct param *param = find_param(call, name);

	if (param)
		return param;
	param = calloc(1, sizeof(*param));
	if (!param || !(param->name = strdup(name))) {
		free(param);
		call->bad_param = "out of memory";
		return NULL;
	}
	*call->params_end = param;
	call->params_end = &param->next;
	return param;
}

/* The parameter, emptied, to be given one value. */
static struct param *fresh_param(struct sandpool_call *call, const char *name)
{
	struct param *param = get_param(call, name);

	if (param) {
		buf_reset(&param->text);
		param->closing = '\0';
	}
	return param;
}

/* The parameter as an open list or object, ready for one more item. */
static struct param *open_param(struct sandpool_call *call, const char *name, char opening,
				char closing)
{
	struct param *param = get_param(call, name);

	if (!param)
		return NULL;
	if (param->closing != closing) {
		buf_reset(&param->text);
		buf_add(&param->text, &opening, 1);
		param->closing = closing;
	} else {
		buf_add(&param->text, ",", 1);
	}
	return param;
}

static bool check_text(struct sandpool_call *call, const char *text)
{
	if (utf8_is_valid(text, strlen(text)))
		return true;
	call->bad_param = "text that is not UTF-8";
	return false;
}

void sandpool_set_string(struct sandpool_call *call, const char *name, const char *value)
{
	struct param *param;

	if (!value || !check_text(call, value))
		return;
	param = fresh_param(call, name);
	if (param)
		fields_encode_string(&param->text, value, strlen(value));
}

void sandpool_set_int(struct sandpool_call *call, const char *name, int64_t value)
{
	struct param *param = fresh_param(call, name);

	if (param)
		buf_printf(&param->text, "%" PRId64, value);
}

void sandpool_set_number(struct sandpool_call *call, const char *name, double value)
{
	struct param *param;

	if (!isfinite(value)) {
		call->bad_param = "a number that is not finite";
		return;
	}
	param = fresh_param(call, name);
	if (param)
		buf_printf(&param->text, "%.17g", value);
}

void sandpool_set_bool(struct sandpool_call *call, const char *name, bool value)
{
	struct param *param = fresh_param(call, name);

	if (param)
		buf_add_str(&param->text, value ? "true" : "false");
}

void sandpool_set_bytes(struct sandpool_call *call, const char *name, const void *data, size_t len)
{
	struct param *param = fresh_param(call, name);

	if (param)
		fields_encode_bytes(&param->text, data, len);
}

void sandpool_add_string(struct sandpool_call *call, const char *name, const char *value)
{
	struct param *param;

	if (!value || !check_text(call, value))
		return;
	param = open_param(call, name, '[', ']');
	if (param)
		fields_encode_string(&param->text, value, strlen(value));
}

void sandpool_add_pair(struct sandpool_call *call, const char *name, const char *key,
		       const char *value)
{
	struct param *param;

	if (!value || !check_text(call, key) || !check_text(call, value))
		return;
	param = open_param(call, name, '{', '}');
	if (!param)
		return;
	fields_encode_string(&param->text, key, strlen(key));
	buf_add(&param->text, ":", 1);
	fields_encode_string(&param->text, value, strlen(value));
}

void sandpool_set_fd(struct sandpool_call *call, const char *name, int fd)
{
	int copy;

	if (call->fd_count == FRAME_FDS_MAX) {
		call->bad_param = "more than 16 descriptors";
		return;
	}
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0) {
		call->bad_param = "a descriptor that is not open";
		return;
	}
	sandpool_set_int(call, name, (int64_t)call->fd_count);
	call->fds[call->fd_count++] = copy;
}

void sandpool_set_params(struct sandpool_call *call, const char *json)
{
	struct sb_error err = {0};

	free_params(call);
	if (scan_json(json, strlen(json), &err) < 0 || json[strspn(json, " \t\r\n")] != '{') {
		call->bad_param = "params must be a JSON object";
		return;
	}
	call->raw_params = strdup(json);
	if (!call->raw_params)
		call->bad_param = "out of memory";
	for (char *c = call->raw_params; c && *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' '; /* white space between tokens: strings hold none raw */
	}
}

static void write_param(const struct param *param, const char *name, struct buf *out)
{
	fields_encode_string(out, name, strlen(name));
	buf_add(out, ":", 1);
	buf_add(out, param->text.data, param->text.len);
	if (param->closing)
		buf_add(out, &param->closing, 1);
	if (param->text.failed)
		out->failed = true;
}

/* `param` and those behind it whose names begin as its: members of one object. */
static void write_object(const struct param *param, size_t prefix, struct buf *out)
{
	const char *name = param->name;

	fields_encode_string(out, name, prefix);
	buf_add(out, ":{", 2);
	write_param(param, name + prefix + 1, out);
	while ((param = param->next)) {
		if (strncmp(param->name, name, prefix + 1) != 0)
			continue;
		buf_add(out, ",", 1);
		write_param(param, param->name + prefix + 1, out);
	}
	buf_add(out, "}", 1);
}

/* Whether one before it has written it, as a member of their object. */
static bool is_written(const struct sandpool_call *call, const struct param *param, size_t prefix)
{
	for (const struct param *other = call->params; other != param; other = other->next) {
		if (strncmp(other->name, param->name, prefix + 1) == 0)
			return true;
	}
	return false;
}

static void write_params(const struct sandpool_call *call, struct buf *out)
{
	buf_add(out, "{", 1);
	for (const struct param *param = call->params; param; param = param->next) {
		size_t prefix = strcspn(param->name, ".");

		if (param->name[prefix] && is_written(call, param, prefix))
			continue;
		if (param != call->params)
			buf_add(out, ",", 1);
		if (param->name[prefix])
			write_object(param, prefix, out);
		else
			write_param(param, param->name, out);
	}
	buf_add(out, "}", 1);
}

int call_params(struct sandpool_call *call, struct buf *out, struct sandpool_error *err)
{
	if (call->bad_param)
		return client_fail(err, "invalid_params", "%s: %s", call->method, call->bad_param);
	if (call->raw_params)
		buf_add_str(out, call->raw_params);
	else
		write_params(call, out);
	return out->failed ? client_fail(err, "internal", "%s: out of memory", call->method) : 0;
}

/* ---- results --------------------------------------------------------------------------------- */

const char *sandpool_get_string(const struct sandpool_call *call, const char *path)
{
	return lookup_string(call->result, path);
}

int64_t sandpool_get_int(const struct sandpool_call *call, const char *path)
{
	return lookup_int(call->result, path);
}

double sandpool_get_number(const struct sandpool_call *call, const char *path)
{
	return lookup_number(call->result, path);
}

bool sandpool_get_bool(const struct sandpool_call *call, const char *path)
{
	return lookup_bool(call->result, path);
}

bool sandpool_has(const struct sandpool_call *call, const char *path)
{
	return lookup_exists(call->result, path);
}

/* Decode bytes at `path` into `bytes`, which keeps them. */
static const void *decode_bytes(struct json_object *json, const char *path, struct buf *bytes,
				size_t *ret_len)
{
	buf_reset(bytes);
	buf_add(bytes, "", 0); /* so that there is memory even for none */
	if (!lookup_bytes(json, path, bytes) || bytes->failed) {
		*ret_len = 0;
		return NULL;
	}
	*ret_len = bytes->len;
	return bytes->data;
}

const void *sandpool_get_bytes(struct sandpool_call *call, const char *path, size_t *ret_len)
{
	return decode_bytes(call->result, path, &call->bytes, ret_len);
}

size_t sandpool_get_count(const struct sandpool_call *call, const char *path)
{
	return lookup_count(call->result, path);
}

const char *sandpool_get_key(const struct sandpool_call *call, const char *path, size_t index)
{
	return lookup_key(call->result, path, index);
}

const char *sandpool_get_json(const struct sandpool_call *call)
{
	return call->state == CALL_DONE ? lookup_text(call->result) : NULL;
}

size_t sandpool_fd_count(const struct sandpool_call *call)
{
	return call->result_fd_count;
}

int sandpool_take_fd(struct sandpool_call *call, size_t index)
{
	return index < call->result_fd_count ? take_fd(&call->result_fds[index]) : -1;
}

/* ---- notifications --------------------------------------------------------------------------- */

const char *sandpool_note_method(const struct sandpool_note *note)
{
	return note->method;
}

const char *sandpool_note_string(const struct sandpool_note *note, const char *path)
{
	return lookup_string(note->params, path);
}

int64_t sandpool_note_int(const struct sandpool_note *note, const char *path)
{
	return lookup_int(note->params, path);
}

bool sandpool_note_bool(const struct sandpool_note *note, const char *path)
{
	return lookup_bool(note->params, path);
}

const void *sandpool_note_bytes(struct sandpool_note *note, const char *path, size_t *ret_len)
{
	return decode_bytes(note->params, path, &note->bytes, ret_len);
}

const char *sandpool_note_json(const struct sandpool_note *note)
{
	return lookup_text(note->params);
}
