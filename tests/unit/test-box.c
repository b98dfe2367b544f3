/* States of a box: which may follow which. */
#include "config.h"

#include "daemon/local/box.h"

#include "tests/unit/unit.h"

static void test_transitions(void **state)
{
	(void)state;
	assert_true(box_state_may_follow(BOX_STARTING, BOX_RUNNING));
	for (int from = 0; from < BOX_STATE_COUNT; from++) {
		/* Killing is legal until it is dead, and death is final. */
		assert_int_equal(box_state_may_follow((enum box_state)from, BOX_ENDING),
				 from < BOX_ENDING);
		assert_int_equal(box_state_may_follow((enum box_state)from, BOX_ENDED),
				 from == BOX_ENDING);
		assert_false(box_state_may_follow((enum box_state)from, BOX_STARTING));
		assert_false(box_state_may_follow((enum box_state)from, (enum box_state)from));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
	};

	return cmocka_run_group_tests_name("box", tests, NULL, NULL);
}
