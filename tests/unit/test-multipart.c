/* The streaming form parser: the same answer however the input is cut. */
#include "config.h"

#include "daemon/local/agent/multipart.h"

#include <string.h>

#include "daemon/base/list.h"
#include "tests/unit/unit.h"

struct record { /* what the callbacks saw, as text */
	struct multipart form;
	struct buf text;
};

static int note_part(struct multipart *form, const char *name, const char *filename,
		     struct sb_error *err)
{
	struct record *record = container_of(form, struct record, form);

	(void)err;
	buf_printf(&record->text, "[%s|%s|", name ? name : "-", filename ? filename : "-");
	return 0;
}

static int note_data(struct multipart *form, const char *data, size_t len, struct sb_error *err)
{
	(void)err;
	buf_add(&container_of(form, struct record, form)->text, data, len);
	return 0;
}

static int note_end(struct multipart *form, struct sb_error *err)
{
	(void)err;
	buf_add_str(&container_of(form, struct record, form)->text, "]");
	return 0;
}

/* Feeds `input` in a first piece of `first` bytes and further ones of `step`; the record as text. */
static char *parse(const char *input, size_t first, size_t step, struct sb_error *err)
{
	struct record record = {
		.form = {.on_part = note_part, .on_data = note_data, .on_part_end = note_end}};
	size_t len = strlen(input);
	size_t next = first;
	int rc = multipart_init(&record.form, "multipart/form-data; boundary=B", err);

	assert_int_equal(rc, 0);
	for (size_t at = 0; rc == 0 && at < len; at += next, next = step) {
		if (next > len - at)
			next = len - at;
		if (next > 0)
			rc = multipart_feed(&record.form, input + at, next, err);
	}
	if (rc == 0)
		rc = multipart_end(&record.form, err);
	multipart_deinit(&record.form);
	if (rc == 0)
		return buf_steal(&record.text);
	buf_deinit(&record.text);
	return NULL;
}

static void expect(const char *input, const char *want)
{
	size_t len = strlen(input);

	for (size_t first = 0; first <= len; first++) {
		struct sb_error err = {0};
		CLEANUP_FREE char *whole = parse(input, first, len + 1, &err);
		CLEANUP_FREE char *bytes = parse(input, first, 1, &err);

		assert_int_equal(err.code, SB_OK);
		assert_string_equal(whole, want);
		assert_string_equal(bytes, want);
	}
}

static void expect_error(const char *input)
{
	struct sb_error err = {0};

	assert_null(parse(input, strlen(input), 1, &err));
	assert_int_not_equal(err.code, SB_OK);
}

#define FILE_HEAD(name)                                                                            \
	"Content-Disposition: form-data; name=\"file\"; filename=\"" name "\"\r\n\r\n"

static void test_parts_are_found(void **state)
{
	(void)state;
	expect("--B\r\n" FILE_HEAD("a.txt") "hello\r\n--B--\r\n", "[file|a.txt|hello]");
	expect("--B\r\n" FILE_HEAD("dir/a") "1\r\n--B\r\n" FILE_HEAD("b") "2\r\n--B--",
	       "[file|dir/a|1][file|b|2]");
	expect("preamble\r\n--B \t\r\ncontent-disposition: "
	       "form-data;name=x\r\n\r\nv\r\n--B--epilogue",
	       "[x|-|v]");
	expect("--B\r\n\r\nno head\r\n--B--", "[-|-|no head]");
	expect("--B--\r\n", "");
}

static void test_empty_parts(void **state)
{
	(void)state;
	expect("--B\r\n" FILE_HEAD("e") "\r\n--B--", "[file|e|]");
	expect("--B\r\n" FILE_HEAD("e") "--B--", "[file|e|]");
}

static void test_what_only_looks_like_a_delimiter_is_content(void **state)
{
	(void)state;
	expect("--B\r\n" FILE_HEAD("n") "\r\n\r\n--\r\n--A\r\r\n-\r\n--Bx\r\n\r\n--B--",
	       "[file|n|\r\n\r\n--\r\n--A\r\r\n-\r\n--Bx\r\n]");
	expect("--B\r\n" FILE_HEAD("n") "--Bx--B--\r\n--B--", "[file|n|--Bx--B--]");
	expect("--Bx\r\n--B\r\n" FILE_HEAD("n") "y\r\n--B--", "[file|n|y]");
}

static void test_broken_forms_are_refused(void **state)
{
	char head[MULTIPART_HEAD_MAX + 100];

	(void)state;
	expect_error("");
	expect_error("no delimiter at all");
	expect_error("--B\r\n" FILE_HEAD("a") "cut");
	expect_error("--B\r\n" FILE_HEAD("a") "cut\r\n--B");
	expect_error("--B\r\n" FILE_HEAD("a") "x\r\n--B-?");
	expect_error("--B\r\n" FILE_HEAD("a") "x\r\n--B ?");
	memset(head, 'h', sizeof(head));
	memcpy(head, "--B\r\n", 5);
	head[sizeof(head) - 1] = '\0';
	expect_error(head);
}

static void test_a_boundary_is_needed(void **state)
{
	struct sb_error err = {0};
	struct multipart form = {0};

	(void)state;
	assert_int_equal(multipart_init(&form, "multipart/form-data", &err), -1);
	sb_clear(&err);
	assert_int_equal(multipart_init(&form, "multipart/form-data; boundary=\"\"", &err), -1);
}

static void test_params_are_raw(void **state)
{
	static const struct {
		const char *value, *param, *want;
	} cases[] = {
		{"form-data; name=\"file\"; filename=\"a\\\"b\\\\c\\d\"", "filename", "a\"b\\c\\d"},
		{"form-data; name=file; filename=/x/y.z", "filename", "/x/y.z"},
		{"form-data; FileName = \"a;b=c\" ; name=\"q\"", "filename", "a;b=c"},
		{"form-data; FileName = \"a;b=c\" ; name=\"q\"", "name", "q"},
		{"form-data; filename=\"\xc3\xa9\xff\"", "filename", "\xc3\xa9\xff"},
		{"form-data; filename=\"\"", "filename", ""},
		{"form-data; filename=\"open", "filename", "open"},
		{"form-data; filename*=UTF-8''x", "filename", NULL},
		{"multipart/form-data", "boundary", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *got = multipart_param(cases[i].value, cases[i].param);

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_are_found),
		cmocka_unit_test(test_empty_parts),
		cmocka_unit_test(test_what_only_looks_like_a_delimiter_is_content),
		cmocka_unit_test(test_broken_forms_are_refused),
		cmocka_unit_test(test_a_boundary_is_needed),
		cmocka_unit_test(test_params_are_raw),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
