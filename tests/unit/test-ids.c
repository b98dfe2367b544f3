/* Sandbox ids and uid ranges. */
#include "config.h"

#include "daemon/local/ids.h"

#include <string.h>

#include "tests/unit/unit.h"

static void test_ids_have_the_form_of_the_wire(void **state)
{
	char a[IDS_SIZE], b[IDS_SIZE];

	(void)state;
	for (int i = 0; i < 200; i++) {
		ids_make(a);
		assert_int_equal(strlen(a), 21);
		assert_int_equal(a[0], 'i');
		assert_true(ids_is_valid(a));
		assert_string_not_equal(a, ids_make(b));
	}
}

static void test_what_is_no_id(void **state)
{
	static const char *const bad[] = {"", "I0", "a-b", "a.b", "../x", "a b", "é"};
	char long_id[65];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(ids_is_valid(bad[i]));
	memset(long_id, 'a', sizeof(long_id) - 1);
	long_id[64] = '\0';
	assert_false(ids_is_valid(long_id));
	assert_true(ids_is_valid(long_id + 1));
}

static void test_ranges_do_not_overlap_and_run_out(void **state)
{
	struct ids_ranges ranges = {0};
	uint32_t base, first;

	(void)state;
	assert_int_equal(ids_ranges_take(&ranges, &first), 0);
	assert_int_equal(first, IDS_RANGE_FIRST);
	for (unsigned i = 1; i < IDS_RANGE_COUNT; i++) {
		assert_int_equal(ids_ranges_take(&ranges, &base), 0);
		assert_int_equal(base, first + i * IDS_RANGE_SIZE);
	}
	assert_int_equal(ids_ranges_take(&ranges, &base), -1);
	ids_ranges_release(&ranges, first + 7 * IDS_RANGE_SIZE);
	assert_int_equal(ids_ranges_take(&ranges, &base), 0);
	assert_int_equal(base, first + 7 * IDS_RANGE_SIZE);
}

static void test_a_released_range_rests(void **state)
{
	struct ids_ranges ranges = {0};
	uint32_t a, b;

	(void)state;
	assert_int_equal(ids_ranges_take(&ranges, &a), 0);
	ids_ranges_release(&ranges, a);
	assert_int_equal(ids_ranges_take(&ranges, &b), 0);
	assert_int_not_equal(a, b);
}

static void test_claim_takes_only_ours_and_only_once(void **state)
{
	struct ids_ranges ranges = {0};
	uint32_t base;

	(void)state;
	assert_int_equal(ids_ranges_claim(&ranges, IDS_RANGE_FIRST), 0);
	assert_int_equal(ids_ranges_claim(&ranges, IDS_RANGE_FIRST), -1);
	assert_int_equal(ids_ranges_claim(&ranges, IDS_RANGE_FIRST + 1), -1);
	assert_int_equal(ids_ranges_claim(&ranges, 0), -1);
	assert_int_equal(ids_ranges_claim(&ranges, 0x80000000), -1);
	assert_int_equal(ids_ranges_claim(&ranges, INT64_MIN + IDS_RANGE_FIRST), -1);
	assert_int_equal(ids_ranges_take(&ranges, &base), 0);
	assert_int_equal(base, IDS_RANGE_FIRST + IDS_RANGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_have_the_form_of_the_wire),
		cmocka_unit_test(test_what_is_no_id),
		cmocka_unit_test(test_ranges_do_not_overlap_and_run_out),
		cmocka_unit_test(test_a_released_range_rests),
		cmocka_unit_test(test_claim_takes_only_ours_and_only_once),
	};

	return cmocka_run_group_tests_name("ids", tests, NULL, NULL);
}
