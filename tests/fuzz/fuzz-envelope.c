/* Connect envelopes in pieces of any size. */
#include "config.h"

#include "daemon/e2b/envelope.h"
#include "tests/fuzz/fuzz.h"

/* The envelopes that are whole, written again to `out`. -1 when one is refused. */
static int take_all(struct envelope_reader *reader, struct buf *out)
{
	struct sb_error err = {0};
	const char *payload;
	bool is_end;
	size_t len;
	int found;

	while ((found = envelope_reader_next(reader, &is_end, &payload, &len, &err)) == 1) {
		FUZZ_CHECK(len <= ENVELOPE_MAX);
		envelope_add(out, is_end ? ENVELOPE_END : 0, payload, len);
	}
	FUZZ_CHECK((found < 0) == (err.code != SB_OK));
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = 1 + fuzz_choice(&data, &size, 64), fed = 0;
	struct envelope_reader reader = {0};
	CLEANUP_BUF struct buf out = {0};
	struct sb_error err = {0};
	int result = 0;

	while (fed < size && result == 0) {
		size_t n = size - fed < piece ? size - fed : piece;

		result = envelope_reader_add(&reader, (const char *)data + fed, n, &err);
		fed += n;
		if (result == 0)
			result = take_all(&reader, &out);
	}
	/* What was taken is how the input begins; what was not waits. */
	FUZZ_CHECK(!out.failed && out.len <= size);
	FUZZ_CHECK(out.len == 0 || memcmp(out.data, data, out.len) == 0);
	FUZZ_CHECK(result < 0 || envelope_reader_is_partial(&reader) == (out.len < size));
	envelope_reader_deinit(&reader);
	return 0;
}
