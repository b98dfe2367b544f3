/* Field tables: every kind in both dialects, each refusal with its path, and every allocation failing. */
#include "config.h"

#include "protocol/fields.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

/* ---- allocations that fail when told: the linker sends ours through here ----------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static int allocations_left = -1; /* -1: no end of them */
static bool has_refused;

static bool refuses(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left-- > 0)
		return false;
	allocations_left = 0;
	has_refused = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return refuses() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return refuses() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return refuses() ? NULL : __real_strndup(s, n);
}

/* ---- one struct with everything ---------------------------------------------------------------- */

struct inner {
	int64_t x;
	char *label;
};

struct thing {
	bool flag;
	bool on; /* absent: true */
	int64_t count;
	int64_t big;
	double ratio;
	char *name;
	struct bytes data;
	int colour;
	struct strings words;
	struct string_map envs, vars;
	struct inner *inner;
	struct list_value parts;
	char *raw;
};

static const char *const colours[] = {"RED", "GREEN", "BLUE", NULL};
static const int64_t colour_numbers[] = {0, 10, 20};

static const struct field inner_fields[] = {
	F_INT(struct inner, x, .required = true),
	F_STRING(struct inner, label, .min = 1, .max = 4),
	F_END,
};
static const struct fields inner_type = {"Inner", sizeof(struct inner), inner_fields};

static const struct field thing_fields[] = {
	F_BOOL(struct thing, flag),
	F_BOOL(struct thing, on, .absent = true),
	F_INT(struct thing, count, .min = -5, .max = 100, .alias = "the_count", .absent = 3),
	F_AS(FIELD_INT64, int64_t, struct thing, big, "big"),
	F_NUMBER(struct thing, ratio, .min = 0, .max = 2),
	F_STRING(struct thing, name, .max = 8),
	F_BYTES(struct thing, data, .max = 6),
	F_ENUM(struct thing, colour, .names = colours, .numbers = colour_numbers, .absent = 1),
	F_STRINGS(struct thing, words, .max = 3),
	F_MAP(struct thing, envs, .max = 2),
	F_MAP(struct thing, vars, .are_variables = true, .optional = true),
	F_OBJECT(struct inner, struct thing, inner, .type = &inner_type),
	F_LIST(struct thing, parts, .type = &inner_type, .max = 2),
	F_JSON(struct thing, raw),
	F_END,
};
static const struct fields thing_type = {"Thing", sizeof(struct thing), thing_fields};

static int parse(enum fields_dialect dialect, const char *text, struct thing *thing,
		 struct sb_error *err)
{
	*thing = (struct thing){0};
	*err = (struct sb_error){0};
	return fields_parse(&thing_type, dialect, text, strlen(text), "params", thing, err);
}

static void assert_encoded(enum fields_dialect dialect, const struct thing *thing,
			   const char *expected)
{
	struct buf out CLEANUP_BUF = {0};

	fields_encode(&thing_type, dialect, thing, &out);
	assert_false(out.failed);
	assert_string_equal(out.data, expected);
}

static const char ours[] =
	"{\"flag\":true,\"on\":false,\"count\":-5,\"big\":9007199254740993,\"ratio\":0.5,"
	"\"name\":\"n\\u00e9\\n\\\"\",\"data\":\"text\",\"colour\":\"BLUE\",\"words\":[\"a\",\"\"],"
	"\"envs\":{\"PATH\":\"/bin\",\"\":\"x\"},\"inner\":{\"x\":7,\"label\":\"l\"},"
	"\"parts\":[{\"x\":1},{\"x\":2,\"label\":\"p\"}],\"raw\":{\"a\":[1,null,\"x\"]}}";

static const char e2b[] =
	"{\"flag\":true,\"on\":false,\"count\":-5,\"big\":\"9007199254740993\",\"ratio\":0.5,"
	"\"name\":\"n\\u00e9\\n\\\"\",\"data\":\"dGV4dA==\",\"colour\":\"BLUE\",\"words\":[\"a\","
	"\"\"],"
	"\"envs\":{\"PATH\":\"/bin\",\"\":\"x\"},\"inner\":{\"x\":7,\"label\":\"l\"},"
	"\"parts\":[{\"x\":1},{\"x\":2,\"label\":\"p\"}],\"raw\":{\"a\":[1,null,\"x\"]}}";

