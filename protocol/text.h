/*
 * Walking JSON text that scan_json() has found valid and that ends with NUL: where values begin and end, without
 * building anything.
 */
#ifndef SP_TEXT_H
#define SP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text_span {
	const char *at; /* NULL: absent */
	size_t len;
};

/*
 * The next element of the array or the next member of the object that `*at` stands in; `*at` begins at its
 * bracket and moves on. False at its end. The key is given without its quotes, escapes as they stand.
 */
bool text_next_element(const char **at, struct text_span *ret_value);
bool text_next_member(const char **at, struct text_span *ret_key, struct text_span *ret_value);

const char *text_skip_space(const char *at);

#endif
