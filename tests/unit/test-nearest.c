/* What is meant by a mistyped word. */
#include "config.h"

#include "protocol/nearest.h"

#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

static const char *find(const char *word)
{
	static const char *const candidates[] = {"socket", "socket-mode", "state-dir", "ls",
						 "kill",   "status",      "log-level"};
	struct nearest nearest = {.word = word};

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
		nearest_try(&nearest, candidates[i]);
	return nearest_found(&nearest);
}

static void test_mistakes(void **state)
{
	(void)state;
	assert_string_equal(find("socket"), "socket");
	assert_string_equal(find("sokcet"), "socket");
	assert_string_equal(find("soket"), "socket");
	assert_string_equal(find("sockets"), "socket");
	assert_string_equal(find("socketmode"), "socket-mode");
	assert_string_equal(find("statedir"), "state-dir");
	assert_string_equal(find("loglevle"), "log-level");
	assert_string_equal(find("sl"), "ls");
	assert_string_equal(find("kil"), "kill");
	assert_string_equal(find("satus"), "status");
}

static void test_nothing_is_near(void **state)
{
	static const char long_word[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct nearest none = {.word = "socket"};

	(void)state;
	assert_null(find("memory"));
	assert_null(find(""));
	assert_null(find("zz"));
	assert_null(find(long_word));
	assert_null(nearest_found(&none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_nothing_is_near),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