static void assert_is_full(const struct thing *thing)
{
	const struct inner *parts = thing->parts.items;

	assert_true(thing->flag);
	assert_false(thing->on);
	assert_int_equal(thing->count, -5);
	assert_int_equal(thing->big, 9007199254740993);
	assert_true(fabs(thing->ratio - 0.5) < DBL_EPSILON);
	assert_string_equal(thing->name, "né\n\"");
	assert_int_equal(thing->data.len, 4);
	assert_string_equal(thing->data.data, "text");
	assert_int_equal(thing->colour, 2);
	assert_int_equal(thing->words.count, 2);
	assert_string_equal(thing->words.items[1], "");
	assert_null(thing->words.items[2]);
	assert_int_equal(thing->envs.count, 2);
	assert_string_equal(string_map_get(&thing->envs, "PATH"), "/bin");
	assert_string_equal(string_map_get(&thing->envs, ""), "x");
	assert_int_equal(thing->inner->x, 7);
	assert_int_equal(thing->parts.count, 2);
	assert_null(parts[0].label);
	assert_string_equal(parts[1].label, "p");
	assert_string_equal(thing->raw, "{\"a\":[1,null,\"x\"]}");
}

static void test_every_kind_comes_in_and_goes_out(void **state)
{
	struct thing thing;
	struct sb_error err;

	(void)state;
	assert_int_equal(parse(FIELDS_OURS, ours, &thing, &err), 0);
	assert_is_full(&thing);
	assert_encoded(FIELDS_OURS, &thing,
		       "{\"flag\":true,\"on\":false,\"count\":-5,\"big\":9007199254740993,"
		       "\"ratio\":0.5,\"name\":\"né\\n\\\"\",\"data\":\"text\",\"colour\":\"BLUE\","
		       "\"words\":[\"a\",\"\"],\"envs\":{\"PATH\":\"/bin\",\"\":\"x\"},"
		       "\"inner\":{\"x\":7,\"label\":\"l\"},\"parts\":[{\"x\":1},{\"x\":2,"
		       "\"label\":\"p\"}],\"raw\":{\"a\":[1,null,\"x\"]}}");
	fields_free(&thing_type, &thing);
	assert_null(thing.name);

	assert_int_equal(parse(FIELDS_E2B, e2b, &thing, &err), 0);
	assert_is_full(&thing);
	assert_encoded(FIELDS_E2B, &thing,
		       "{\"flag\":true,\"on\":false,\"count\":-5,\"big\":\"9007199254740993\","
		       "\"ratio\":0.5,\"name\":\"né\\n\\\"\",\"data\":\"dGV4dA==\","
		       "\"colour\":\"BLUE\",\"words\":[\"a\",\"\"],"
		       "\"envs\":{\"PATH\":\"/bin\",\"\":\"x\"},"
		       "\"inner\":{\"x\":7,\"label\":\"l\"},\"parts\":[{\"x\":1},{\"x\":2,"
		       "\"label\":\"p\"}],\"raw\":{\"a\":[1,null,\"x\"]}}");
	fields_free(&thing_type, &thing);
}

static void assert_is_empty(const struct thing *thing)
{
	assert_false(thing->flag);
	assert_true(thing->on);
	assert_int_equal(thing->count, 3);
	assert_int_equal(thing->colour, 1);
	assert_null(thing->name);
	assert_null(thing->data.data);
	assert_null(thing->words.items);
	assert_null(thing->inner);
	assert_null(thing->raw);
}

static void test_nothing_and_null_are_absent(void **state)
{
	static const char nulls[] =
		"{\"flag\":null,\"on\":null,\"count\":null,\"big\":null,\"ratio\":null,"
		"\"name\":null,\"data\":null,\"colour\":null,\"words\":null,\"envs\":null,"
		"\"inner\":null,\"parts\":null,\"raw\":null}";
	static const char *const texts[] = {"{}", nulls, " \t\r\n{ } "};
	struct thing thing;
	struct sb_error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts) * 2; i++) {
		enum fields_dialect dialect = i % 2 ? FIELDS_OURS : FIELDS_E2B;

		assert_int_equal(parse(dialect, texts[i / 2], &thing, &err), 0);
		assert_is_empty(&thing);
		if (dialect == FIELDS_E2B)
			assert_encoded(dialect, &thing, "{}");
		fields_free(&thing_type, &thing);
	}
	thing = (struct thing){0};
	assert_int_equal(fields_decode(&thing_type, FIELDS_OURS, NULL, "params", &thing, &err), 0);
	assert_is_empty(&thing);
	assert_encoded(FIELDS_OURS, &thing,
		       "{\"flag\":false,\"on\":true,\"count\":3,\"big\":0,\"ratio\":0,"
		       "\"colour\":\"GREEN\",\"words\":[],\"envs\":{},\"parts\":[]}");
	fields_free(&thing_type, &thing);
}

