/* The error object: first report wins, context goes in front. */
#include "config.h"

#include "protocol/error.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

static void test_fail_fills_the_object(void **state)
{
	struct sb_error err = {0};

	(void)state;
	assert_int_equal(sb_fail(&err, SB_NOT_FOUND, "process %d", 7), -1);
	assert_int_equal(err.code, SB_NOT_FOUND);
	assert_string_equal(err.text, "process 7");
}

static void test_errno_is_told_in_words(void **state)
{
	struct sb_error err = {0};

	(void)state;
	(void)sb_fail_errno(&err, SB_INTERNAL, ENOENT, "open /x");
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text, "open /x: No such file or directory");
}

static void test_context_goes_in_front(void **state)
{
	struct sb_error err = {0};

	(void)state;
	(void)sb_fail(&err, SB_SANDBOX, "inner");
	assert_int_equal(sb_wrap(&err, "outer %d", 1), -1);
	assert_string_equal(err.text, "outer 1: inner");
	assert_int_equal(err.code, SB_SANDBOX);
}

static void test_long_texts_are_cut_not_overrun(void **state)
{
	struct sb_error err = {0};
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)sb_fail_errno(&err, SB_SANDBOX, EIO, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	(void)sb_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_numbers_and_kinds_are_unique(void **state)
{
	(void)state;
	for (int i = SB_OK + 1; i < SB_CODE_COUNT; i++) {
		assert_int_equal(sb_code_from_kind(sb_code_info((enum sb_code)i)->kind), i);
		for (int j = SB_OK + 1; j < i; j++)
			assert_int_not_equal(sb_code_info((enum sb_code)i)->number,
					     sb_code_info((enum sb_code)j)->number);
	}
	assert_int_equal(sb_code_from_kind("nonsense"), SB_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail_fills_the_object),
		cmocka_unit_test(test_errno_is_told_in_words),
		cmocka_unit_test(test_context_goes_in_front),
		cmocka_unit_test(test_long_texts_are_cut_not_overrun),
		cmocka_unit_test(test_numbers_and_kinds_are_unique),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
