/* Undoing gzip. */
#include "config.h"

#include "daemon/local/agent/gunzip.h"

#include <stdint.h>
#include <zlib.h>

#define PIECE_SIZE (64u << 10)

int gunzip_init(struct gunzip *gunzip, struct sb_error *err)
{
	CLEANUP_FREE z_stream *stream = calloc(1, sizeof(*stream));

	if (!stream || inflateInit2(stream, MAX_WBITS + 16) != Z_OK)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	gunzip->is_inside = true; /* not even an empty body is gzip without a header */
	gunzip->stream = take(&stream);
	return 0;
}

void gunzip_deinit(struct gunzip *gunzip)
{
	if (gunzip->stream)
		(void)inflateEnd(gunzip->stream);
	free(gunzip->stream);
	gunzip->stream = NULL;
}

int gunzip_feed(struct gunzip *gunzip, const char *data, size_t len, struct sb_error *err)
{
	z_stream *stream = gunzip->stream;
	char piece[PIECE_SIZE];

	stream->next_in = (Bytef *)(uintptr_t)data; /* only read */
	stream->avail_in = (uInt)len;
	do {
		int rc;

		if (!gunzip->is_inside) {
			if (inflateReset(stream) != Z_OK)
				return sb_fail(err, SB_INTERNAL, "cannot decompress");
			gunzip->is_inside = true;
		}
		stream->next_out = (Bytef *)piece;
		stream->avail_out = sizeof(piece);
		rc = inflate(stream, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return sb_fail(err, SB_INVALID_ARGUMENT, "the gzip body is broken: %s",
				       stream->msg ? stream->msg : "bad data");
		if (gunzip->on_data(gunzip, piece, sizeof(piece) - stream->avail_out, err) < 0)
			return -1;
		gunzip->is_inside = rc != Z_STREAM_END;
	} while (stream->avail_in > 0 || (gunzip->is_inside && stream->avail_out == 0));
	return 0;
}

int gunzip_end(struct gunzip *gunzip, struct sb_error *err)
{
	if (gunzip->is_inside)
		return sb_fail(err, SB_INVALID_ARGUMENT, "the gzip body is cut short");
	return 0;
}
