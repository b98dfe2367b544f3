/* The Range header. */
#include "config.h"

#include "daemon/local/agent/range.h"

#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

static void expect(const char *header, uint64_t size, enum range_answer want)
{
	struct ranges ranges;

	assert_int_equal(range_read(header, size, &ranges), want);
}

static void test_single_ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t start, length;
	} cases[] = {
		{"bytes=0-0", 0, 1},       {"bytes=0-", 0, 100},
		{"bytes=10-19", 10, 10},   {"bytes=90-1000", 90, 10},
		{"bytes=-1", 99, 1},       {"bytes=-500", 0, 100},
		{"BYTES= 99- ", 99, 1},    {"bytes=0-18446744073709551615", 0, 100},
		{"bytes=200-, 5-5", 5, 1}, {"bytes=1-99999999999999999999999", 1, 99},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ranges ranges;

		assert_int_equal(range_read(cases[i].header, 100, &ranges), RANGE_PARTS);
		assert_int_equal(ranges.count, 1);
		assert_int_equal(ranges.items[0].start, cases[i].start);
		assert_int_equal(ranges.items[0].length, cases[i].length);
	}
}

static void test_several_ranges(void **state)
{
	struct ranges ranges;

	(void)state;
	assert_int_equal(range_read("bytes=0-1, 50-59 ,-2", 100, &ranges), RANGE_PARTS);
	assert_int_equal(ranges.count, 3);
	assert_int_equal(ranges.items[1].start, 50);
	assert_int_equal(ranges.items[1].length, 10);
	assert_int_equal(ranges.items[2].start, 98);
}

static void test_what_is_ignored(void **state)
{
	(void)state;
	expect(NULL, 100, RANGE_WHOLE);
	expect("lines=1-2", 100, RANGE_WHOLE);
	expect("bytes=0-99,0-99", 100, RANGE_WHOLE);
	expect("bytes=0-0", 0, RANGE_WHOLE);
	expect("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10,11-11,12-12,13-13,14-14,"
	       "15-15,16-16,17-17,18-18,19-19,20-20,21-21,22-22,23-23,24-24,25-25,26-26,27-27,"
	       "28-28,29-29,30-30,31-31,32-32",
	       100, RANGE_WHOLE);
}

static void test_what_cannot_be_served(void **state)
{
	static const char *const cases[] = {
		"bytes=",    "bytes=100-", "bytes=5-4",  "bytes=x",    "bytes=1",
		"bytes=--1", "bytes=-",    "bytes=1-2x", "bytes=1-2;", "bytes=-0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i], 100, RANGE_UNSATISFIABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_ranges),
		cmocka_unit_test(test_several_ranges),
		cmocka_unit_test(test_what_is_ignored),
		cmocka_unit_test(test_what_cannot_be_served),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
