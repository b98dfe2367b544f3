/* Strict JSON: everything that is JSON passes, nothing else does. */
#include "config.h"

#include "protocol/scan.h"

#include <stdio.h>
#include <string.h>

#include "protocol/buf.h"
#include "tests/unit/unit.h"

struct text {
	const char *data;
	size_t len;
};

/* clang-format off */
#define TEXT(s) {s, sizeof(s) - 1}

static const struct text good[] = {
	TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("-0"), TEXT("-1"), TEXT("10"),
	TEXT("0.5"), TEXT("1e5"), TEXT("1E+5"), TEXT("1.25e-3"), TEXT("123456789012345678"),
	TEXT("18446744073709551615"), TEXT("-9223372036854775808"), TEXT("1e308"),
	TEXT("\"\""), TEXT("\"a\""), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\u0041\\u00e9\""),
	TEXT("\"\\ud83d\\ude00\""), TEXT("\"\\u0000\""), TEXT("\"\x7f\""),
	TEXT("\"\xc3\xa9\""), TEXT("\"\xe2\x82\xac\""), TEXT("\"\xf0\x9f\x98\x80\""),
	TEXT("\"\xf4\x8f\xbf\xbf\""), TEXT("\"\xed\x9f\xbf\xee\x80\x80\""),
	TEXT("[]"), TEXT("[1]"), TEXT("[1,2,[3]]"), TEXT(" [ 1 , 2 ] "), TEXT("\t\r\n{}\n"),
	TEXT("{\"a\":1}"), TEXT("{\"a\":{\"a\":{\"a\":1}}}"), TEXT("{\"a\":1,\"A\":2,\"\":3}"),
	TEXT("[{\"a\":1},{\"a\":1}]"), TEXT("{\"\\u0061\":1,\"b\":2}"),
};

static const struct text bad[] = {
	/* no value, or more than one */
	TEXT(""), TEXT(" "), TEXT("1 2"), TEXT("{}{}"), TEXT("[]]"), TEXT("null,"), TEXT("\0"), TEXT("1\0"),
	/* what json-c lets pass */
	TEXT("{'a':1}"), TEXT("'a'"), TEXT("NaN"), TEXT("nan"), TEXT("Infinity"), TEXT("-Infinity"), TEXT("inf"),
	TEXT("[1,]"), TEXT("{\"a\":1,}"), TEXT("[,1]"), TEXT("[1,,2]"), TEXT("{,}"), TEXT("{a:1}"),
	TEXT("// x\n1"), TEXT("/* x */1"), TEXT("[1/**/]"), TEXT("TRUE"), TEXT("True"), TEXT("Null"), TEXT("nul"), TEXT("nulll"),
	/* numbers */
	TEXT("01"), TEXT("-01"), TEXT("+1"), TEXT(".5"), TEXT("1."), TEXT("1.e5"), TEXT("1e"), TEXT("1e+"), TEXT("-"), TEXT("0x10"),
	TEXT("1_000"), TEXT("--1"), TEXT("18446744073709551616"), TEXT("-9223372036854775809"),
	TEXT("123456789012345678901234567890"),
	/* strings */
	TEXT("\""), TEXT("\"a"), TEXT("\"\\\""), TEXT("\"\\x41\""), TEXT("\"\\u12\""), TEXT("\"\\u12g4\""), TEXT("\"\\'\""),
	TEXT("\"\n\""), TEXT("\"\t\""), TEXT("\"\x01\""), TEXT("\"\x1f\""), TEXT("\"\0\""),
	/* surrogates alone, or the wrong way round */
	TEXT("\"\\ud83d\""), TEXT("\"\\ude00\""), TEXT("\"\\ud83dx\""), TEXT("\"\\ude00\\ud83d\""), TEXT("\"\\ud83d\\u0041\""),
	TEXT("\"\\ud83d\\ud83d\""), TEXT("{\"\\ud83d\":1}"),
	/* UTF-8: lone continuation, cut, overlong, surrogates, beyond U+10FFFF, bytes that never occur */
	TEXT("\"\x80\""), TEXT("\"\xc3\""), TEXT("\"\xe2\x82\""), TEXT("\"\xf0\x9f\x98\""),
	TEXT("\"\xc0\xaf\""), TEXT("\"\xc1\xbf\""), TEXT("\"\xe0\x80\xaf\""), TEXT("\"\xf0\x80\x80\xaf\""), TEXT("\"\xc0\x80\""),
	TEXT("\"\xed\xa0\x80\""), TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xf4\x90\x80\x80\""), TEXT("\"\xf8\x88\x80\x80\x80\""),
	TEXT("\"\xff\""), TEXT("\"\xfe\""), TEXT("\xef\xbb\xbf" "1"), TEXT("[\xc2\xa0" "1]"),
	/* white space JSON does not know */
	TEXT("\v1"), TEXT("\f1"), TEXT("1\x85"),
	/* structure */
	TEXT("["), TEXT("{"), TEXT("]"), TEXT("}"), TEXT("[1"), TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"), TEXT("[}"), TEXT("{]"),
	TEXT("{\"a\" 1}"), TEXT("{\"a\":1 \"b\":2}"), TEXT("[1 2]"), TEXT("{1:2}"), TEXT("{null:1}"), TEXT("{\"a\"::1}"), TEXT("{\"a\",1}"),
	/* duplicates, also behind escapes */
	TEXT("{\"a\":1,\"a\":1}"), TEXT("{\"a\":1,\"b\":2,\"a\":3}"), TEXT("{\"a\":1,\"\\u0061\":2}"),
	TEXT("{\"\\u00e9\":1,\"\xc3\xa9\":2}"), TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
	TEXT("{\"/\":1,\"\\/\":2}"), TEXT("{\"\":1,\"\":2}"), TEXT("[{\"x\":{\"a\":1,\"a\":2}}]"),
	TEXT("{\"a\":{\"b\":1},\"c\":2,\"\\u0061\":3}"),
};
/* clang-format on */