static void test_refusals_name_the_place(void **state)
{
	static const struct {
		const char *text;
		const char *ours; /* NULL: accepted */
		const char *e2b;
	} rows[] = {
		{"{\"flag\":1}", "params.flag: must be true or false",
		 "params.flag: must be true or false"},
		{"{\"flag\":\"yes\"}", "params.flag: must be true or false",
		 "params.flag: must be true or false"},
		{"{\"count\":\"7\"}", "params.count: must be an integer", NULL},
		{"{\"count\":7.5}", "params.count: must be an integer",
		 "params.count: must be an integer"},
		{"{\"count\":\"7x\"}", "params.count: must be an integer",
		 "params.count: must be an integer"},
		{"{\"count\":\" 7\"}", "params.count: must be an integer",
		 "params.count: must be an integer"},
		{"{\"count\":\"\"}", "params.count: must be an integer",
		 "params.count: must be an integer"},
		{"{\"vars\":{\"\":\"x\"}}",
		 "params.vars.: must be a variable's name, without \"=\"",
		 "params.vars.: must be a variable's name, without \"=\""},
		{"{\"vars\":{\"A=B\":\"x\"}}",
		 "params.vars.A=B: must be a variable's name, without \"=\"",
		 "params.vars.A=B: must be a variable's name, without \"=\""},
		{"{\"count\":-6}", "params.count: must be from -5 to 100",
		 "params.count: must be from -5 to 100"},
		{"{\"count\":101}", "params.count: must be from -5 to 100",
		 "params.count: must be from -5 to 100"},
		{"{\"big\":9223372036854775807}", NULL, NULL},
		{"{\"big\":9223372036854775808}", "params.big: is too large",
		 "params.big: is too large"},
		{"{\"big\":\"9223372036854775808\"}", "params.big: must be an integer",
		 "params.big: must be an integer"},
		{"{\"big\":-9223372036854775808}", NULL, NULL},
		{"{\"ratio\":2.5}", "params.ratio: must be from 0 to 2",
		 "params.ratio: must be from 0 to 2"},
		{"{\"ratio\":2}", NULL, NULL},
		{"{\"ratio\":\"1\"}", "params.ratio: must be a number",
		 "params.ratio: must be a number"},
		{"{\"name\":7}", "params.name: must be a string", "params.name: must be a string"},
		{"{\"name\":\"a\\u0000b\"}", "params.name: must not contain a NUL character",
		 "params.name: must not contain a NUL character"},
		{"{\"name\":\"12345678\"}", NULL, NULL},
		{"{\"name\":\"123456789\"}", "params.name: must have at most 8 bytes",
		 "params.name: must have at most 8 bytes"},
		{"{\"data\":7}", "params.data: must be a string or {\"base64\":\"…\"}",
		 "params.data: must be a base64 string"},
		{"{\"data\":{\"base64\":\"AA==\"}}", NULL, "params.data: must be a base64 string"},
		{"{\"data\":{\"base64\":\"A\"}}", "params.data: is not base64",
		 "params.data: must be a base64 string"},
		{"{\"data\":{\"base64\":7}}", "params.data: must be a base64 string",
		 "params.data: must be a base64 string"},
		{"{\"data\":{\"base64\":\"AA==\",\"x\":1}}",
		 "params.data: must be a string or {\"base64\":\"…\"}",
		 "params.data: must be a base64 string"},
		{"{\"data\":\"a b\"}", NULL, "params.data: is not base64"},
		{"{\"data\":\"1234567\"}", "params.data: must have at most 6 bytes",
		 "params.data: is not base64"},
		{"{\"data\":\"MTIzNDU2Nzg\"}", "params.data: must have at most 6 bytes",
		 "params.data: must have at most 6 bytes"},
		{"{\"colour\":\"PINK\"}",
		 "params.colour: must be one of \"RED\", \"GREEN\", \"BLUE\"", NULL},
		{"{\"colour\":10}", "params.colour: must be one of \"RED\", \"GREEN\", \"BLUE\"",
		 NULL},
		{"{\"words\":\"a\"}", "params.words: must be a list of strings",
		 "params.words: must be a list of strings"},
		{"{\"words\":[\"a\",7]}", "params.words[1]: must be a string",
		 "params.words[1]: must be a string"},
		{"{\"words\":[null]}", "params.words[0]: must be a string",
		 "params.words[0]: must be a string"},
		{"{\"words\":[\"\",\"\",\"\",\"\"]}", "params.words: must have at most 3 items",
		 "params.words: must have at most 3 items"},
		{"{\"envs\":[]}", "params.envs: must be an object of strings",
		 "params.envs: must be an object of strings"},
		{"{\"envs\":{\"PATH\":7}}", "params.envs.PATH: must be a string",
		 "params.envs.PATH: must be a string"},
		{"{\"envs\":{\"A\":\"\",\"B\":\"\",\"C\":\"\"}}",
		 "params.envs: must have at most 2 members",
		 "params.envs: must have at most 2 members"},
		{"{\"inner\":[]}", "params.inner: must be an object",
		 "params.inner: must be an object"},
		{"{\"inner\":{}}", "params.inner.x: is missing", "params.inner.x: is missing"},
		{"{\"inner\":{\"x\":1,\"label\":\"\"}}",
		 "params.inner.label: must have at least 1 bytes",
		 "params.inner.label: must have at least 1 bytes"},
		{"{\"parts\":{}}", "params.parts: must be a list", "params.parts: must be a list"},
		{"{\"parts\":[{\"x\":1},{\"x\":2,\"label\":\"12345\"}]}",
		 "params.parts[1].label: must have at most 4 bytes",
		 "params.parts[1].label: must have at most 4 bytes"},
		{"{\"parts\":[null]}", "params.parts[0]: must be an object",
		 "params.parts[0]: must be an object"},
		{"{\"parts\":[{\"x\":1},{\"x\":1},{\"x\":1}]}",
		 "params.parts: must have at most 2 items",
		 "params.parts: must have at most 2 items"},
		{"{\"unknown\":1}", "params.unknown: there is no such parameter", NULL},
		{"{\"inner\":{\"x\":1,\"y\":1}}", "params.inner.y: there is no such parameter",
		 NULL},
		{"{\"the_count\":7}", NULL, NULL},
		{"[]", "params: must be an object", "params: must be an object"},
		{"7", "params: must be an object", "params: must be an object"},
		{"null", "params: must not be null", "params: must not be null"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		enum fields_dialect dialect = i % 2 ? FIELDS_E2B : FIELDS_OURS;
		const char *expected = i % 2 ? rows[i / 2].e2b : rows[i / 2].ours;
		struct thing thing, empty = {0};
		struct sb_error err;
		int result = parse(dialect, rows[i / 2].text, &thing, &err);

		assert_string_equal(err.text, expected ? expected : "");
		assert_int_equal(result, expected ? -1 : 0);
		if (expected && strcmp(rows[i / 2].text, "null") != 0)
			assert_int_equal(err.code,
					 dialect == FIELDS_OURS ? SB_INVALID_PARAMS : SB_SANDBOX);
		if (expected)
			assert_memory_equal(&thing, &empty, sizeof(thing));
		fields_free(&thing_type, &thing);
	}
}

static void test_the_e2b_wire_is_read_generously(void **state)
{
	struct thing thing;
	struct sb_error err;

	(void)state;
	assert_int_equal(parse(FIELDS_E2B,
			       "{\"the_count\":\"9\",\"big\":12,\"colour\":20,\"data\":\"-_8\","
			       "\"later\":{\"a\":[{}]}}",
			       &thing, &err),
			 0);
	assert_int_equal(thing.count, 9);
	assert_int_equal(thing.big, 12);
	assert_int_equal(thing.colour, 2);
	assert_int_equal(thing.data.len, 2);
	assert_memory_equal(thing.data.data, "\xfb\xff", 2);
	fields_free(&thing_type, &thing);
	assert_int_equal(parse(FIELDS_E2B, "{\"colour\":77}", &thing, &err), 0);
	assert_int_equal(thing.colour, 1); /* unknown is absent */
	fields_free(&thing_type, &thing);
}

static void test_names_that_hide_behind_a_nul_are_refused(void **state)
{
	struct thing thing;
	struct sb_error err;

	(void)state;
	assert_int_equal(parse(FIELDS_OURS, "{\"name\\u0000x\":\"a\"}", &thing, &err), -1);
	assert_null(thing.name);
}

static void test_lists_at_the_top(void **state)
{
	struct list_value list = {0};
	struct sb_error err = {0};
	struct buf out CLEANUP_BUF = {0};
	const char *text = "[{\"x\":1,\"label\":\"a\"},{\"x\":2}]";

	(void)state;
	assert_int_equal(fields_parse_list(&inner_type, FIELDS_E2B, text, strlen(text), "answer",
					   &list, &err),
			 0);
	assert_int_equal(list.count, 2);
	fields_encode_list(&inner_type, FIELDS_E2B, &list, &out);
	assert_string_equal(out.data, text);
	fields_free_list(&inner_type, &list);
	text = "[{\"x\":1,\"label\":\"a\"},{\"x\":true}]";
	assert_int_equal(fields_parse_list(&inner_type, FIELDS_E2B, text, strlen(text), "answer",
					   &list, &err),
			 -1);
	assert_string_equal(err.text, "answer[1].x: must be an integer");
	assert_null(list.items);
	err = (struct sb_error){0};
	assert_int_equal(fields_parse_list(&inner_type, FIELDS_E2B, "{}", 2, "answer", &list, &err),
			 -1);
	assert_string_equal(err.text, "answer: must be a list");
}

static void assert_string_encoded(const char *text, size_t len, const char *expected)
{
	struct buf out CLEANUP_BUF = {0};

	fields_encode_string(&out, text, len);
	assert_string_equal(out.data, expected);
}

static void test_strings_are_escaped(void **state)
{
	struct buf out CLEANUP_BUF = {0};

	(void)state;
	assert_string_encoded("", 0, "\"\"");
	assert_string_encoded("a\"\\/\b\n\r\t\x01\x7f", 10,
			      "\"a\\\"\\\\/\\u0008\\n\\r\\t\\u0001\\u007f\"");
	assert_string_encoded("a\0b", 3, "\"a\\u0000b\"");
	assert_string_encoded("é€𝄞", 9, "\"é€𝄞\"");
	assert_string_encoded("\xffx\xc3", 3, "\"\xef\xbf\xbdx\xef\xbf\xbd\"");
	fields_encode_bytes(&out, "\xff", 1);
	assert_string_equal(out.data, "{\"base64\":\"/w==\"}");
	buf_reset(&out);
	fields_encode_bytes(&out, "é", 2);
	assert_string_equal(out.data, "\"é\"");
}

static void test_numbers_are_short_and_exact(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {{0.1, "0.1"},
		    {1, "1"},
		    {1e300, "1e+300"},
		    {0.25, "0.25"},
		    {-1.5, "-1.5"},
		    {1.0 / 3, "0.3333333333333333"},
		    {INFINITY, "0"},
		    {NAN, "0"},
		    {5e-324, "4.94065645841247e-324"},
		    {0.3 - 0.1, "0.19999999999999998"}};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct thing thing = {.ratio = rows[i].value, .on = true, .count = 3, .colour = 1};
		char expected[64];

		(void)snprintf(expected, sizeof(expected), "{\"ratio\":%s}", rows[i].text);
		if (rows[i].value > 0 || rows[i].value < 0)
			assert_encoded(FIELDS_E2B, &thing, expected);
	}
}

