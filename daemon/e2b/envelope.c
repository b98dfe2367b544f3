/* Connect streaming envelopes. */
#include "config.h"

#include "daemon/e2b/envelope.h"

#include <stdint.h>

void envelope_add(struct buf *out, unsigned char flags, const char *payload, size_t len)
{
	const unsigned char head[ENVELOPE_HEAD] = {
		flags,
		(unsigned char)(len >> 24),
		(unsigned char)(len >> 16),
		(unsigned char)(len >> 8),
		(unsigned char)len,
	};

	buf_add(out, head, sizeof(head));
	buf_add(out, payload, len);
}

void envelope_reader_deinit(struct envelope_reader *reader)
{
	buf_deinit(&reader->buf);
	reader->start = 0;
}

int envelope_reader_add(struct envelope_reader *reader, const char *data, size_t len,
			struct sb_error *err)
{
	buf_consume(&reader->buf, reader->start);
	reader->start = 0;
	buf_add(&reader->buf, data, len);
	if (reader->buf.failed)
		return sb_fail(err, SB_INTERNAL, "no memory for a stream message");
	return 0;
}

/* The payload's length as the four bytes after the flags say it. */
static size_t payload_length(const unsigned char *head)
{
	return (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
}

int envelope_reader_next(struct envelope_reader *reader, bool *ret_is_end, const char **ret_payload,
			 size_t *ret_len, struct sb_error *err)
{
	size_t have = reader->buf.len - reader->start;
	const char *at;
	unsigned char flags;
	size_t len;

	if (have < ENVELOPE_HEAD)
		return 0;
	at = reader->buf.data + reader->start;
	flags = (unsigned char)at[0];
	if (flags & (unsigned char)~ENVELOPE_END)
		return sb_fail(err, SB_SANDBOX, "stream message with flags 0x%02x", flags);
	len = payload_length((const unsigned char *)at);
	if (len > ENVELOPE_MAX)
		return sb_fail(err, SB_TOO_LARGE, "stream message of %zu bytes", len);
	if (have - ENVELOPE_HEAD < len)
		return 0;
	reader->start += ENVELOPE_HEAD + len;
	*ret_is_end = flags & ENVELOPE_END;
	*ret_payload = at + ENVELOPE_HEAD;
	*ret_len = len;
	return 1;
}

bool envelope_reader_is_partial(const struct envelope_reader *reader)
{
	return reader->buf.len > reader->start;
}
