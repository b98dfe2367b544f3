/* JSON to structs by every table there is, and back: what was written reads to the same again. */
#include "config.h"

#include "daemon/e2b/wire.h"
#include "protocol/methods.h"
#include "protocol/scan.h"
#include "tests/fuzz/fuzz.h"

static const struct fields *const wire_types[] = {
	&wire_network_type,        &wire_new_sandbox_type,    &wire_sandbox_type,
	&wire_sandbox_info_type,   &wire_timeout_type,        &wire_connect_v2_type,
	&wire_refresh_type,        &wire_rest_error_type,     &wire_connect_error_type,
	&wire_end_of_stream_type,  &wire_process_config_type, &wire_selector_type,
	&wire_start_request_type,  &wire_select_request_type, &wire_process_message_type,
	&wire_process_list_type,   &wire_input_request_type,  &wire_stream_input_type,
	&wire_signal_request_type, &wire_update_request_type, &wire_entry_type,
	&wire_entry_response_type, &wire_path_request_type,   &wire_move_request_type,
	&wire_entry_list_type,     &wire_written_type,        &wire_compose_type,
	&wire_init_type,           &wire_metrics_type,
};

static void encode(const struct fields *type, enum fields_dialect dialect, const void *value,
		   struct buf *out)
{
	struct sb_error err = {0};

	fields_encode(type, dialect, value, out);
	FUZZ_CHECK(!out->failed && scan_json(out->data, out->len, &err) == 0);
}

static void check(const struct fields *type, enum fields_dialect dialect, const char *text,
		  size_t len)
{
	CLEANUP_FREE void *value = calloc(1, type->size);
	CLEANUP_FREE void *again = calloc(1, type->size);
	CLEANUP_BUF struct buf first = {0}, second = {0};
	struct sb_error err = {0};

	FUZZ_CHECK(value && again);
	if (fields_parse(type, dialect, text, len, "params", value, &err) < 0) {
		FUZZ_CHECK(err.code != SB_OK);
		fields_free(type, value); /* empty: harmless */
		return;
	}
	encode(type, dialect, value, &first);
	FUZZ_CHECK(fields_parse(type, dialect, first.data, first.len, "again", again, &err) == 0);
	encode(type, dialect, again, &second);
	FUZZ_CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	fields_free(type, value);
	fields_free(type, again);
}

static void check_list(const struct fields *type, const char *text, size_t len)
{
	struct list_value list = {0};
	struct sb_error err = {0};

	if (fields_parse_list(type, FIELDS_E2B, text, len, "list", &list, &err) == 0)
		fields_free_list(type, &list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t choice = fuzz_choice(&data, &size, 2 * METHOD_COUNT + ARRAY_SIZE(wire_types));
	CLEANUP_FREE char *text = fuzz_text(data, size);

	if (choice < METHOD_COUNT) {
		check(method_info((enum method_id)choice)->params, FIELDS_OURS, text, size);
		return 0;
	}
	choice -= METHOD_COUNT;
	if (choice < METHOD_COUNT) {
		check(method_info((enum method_id)choice)->result, FIELDS_OURS, text, size);
		return 0;
	}
	choice -= METHOD_COUNT;
	check(wire_types[choice], FIELDS_E2B, text, size);
	check_list(wire_types[choice], text, size);
	return 0;
}
