/* Removing trees: wide, deep beyond any descriptor limit, with links, in small steps. */
#include "config.h"

#include "daemon/local/agent/remover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

#define DEPTH 2000

static char dir[] = "test-remover.XXXXXX";
static char path[64];

static int set_up(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tree", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir); /* fails when something is left */
}

static void touch(int at, const char *name)
{
	CLEANUP_FD int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

/* Returns how many steps it took. */
static unsigned remove_all(const char *what, unsigned budget)
{
	struct sb_error err = {0};
	struct remover remover;
	unsigned steps = 0;
	int rc = remover_init(&remover, what, &err);

	for (; rc == 1; steps++)
		rc = remover_step(&remover, budget, &err);
	remover_deinit(&remover);
	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	return steps;
}

static void test_missing_is_success(void **state)
{
	(void)state;
	assert_int_equal(remove_all(path, 10), 0);
	assert_int_equal(remove_all("test-remover-none/x/y", 10), 0);
}

static void test_a_link_is_removed_not_followed(void **state)
{
	CLEANUP_FD int at = open(dir, O_PATH | O_CLOEXEC);

	(void)state;
	touch(at, "kept");
	assert_int_equal(mkdirat(at, "tree", 0700), 0);
	assert_int_equal(symlinkat("..", at, "tree/up"), 0);
	assert_int_equal(symlinkat("../kept", at, "tree/file"), 0);
	assert_int_equal(symlinkat("tree", at, "link"), 0);
	(void)snprintf(path, sizeof(path), "%s/link/", dir);
	assert_int_equal(remove_all(path, 10), 0);
	assert_int_equal(faccessat(at, "tree", F_OK, 0), 0);
	(void)snprintf(path, sizeof(path), "%s/tree//", dir);
	(void)remove_all(path, 10);
	assert_int_equal(faccessat(at, "tree", F_OK, 0), -1);
	assert_int_equal(unlinkat(at, "kept", 0), 0);
}

static void test_steps_are_bounded(void **state)
{
	CLEANUP_FD int at = -1;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	at = open(path, O_PATH | O_CLOEXEC);
	for (int i = 0; i < 500; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "f%d", i);
		touch(at, name);
		(void)snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(mkdirat(at, name, 0700), 0);
	}
	assert_true(remove_all(path, 100) >= 10);
}

static void test_depth_needs_no_descriptors(void **state)
{
	const struct rlimit few = {100, 100};
	struct rlimit before;
	int at = -1;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	at = open(path, O_PATH | O_CLOEXEC);
	for (int i = 0; i < DEPTH; i++) {
		int next;

		touch(at, "file");
		assert_int_equal(mkdirat(at, "a directory with a long name", 0700), 0);
		next = openat(at, "a directory with a long name", O_PATH | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(at);
		at = next;
	}
	(void)close(at);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){few.rlim_cur, before.rlim_max}),
			 0);
	(void)remove_all(path, 1000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_dots_and_the_root_are_refused(void **state)
{
	static const char *const cases[] = {"/", "//", ".", "..", "x/.", "x/..", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sb_error err = {0};
		struct remover remover;

		assert_int_equal(remover_init(&remover, cases[i], &err), -1);
		assert_int_equal(err.code, SB_INTERNAL);
		remover_deinit(&remover);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_missing_is_success, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_is_removed_not_followed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_steps_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_depth_needs_no_descriptors, set_up, tear_down),
		cmocka_unit_test(test_dots_and_the_root_are_refused),
	};

	return cmocka_run_group_tests_name("remover", tests, NULL, NULL);
}
