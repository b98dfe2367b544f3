/* gzip undone, however it is cut. */
#include "config.h"

#include "daemon/local/agent/gunzip.h"

#include <string.h>
#include <zlib.h>

#include "daemon/base/list.h"
#include "protocol/buf.h"
#include "tests/unit/unit.h"

#define PLAIN_LEN ((size_t)200000)

struct inflated {
	struct gunzip gunzip;
	struct buf plain;
};

static int gather(struct gunzip *gunzip, const char *data, size_t len, struct sb_error *err)
{
	(void)err;
	buf_add(&container_of(gunzip, struct inflated, gunzip)->plain, data, len);
	return 0;
}

/* 0 and what came out, or -1. */
static int inflate_by(const char *data, size_t len, size_t step, struct buf *ret_plain)
{
	struct inflated inflated = {.gunzip.on_data = gather};
	struct sb_error err = {0};
	int rc = gunzip_init(&inflated.gunzip, &err);

	for (size_t at = 0; rc == 0 && at < len; at += step)
		rc = gunzip_feed(&inflated.gunzip, data + at, step < len - at ? step : len - at,
				 &err);
	if (rc == 0)
		rc = gunzip_end(&inflated.gunzip, &err);
	assert_int_equal(rc < 0, err.code != SB_OK);
	gunzip_deinit(&inflated.gunzip);
	*ret_plain = inflated.plain;
	return rc;
}

/* Appends one gzip member to `out`. */
static void compress_to(struct buf *out, const char *plain, size_t len)
{
	z_stream stream = {0};
	char *room = buf_reserve(out, len + 1000);

	assert_non_null(room);
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)plain;
	stream.avail_in = (uInt)len;
	stream.next_out = (Bytef *)room;
	stream.avail_out = (uInt)(len + 1000);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len += stream.total_out;
	(void)deflateEnd(&stream);
}

static void test_members_in_pieces(void **state)
{
	static const size_t steps[] = {1, 2, 7, 1000, 1u << 20};
	CLEANUP_FREE char *plain = malloc(PLAIN_LEN);
	CLEANUP_BUF struct buf packed = {0};

	(void)state;
	for (size_t i = 0; i < PLAIN_LEN; i++)
		plain[i] = (char)(i * i >> 3);
	compress_to(&packed, plain, PLAIN_LEN);
	compress_to(&packed, "", 0);
	compress_to(&packed, "tail", 4);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		CLEANUP_BUF struct buf got = {0};

		assert_int_equal(inflate_by(packed.data, packed.len, steps[i], &got), 0);
		assert_int_equal(got.len, PLAIN_LEN + 4);
		assert_memory_equal(got.data, plain, PLAIN_LEN);
		assert_memory_equal(got.data + PLAIN_LEN, "tail", 4);
	}
}

static void test_cut_or_broken(void **state)
{
	CLEANUP_BUF struct buf packed = {0};

	(void)state;
	compress_to(&packed, "some text", 9);
	for (size_t len = 0; len < packed.len; len++) {
		CLEANUP_BUF struct buf got = {0};

		assert_int_equal(inflate_by(packed.data, len, 3, &got), -1);
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_BUF struct buf got = {0};

		packed.data[packed.len - 1 - 4 * i] ^= 1; /* the length, then the checksum */
		assert_int_equal(inflate_by(packed.data, packed.len, 100, &got), -1);
		packed.data[packed.len - 1 - 4 * i] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_in_pieces),
		cmocka_unit_test(test_cut_or_broken),
	};

	return cmocka_run_group_tests_name("gunzip", tests, NULL, NULL);
}
