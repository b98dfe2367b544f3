/* Copying what everybody may read, and nothing else. */
#include "config.h"

#include "daemon/local/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

struct place {
	char path[64];
	int from, to;
};

static void write_file(int dir_fd, const char *path, mode_t mode)
{
	CLEANUP_FD int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, path, strlen(path)), strlen(path));
	assert_int_equal(fchmod(fd, mode), 0);
}

static int set_up(void **state)
{
	static struct place place;

	strncpy(place.path, "/tmp/test-tree.XXXXXX", sizeof(place.path) - 1);
	assert_non_null(mkdtemp(place.path));
	assert_int_equal(chdir(place.path), 0);
	assert_int_equal(mkdir("from", 0755) | mkdir("to", 0755) | mkdir("from/etc", 0755) |
				 mkdir("from/etc/app", 0755) | mkdir("from/etc/closed", 0750),
			 0);
	place.from = open("from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place.to = open("to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_file(place.from, "etc/app/public", 0644);
	write_file(place.from, "etc/app/private", 0640);
	write_file(place.from, "etc/app/setuid", 04755);
	write_file(place.from, "etc/closed/public", 0644);
	assert_int_equal(symlink("private", "from/etc/app/link"), 0);
	assert_int_equal(mkfifo("from/etc/app/fifo", 0644), 0);
	*state = &place;
	return 0;
}

static void remove_in(int dir_fd, const char *const *paths)
{
	for (; *paths; paths++) {
		if (unlinkat(dir_fd, *paths, 0) < 0)
			(void)unlinkat(dir_fd, *paths, AT_REMOVEDIR);
	}
}

static int tear_down(void **state)
{
	static const char *const paths[] = {"etc/app/public",
					    "etc/app/private",
					    "etc/app/setuid",
					    "etc/closed/public",
					    "etc/app/link",
					    "etc/app/fifo",
					    "etc/app",
					    "etc/closed",
					    "etc/alias",
					    "etc",
					    NULL};
	struct place *place = *state;

	remove_in(place->from, paths);
	remove_in(place->to, paths);
	cleanup_fd(&place->from);
	cleanup_fd(&place->to);
	return rmdir("from") | rmdir("to") | chdir("/") | rmdir(place->path);
}

static bool is_there(const struct place *place, const char *path)
{
	return faccessat(place->to, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_only_public_files_are_copied(void **state)
{
	const struct place *place = *state;
	struct sb_error err = {0};
	struct stat st;

	assert_int_equal(tree_copy_public(place->from, place->to, "etc", &err), 0);
	assert_true(is_there(place, "etc/app/public"));
	assert_true(is_there(place, "etc/app/link"));
	assert_false(is_there(place, "etc/app/private"));
	assert_false(is_there(place, "etc/app/fifo"));
	assert_false(is_there(place, "etc/closed"));
	assert_int_equal(fstatat(place->to, "etc/app/setuid", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void test_parents_are_made_and_must_be_public(void **state)
{
	const struct place *place = *state;
	struct sb_error err = {0};

	assert_int_equal(tree_copy_public(place->from, place->to, "etc/app/public", &err), 0);
	assert_true(is_there(place, "etc/app/public"));
	assert_int_equal(tree_copy_public(place->from, place->to, "etc/closed/public", &err), 0);
	assert_false(is_there(place, "etc/closed"));
	assert_int_equal(tree_copy_public(place->from, place->to, "etc/app/none/none", &err), 0);
}

static void test_links_are_not_followed(void **state)
{
	const struct place *place = *state;
	struct sb_error err = {0};

	assert_int_equal(symlinkat("closed", place->from, "etc/alias"), 0);
	assert_int_equal(tree_copy_public(place->from, place->to, "etc/alias/public", &err), 0);
	assert_false(is_there(place, "etc/alias"));
}

static void test_other_filesystems_are_copied_from(void **state)
{
	const struct place *place = *state;
	char other[] = "/dev/shm/test-tree.XXXXXX";
	struct sb_error err = {0};
	struct stat here, there;
	CLEANUP_FD int from = -1;

	if (!mkdtemp(other))
		skip();
	from = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(from >= 0);
	assert_int_equal(fchmod(from, 0755), 0);
	write_file(from, "etc", 0644);
	assert_int_equal(tree_copy_public(from, place->to, "etc", &err), 0);
	assert_int_equal(fstatat(place->to, "etc", &here, 0) | fstatat(from, "etc", &there, 0), 0);
	assert_int_equal(here.st_size, there.st_size);
	assert_int_equal(unlinkat(place->to, "etc", 0) | unlinkat(from, "etc", 0) | rmdir(other),
			 0);
	if (here.st_dev == there.st_dev)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_public_files_are_copied, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_parents_are_made_and_must_be_public, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_links_are_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_filesystems_are_copied_from, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
