/* Base64 (RFC 4648 §4): standard alphabet and padding out; URL-safe and unpadded accepted (wire §3.7). */
#ifndef SP_BASE64_H
#define SP_BASE64_H

#include <stddef.h>

#include "protocol/buf.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Append the encoding of `data` to `out`. */
void base64_encode(struct buf *out, const void *data, size_t len);

/* Append what `text` encodes to `out`. 0, or -1 when it is not base64 (`out` may hold a part). */
int base64_decode(struct buf *out, const char *text, size_t len) MUST_USE;

#endif
