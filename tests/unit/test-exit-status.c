/* Go's words for signals (wire §4.6). */
#include "config.h"

#include "daemon/exit-status.h"

#include "tests/unit/unit.h"

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(exit_status_signal("signal: killed"), 9);
	assert_int_equal(exit_status_signal("signal: terminated"), 15);
	assert_int_equal(exit_status_signal("signal: segmentation fault (core dumped)"), 11);
	assert_int_equal(exit_status_signal("signal: hangup"), 1);
	assert_int_equal(exit_status_signal("signal: signal 31"), 31);
	assert_int_equal(exit_status_signal("signal: signal 31 (core dumped)"), 31);
}

static void test_what_is_no_signal(void **state)
{
	(void)state;
	assert_int_equal(exit_status_signal("exit status 9"), 0);
	assert_int_equal(exit_status_signal("signal: "), 0);
	assert_int_equal(exit_status_signal("signal: killedx"), 0);
	assert_int_equal(exit_status_signal("signal: signal 31x"), 0);
	assert_int_equal(exit_status_signal("signal: signal 0"), 0);
	assert_int_equal(exit_status_signal("signal: signal 99999999999999999999"), 0);
	assert_int_equal(exit_status_signal(""), 0);
	assert_int_equal(exit_status_signal(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_is_no_signal),
	};

	return cmocka_run_group_tests_name("exit-status", tests, NULL, NULL);
}
