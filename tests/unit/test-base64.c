/* Base64: RFC 4648's vectors, both alphabets, and what is refused. */
#include "config.h"

#include "protocol/base64.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

static const struct {
	const char *plain;
	const char *coded;
} vectors[] = {{"", ""},
	       {"f", "Zg=="},
	       {"fo", "Zm8="},
	       {"foo", "Zm9v"},
	       {"foob", "Zm9vYg=="},
	       {"fooba", "Zm9vYmE="},
	       {"foobar", "Zm9vYmFy"}};

static void assert_decodes(const char *coded, const char *plain, size_t len)
{
	struct buf out CLEANUP_BUF = {0};

	assert_int_equal(base64_decode(&out, coded, strlen(coded)), 0);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, plain, len);
	assert_int_equal(out.data[len], '\0');
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf out CLEANUP_BUF = {0};
		char unpadded[16];

		base64_encode(&out, vectors[i].plain, strlen(vectors[i].plain));
		assert_string_equal(out.data, vectors[i].coded);
		assert_decodes(vectors[i].coded, vectors[i].plain, strlen(vectors[i].plain));
		(void)snprintf(unpadded, sizeof(unpadded), "%.*s",
			       (int)strcspn(vectors[i].coded, "="), vectors[i].coded);
		assert_decodes(unpadded, vectors[i].plain, strlen(vectors[i].plain));
	}
}

static void test_both_alphabets(void **state)
{
	(void)state;
	assert_decodes("+/+/", "\xfb\xff\xbf", 3);
	assert_decodes("-_-_", "\xfb\xff\xbf", 3);
}

static void test_every_byte_and_length_comes_back(void **state)
{
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + 3);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf coded CLEANUP_BUF = {0};

		base64_encode(&coded, bytes, len);
		assert_int_equal(coded.len, BASE64_LEN(len));
		assert_decodes(coded.data, bytes, len);
	}
}

static void test_what_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = {
		"A",     "A===",  "AA=",  "=",    "====", "AA=A",   "A A=",
		"AAAA=", "AA==A", "Zh==", "Zm9=", "Zh",   "AAAA\n", "é"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf out CLEANUP_BUF = {0};

		assert_int_equal(base64_decode(&out, bad[i], strlen(bad[i])), -1);
		assert_false(out.failed);
	}
}

static void test_it_appends_and_keeps_to_the_limit(void **state)
{
	struct buf out CLEANUP_BUF = {.limit = 8};

	(void)state;
	buf_add_str(&out, "x");
	base64_encode(&out, "foo", 3);
	assert_string_equal(out.data, "xZm9v");
	base64_encode(&out, "foo", 3);
	assert_true(out.failed);
	assert_string_equal(out.data, "xZm9v");
	assert_int_equal(base64_decode(&out, "Zm9v", 4), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_both_alphabets),
		cmocka_unit_test(test_every_byte_and_length_comes_back),
		cmocka_unit_test(test_what_is_no_base64_is_refused),
		cmocka_unit_test(test_it_appends_and_keeps_to_the_limit),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
