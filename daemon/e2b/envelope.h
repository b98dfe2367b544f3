/* Connect streaming envelopes (wire §3.3): one flag byte, four bytes of length, payload. Both ends use it. */
#ifndef SP_ENVELOPE_H
#define SP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buf.h"
#include "protocol/error.h"

#define ENVELOPE_HEAD       5
#define ENVELOPE_COMPRESSED 0x01
#define ENVELOPE_END        0x02
#define ENVELOPE_MAX        (4u << 20) /* largest payload we read */

/* Append one envelope to `out`. */
void envelope_add(struct buf *out, unsigned char flags, const char *payload, size_t len);

/* Puts envelopes together from pieces split anywhere. Zero is a fresh one. */
struct envelope_reader {
	struct buf buf;
	size_t start; /* where the next envelope begins in buf */
};

void envelope_reader_deinit(struct envelope_reader *reader);
int envelope_reader_add(struct envelope_reader *reader, const char *data, size_t len,
			struct sb_error *err) MUST_USE;

/*
 * 1 with the next envelope (payload valid until the next call of add), 0 when none is whole yet, -1 when
 * it is too long or has flags we never asked for.
 */
int envelope_reader_next(struct envelope_reader *reader, bool *ret_is_end, const char **ret_payload,
			 size_t *ret_len, struct sb_error *err) MUST_USE;

/* True when part of an envelope waits: a stream that ends here was cut. */
bool envelope_reader_is_partial(const struct envelope_reader *reader);

#endif
