/*
 * Prints the methods, notifications and errors as Markdown, from the tables the dispatcher runs on. The
 * second half of PROTOCOL.md is this program's output; the source checks compare the two.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocol/error.h"
#include "protocol/methods.h"

/* Types met on the way whose members must be described too. */
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

static void print_kind(const struct field *field)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "boolean",       [FIELD_INT] = "integer",
		[FIELD_INT64] = "integer",      [FIELD_NUMBER] = "number",
		[FIELD_STRING] = "string",      [FIELD_BYTES] = "bytes",
		[FIELD_ENUM] = "one of",        [FIELD_STRINGS] = "list of strings",
		[FIELD_MAP] = "map of strings", [FIELD_OBJECT] = "object",
		[FIELD_LIST] = "list of",       [FIELD_JSON] = "any",
	};

	(void)printf("%s", names[field->kind]);
	if (field->kind == FIELD_ENUM) {
		for (int i = 0; field->names[i]; i++)
			(void)printf("%s `%s`", i ? "," : "", field->names[i]);
	} else if (field->kind == FIELD_OBJECT || field->kind == FIELD_LIST) {
		(void)printf(" %s", field->type->name);
		remember(field->type);
	}
}

/* Defaults worth telling: those of numbers, booleans and enums that are not required. */
static void print_default(const struct field *field)
{
	bool is_number = field->kind == FIELD_INT || field->kind == FIELD_INT64 ||
			 field->kind == FIELD_NUMBER;

	if (field->required)
		(void)printf(", required");
	else if (field->kind == FIELD_BOOL)
		(void)printf(", default %s", field->absent ? "true" : "false");
	else if (field->kind == FIELD_ENUM)
		(void)printf(", default `%s`", field->names[field->absent]);
	else if (is_number && field->absent >= 0)
		(void)printf(", default %" PRId64, field->absent);
}

static void print_limits(const struct field *field)
{
	bool is_number = field->kind == FIELD_INT || field->kind == FIELD_INT64 ||
			 field->kind == FIELD_NUMBER;

	if (is_number && field->max > 0 && field->max < INT64_MAX)
		(void)printf(", %" PRId64 " to %" PRId64, field->min, field->max);
	else if (!is_number && field->max > 0)
		(void)printf(", at most %" PRId64 "%s", field->max,
			     field->kind == FIELD_STRING || field->kind == FIELD_BYTES ? " bytes"
										       : "");
}

static void print_fields(const struct fields *type, bool is_input)
{
	for (const struct field *field = type->fields; field->name; field++) {
		(void)printf("- `%s` (", field->name);
		print_kind(field);
		if (is_input) {
			print_default(field);
			print_limits(field);
		}
		(void)printf("): %s\n", field->doc);
	}
}

static void print_part(const char *title, const struct fields *type, bool is_input)
{
	if (!type->fields[0].name)
		return;
	(void)printf("\n%s:\n\n", title);
	print_fields(type, is_input);
}

static void print_methods(void)
{
	(void)printf("## Methods\n");
	for (int i = 0; i < METHOD_COUNT; i++) {
		const struct method_info *method = method_info((enum method_id)i);

		(void)printf("\n### %s\n\n%s\n", method->name, method->meaning);
		print_part("Parameters", method->params, true);
		print_part("Result", method->result, false);
		if (*method->errors)
			(void)printf("\nErrors: %s.\n", method->errors);
		if (method->on_disconnect == METHOD_FINISH)
			(void)printf("\nIt is finished even when its client leaves.\n");
	}
}

static void print_notifications(void)
{
	static const char *const directions[] = {
		[NOTIFICATION_DOWN] = "from the daemon",
		[NOTIFICATION_UP] = "from the client",
		[NOTIFICATION_BOTH] = "both ways",
	};

	(void)printf("\n## Notifications\n");
	for (const struct notification_info *n = notifications; n->name; n++) {
		(void)printf("\n### %s\n\n%s (%s)\n", n->name, n->meaning,
			     directions[n->direction]);
		print_part("Parameters", n->params, false);
	}
}

static void print_types(void)
{
	(void)printf("\n## Types\n");
	for (size_t i = 0; i < type_count; i++) { /* grows while it is walked */
		(void)printf("\n### %s\n\n", types[i]->name);
		print_fields(types[i], false);
	}
}

static void print_errors(void)
{
	(void)printf("\n## Errors\n\n| kind | code | http_status | retryable | meaning |\n"
		     "|---|---|---|---|---|\n");
	for (int i = SB_OK + 1; i < SB_CODE_COUNT; i++) {
		const struct sb_code_info *info = sb_code_info((enum sb_code)i);

		(void)printf("| `%s` | %d | %d | %s | %s |\n", info->kind, info->number,
			     info->http_status, info->retryable ? "yes" : "no", info->meaning);
	}
}

int main(void)
{
	print_methods();
	print_notifications();
	print_types();
	print_errors();
	return 0;
}