/* ---- every allocation fails once -------------------------------------------------------------- */

static void test_every_allocation_of_a_decode_may_fail(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		int n = 0;

		do {
			struct thing thing = {0}, empty = {0};
			struct sb_error err = {0};
			const char *text = which ? e2b : ours;
			int result;

			has_refused = false;
			allocations_left = n++;
			result = fields_parse(&thing_type, which ? FIELDS_E2B : FIELDS_OURS, text,
					      strlen(text), "params", &thing, &err);
			allocations_left = -1;
			if (has_refused) {
				assert_int_equal(result, -1);
				assert_int_equal(err.code, SB_INTERNAL);
				assert_memory_equal(&thing, &empty, sizeof(thing));
			} else {
				assert_int_equal(result, 0);
				assert_is_full(&thing);
				fields_free(&thing_type, &thing);
			}
		} while (has_refused);
		assert_true(n > 15);
	}
}

static void test_every_allocation_of_an_encode_may_fail(void **state)
{
	struct thing thing;
	struct sb_error err;
	int n = 0;

	(void)state;
	assert_int_equal(parse(FIELDS_OURS, ours, &thing, &err), 0);
	do {
		struct buf out = {0};

		has_refused = false;
		allocations_left = n++;
		fields_encode(&thing_type, FIELDS_OURS, &thing, &out);
		allocations_left = -1;
		assert_int_equal(out.failed, has_refused);
		buf_deinit(&out);
	} while (has_refused);
	assert_true(n > 2);
	fields_free(&thing_type, &thing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_comes_in_and_goes_out),
		cmocka_unit_test(test_nothing_and_null_are_absent),
		cmocka_unit_test(test_refusals_name_the_place),
		cmocka_unit_test(test_the_e2b_wire_is_read_generously),
		cmocka_unit_test(test_names_that_hide_behind_a_nul_are_refused),
		cmocka_unit_test(test_lists_at_the_top),
		cmocka_unit_test(test_strings_are_escaped),
		cmocka_unit_test(test_numbers_are_short_and_exact),
		cmocka_unit_test(test_every_allocation_of_a_decode_may_fail),
		cmocka_unit_test(test_every_allocation_of_an_encode_may_fail),
	};

	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
