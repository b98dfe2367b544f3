/* UTF-8 to the letter of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SP_UTF8_H
#define SP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes (1 to 4) of the character at `text`, or 0 when it is none; `len` ≥ 1. */
size_t utf8_char_len(const char *text, size_t len);

bool utf8_is_valid(const char *text, size_t len);

/* How many bytes at the end of `text` begin a character that more bytes could complete (0 to 3). */
size_t utf8_incomplete_tail(const char *text, size_t len);

#endif
