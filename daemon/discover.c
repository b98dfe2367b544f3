/*
 * OpenRPC 1.2.6, written straight from the tables. Structs become components/schemas and errors
 * components/errors, so each is said once. Notifications, which OpenRPC does not know, stand under
 * "x-notifications".
 */
#include "config.h"

#include "daemon/discover.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "protocol/methods.h"
#include "protocol/types.h"

#define TYPES_MAX 128

struct discover {
	struct buf *out;
	const struct fields *types[TYPES_MAX]; /* whose schema is wanted, each once */
	size_t type_count;
};

static void add_text(struct buf *out, const char *text)
{
	fields_encode_string(out, text, strlen(text));
}

/* `"name":"text"` with a comma in front. */
static void add_member(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":", name);
	add_text(out, text ? text : "");
}

/* ---- schemas ---------------------------------------------------------------------------------- */

static void add_reference(struct discover *d, const struct fields *type)
{
	size_t i = 0;

	buf_printf(d->out, "\"$ref\":\"#/components/schemas/%s\"", type->name);
	while (i < d->type_count && d->types[i] != type)
		i++;
	if (i < d->type_count)
		return;
	assert(d->type_count < TYPES_MAX);
	d->types[d->type_count++] = type;
}

static void add_range(struct buf *out, const struct field *field)
{
	if (field->min || field->max)
		buf_printf(out, ",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64, field->min,
			   field->max);
	if (!field->required && field->absent != TYPES_UNSET)
		buf_printf(out, ",\"default\":%" PRId64, field->absent);
}

static void add_lengths(struct buf *out, const struct field *field, const char *noun)
{
	if (field->min)
		buf_printf(out, ",\"min%s\":%" PRId64, noun, field->min);
	if (field->max)
		buf_printf(out, ",\"max%s\":%" PRId64, noun, field->max);
}

static void add_choices(struct buf *out, const struct field *field)
{
	buf_add_str(out, "\"type\":\"string\",\"enum\":[");
	for (size_t i = 0; field->names[i]; i++) {
		if (i)
			buf_add(out, ",", 1);
		add_text(out, field->names[i]);
	}
	buf_add(out, "]", 1);
	if (!field->required)
		add_member(out, "default", field->names[field->absent]);
}

/* The members of a field's schema, without the braces. */
static void add_schema(struct discover *d, const struct field *field)
{
	struct buf *out = d->out;

	switch (field->kind) {
	case FIELD_BOOL:
		buf_add_str(out, "\"type\":\"boolean\"");
		if (!field->required)
			buf_printf(out, ",\"default\":%s", field->absent ? "true" : "false");
		break;
	case FIELD_INT:
	case FIELD_INT64:
		buf_add_str(out, "\"type\":\"integer\"");
		add_range(out, field);
		break;
	case FIELD_NUMBER:
		buf_add_str(out, "\"type\":\"number\"");
		add_range(out, field);
		break;
	case FIELD_STRING:
		buf_add_str(out, "\"type\":\"string\"");
		add_lengths(out, field, "Length");
		break;
	case FIELD_BYTES:
		buf_add_str(out, "\"$ref\":\"#/components/schemas/Bytes\"");
		break;
	case FIELD_ENUM:
		add_choices(out, field);
		break;
	case FIELD_STRINGS:
		buf_add_str(out, "\"type\":\"array\",\"items\":{\"type\":\"string\"}");
		add_lengths(out, field, "Items");
		break;
	case FIELD_MAP:
		buf_add_str(out,
			    "\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}");
		if (field->are_variables)
			buf_add_str(out, ",\"propertyNames\":{\"pattern\":\"^[^=]+$\"}");
		add_lengths(out, field, "Properties");
		break;
	case FIELD_OBJECT:
		add_reference(d, field->type);
		break;
	case FIELD_LIST:
		buf_add_str(out, "\"type\":\"array\",\"items\":{");
		add_reference(d, field->type);
		buf_add(out, "}", 1);
		add_lengths(out, field, "Items");
		break;
	case FIELD_JSON:
		buf_add_str(out, "\"description\":\"any JSON value\"");
		break;
	}
}

static void add_required(struct buf *out, const struct fields *type)
{
	const char *separator = "";

	buf_add_str(out, ",\"required\":[");
	for (const struct field *field = type->fields; field->name; field++) {
		if (!field->required)
			continue;
		buf_add_str(out, separator);
		add_text(out, field->name);
		separator = ",";
	}
	buf_add(out, "]", 1);
}

static void add_type(struct discover *d, const struct fields *type)
{
	const char *separator = "";

	buf_printf(d->out, ",\"%s\":{\"type\":\"object\",\"title\":\"%s\"", type->name, type->name);
	if (type->doc)
		add_member(d->out, "description", type->doc);
	buf_add_str(d->out, ",\"properties\":{");
	for (const struct field *field = type->fields; field->name; field++) {
		buf_printf(d->out, "%s\"%s\":{", separator, field->name);
		add_schema(d, field);
		if (field->kind != FIELD_JSON)
			add_member(d->out, "description", field->doc);
		buf_add(d->out, "}", 1);
		separator = ",";
	}
	buf_add(d->out, "}", 1);
	add_required(d->out, type);
	buf_add(d->out, "}", 1);
}

