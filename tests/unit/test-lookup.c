/* Members by path: what is there, what is not, and what has another type. */
#include "config.h"

#include "protocol/lookup.h"

#include <string.h>

#include "protocol/message.h"
#include "tests/unit/unit.h"

static char line[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"name\":\"a\",\"count\":3,\"part\":1.5,"
	"\"on\":true,\"list\":[{\"x\":\"first\"},{\"x\":\"second\"}],"
	"\"map\":{\"a.b\":\"dotted\",\"c\":\"plain\"},\"none\":null,"
	"\"text\":\"hi\",\"raw\":{\"base64\":\"/wA=\"},\"bad\":{\"base64\":\"!\"}}}";

static struct message_batch batch;

static int setup(void **state)
{
	struct sb_error err = {0};

	if (message_parse(line, strlen(line), &batch, &err) < 0)
		return -1;
	*state = batch.items[0].body;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	message_batch_free(&batch);
	return 0;
}

static void test_members_are_found_by_path(void **state)
{
	assert_string_equal(lookup_string(*state, "name"), "a");
	assert_int_equal(lookup_int(*state, "count"), 3);
	assert_true(lookup_number(*state, "part") > 1.4 && lookup_number(*state, "part") < 1.6);
	assert_true(lookup_bool(*state, "on"));
	assert_string_equal(lookup_string(*state, "list[1].x"), "second");
	assert_string_equal(lookup_string(*state, "map[0]"), "dotted");
	assert_string_equal(lookup_key(*state, "map", 0), "a.b");
	assert_int_equal(lookup_count(*state, "list"), 2);
	assert_int_equal(lookup_count(*state, "map"), 2);
}

static void test_what_is_not_there_is_nothing(void **state)
{
	static const char *const paths[] = {"absent", "list[2].x", "list[x]", "list[",  "name.x",
					    "none",   ".",         "a..b",    "map[9]", "[0"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_null(lookup_string(*state, paths[i]));
		assert_int_equal(lookup_int(*state, paths[i]), 0);
		assert_false(lookup_exists(*state, paths[i]) && strcmp(paths[i], "none") != 0);
	}
	assert_null(lookup_key(*state, "map", 2));
}

static void test_other_types_are_not_converted(void **state)
{
	assert_null(lookup_string(*state, "count"));
	assert_int_equal(lookup_int(*state, "name"), 0);
	assert_int_equal(lookup_int(*state, "part"), 0);
	assert_false(lookup_bool(*state, "count"));
}

static void test_bytes_come_as_text_or_base64(void **state)
{
	struct buf out CLEANUP_BUF = {0};

	assert_true(lookup_bytes(*state, "text", &out));
	assert_int_equal(out.len, 2);
	buf_reset(&out);
	assert_true(lookup_bytes(*state, "raw", &out));
	assert_int_equal(out.len, 2);
	assert_memory_equal(out.data, "\xff\0", 2);
	assert_false(lookup_bytes(*state, "bad", &out));
	assert_false(lookup_bytes(*state, "map", &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members_are_found_by_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_there_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_types_are_not_converted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_bytes_come_as_text_or_base64, setup, teardown),
	};

	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
