/* Base64, RFC 4648. */
#include "config.h"

#include "protocol/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	char *at = buf_reserve(out, BASE64_LEN(len));

	if (!at)
		return;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)in[i] << 16;

		if (left > 1)
			bits |= (uint32_t)in[i + 1] << 8;
		if (left > 2)
			bits |= in[i + 2];
		*at++ = alphabet[bits >> 18];
		*at++ = alphabet[(bits >> 12) & 63];
		*at++ = left > 1 ? alphabet[(bits >> 6) & 63] : '=';
		*at++ = left > 2 ? alphabet[bits & 63] : '=';
	}
	out->len += BASE64_LEN(len);
	out->data[out->len] = '\0';
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
	uint32_t bits = 0;
	int have = 0;
	char *at;

	if (len % 4 == 0 && len > 0 && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	if (len % 4 == 1)
		return -1;
	at = buf_reserve(out, len / 4 * 3 + 2);
	if (!at)
		return -1;
	for (size_t i = 0; i < len; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*at++ = (char)(bits >> have & 255);
		}
	}
	if (bits & ((1u << have) - 1))
		return -1; /* stray bits in the last digit: two texts for one value */
	out->len = (size_t)(at - out->data);
	*at = '\0';
	return 0;
}
