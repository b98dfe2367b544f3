/* RFC 3339 times: what was read is written, and read to the same. */
#include "config.h"

#include "daemon/base/clock.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	char written[CLOCK_TEXT_SIZE];
	int64_t when, again;

	if (clock_parse(text, &when) < 0)
		return 0;
	FUZZ_CHECK(clock_parse(clock_format(when, written), &again) == 0);
	FUZZ_CHECK(again == when);
	return 0;
}
