/* Header values of downloads. */
#include "config.h"

#include "daemon/local/agent/media.h"

#include <string.h>

#include "tests/unit/unit.h"

static void test_types(void **state)
{
	static const char zeros[4] = {0};
	char html[] = "  <!DOCTYPE HTML><p>";

	(void)state;
	assert_string_equal(media_type("a.JSON", "x", 1), "application/json");
	assert_string_equal(media_type("noext", "plain words\n", 12), "text/plain; charset=utf-8");
	assert_string_equal(media_type("noext", "", 0), "text/plain; charset=utf-8");
	assert_string_equal(media_type("noext", zeros, 4), "application/octet-stream");
	assert_string_equal(media_type("noext", html, strlen(html)), "text/html; charset=utf-8");
	assert_string_equal(media_type("p", "\x89PNG\r\n\x1a\n....", 12), "image/png");
	assert_null(media_type("noext", NULL, 0));
	assert_null(media_type("odd.zzz", NULL, 0));
}

static void test_dispositions(void **state)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"a.txt", "inline; filename=a.txt"},
		{"a b.txt", "inline; filename=\"a b.txt\""},
		{"q\"\\.txt", "inline; filename=\"q\\\"\\\\.txt\""},
		{"h\xc3\xa9 1.txt", "inline; filename*=utf-8''h%C3%A9%201.txt"},
		{"line\r\nX-Evil: 1", "inline; filename*=utf-8''line%0D%0AX-Evil%3A%201"},
		{"\xff", "inline; filename*=utf-8''%FF"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_BUF struct buf out = {0};

		media_disposition(&out, cases[i].name);
		assert_string_equal(out.data, cases[i].want);
	}
}

static void test_codings(void **state)
{
	static const struct {
		const char *accept;
		enum media_coding want;
	} cases[] = {
		{NULL, MEDIA_IDENTITY},
		{"", MEDIA_IDENTITY},
		{"gzip", MEDIA_GZIP},
		{"GZip, deflate", MEDIA_GZIP},
		{"gzip;q=0", MEDIA_IDENTITY},
		{"gzip;q=0.5, identity;q=0.8", MEDIA_IDENTITY},
		{"gzip; q=0.8, identity; q=0.5", MEDIA_GZIP},
		{"br, deflate", MEDIA_IDENTITY},
		{"identity", MEDIA_IDENTITY},
		{"*", MEDIA_IDENTITY},
		{"identity;q=0, *", MEDIA_GZIP},
		{"br, identity;q=0", MEDIA_UNACCEPTABLE},
		{"*;q=0", MEDIA_UNACCEPTABLE},
		{"gzip, *;q=0", MEDIA_GZIP},
		{"gzip;q=0.001, *;q=0", MEDIA_GZIP},
		{"gzip;q=0.000, identity;q=0.0", MEDIA_UNACCEPTABLE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(media_coding(cases[i].accept), cases[i].want);
}

static void test_dates(void **state)
{
	char text[MEDIA_DATE_SIZE];
	time_t when;

	(void)state;
	assert_string_equal(media_date_format(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_true(media_date_parse(text, &when));
	assert_int_equal(when, 784111777);
	assert_false(media_date_parse("yesterday", &when));
	assert_false(media_date_parse("Sun, 06 Nov 1994 08:49:37 GMT+1", &when));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_dispositions),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
