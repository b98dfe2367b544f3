/* The trash: anything goes, however deep, and nothing outside is touched. */
#include "config.h"

#include "daemon/local/trash.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

static char top[] = "/tmp/sandpool-trash-XXXXXX";
static struct event_base *base;
static int top_fd;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	base = event_base_new();
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top_fd < 0 || !base ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	event_base_free(base);
	(void)unlinkat(top_fd, "kept", 0);
	(void)unlinkat(top_fd, "trash", AT_REMOVEDIR);
	(void)close(top_fd);
	return rmdir(top);
}

static void make_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

/* A chain of directories whose path is longer than any path may be, with a file in each. */
static void make_deep(const char *name, int depth)
{
	int fd = dup(top_fd);

	for (int i = 0; i < depth; i++) {
		const char *part = i == 0 ? name : "a-directory-with-a-name-of-some-length";
		int next;

		assert_int_equal(mkdirat(fd, part, 0700), 0);
		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
		make_file(fd, "file");
		assert_int_equal(symlinkat("../../kept", fd, "link"), 0);
	}
	(void)close(fd);
}

static struct trash *trash_open(void)
{
	char path[sizeof(top) + 16];
	struct sb_error err = {0};
	struct trash *trash;

	(void)snprintf(path, sizeof(path), "%s/trash", top);
	trash = trash_new(base, path, &err);
	assert_non_null(trash);
	return trash;
}

static void wait_until_idle(struct trash *trash)
{
	while (!trash_is_idle(trash))
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

static bool is_empty(const char *name)
{
	/* Only an empty directory can be removed; it is made again. */
	return unlinkat(top_fd, name, AT_REMOVEDIR) == 0 && mkdirat(top_fd, name, 0700) == 0;
}

static void test_deep_trees_go_and_links_are_not_followed(void **state)
{
	struct trash *trash = trash_open();
	char path[sizeof(top) + 16];
	struct sb_error err = {0};
	struct stat st;

	(void)state;
	make_file(top_fd, "kept");
	make_deep("deep", 200);
	(void)snprintf(path, sizeof(path), "%s/deep", top);
	assert_int_equal(trash_add(trash, path, &err), 0);
	assert_int_equal(fstatat(top_fd, "deep", &st, 0), -1); /* out of the way at once */
	make_deep("deep", 3);
	assert_int_equal(trash_add(trash, path, &err), 0);
	wait_until_idle(trash);
	assert_true(is_empty("trash"));
	assert_int_equal(fstatat(top_fd, "kept", &st, 0), 0);
	assert_null(trash_free(trash));
}

static void test_what_is_found_at_start_goes(void **state)
{
	struct trash *trash;

	(void)state;
	make_deep("trash/left", 1);
	trash = trash_open();
	wait_until_idle(trash);
	assert_true(is_empty("trash"));
	assert_null(trash_free(trash));
}

static void test_nothing_there_is_fine(void **state)
{
	struct trash *trash = trash_open();
	struct sb_error err = {0};

	(void)state;
	assert_int_equal(trash_add(trash, "/nonexistent/sandpool", &err), 0);
	wait_until_idle(trash);
	assert_null(trash_free(trash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deep_trees_go_and_links_are_not_followed),
		cmocka_unit_test(test_what_is_found_at_start_goes),
		cmocka_unit_test(test_nothing_there_is_fine),
	};

	return cmocka_run_group_tests_name("trash", tests, setup, teardown);
}
