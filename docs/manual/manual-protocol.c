/* Methods, notifications, types and errors in the manual, as protocol/describe.c has them for PROTOCOL.md. */
#include "config.h"

#include <stdio.h>

#include "docs/manual/manual.h"
#include "docs/manual/roff.h"
#include "protocol/buf.h"
#include "protocol/describe-field.h"
#include "protocol/error.h"
#include "protocol/methods.h"

static void put_fields(const struct fields *type, bool is_input)
{
	(void)puts(".Bl -tag -width Ds -compact");
	for (const struct field *field = type->fields; field->name; field++) {
		struct buf text CLEANUP_BUF = {0};

		describe_field(field, is_input, &text);
		buf_printf(&text, ": %s", field->doc);
		(void)printf(".It Va %s\n", field->name);
		roff_text(text.data);
	}
	(void)puts(".El");
}

static void put_part(const char *title, const struct fields *type, bool is_input)
{
	if (!type->fields[0].name)
		return;
	(void)printf(".Pp\n%s:\n.Pp\n", title);
	put_fields(type, is_input);
}

static void put_method(const struct method_info *method)
{
	(void)printf(".Ss %s\n", method->name);
	roff_text(method->meaning);
	put_part("Parameters", method->params, true);
	put_part("Result", method->result, false);
	if (*method->errors) {
		(void)puts(".Pp\nErrors:");
		roff_text(method->errors);
	}
	if (method->on_disconnect == METHOD_FINISH)
		(void)puts(".Pp\nIt is finished even when its client leaves.");
}

int put_methods(const char *unused)
{
	(void)unused;
	for (int i = 0; i < METHOD_COUNT; i++)
		put_method(method_info((enum method_id)i));
	return 0;
}

int put_notifications(const char *unused)
{
	static const char *const directions[] = {
		[NOTIFICATION_DOWN] = "From the daemon.",
		[NOTIFICATION_UP] = "From the client.",
		[NOTIFICATION_BOTH] = "Both ways.",
	};

	(void)unused;
	for (const struct notification_info *n = notifications; n->name; n++) {
		(void)printf(".Ss %s\n", n->name);
		roff_text(n->meaning);
		roff_text(directions[n->direction]);
		put_part("Parameters", n->params, false);
	}
	return 0;
}

int put_types(const char *unused)
{
	const struct fields *type;

	(void)unused;
	for (size_t i = 0; (type = described_type(i)) != NULL; i++) { /* grows while it is walked */
		(void)printf(".Ss %s\n", type->name);
		put_fields(type, false);
	}
	return 0;
}

int put_errors(const char *unused)
{
	(void)unused;
	(void)puts(".Bl -tag -width Ds -compact");
	for (int i = SB_OK + 1; i < SB_CODE_COUNT; i++) {
		const struct sb_code_info *info = sb_code_info((enum sb_code)i);
		struct buf text CLEANUP_BUF = {0};

		(void)printf(".It Er %s\n", info->kind);
		buf_printf(&text, "%d, HTTP status %d%s: %s", info->number, info->http_status,
			   info->retryable ? ", may be tried again" : "", info->meaning);
		roff_text(text.data);
	}
	(void)puts(".El");
	return 0;
}
