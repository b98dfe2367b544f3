/* Go's permission strings, base names, and entries of files made here. */
#include "config.h"

#include "daemon/local/agent/entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/passwd.h"
#include "tests/unit/unit.h"

static void test_permissions_as_go_writes_them(void **state)
{
	static const struct {
		mode_t mode;
		const char *want;
	} cases[] = {
		{S_IFREG | 0644, "-rw-r--r--"},   {S_IFDIR | 0755, "drwxr-xr-x"},
		{S_IFLNK | 0777, "Lrwxrwxrwx"},   {S_IFDIR | 01777, "dtrwxrwxrwx"},
		{S_IFREG | 04755, "urwxr-xr-x"},  {S_IFREG | 02755, "grwxr-xr-x"},
		{S_IFREG | 06711, "ugrwx--x--x"}, {S_IFDIR | 07000, "dugt---------"},
		{S_IFCHR | 0666, "Dcrw-rw-rw-"},  {S_IFBLK | 0660, "Drw-rw----"},
		{S_IFIFO | 0600, "prw-------"},   {S_IFSOCK | 0000, "S---------"},
		{S_IFREG | 0000, "----------"},   {S_IFCHR | 07777, "Dugctrwxrwxrwx"},
	};
	char text[ENTRY_PERMISSIONS_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(entry_permissions(cases[i].mode, text), cases[i].want);
}

static void test_base_names(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{"/a/b", "b"}, {"/a/b//", "b"}, {"/", "/"},
		{"//", "/"},   {"b", "b"},      {"/a/..", ".."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *name = entry_base_name(cases[i].path);

		assert_string_equal(name, cases[i].want);
	}
}

static void test_relative_to_a_directory(void **state)
{
	CLEANUP(accounts_deinit) struct accounts accounts = {0};
	char dir[] = "test-entry.XXXXXX";
	struct sb_error err = {0};
	struct wire_entry entry;
	CLEANUP_FREE char *real = NULL;
	CLEANUP_FD int at = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(symlinkat("../", at, "link"), 0);
	assert_int_equal(entry_read(at, "link", "/shown/link", &accounts, &entry, &err), 0);
	real = realpath(".", NULL);
	assert_string_equal(entry.path, "/shown/link");
	assert_string_equal(entry.symlink_target, real);
	assert_int_equal(entry.type, WIRE_FILE_DIRECTORY);
	fields_free(&wire_entry_type, &entry);
	assert_int_equal(entry_read(at, "none", "/shown/none", &accounts, &entry, &err), -1);
	assert_int_equal(err.code, SB_FILE_NOT_FOUND);
	assert_int_equal(unlinkat(at, "link", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permissions_as_go_writes_them),
		cmocka_unit_test(test_base_names),
		cmocka_unit_test(test_relative_to_a_directory),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
