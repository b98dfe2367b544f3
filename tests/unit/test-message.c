/* JSON-RPC envelopes: what is a message, what is none, and what of it can still be answered. */
#include "config.h"

#include "protocol/message.h"

#include <string.h>

#include "protocol/types.h"
#include "tests/unit/unit.h"

static int parse(const char *text, struct message_batch *ret, struct sb_error *err)
{
	char *line = strdup(text);
	int result;

	assert_non_null(line);
	result = message_parse(line, strlen(line), ret, err);
	free(line);
	return result;
}

static struct message_batch parse_good(const char *text)
{
	struct message_batch batch;
	struct sb_error err = {0};

	if (parse(text, &batch, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return batch;
}

static void test_requests_and_notifications(void **state)
{
	struct message_batch batch =
		parse_good("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"fds\":2}");

	(void)state;
	assert_false(batch.is_array);
	assert_int_equal(batch.count, 1);
	assert_int_equal(batch.items[0].kind, MESSAGE_REQUEST);
	assert_string_equal(batch.items[0].id, "7");
	assert_string_equal(batch.items[0].method, "m");
	assert_int_equal(batch.items[0].fds, 2);
	assert_null(batch.items[0].body);
	message_batch_free(&batch);

	batch = parse_good("{\"method\":\"n\",\"params\":{\"a\":1},\"jsonrpc\":\"2.0\"}");
	assert_int_equal(batch.items[0].kind, MESSAGE_NOTIFICATION);
	assert_null(batch.items[0].id);
	message_batch_free(&batch);
}

/* Ids are told apart as JSON: "7" is not 7, and however a string is escaped it is the same id. */
static void test_ids_keep_their_type(void **state)
{
	static const struct {
		const char *written, *read;
	} ids[] = {
		{"7", "7"},
		{"-7", "-7"},
		{"\"7\"", "\"7\""},
		{"\"\\u0061/\"", "\"a/\""},
		{"9223372036854775807", "9223372036854775807"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct message_batch batch;
		char text[200];

		(void)snprintf(text, sizeof(text),
			       "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"m\"}", ids[i].written);
		batch = parse_good(text);
		assert_int_equal(batch.items[0].kind, MESSAGE_REQUEST);
		assert_string_equal(batch.items[0].id, ids[i].read);
		message_batch_free(&batch);
	}
}

static void test_lines_that_are_no_message(void **state)
{
	static const struct {
		const char *text;
		enum sb_code code;
	} lines[] = {
		{"", SB_PARSE},
		{"nonsense", SB_PARSE},
		{"7", SB_INVALID_REQUEST},
		{"null", SB_INVALID_REQUEST},
		{"\"x\"", SB_INVALID_REQUEST},
		{"[]", SB_INVALID_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct message_batch batch;
		struct sb_error err = {0};

		assert_int_equal(parse(lines[i].text, &batch, &err), -1);
		assert_int_equal(err.code, lines[i].code);
	}
}

/* The body of a message, {"id":…}, must say this. */
static void assert_body(const struct message *message, const char *text)
{
	struct cancel_params body = {0};
	struct sb_error err = {0};

	if (fields_decode(&cancel_params_type, FIELDS_OURS, message->body, "body", &body, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(body.id, text);
	fields_free(&cancel_params_type, &body);
}

/* Space, order and escapes make no difference. */
static void test_however_it_is_written_it_reads_the_same(void **state)
{
	struct message_batch batch = parse_good(
		" \t{ \"params\" : { \"id\" : [ \"}\\\"]\" , {} ] } , \"fds\":1 ,\"\\u0069d\" : "
		"\"\\u0041\\\"\" , \"method\":\"m\\u006e\" ,\"jsonrpc\":\"2.0\"\r}\n");

	(void)state;
	assert_int_equal(batch.items[0].kind, MESSAGE_REQUEST);
	assert_string_equal(batch.items[0].id, "\"A\\\"\"");
	assert_string_equal(batch.items[0].method, "mn");
	assert_int_equal(batch.items[0].fds, 1);
	assert_body(&batch.items[0], "[\"}\\\"]\",{}]");
	message_batch_free(&batch);

	batch = parse_good(" [ {} , [ { } ] , \"]\" , -1.5e3 , "
			   "{ \"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"id\":15}} , "
			   "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":15}, null ] ");
	assert_int_equal(batch.count, 7);
	assert_int_equal(batch.items[4].kind, MESSAGE_RESULT);
	assert_body(&batch.items[4], "15");
	assert_int_equal(batch.items[5].kind, MESSAGE_RESULT);
	assert_non_null(batch.items[5].body);
	assert_int_equal(batch.items[6].kind, MESSAGE_ERROR);
	message_batch_free(&batch);
}

static void test_bad_messages_keep_their_id(void **state)
{
	static const struct {
		const char *text, *id;
	} lines[] = {
		{"{}", NULL},
		{"{\"id\":1,\"method\":\"m\"}", "1"},
		{"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", "1"},
		{"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[1]}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":3}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":3}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"extra\":3}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"fds\":17}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"fds\":-1}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"fds\":\"1\"}", "1"},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"m\"}", NULL},
		{"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct message_batch batch = parse_good(lines[i].text);
		const struct message *message = &batch.items[0];

		if (message->kind != MESSAGE_ERROR)
			fail_msg("let pass: %s", lines[i].text);
		assert_null(message->body);
		assert_non_null(message->method);
		if (lines[i].id)
			assert_string_equal(message->id, lines[i].id);
		else
			assert_null(message->id);
		message_batch_free(&batch);
	}
}

static void test_batches_keep_bad_elements_in_their_place(void **state)
{
	struct message_batch batch =
		parse_good("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"},3,"
			   "{\"jsonrpc\":\"2.0\",\"method\":\"n\"}]");

	(void)state;
	assert_true(batch.is_array);
	assert_int_equal(batch.count, 3);
	assert_int_equal(batch.items[0].kind, MESSAGE_REQUEST);
	assert_int_equal(batch.items[1].kind, MESSAGE_ERROR);
	assert_int_equal(batch.items[2].kind, MESSAGE_NOTIFICATION);
	message_batch_free(&batch);
}

static void test_batches_are_bounded(void **state)
{
	struct buf text CLEANUP_BUF = {0};
	struct message_batch batch;
	struct sb_error err = {0};

	(void)state;
	buf_add_str(&text, "[0");
	for (int i = 0; i < MESSAGE_BATCH_MAX; i++)
		buf_add_str(&text, ",0");
	buf_add_str(&text, "]");
	assert_int_equal(parse(text.data, &batch, &err), -1);
	assert_int_equal(err.code, SB_TOO_LARGE);
}

static void test_what_is_written_can_be_read(void **state)
{
	struct buf out CLEANUP_BUF = {0};
	struct message_batch batch;
	struct sb_error err = {0}, back;

	(void)state;
	(void)sb_fail(&err, SB_RATE_LIMIT, "slow \"down\"\n");
	message_add_error(&out, "\"x\"", &err);
	batch = parse_good(out.data);
	assert_int_equal(batch.items[0].kind, MESSAGE_ERROR);
	message_read_error(&batch.items[0], &back);
	assert_int_equal(back.code, SB_RATE_LIMIT);
	assert_string_equal(back.text, err.text);
	message_batch_free(&batch);

	buf_reset(&out);
	message_begin_result(&out, "5");
	buf_add_str(&out, "{\"a\":[1]}");
	message_end_result(&out, 3);
	batch = parse_good(out.data);
	assert_int_equal(batch.items[0].kind, MESSAGE_RESULT);
	assert_int_equal(batch.items[0].fds, 3);
	message_batch_free(&batch);

	buf_reset(&out);
	message_add_request(&out, "5", "m", "{\"a\":1}", 1);
	batch = parse_good(out.data);
	assert_int_equal(batch.items[0].kind, MESSAGE_REQUEST);
	assert_int_equal(batch.items[0].fds, 1);
	message_batch_free(&batch);
}

/* $/cancel names an id by its JSON text: it must be the text under which the request is known. */
static void test_ids_in_params_read_like_ids(void **state)
{
	static const char *const ids[] = {"7", "\"a\\u002fb\"", "\"\\u00e9\\n\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct cancel_params params = {0};
		struct message_batch batch;
		struct sb_error err = {0};
		char text[200];

		(void)snprintf(
			text, sizeof(text),
			"{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"m\",\"params\":{\"id\":%s}}",
			ids[i], ids[i]);
		batch = parse_good(text);
		assert_int_equal(fields_decode(&cancel_params_type, FIELDS_OURS,
					       batch.items[0].body, "params", &params, &err),
				 0);
		assert_string_equal(params.id, batch.items[0].id);
		fields_free(&cancel_params_type, &params);
		message_batch_free(&batch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_and_notifications),
		cmocka_unit_test(test_ids_keep_their_type),
		cmocka_unit_test(test_lines_that_are_no_message),
		cmocka_unit_test(test_however_it_is_written_it_reads_the_same),
		cmocka_unit_test(test_bad_messages_keep_their_id),
		cmocka_unit_test(test_batches_keep_bad_elements_in_their_place),
		cmocka_unit_test(test_batches_are_bounded),
		cmocka_unit_test(test_what_is_written_can_be_read),
		cmocka_unit_test(test_ids_in_params_read_like_ids),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
