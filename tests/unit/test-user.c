/* Users: counted while somebody needs them, and nobody's share is everything. */
#include "config.h"

#include "daemon/user.h"

#include "tests/unit/unit.h"

static void test_they_come_and_go(void **state)
{
	struct list users;
	struct user *one, *two;

	(void)state;
	list_init(&users);
	assert_null(user_find(&users, 7));
	one = user_get(&users, 7);
	two = user_get(&users, 8);
	assert_ptr_equal(user_get(&users, 7), one);
	assert_ptr_equal(user_find(&users, 8), two);
	user_put(one);
	assert_ptr_equal(user_find(&users, 7), one);
	user_put(one);
	assert_null(user_find(&users, 7));
	user_put(two);
	assert_true(list_is_empty(&users));
	user_put(NULL);
}

/* As many as a user gets when he alone takes all that he may. */
static size_t alone(size_t max)
{
	size_t own = 0;

	while (user_may_take(own, own, max))
		own++;
	return own;
}

static void test_shares(void **state)
{
	size_t one, two = 0;

	(void)state;
	assert_int_equal(alone(1), 1);
	assert_int_equal(alone(3), 3);
	one = alone(9000);
	assert_int_equal(one, 8000);
	while (user_may_take(two, one + two, 9000))
		two++;
	assert_true(two > 800 &&
		    two < 1000); /* the next one finds something, and leaves something */
	assert_true(user_may_take(0, one + two, 9000));
	assert_false(user_may_take(0, 9000, 9000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_they_come_and_go),
		cmocka_unit_test(test_shares),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
