/* Headers that the agent reads: Range, Accept-Encoding, dates, metadata; and names it writes into one. */
#include "config.h"

#include "daemon/local/agent/media.h"
#include "daemon/local/agent/metadata.h"
#include "daemon/local/agent/range.h"
#include "tests/fuzz/fuzz.h"

static void check_range(const char *header, uint64_t size)
{
	struct ranges ranges;

	if (range_read(header, size, &ranges) != RANGE_PARTS)
		return;
	FUZZ_CHECK(ranges.count > 0 && ranges.count <= RANGE_MAX);
	for (size_t i = 0; i < ranges.count; i++) {
		FUZZ_CHECK(ranges.items[i].length > 0);
		FUZZ_CHECK(ranges.items[i].start < size);
		FUZZ_CHECK(ranges.items[i].length <= size - ranges.items[i].start);
	}
}

static void check_date(const char *text)
{
	char written[MEDIA_DATE_SIZE];
	time_t when, again;

	if (!media_date_parse(text, &when))
		return;
	FUZZ_CHECK(media_date_parse(media_date_format(when, written), &again) && again == when);
}

static void check_disposition(const char *name)
{
	CLEANUP_BUF struct buf out = {0};

	media_disposition(&out, name);
	FUZZ_CHECK(!out.failed && !strpbrk(out.data, "\r\n"));
}

static void check_metadata(const char *name, const char *value)
{
	struct string_map map = {0};
	struct sb_error err = {0};
	CLEANUP_FREE char *header = NULL;

	if (asprintf(&header, METADATA_HEADER "%s", name) < 0)
		abort();
	if (metadata_add_header(&map, header, value, &err) == 0)
		FUZZ_CHECK(metadata_add_header(&map, header, value, &err) == 0 && map.count <= 1);
	string_map_free(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *first = fuzz_line(&data, &size);
	CLEANUP_FREE char *second = fuzz_text(data, size);

	check_range(second, strtoull(first, NULL, 10));
	check_date(first);
	check_disposition(second);
	check_metadata(first, second);
	(void)media_coding(second);
	(void)media_type(first, second, size < MEDIA_SNIFF_MAX ? size : MEDIA_SNIFF_MAX);
	return 0;
}
