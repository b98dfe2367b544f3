/* Envelopes: the bytes of wire §11.2, pieces split anywhere, and what must be refused. */
#include "config.h"

#include "daemon/e2b/envelope.h"

#include <string.h>

#include "tests/unit/unit.h"

static void test_bytes_on_the_wire(void **state)
{
	static const char wanted[] = "\x00\x00\x00\x00\x1f{\"event\":{\"start\":{\"pid\":512}}}"
				     "\x02\x00\x00\x00\x02{}";
	CLEANUP_BUF struct buf out = {0};
	const char *first = "{\"event\":{\"start\":{\"pid\":512}}}";

	(void)state;
	envelope_add(&out, 0, first, strlen(first));
	envelope_add(&out, ENVELOPE_END, "{}", 2);
	assert_int_equal(out.len, sizeof(wanted) - 1);
	assert_memory_equal(out.data, wanted, sizeof(wanted) - 1);
}

/* Three messages, cut in pieces of every size. */
static void test_split_anywhere(void **state)
{
	static const char *const texts[] = {"{\"a\":1}", "", "{}"};
	CLEANUP_BUF struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		envelope_add(&out, i == 2 ? ENVELOPE_END : 0, texts[i], strlen(texts[i]));
	for (size_t piece = 1; piece <= out.len; piece++) {
		struct envelope_reader reader = {0};
		struct sb_error err = {0};
		size_t count = 0;

		for (size_t at = 0; at < out.len; at += piece) {
			size_t len = piece < out.len - at ? piece : out.len - at;
			const char *payload;
			size_t payload_len;
			bool is_end;

			assert_int_equal(envelope_reader_add(&reader, out.data + at, len, &err), 0);
			while (envelope_reader_next(&reader, &is_end, &payload, &payload_len,
						    &err) == 1) {
				assert_int_equal(payload_len, strlen(texts[count]));
				assert_memory_equal(payload, texts[count], payload_len);
				assert_int_equal(is_end, count == 2);
				count++;
			}
			assert_int_equal(err.code, SB_OK);
		}
		assert_int_equal(count, ARRAY_SIZE(texts));
		assert_false(envelope_reader_is_partial(&reader));
		envelope_reader_deinit(&reader);
	}
}

static void test_a_cut_stream_is_seen(void **state)
{
	struct envelope_reader reader = {0};
	struct sb_error err = {0};
	const char *payload;
	size_t len;
	bool is_end;

	(void)state;
	assert_false(envelope_reader_is_partial(&reader));
	assert_int_equal(envelope_reader_add(&reader, "\0\0\0\0\5{}", 7, &err), 0);
	assert_int_equal(envelope_reader_next(&reader, &is_end, &payload, &len, &err), 0);
	assert_true(envelope_reader_is_partial(&reader));
	envelope_reader_deinit(&reader);
}

static void check_refused(const char *head, enum sb_code code)
{
	struct envelope_reader reader = {0};
	struct sb_error err = {0};
	const char *payload;
	size_t len;
	bool is_end;

	assert_int_equal(envelope_reader_add(&reader, head, ENVELOPE_HEAD, &err), 0);
	assert_int_equal(envelope_reader_next(&reader, &is_end, &payload, &len, &err), -1);
	assert_int_equal(err.code, code);
	envelope_reader_deinit(&reader);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	check_refused("\x01\0\0\0\2", SB_SANDBOX); /* compressed, though we never ask for it */
	check_refused("\x03\0\0\0\2", SB_SANDBOX);
	check_refused("\x80\0\0\0\2", SB_SANDBOX);
	check_refused("\0\0\x40\0\1", SB_TOO_LARGE); /* ENVELOPE_MAX + 1 */
	check_refused("\0\xff\xff\xff\xff", SB_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_on_the_wire),
		cmocka_unit_test(test_split_anywhere),
		cmocka_unit_test(test_a_cut_stream_is_seen),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
