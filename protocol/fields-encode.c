/* Encoding structs as JSON text by their tables. The text is written straight into the buffer. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "protocol/base64.h"
#include "protocol/fields.h"
#include "protocol/utf8.h"

/* How many bytes from `text` on need no escape and are valid UTF-8. */
static size_t plain_run(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c = (unsigned char)text[i];
		size_t n = 1;

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			break;
		if (c >= 0x80) {
			n = utf8_char_len(text + i, len - i);
			if (n == 0)
				break;
		}
		i += n;
	}
	return i;
}

static void add_escaped(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_add(out, "\\\"", 2);
		break;
	case '\\':
		buf_add(out, "\\\\", 2);
		break;
	case '\n':
		buf_add(out, "\\n", 2);
		break;
	case '\t':
		buf_add(out, "\\t", 2);
		break;
	case '\r':
		buf_add(out, "\\r", 2);
		break;
	default:
		if (c >= 0x80)
			buf_add_str(out, "\xef\xbf\xbd"); /* U+FFFD: a byte that is no UTF-8 */
		else
			buf_printf(out, "\\u%04x", c);
	}
}

void fields_encode_string(struct buf *out, const char *text, size_t len)
{
	buf_add(out, "\"", 1);
	while (len > 0) {
		size_t run = plain_run(text, len);

		buf_add(out, text, run);
		text += run;
		len -= run;
		if (len > 0) {
			add_escaped(out, (unsigned char)*text);
			text++;
			len--;
		}
	}
	buf_add(out, "\"", 1);
}

static void encode_text(struct buf *out, const char *text)
{
	fields_encode_string(out, text, strlen(text));
}

void fields_encode_bytes(struct buf *out, const char *data, size_t len)
{
	if (utf8_is_valid(data, len)) {
		fields_encode_string(out, data, len);
		return;
	}
	buf_add_str(out, "{\"base64\":\"");
	base64_encode(out, data, len);
	buf_add_str(out, "\"}");
}

static void encode_bytes(enum fields_dialect dialect, const struct bytes *bytes, struct buf *out)
{
	if (dialect == FIELDS_OURS) {
		fields_encode_bytes(out, bytes->data, bytes->len);
		return;
	}
	buf_add(out, "\"", 1);
	base64_encode(out, bytes->data, bytes->len);
	buf_add(out, "\"", 1);
}

/* The shortest text that reads back as the same number. */
static void encode_number(double value, struct buf *out)
{
	char text[40];

	if (!isfinite(value))
		value = 0;
	for (int digits = 15; digits <= 17; digits++) {
		double back;

		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		back = strtod(text, NULL);
		if (back <= value && back >= value)
			break;
	}
	buf_add_str(out, text);
}

static void encode_strings(const struct strings *strings, struct buf *out)
{
	buf_add(out, "[", 1);
	for (size_t i = 0; i < strings->count; i++) {
		if (i)
			buf_add(out, ",", 1);
		encode_text(out, strings->items[i]);
	}
	buf_add(out, "]", 1);
}

static void encode_map(const struct string_map *map, struct buf *out)
{
	buf_add(out, "{", 1);
	for (size_t i = 0; i < map->count; i++) {
		if (i)
			buf_add(out, ",", 1);
		encode_text(out, map->items[i].key);
		buf_add(out, ":", 1);
		encode_text(out, map->items[i].value);
	}
	buf_add(out, "}", 1);
}

static void encode_value(const struct field *field, enum fields_dialect dialect, const void *at,
			 struct buf *out)
{
	switch (field->kind) {
	case FIELD_BOOL:
		buf_add_str(out, *(const bool *)at ? "true" : "false");
		break;
	case FIELD_INT64:
		if (dialect == FIELDS_E2B) {
			buf_printf(out, "\"%" PRId64 "\"", *(const int64_t *)at);
			break;
		}
		__attribute__((fallthrough));
	case FIELD_INT:
		buf_add_int(out, *(const int64_t *)at);
		break;
	case FIELD_NUMBER:
		encode_number(*(const double *)at, out);
		break;
	case FIELD_STRING:
		encode_text(out, *(char *const *)at);
		break;
	case FIELD_BYTES:
		encode_bytes(dialect, at, out);
		break;
	case FIELD_ENUM:
		encode_text(out, field->names[*(const int *)at]);
		break;
	case FIELD_STRINGS:
		encode_strings(at, out);
		break;
	case FIELD_MAP:
		encode_map(at, out);
		break;
	case FIELD_OBJECT:
		fields_encode(field->type, dialect, *(void *const *)at, out);
		break;
	case FIELD_LIST:
		fields_encode_list(field->type, dialect, at, out);
		break;
	case FIELD_JSON:
		buf_add_str(out, *(char *const *)at);
		break;
	}
}

/* Pointers that are NULL were never there; numbers count as there unless they hold their absent value. */
static bool is_present(const struct field *field, enum fields_dialect dialect, const void *at)
{
	bool may_omit = dialect == FIELDS_E2B ? !field->always : field->optional;

	switch (field->kind) {
	case FIELD_BOOL:
		return !may_omit || *(const bool *)at != (field->absent != 0);
	case FIELD_INT:
	case FIELD_INT64:
		return !may_omit || *(const int64_t *)at != field->absent;
	case FIELD_NUMBER: {
		double absent = (double)field->absent;

		return !may_omit || *(const double *)at < absent || *(const double *)at > absent;
	}
	case FIELD_ENUM:
		return !may_omit || *(const int *)at != (int)field->absent;
	case FIELD_STRING:
	case FIELD_JSON:
		return *(char *const *)at != NULL;
	case FIELD_BYTES:
		return ((const struct bytes *)at)->data != NULL;
	case FIELD_STRINGS:
		return ((const struct strings *)at)->items != NULL || !may_omit;
	case FIELD_MAP:
		return ((const struct string_map *)at)->items != NULL || !may_omit;
	case FIELD_OBJECT:
		return *(void *const *)at != NULL;
	case FIELD_LIST:
		return ((const struct list_value *)at)->items != NULL || !may_omit;
	}
	abort();
}

void fields_encode(const struct fields *type, enum fields_dialect dialect, const void *value,
		   struct buf *out)
{
	bool is_first = true;

	buf_add(out, "{", 1);
	for (const struct field *field = type->fields; field->name; field++) {
		const void *at = (const char *)value + field->at;

		if (!is_present(field, dialect, at))
			continue;
		if (!is_first)
			buf_add(out, ",", 1);
		is_first = false;
		buf_add(out, "\"", 1);
		buf_add_str(out, field->name);
		buf_add(out, "\":", 2);
		encode_value(field, dialect, at, out);
	}
	buf_add(out, "}", 1);
}

void fields_encode_list(const struct fields *type, enum fields_dialect dialect,
			const struct list_value *list, struct buf *out)
{
	buf_add(out, "[", 1);
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			buf_add(out, ",", 1);
		fields_encode(type, dialect, (const char *)list->items + i * type->size, out);
	}
	buf_add(out, "]", 1);
}
