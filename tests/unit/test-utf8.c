/* UTF-8 to the letter of RFC 3629. */
#include "config.h"

#include "protocol/utf8.h"

#include <stdio.h>
#include <string.h>

#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

/* Writes code point `c` by the general rule, even where RFC 3629 forbids it; returns the length. */
static size_t put(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void test_every_code_point(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		bool is_char = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
		char text[4];
		size_t len = put(c, text);

		if (utf8_char_len(text, len) != (is_char ? len : 0) ||
		    utf8_is_valid(text, len) != is_char)
			fail_msg("U+%04X", c);
	}
}

static void test_what_is_no_character(void **state)
{
	static const char *const bad[] = {"\x80",
					  "\xbf",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xe0\x80\x80",
					  "\xe0\x9f\xbf",
					  "\xf0\x80\x80\x80",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xfe",
					  "\xc3",
					  "\xc3(",
					  "\xe2\x82",
					  "\xe2(\xa1",
					  "\xf0\x9d\x84",
					  "\xf8\x88\x80\x80\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(utf8_char_len(bad[i], strlen(bad[i])), 0);
		assert_false(utf8_is_valid(bad[i], strlen(bad[i])));
	}
}

/* A bad byte is found wherever it stands against the eight-byte stride. */
static void test_strides_hide_nothing(void **state)
{
	char text[40];

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		assert_true(utf8_is_valid(text, len));
		for (size_t at = 0; at < len; at++) {
			text[at] = '\xff';
			assert_false(utf8_is_valid(text, len));
			text[at] = 'a';
			if (at + 1 < len) {
				memcpy(text + at, "é", 2);
				assert_true(utf8_is_valid(text, len));
				memcpy(text + at, "aa", 2);
			}
		}
	}
}

static void test_tails_that_more_bytes_could_complete(void **state)
{
	static const struct {
		const char *text;
		size_t tail;
	} rows[] = {{"", 0},
		    {"a", 0},
		    {"aé", 0},
		    {"a\xc3", 1},
		    {"\xe2", 1},
		    {"\xe2\x82", 2},
		    {"€", 0},
		    {"\xf0\x9d\x84", 3},
		    {"x\xf0\x9d", 2},
		    {"𝄞", 0},
		    {"\xc3(", 0},
		    {"\x80", 0},
		    {"\x80\x80\x80", 0},
		    {"\xe0\x80", 0},
		    {"\xff", 0},
		    {"\xf5", 0},
		    {"a\x80\x80\x80\x80", 0},
		    {"\xed\xa0", 0},
		    {"\xed\x9f", 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(utf8_incomplete_tail(rows[i].text, strlen(rows[i].text)),
				 rows[i].tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_what_is_no_character),
		cmocka_unit_test(test_strides_hide_nothing),
		cmocka_unit_test(test_tails_that_more_bytes_could_complete),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
