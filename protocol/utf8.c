/* UTF-8, RFC 3629. */
#include "config.h"

#include "protocol/utf8.h"

#include <stdint.h>
#include <string.h>

/* How long a character with this first byte is, and the range its second byte must be in; 0 is none. */
static size_t lead_byte(unsigned char c, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c < 0xc2)
		return 0;
	if (c < 0xe0)
		return 2;
	if (c < 0xf0) {
		if (c == 0xe0)
			*ret_low = 0xa0;
		if (c == 0xed)
			*ret_high = 0x9f;
		return 3;
	}
	if (c > 0xf4)
		return 0;
	if (c == 0xf0)
		*ret_low = 0x90;
	if (c == 0xf4)
		*ret_high = 0x8f;
	return 4;
}

/* How many of the character's bytes are there and right; *ret_whole is how many it should have. */
static size_t char_prefix(const char *text, size_t len, size_t *ret_whole)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned char low, high;
	size_t n = 1;

	*ret_whole = lead_byte(c[0], &low, &high);
	if (*ret_whole == 0)
		return 0;
	while (n < *ret_whole && n < len && c[n] >= low && c[n] <= high) {
		low = 0x80;
		high = 0xbf;
		n++;
	}
	return n;
}

size_t utf8_char_len(const char *text, size_t len)
{
	size_t whole;

	return char_prefix(text, len, &whole) == whole ? whole : 0;
}

bool utf8_is_valid(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		uint64_t word;
		size_t n;

		/* eight ASCII bytes at a stride: most text is */
		while (len - i >= sizeof(word)) {
			memcpy(&word, text + i, sizeof(word));
			if (word & 0x8080808080808080u)
				break;
			i += sizeof(word);
		}
		if (i == len)
			break;
		n = utf8_char_len(text + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t utf8_incomplete_tail(const char *text, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		const char *at = text + len - back;
		size_t whole;

		if (((unsigned char)*at & 0xc0) == 0x80)
			continue;
		return char_prefix(at, back, &whole) == back && whole > back ? back : 0;
	}
	return 0;
}
