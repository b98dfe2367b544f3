/* Lines and descriptors of one connection's incoming side. */
#include "config.h"

#include "protocol/frame.h"

#include <string.h>
#include <unistd.h>

void frame_reader_init(struct frame_reader *reader)
{
	*reader = (struct frame_reader){.line_max = FRAME_LINE_MAX};
}

void frame_reader_deinit(struct frame_reader *reader)
{
	(void)frame_drop_fds(reader);
	buf_deinit(&reader->buf);
}

/* Move what is left to the front. */
static void reader_compact(struct frame_reader *reader)
{
	if (reader->start == 0)
		return;
	buf_consume(&reader->buf, reader->start);
	reader->scanned -= reader->start;
	reader->start = 0;
}

void frame_reader_rest(struct frame_reader *reader)
{
	reader_compact(reader);
	if (reader->buf.len == 0 && reader->buf.size > FRAME_IDLE_SIZE)
		buf_deinit(&reader->buf);
}

char *frame_reader_space(struct frame_reader *reader, size_t len)
{
	reader_compact(reader);
	return buf_reserve(&reader->buf, len);
}

void frame_reader_added(struct frame_reader *reader, size_t len)
{
	reader->buf.len += len;
	reader->buf.data[reader->buf.len] = '\0';
}

int frame_reader_add_fds(struct frame_reader *reader, const int *fds, size_t count)
{
	if (count > FRAME_QUEUE_MAX - reader->fd_count) {
		close_fds(fds, count);
		return -1;
	}
	if (count)
		memcpy(reader->fds + reader->fd_count, fds, count * sizeof(*fds));
	reader->fd_count += count;
	return 0;
}

/* Forget the part of a too long line that has arrived so far. */
static void reader_skip_rest(struct frame_reader *reader)
{
	reader->start = reader->buf.len;
	reader->scanned = reader->buf.len;
	reader->is_skipping = true;
}

enum frame_status frame_reader_next(struct frame_reader *reader, char **ret_line, size_t *ret_len)
{
	char *data = reader->buf.data;
	char *newline;
	char *line;
	size_t len;

	if (reader->buf.len == reader->scanned)
		return FRAME_NONE;
	newline = memchr(data + reader->scanned, '\n', reader->buf.len - reader->scanned);
	if (!newline) {
		reader->scanned = reader->buf.len;
		if (reader->is_skipping || reader->scanned - reader->start > reader->line_max)
			reader_skip_rest(reader);
		return FRAME_NONE;
	}
	line = data + reader->start;
	len = (size_t)(newline - line);
	reader->start += len + 1;
	reader->scanned = reader->start;
	if (reader->is_skipping || len > reader->line_max) {
		reader->is_skipping = false;
		return FRAME_TOO_LONG;
	}
	*newline = '\0';
	*ret_line = line;
	*ret_len = len;
	return FRAME_LINE;
}

int frame_take_fds(struct frame_reader *reader, int *ret_fds, size_t count)
{
	if (count > reader->fd_count)
		return -1;
	if (count == 0)
		return 0;
	memcpy(ret_fds, reader->fds, count * sizeof(*ret_fds));
	reader->fd_count -= count;
	memmove(reader->fds, reader->fds + count, reader->fd_count * sizeof(*reader->fds));
	return 0;
}

size_t frame_drop_fds(struct frame_reader *reader)
{
	size_t count = reader->fd_count;

	close_fds(reader->fds, count);
	reader->fd_count = 0;
	return count;
}

bool frame_reader_is_empty(const struct frame_reader *reader)
{
	return reader->start == reader->buf.len && !reader->is_skipping;
}

size_t frame_reader_held(const struct frame_reader *reader)
{
	return reader->buf.size;
}
