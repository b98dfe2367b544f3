/* A member of a field table in words. Types that are met on the way are remembered, to be described too. */
#include "config.h"

#include "protocol/describe-field.h"

#include <inttypes.h>

static const struct fields *types[64];
static size_t type_count;

static void remember(const struct fields *type)
{
	for (size_t i = 0; i < type_count; i++) {
		if (types[i] == type)
			return;
	}
	if (type_count < ARRAY_SIZE(types))
		types[type_count++] = type;
}

const struct fields *described_type(size_t index)
{
	return index < type_count ? types[index] : NULL;
}

static bool is_number(const struct field *field)
{
	return field->kind == FIELD_INT || field->kind == FIELD_INT64 ||
	       field->kind == FIELD_NUMBER;
}

static void add_kind(const struct field *field, struct buf *out)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "boolean",       [FIELD_INT] = "integer",
		[FIELD_INT64] = "integer",      [FIELD_NUMBER] = "number",
		[FIELD_STRING] = "string",      [FIELD_BYTES] = "bytes",
		[FIELD_ENUM] = "one of",        [FIELD_STRINGS] = "list of strings",
		[FIELD_MAP] = "map of strings", [FIELD_OBJECT] = "object",
		[FIELD_LIST] = "list of",       [FIELD_JSON] = "any",
	};

	buf_add_str(out, names[field->kind]);
	if (field->kind == FIELD_ENUM) {
		for (int i = 0; field->names[i]; i++)
			buf_printf(out, "%s `%s`", i ? "," : "", field->names[i]);
	} else if (field->kind == FIELD_OBJECT || field->kind == FIELD_LIST) {
		buf_printf(out, " %s", field->type->name);
		remember(field->type);
	}
}

/* Defaults worth telling: those of numbers, booleans and enums that are not required. */
static void add_default(const struct field *field, struct buf *out)
{
	if (field->required)
		buf_add_str(out, ", required");
	else if (field->kind == FIELD_BOOL)
		buf_printf(out, ", default %s", field->absent ? "true" : "false");
	else if (field->kind == FIELD_ENUM)
		buf_printf(out, ", default `%s`", field->names[field->absent]);
	else if (is_number(field) && field->absent >= 0)
		buf_printf(out, ", default %" PRId64, field->absent);
}

static void add_limits(const struct field *field, struct buf *out)
{
	bool is_text = field->kind == FIELD_STRING || field->kind == FIELD_BYTES;

	if (is_number(field) && field->max > 0 && field->max < INT64_MAX)
		buf_printf(out, ", %" PRId64 " to %" PRId64, field->min, field->max);
	else if (!is_number(field) && field->max > 0)
		buf_printf(out, ", at most %" PRId64 "%s", field->max, is_text ? " bytes" : "");
}

void describe_field(const struct field *field, bool is_input, struct buf *out)
{
	add_kind(field, out);
	if (is_input) {
		add_default(field, out);
		add_limits(field, out);
	}
}
