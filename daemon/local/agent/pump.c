/* Streamed replies out of a file. */
#include "config.h"

#include "daemon/local/agent/pump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "protocol/buf.h"

#define PIECE_SIZE (64u << 10)
#define HEAD_MAX   512 /* of one part of multipart/byteranges; types are short, numbers bounded */

struct pump {
	struct httpd_handler handler;
	struct httpd_request *request;
	int fd;
	struct ranges ranges; /* one without end for a whole file */
	size_t index;         /* of the range being sent */
	uint64_t sent;        /* of it */
	bool is_multipart;
	uint64_t size;
	const char *type;
	bool is_gzip;
	z_stream deflate;
};

static void pump_free(struct pump *pump)
{
	if (pump->is_gzip)
		(void)deflateEnd(&pump->deflate);
	cleanup_fd(&pump->fd);
	free(pump);
}

static void pump_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	(void)why;
	pump_free(container_of(handler, struct pump, handler));
}

/* What stands before range `index`; after the last one, what ends them all. Returns its length. */
static size_t part_head(const struct pump *pump, size_t index, char *text)
{
	const struct range *range = &pump->ranges.items[index];

	if (index == pump->ranges.count)
		return (size_t)snprintf(text, HEAD_MAX, "\r\n--" PUMP_BOUNDARY "--\r\n");
	return (size_t)snprintf(text, HEAD_MAX,
				"%s--" PUMP_BOUNDARY "\r\nContent-Range: bytes %" PRIu64 "-%" PRIu64
				"/%" PRIu64 "\r\nContent-Type: %s\r\n\r\n",
				index == 0 ? "" : "\r\n", range->start,
				range->start + range->length - 1, pump->size, pump->type);
}

static void send_part_head(struct pump *pump)
{
	char text[HEAD_MAX];

	if (pump->is_multipart)
		(void)httpd_stream_write(pump->request, text, part_head(pump, pump->index, text));
}

/* Compress `len` bytes, the last ones when there are none. Returns what is queued. */
static size_t write_gzip(struct pump *pump, char *data, size_t len)
{
	z_stream *stream = &pump->deflate;
	char out[PIECE_SIZE];
	size_t queued;

	stream->next_in = (Bytef *)data;
	stream->avail_in = (uInt)len;
	do {
		stream->next_out = (Bytef *)out;
		stream->avail_out = sizeof(out);
		(void)deflate(stream, len ? Z_NO_FLUSH : Z_FINISH);
		queued = httpd_stream_write(pump->request, out, sizeof(out) - stream->avail_out);
	} while (stream->avail_out == 0);
	return queued;
}

static void finish(struct pump *pump)
{
	if (pump->is_gzip)
		(void)write_gzip(pump, NULL, 0);
	httpd_stream_end(pump->request);
}

/* Bytes of the file for the stream; 0 at its end, -1 on an error. */
static ssize_t read_piece(const struct pump *pump, char *piece)
{
	const struct range *range = &pump->ranges.items[pump->index];
	uint64_t left = range->length - pump->sent;
	ssize_t len;

	do
		len = pread(pump->fd, piece, left < PIECE_SIZE ? (size_t)left : PIECE_SIZE,
			    (off_t)(range->start + pump->sent));
	while (len < 0 && errno == EINTR);
	return len;
}

/* Send until enough is queued; on_drain comes when it has gone. */
static void pump_on_drain(struct httpd_handler *handler)
{
	struct pump *pump = container_of(handler, struct pump, handler);
	char piece[PIECE_SIZE];
	size_t queued = 0;

	while (queued < HTTPD_STREAM_HIGH) {
		ssize_t len;

		if (pump->sent == pump->ranges.items[pump->index].length) {
			pump->index++;
			pump->sent = 0;
			send_part_head(pump);
			if (pump->index == pump->ranges.count) {
				finish(pump);
				return;
			}
		}
		len = read_piece(pump, piece);
		if (len < 0 || (len == 0 && pump->is_multipart)) {
			httpd_abort(pump->request); /* the length is promised already */
			return;
		}
		if (len == 0) {
			finish(pump);
			return;
		}
		pump->sent += (uint64_t)len;
		queued = pump->is_gzip ? write_gzip(pump, piece, (size_t)len)
				       : httpd_stream_write(pump->request, piece, (size_t)len);
	}
}

static struct pump *pump_new(struct httpd_request *request, int fd)
{
	struct pump *pump = calloc(1, sizeof(*pump));

	if (!pump) {
		cleanup_fd(&fd);
		httpd_reply_error(request, 500, "out of memory");
		return NULL;
	}
	pump->handler.on_drain = pump_on_drain;
	pump->handler.on_close = pump_on_close;
	pump->request = request;
	pump->fd = fd;
	return pump;
}

static void start(struct pump *pump, unsigned status, const struct httpd_header *headers,
		  int64_t length)
{
	httpd_handle(pump->request, &pump->handler);
	httpd_stream_start(pump->request, status, headers, length);
	send_part_head(pump);
	pump_on_drain(&pump->handler);
}

void pump_start_whole(struct httpd_request *request, const struct httpd_header *headers, int fd,
		      bool is_gzip)
{
	struct pump *pump = pump_new(request, fd);

	if (!pump)
		return;
	pump->ranges.items[0].length = INT64_MAX;
	pump->ranges.count = 1;
	if (is_gzip && deflateInit2(&pump->deflate, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8,
				    Z_DEFAULT_STRATEGY) != Z_OK) {
		pump_free(pump);
		httpd_reply_error(request, 500, "out of memory");
		return;
	}
	pump->is_gzip = is_gzip;
	start(pump, 200, headers, -1);
}

void pump_start_ranges(struct httpd_request *request, const struct httpd_header *headers, int fd,
		       const struct ranges *ranges, uint64_t size, const char *type)
{
	struct pump *pump = pump_new(request, fd);
	uint64_t length = 0;
	char text[HEAD_MAX];

	if (!pump)
		return;
	pump->ranges = *ranges;
	pump->is_multipart = true;
	pump->size = size;
	pump->type = type;
	for (size_t i = 0; i < ranges->count; i++)
		length += part_head(pump, i, text) + ranges->items[i].length;
	length += part_head(pump, ranges->count, text);
	start(pump, 206, headers, (int64_t)length);
}
