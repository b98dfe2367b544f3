/* Paths as clients write them (wire §5.2). */
#include "config.h"

#include "daemon/local/agent/path.h"

#include <stdlib.h>

#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/passwd.h"
#include "tests/unit/unit.h"

static char home[] = "/home/u";
static char workdir[] = "/code";
static char name[] = "u";
static const struct user user = {.name = name, .home = home};

static void check(const struct agent *agent, const char *path, const char *wanted)
{
	struct sb_error err = {0};
	char *resolved = path_resolve(agent, &user, path, &err);

	assert_non_null(resolved);
	assert_string_equal(resolved, wanted);
	free(resolved);
}

static void test_what_clients_write(void **state)
{
	const struct agent plain = {0};
	const struct agent with_workdir = {.default_workdir = workdir};

	(void)state;
	check(&plain, "", "/home/u");
	check(&plain, NULL, "/home/u");
	check(&with_workdir, "", "/code");
	check(&plain, "~", "/home/u");
	check(&plain, "~/a//b/", "/home/u/a/b");
	check(&with_workdir, "a/./b", "/home/u/a/b");
	check(&plain, "../x/../..", "/");
	check(&plain, "../../../../etc", "/etc");
	check(&plain, "/a/../b//c/", "/a/../b//c/"); /* absolute ones are taken as they are */
	check(&plain, "a~", "/home/u/a~");
	check(&plain, "...", "/home/u/...");
}

static void test_other_homes_are_refused(void **state)
{
	const struct agent agent = {0};
	struct sb_error err = {0};

	(void)state;
	assert_null(path_resolve(&agent, &user, "~other/x", &err));
	assert_int_equal(err.code, SB_INVALID_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_clients_write),
		cmocka_unit_test(test_other_homes_are_refused),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
