/* Ranges of ids, from files such as /etc/subuid. */
#include "config.h"

#include "daemon/local/subid.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { WANTED = 65536, USER = 1000 };

static char path[] = "/tmp/sandpool-subid-XXXXXX";

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static struct subid_ranges read_text(const char *text, const char *name)
{
	FILE *file = fopen(path, "w");
	struct subid_ranges ranges;
	struct sb_error err = {0};

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(subid_read(path, USER, name, WANTED, &ranges, &err), 0);
	return ranges;
}

static void test_by_name_and_by_number(void **state)
{
	struct subid_ranges ranges = read_text("other:1:5\nme:100000:65536\n", "me");

	(void)state;
	assert_int_equal(ranges.count, 1);
	assert_int_equal(ranges.items[0].first, 100000);
	assert_int_equal(subid_sum(&ranges), WANTED);
	ranges = read_text("1000:7:9\n10000:1:1\n100:1:1\n", NULL);
	assert_int_equal(ranges.count, 1);
	assert_int_equal(ranges.items[0].first, 7);
	assert_int_equal(subid_sum(&ranges), 9);
}

static void test_several_ranges_are_added_up_to_what_is_wanted(void **state)
{
	struct subid_ranges ranges = read_text("me:10:40000\nme:60000:40000\nme:200000:9\n", "me");

	(void)state;
	assert_int_equal(ranges.count, 2);
	assert_int_equal(ranges.items[1].first, 60000);
	assert_int_equal(ranges.items[1].count, WANTED - 40000);
	assert_int_equal(subid_sum(&ranges), WANTED);
}

static void test_what_is_no_range_is_passed_over(void **state)
{
	struct subid_ranges ranges =
		read_text("me\nme:\nme:1\nme:1:\nme:x:1\nme:1:x\nme:1:1:1\nme:-1:1\nme: 1:1\n"
			  "me:1:0\nme:4294967295:2\nme:4294967296:1\nmee:1:1\n:1:1\n\nme:5:6",
			  "me");

	(void)state;
	assert_int_equal(ranges.count, 1);
	assert_int_equal(ranges.items[0].first, 5);
	assert_int_equal(ranges.items[0].count, 6);
}

static void test_a_file_that_is_not_there_has_none(void **state)
{
	struct subid_ranges ranges;
	struct sb_error err = {0};

	(void)state;
	assert_int_equal(subid_read("/nowhere/subuid", USER, "me", WANTED, &ranges, &err), 0);
	assert_int_equal(ranges.count, 0);
}

static void test_a_new_range_begins_above_all_others(void **state)
{
	(void)state;
	(void)read_text("a:100000:65536\nb:300000:10\nc:5:5\n", NULL);
	assert_int_equal(subid_first_free(path, "/nowhere"), 300010);
	assert_int_equal(subid_first_free("/nowhere", path), 300010);
	assert_int_equal(subid_first_free("/nowhere", "/nowhere"), 100000);
}

static void test_names_of_users(void **state)
{
	char name[SUBID_NAME_SIZE];

	(void)state;
	(void)read_text("root:x:0:0:root:/root:/bin/sh\nbroken:x\n:\nme:x:1000:100::/:\n", NULL);
	assert_string_equal(subid_user_name(path, 0, name), "root");
	assert_string_equal(subid_user_name(path, USER, name), "me");
	assert_null(subid_user_name(path, 100, name));
	assert_null(subid_user_name("/nowhere", 0, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name_and_by_number),
		cmocka_unit_test(test_several_ranges_are_added_up_to_what_is_wanted),
		cmocka_unit_test(test_what_is_no_range_is_passed_over),
		cmocka_unit_test(test_a_file_that_is_not_there_has_none),
		cmocka_unit_test(test_a_new_range_begins_above_all_others),
		cmocka_unit_test(test_names_of_users),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
