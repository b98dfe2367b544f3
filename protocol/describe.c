/*
 * Prints the methods, notifications and errors as Markdown, from the tables the dispatcher runs on. The
 * second half of PROTOCOL.md is this program's output; the source checks compare the two.
 */
#include "config.h"

#include <stdio.h>

#include "protocol/describe-field.h"
#include "protocol/error.h"
#include "protocol/methods.h"

static void print_fields(const struct fields *type, bool is_input)
{
	for (const struct field *field = type->fields; field->name; field++) {
		struct buf text CLEANUP_BUF = {0};

		describe_field(field, is_input, &text);
		(void)printf("- `%s` (%s): %s\n", field->name, text.data, field->doc);
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
	for (size_t i = 0; described_type(i); i++) { /* grows while it is walked */
		(void)printf("\n### %s\n\n", described_type(i)->name);
		print_fields(described_type(i), false);
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
