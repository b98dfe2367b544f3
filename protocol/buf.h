/*
 * A growing run of bytes with a bound. An append that fails (no memory, over the bound) marks the
 * buffer `failed` and later appends do nothing, so a sequence is checked once, at its end.
 */
#ifndef SP_BUF_H
#define SP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/cleanup.h"

struct buf {
	char *data;   /* NUL-terminated whenever it is not NULL */
	size_t len;   /* without the NUL */
	size_t size;  /* allocated */
	size_t limit; /* most bytes it may hold; 0 means no bound of its own */
	bool failed;
};

void buf_deinit(struct buf *buf);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_add_str(struct buf *buf, const char *str);
void buf_add_int(struct buf *buf, int64_t number);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes at data + len, for a reader to fill; NULL when that cannot be. */
char *buf_reserve(struct buf *buf, size_t len) MUST_USE;

/* Drop the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);
void buf_reset(struct buf *buf);

/* Returns new: the bytes, NUL-terminated, as the caller's own; NULL when `failed`. Empties the buffer. */
char *buf_steal(struct buf *buf) MUST_USE;

#define CLEANUP_BUF CLEANUP(buf_deinit)

#endif
