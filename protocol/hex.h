/* Hexadecimal digits. */
#ifndef SP_HEX_H
#define SP_HEX_H

#include <stddef.h>

/* Of a digit in either case; -1 when it is none. */
static inline int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Two lower-case digits for each byte and a NUL: `text` has room for 2 * len + 1. */
static inline void hex_write(char *text, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}

#endif