/* ---- methods ---------------------------------------------------------------------------------- */

static void add_params(struct discover *d, const struct fields *type)
{
	const char *separator = "";

	buf_add_str(d->out, ",\"params\":[");
	for (const struct field *field = type->fields; field->name; field++) {
		buf_printf(d->out, "%s{\"name\":\"%s\",\"required\":%s", separator, field->name,
			   field->required ? "true" : "false");
		add_member(d->out, "description", field->doc);
		buf_add_str(d->out, ",\"schema\":{");
		add_schema(d, field);
		buf_add_str(d->out, "}}");
		separator = ",";
	}
	buf_add(d->out, "]", 1);
}

static void add_error_references(struct buf *out, const char *kinds)
{
	const char *separator = "";

	buf_add_str(out, ",\"errors\":[");
	while (*kinds) {
		size_t len = strcspn(kinds, " ");

		buf_printf(out, "%s{\"$ref\":\"#/components/errors/%.*s\"}", separator, (int)len,
			   kinds);
		kinds += len + strspn(kinds + len, " ");
		separator = ",";
	}
	buf_add(out, "]", 1);
}

static void add_method(struct discover *d, const struct method_info *method)
{
	buf_printf(d->out, "{\"name\":\"%s\"", method->name);
	add_member(d->out, "summary", method->meaning);
	buf_add_str(d->out, ",\"paramStructure\":\"by-name\"");
	add_params(d, method->params);
	buf_add_str(d->out, ",\"result\":{\"name\":\"result\",\"schema\":{");
	add_reference(d, method->result);
	buf_add_str(d->out, "}}");
	add_error_references(d->out, method->errors);
	buf_printf(d->out, ",\"x-on-disconnect\":\"%s\"}",
		   method->on_disconnect == METHOD_CANCEL ? "cancel" : "finish");
}

static void add_methods(struct discover *d)
{
	buf_add_str(d->out, ",\"methods\":[");
	for (int id = 0; id < METHOD_COUNT; id++) {
		if (id > 0)
			buf_add(d->out, ",", 1);
		add_method(d, method_info((enum method_id)id));
	}
	buf_add(d->out, "]", 1);
}

static void add_notifications(struct discover *d)
{
	static const char *const directions[] = {
		[NOTIFICATION_DOWN] = "down",
		[NOTIFICATION_UP] = "up",
		[NOTIFICATION_BOTH] = "both",
	};
	const char *separator = "";

	buf_add_str(d->out, ",\"x-notifications\":[");
	for (const struct notification_info *info = notifications; info->name; info++) {
		buf_printf(d->out, "%s{\"name\":\"%s\",\"direction\":\"%s\"", separator, info->name,
			   directions[info->direction]);
		add_member(d->out, "summary", info->meaning);
		add_params(d, info->params);
		buf_add(d->out, "}", 1);
		separator = ",";
	}
	buf_add(d->out, "]", 1);
}

/* ---- the whole -------------------------------------------------------------------------------- */

static void add_errors(struct buf *out)
{
	buf_add_str(out, ",\"errors\":{");
	for (int code = SB_OK + 1; code < SB_CODE_COUNT; code++) {
		const struct sb_code_info *info = sb_code_info((enum sb_code)code);

		buf_printf(out, "%s\"%s\":{\"code\":%d", code > SB_OK + 1 ? "," : "", info->kind,
			   info->number);
		add_member(out, "message", info->meaning);
		buf_printf(out, ",\"data\":{\"kind\":\"%s\",\"http_status\":%d,\"retryable\":%s}}",
			   info->kind, info->http_status, info->retryable ? "true" : "false");
	}
	buf_add(out, "}", 1);
}

static void add_components(struct discover *d)
{
	buf_add_str(d->out,
		    ",\"components\":{\"schemas\":{\"Bytes\":{\"title\":\"Bytes\",\"description\":"
		    "\"text, or base64 where the bytes are not valid UTF-8\",\"oneOf\":[{\"type\":"
		    "\"string\"},{\"type\":\"object\",\"properties\":{\"base64\":{\"type\":"
		    "\"string\"}},\"required\":[\"base64\"],\"additionalProperties\":false}]}");
	for (size_t i = 0; i < d->type_count; i++) /* grows while it is written */
		add_type(d, d->types[i]);
	buf_add(d->out, "}", 1);
	add_errors(d->out);
	buf_add(d->out, "}", 1);
}

void discover_write(struct buf *out)
{
	struct discover d = {.out = out};

	buf_add_str(out, "{\"openrpc\":\"1.2.6\",\"info\":{\"title\":\"sandpool\",\"version\":\"");
	buf_add_str(out, PACKAGE_VERSION "\"},\"servers\":[]");
	add_methods(&d);
	add_notifications(&d);
	add_components(&d);
	buf_add(out, "}", 1);
}
