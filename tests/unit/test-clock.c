/* Clocks and RFC 3339. */
#include "config.h"

#include "daemon/base/clock.h"

#include <string.h>

#include "tests/unit/unit.h"

static void test_clocks_go_forward(void **state)
{
	int64_t mono = clock_mono_ms(), wall = clock_wall_us();

	(void)state;
	assert_true(mono > 0);
	assert_true(clock_mono_ms() >= mono);
	assert_true(wall > INT64_C(1600000000) * 1000000);
	assert_true(clock_wall_us() >= wall);
}

static void test_instants_come_back(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1, "1970-01-01T00:00:00.000001Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{-1000000, "1969-12-31T23:59:59.000000Z"},
		{INT64_C(1738324800123456), "2025-01-31T12:00:00.123456Z"},
		{INT64_C(1709164800000000), "2024-02-29T00:00:00.000000Z"},
		{INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z"},
		{INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t us = -77;

		assert_string_equal(clock_format(rows[i].us, text), rows[i].text);
		assert_int_equal(clock_parse(text, &us), 0);
		assert_int_equal(us, rows[i].us);
	}
}

static void test_forms_of_one_instant(void **state)
{
	static const char *const texts[] = {
		"2025-01-31T12:00:00.5Z",         "2025-01-31t12:00:00.5z",
		"2025-01-31T12:00:00.500000001Z", "2025-01-31T12:00:00.50+00:00",
		"2025-01-31T13:30:00.5+01:30",    "2025-01-30T23:00:00.500-13:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t us = 0;

		assert_int_equal(clock_parse(texts[i], &us), 0);
		assert_int_equal(us, INT64_C(1738324800500000));
	}
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "now",
					    "2025-01-31",
					    "2025-01-31T12:00:00",
					    "2025-01-31 12:00:00Z",
					    "2025-01-31T12:00Z",
					    "2025-01-31T12:00:00.Z",
					    "2025-01-31T12:00:00.1234567890Z",
					    "2025-01-31T12:00:00Zx",
					    "2025-01-31T12:00:00+1:00",
					    "2025-01-31T12:00:00+01:60",
					    "2025-01-31T12:00:00+24:00",
					    "2025-01-31T12:00:00+0100",
					    "2025-00-31T12:00:00Z",
					    "2025-13-01T12:00:00Z",
					    "2025-01-32T12:00:00Z",
					    "2025-01-00T12:00:00Z",
					    "2025-02-29T12:00:00Z",
					    "2025-04-31T12:00:00Z",
					    "2025-01-31T24:00:00Z",
					    "2025-01-31T12:60:00Z",
					    "2025-01-31T12:00:61Z",
					    "-025-01-31T12:00:00Z",
					    "9999-12-31T23:59:59-00:01",
					    "0000-01-01T00:00:00+00:01",
					    " 2025-01-31T12:00:00Z"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		int64_t us = -77;

		if (clock_parse(texts[i], &us) != -1)
			fail_msg("\"%s\" was taken for a time", texts[i]);
		assert_int_equal(us, -77);
	}
}

static void test_leap_seconds_are_times(void **state)
{
	int64_t us = 0;

	(void)state;
	assert_int_equal(clock_parse("2016-12-31T23:59:60Z", &us), 0);
	assert_int_equal(us, INT64_C(1483228800000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks_go_forward),
		cmocka_unit_test(test_instants_come_back),
		cmocka_unit_test(test_forms_of_one_instant),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_leap_seconds_are_times),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
