/* Lists: queries as SDKs send them, filters, order, cursors. */
#include "config.h"

#include "daemon/local/listing.h"

#include <string.h>

#include "tests/unit/unit.h"

static int parse(const char *query, struct listing *ret)
{
	struct sb_error err = {0};
	int result = listing_parse(query, 2, ret, &err);

	assert_int_equal(result < 0 ? SB_INVALID_ARGUMENT : SB_OK, err.code);
	return result;
}

static void test_absent_means_everything_newest_first(void **state)
{
	struct listing listing;

	(void)state;
	assert_int_equal(parse("", &listing), 0);
	assert_true(listing.has_running);
	assert_false(listing.is_ascending || listing.has_cursor);
	assert_int_equal(listing.limit, 100);
	assert_null(listing.template);
	listing_deinit(&listing);
}

static void test_metadata_in_three_layers(void **state)
{
	static const struct {
		const char *query, *key, *value;
	} cases[] = {
		/* As the JS SDK sends {"k 1": "v&=é"}. */
		{"metadata=k%2525201%3Dv%252526%25253D%2525C3%2525A9", "k 1", "v&=é"},
		{"metadata=user=abc", "user", "abc"},
		{"metadata=user%3Dabc", "user", "abc"},
		{"metadata=a%3D1%26b%3D2", "b", "2"},
		{"limit=3&metadata=a%3D%252525", "a", "%"},
		{"metadata=a%3Dx%252Fy", "a", "x/y"},
		{"metadata=a", "a", ""},
		{"metadata=a%3Db%3Dc", "a", "b=c"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listing listing;

		assert_int_equal(parse(cases[i].query, &listing), 0);
		assert_string_equal(string_map_get(&listing.metadata, cases[i].key),
				    cases[i].value);
		listing_deinit(&listing);
	}
}

static void test_what_is_refused(void **state)
{
	static const char *const bad[] = {
		"limit=0",
		"limit=101",
		"limit=x",
		"limit=1x",
		"limit=99999999999999999999",
		"order=up",
		"state=dead",
		"state=running,dead",
		"startedAfter=yesterday",
		"nextToken=!!!",
		"nextToken=Zm9v",
		"metadata=%ZZ",
		"metadata=a%3D%25ZZ",
		"metadata=a%3D%252500",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct listing listing;

		assert_int_equal(parse(bad[i], &listing), -1);
	}
}

static void test_version_1_knows_metadata_only(void **state)
{
	struct listing listing;
	struct sb_error err = {0};

	(void)state;
	assert_int_equal(listing_parse("limit=0&order=up&metadata=a=1", 1, &listing, &err), 0);
	assert_true(listing.limit > LISTING_LIMIT_MAX);
	assert_string_equal(string_map_get(&listing.metadata, "a"), "1");
	listing_deinit(&listing);
}

static void test_filters(void **state)
{
	char template[] = "base";
	char key[] = "k", value[] = "v";
	struct string_pair pair = {key, value};
	struct record record = {.template_id = template,
				.metadata = {&pair, 1},
				.started_us =
					INT64_C(1738324800123456)}; /* 2025-01-31T12:00:00Z… */
	static const struct {
		const char *query;
		bool fits;
	} cases[] = {
		{"", true},
		{"state=running", true},
		{"state=running%2Cpaused", true},
		{"state=paused", false},
		{"template=base", true},
		{"template=other", false},
		{"metadata=k%3Dv", true},
		{"metadata=k%3Dw", false},
		{"metadata=k%3Dv%26x%3Dy", false},
		{"startedAfter=2025-01-31T12:00:00.123456Z", true},
		{"startedAfter=2025-01-31T13:00:00.123456%2B01:00", true},
		{"startedAfter=2025-01-31T12:00:00.123457Z", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listing listing;

		assert_int_equal(parse(cases[i].query, &listing), 0);
		assert_int_equal(listing_fits(&listing, &record), cases[i].fits);
		listing_deinit(&listing);
	}
}

/* Page size 1 until exhausted: everything once, in order. */
static void walk(const char *order, const char *expected)
{
	char names[][3] = {"ia", "ib", "ic", "id"};
	const struct record records[] = {
		{.id = names[0], .started_us = 2000000},
		{.id = names[1], .started_us = 1000000},
		{.id = names[2], .started_us = 2000000},
		{.id = names[3], .started_us = 3000001},
	};
	struct buf query CLEANUP_BUF = {0}, seen CLEANUP_BUF = {0};

	buf_printf(&query, "order=%s", order);
	for (;;) {
		const struct record *first = NULL;
		struct listing listing;
		struct buf cursor CLEANUP_BUF = {0};

		assert_int_equal(parse(query.data, &listing), 0);
		for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
			if (listing_is_due(&listing, &records[i]) &&
			    (!first || listing_compare(&listing, &records[i], first) < 0))
				first = &records[i];
		}
		if (first) {
			buf_add_str(&seen, first->id);
			listing_cursor(&listing, first, &cursor);
			assert_null(strpbrk(cursor.data, "+/="));
			buf_reset(&query);
			buf_printf(&query, "order=%s&nextToken=%s", order, cursor.data);
		}
		listing_deinit(&listing);
		if (!first)
			break;
	}
	assert_string_equal(seen.data, expected);
}

static void test_pages_show_everything_once(void **state)
{
	(void)state;
	walk("desc", "idiaicib");
	walk("asc", "ibiaicid");
}

static void test_a_cursor_of_the_other_order_is_refused(void **state)
{
	char id[] = "ia";
	const struct record record = {.id = id, .started_us = 1};
	struct buf query CLEANUP_BUF = {0};
	struct listing listing;

	(void)state;
	assert_int_equal(parse("order=asc", &listing), 0);
	buf_add_str(&query, "nextToken=");
	listing_cursor(&listing, &record, &query);
	listing_deinit(&listing);
	assert_int_equal(parse(query.data, &listing), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent_means_everything_newest_first),
		cmocka_unit_test(test_metadata_in_three_layers),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_version_1_knows_metadata_only),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_pages_show_everything_once),
		cmocka_unit_test(test_a_cursor_of_the_other_order_is_refused),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
