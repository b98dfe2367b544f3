/* Metadata: the limits of wire §6.6, and extended attributes where the file system has them. */
#include "config.h"

#include "daemon/local/agent/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "tests/unit/unit.h"

static enum sb_code add(struct string_map *map, const char *name, const char *value)
{
	struct sb_error err = {0};
	int rc = metadata_add_header(map, name, value, &err);

	assert_int_equal(rc < 0, err.code != SB_OK);
	return err.code;
}

static void test_headers_become_pairs(void **state)
{
	CLEANUP(string_map_free) struct string_map map = {0};

	(void)state;
	assert_int_equal(add(&map, "X-Metadata-Author", "me"), SB_OK);
	assert_int_equal(add(&map, "x-metadata-AUTHOR", "other"), SB_OK);
	assert_int_equal(add(&map, "X-Other", "\xff"), SB_OK);
	assert_int_equal(add(&map, "X-Metadata-e", ""), SB_OK);
	assert_int_equal(map.count, 2);
	assert_string_equal(string_map_get(&map, "author"), "me");
	assert_string_equal(string_map_get(&map, "e"), "");
}

static void test_limits(void **state)
{
	CLEANUP(string_map_free) struct string_map map = {0};
	char name[600] = METADATA_HEADER;
	char value[5000];

	(void)state;
	assert_int_equal(add(&map, METADATA_HEADER, "v"), SB_INVALID_ARGUMENT);
	assert_int_equal(add(&map, "X-Metadata-k", "caf\xc3\xa9"), SB_INVALID_ARGUMENT);
	assert_int_equal(add(&map, "X-Metadata-k", "tab\t"), SB_INVALID_ARGUMENT);
	memset(name + strlen(METADATA_HEADER), 'k', METADATA_KEY_MAX + 1);
	assert_int_equal(add(&map, name, "v"), SB_INVALID_ARGUMENT);
	name[strlen(METADATA_HEADER) + METADATA_KEY_MAX] = '\0';
	assert_int_equal(add(&map, name, ""), SB_OK); /* 9 + 246 */
	memset(value, 'v', sizeof(value));
	value[METADATA_TOTAL_MAX - 255 - 9 - 1 + 1] = '\0'; /* one too many beside a one-byte key */
	assert_int_equal(add(&map, "X-Metadata-a", value), SB_INVALID_ARGUMENT);
	value[METADATA_TOTAL_MAX - 255 - 9 - 1] = '\0';
	assert_int_equal(add(&map, "X-Metadata-a", value), SB_OK);
	assert_int_equal(map.count, 2);
}

static void test_attributes_are_replaced(void **state)
{
	CLEANUP(string_map_free) struct string_map first = {0};
	CLEANUP(string_map_free) struct string_map second = {0};
	CLEANUP(string_map_free) struct string_map got = {0};
	char path[] = "test-metadata.XXXXXX";
	CLEANUP_FD int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	if (fsetxattr(fd, "user.e2b.hand", "made", 4, 0) < 0) {
		assert_int_equal(errno, ENOTSUP);
		assert_int_equal(unlink(path), 0);
		skip();
	}
	assert_int_equal(fsetxattr(fd, "user.e2b.bad", "\xff", 1, 0), 0);
	assert_int_equal(fsetxattr(fd, "user.other", "kept", 4, 0), 0);
	metadata_read(path, &got);
	assert_int_equal(got.count, 1);
	assert_string_equal(string_map_get(&got, "hand"), "made");
	string_map_free(&got);
	assert_int_equal(add(&first, "X-Metadata-b", "2"), SB_OK);
	assert_int_equal(add(&first, "X-Metadata-a", "1"), SB_OK);
	metadata_replace(fd, &first);
	metadata_read(path, &got);
	assert_int_equal(got.count, 2);
	assert_string_equal(got.items[0].key, "a");
	assert_string_equal(got.items[1].value, "2");
	string_map_free(&got);
	metadata_replace(fd, &second);
	metadata_read(path, &got);
	assert_int_equal(got.count, 0);
	assert_int_equal(fgetxattr(fd, "user.other", NULL, 0), 4);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_become_pairs),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_attributes_are_replaced),
	};

	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