static int scan(const char *data, size_t len)
{
	/* An exact copy, so that a sanitizer sees a read past the end. */
	char *copy = malloc(len ? len : 1);
	struct sb_error err = {0};
	int result;

	assert_non_null(copy);
	memcpy(copy, data, len);
	result = scan_json(copy, len, &err);
	free(copy);
	assert_true((result == 0) == (err.code == SB_OK));
	if (result < 0)
		assert_true(err.code == SB_PARSE || err.code == SB_TOO_LARGE);
	return result;
}

static void test_json_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (scan(good[i].data, good[i].len) < 0)
			fail_msg("refused: %s", good[i].data);
	}
}

static void test_what_is_almost_json_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (scan(bad[i].data, bad[i].len) == 0)
			fail_msg("let pass, number %zu: %s", i, bad[i].data);
	}
}

static void test_cut_at_any_byte_it_is_refused(void **state)
{
	static const char text[] =
		"{\"jsonrpc\":\"2.0\",\"id\":12,\"params\":{\"a\":[true,null,-1.5e3],"
		"\"s\":\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \\\\\"}}";

	(void)state;
	assert_int_equal(scan(text, sizeof(text) - 1), 0);
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		if (scan(text, len) == 0)
			fail_msg("let pass: the first %zu bytes", len);
	}
}

static int scan_nested(int depth, const char *open, const char *middle, const char *close)
{
	struct buf text CLEANUP_BUF = {0};

	for (int i = 0; i < depth; i++)
		buf_add_str(&text, open);
	buf_add_str(&text, middle);
	for (int i = 0; i < depth; i++)
		buf_add_str(&text, close);
	return scan(text.data, text.len);
}

static void test_depth_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(scan_nested(SCAN_DEPTH_MAX, "[", "1", "]"), 0);
	assert_int_equal(scan_nested(SCAN_DEPTH_MAX + 1, "[", "1", "]"), -1);
	assert_int_equal(scan_nested(SCAN_DEPTH_MAX, "{\"a\":", "1", "}"), 0);
	assert_int_equal(scan_nested(SCAN_DEPTH_MAX + 1, "{\"a\":", "1", "}"), -1);
	assert_int_equal(scan_nested(1000000, "[", "", "]"), -1);
	assert_int_equal(scan_nested(1000000, "{\"a\":[", "", ""), -1);
}

static int scan_members(int count, const char *last)
{
	struct buf text CLEANUP_BUF = {0};

	buf_add_str(&text, "{");
	for (int i = 0; i < count; i++)
		buf_printf(&text, "\"k%d\":%d,", i, i);
	buf_printf(&text, "\"%s\":0}", last);
	return scan(text.data, text.len);
}

static void test_many_members_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(scan_members(20000, "x"), 0);
	assert_int_equal(scan_members(20000, "k0"), -1);
	assert_int_equal(scan_members(20000, "k10000"), -1);
	assert_int_equal(scan_members(20000, "k19999"), -1);
	assert_int_equal(scan_members(SCAN_MEMBERS_MAX, "x"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_passes),
		cmocka_unit_test(test_what_is_almost_json_does_not),
		cmocka_unit_test(test_cut_at_any_byte_it_is_refused),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_many_members_are_told_apart),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
