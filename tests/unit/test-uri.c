/* Percent-encoding, queries and path segments. */
#include "config.h"

#include "daemon/base/uri.h"

#include <string.h>

#include "tests/unit/unit.h"

static void test_encode_keeps_only_unreserved(void **state)
{
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	uri_encode(&out, "aZ09-._~ /%\xC3\xA9+", strlen("aZ09-._~ /%\xC3\xA9+"));
	assert_string_equal(out.data, "aZ09-._~%20%2F%25%C3%A9%2B");
}

static void test_decode_undoes_encode(void **state)
{
	CLEANUP_BUF struct buf encoded = {0};
	CLEANUP_BUF struct buf decoded = {0};
	char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	uri_encode(&encoded, all, sizeof(all));
	assert_int_equal(uri_decode(&decoded, encoded.data, encoded.len, true), 0);
	assert_int_equal(decoded.len, sizeof(all));
	assert_memory_equal(decoded.data, all, sizeof(all));
}

static void test_malformed_escapes_are_refused(void **state)
{
	static const char *const bad[] = {"%", "%4", "a%", "%zz", "%4g", "%%41"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_BUF struct buf out = {0};

		assert_int_equal(uri_decode(&out, bad[i], strlen(bad[i]), false), -1);
	}
}

static void check_query(const char *query, const char *name, bool found, const char *value)
{
	bool is_found;
	CLEANUP_FREE char *got = uri_query_get(query, name, &is_found);

	assert_int_equal(is_found, found);
	if (value)
		assert_string_equal(got, value);
	else
		assert_null(got);
}

static void test_query_get(void **state)
{
	(void)state;
	check_query("path=%2Ftmp%2Fa+b&username=root", "path", true, "/tmp/a b");
	check_query("path=%2Ftmp%2Fa+b&username=root", "username", true, "root");
	check_query("path=%2Ftmp", "pat", false, NULL);
	check_query("", "path", false, NULL);
	check_query("path", "path", true, "");
	check_query("path=", "path", true, "");
	check_query("&&a=1&a=2", "a", true, "1");
	check_query("a%62=1", "ab", true, "1");
	check_query("a=b=c", "a", true, "b=c");
	check_query("a=%zz", "a", true, NULL);
	check_query("a=%00", "a", true, NULL);
}

static void test_query_add(void **state)
{
	CLEANUP_BUF struct buf url = {0};

	(void)state;
	buf_add_str(&url, "http://h/files");
	uri_query_add(&url, "path", "/a b");
	uri_query_add(&url, "user", "é&");
	assert_string_equal(url.data, "http://h/files?path=%2Fa%20b&user=%C3%A9%26");
}

static void check_segment(const char *path, unsigned index, const char *value)
{
	CLEANUP_FREE char *got = uri_path_segment(path, index);

	if (value)
		assert_string_equal(got, value);
	else
		assert_null(got);
}

static void test_path_segments_are_split_before_decoding(void **state)
{
	(void)state;
	check_segment("/sandboxes/i1/timeout", 0, "sandboxes");
	check_segment("/sandboxes/i1/timeout", 2, "timeout");
	check_segment("/sandboxes/i1/timeout", 3, NULL);
	check_segment("/templates/a%2Fb", 1, "a/b");
	check_segment("/a+b", 0, "a+b");
	check_segment("/%00", 0, NULL);
	check_segment("/%4", 0, NULL);
	check_segment("/", 0, NULL);
	check_segment("/a/", 1, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode_keeps_only_unreserved),
		cmocka_unit_test(test_decode_undoes_encode),
		cmocka_unit_test(test_malformed_escapes_are_refused),
		cmocka_unit_test(test_query_get),
		cmocka_unit_test(test_query_add),
		cmocka_unit_test(test_path_segments_are_split_before_decoding),
	};

	return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
