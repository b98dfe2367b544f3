/* Percent-encoding, queries and paths, and the engine's listing, which is asked by a query. */
#include "config.h"

#include "daemon/base/uri.h"
#include "daemon/local/listing.h"
#include "tests/fuzz/fuzz.h"

static void check_round(const char *text, size_t len)
{
	CLEANUP_BUF struct buf coded = {0}, plain = {0};

	uri_encode(&coded, text, len);
	FUZZ_CHECK(!coded.failed);
	FUZZ_CHECK(len == 0 || uri_decode(&plain, coded.data, coded.len, true) == 0);
	FUZZ_CHECK(plain.len == len && (len == 0 || memcmp(plain.data, text, len) == 0));
}

/* A value put into a query is found in it. */
static void check_query(const char *value)
{
	CLEANUP_BUF struct buf url = {0};
	CLEANUP_FREE char *found = NULL;
	bool is_there;

	uri_query_add(&url, "a", "first");
	uri_query_add(&url, "name", value);
	found = uri_query_get(url.data + 1, "name", &is_there);
	FUZZ_CHECK(is_there && found && strcmp(found, value) == 0);
}

static void check_listing(const char *query)
{
	struct listing listing = {0};
	struct sb_error err = {0};

	if (listing_parse(query, 2, &listing, &err) == 0)
		FUZZ_CHECK(listing.limit > 0 && listing.limit <= LISTING_LIMIT_MAX);
	listing_deinit(&listing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	CLEANUP_BUF struct buf out = {0};
	bool is_there;

	check_round(text, size);
	check_query(text);
	check_listing(text);
	(void)!uri_decode(&out, text, size, false);
	free(uri_query_get(text, "path", &is_there));
	for (unsigned i = 0; i < 3; i++)
		free(uri_path_segment(text, i));
	return 0;
}
