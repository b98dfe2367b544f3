/* Text as mdoc, on standard output: every function leaves the output at the beginning of a line. */
#ifndef SP_ROFF_H
#define SP_ROFF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Running text, filled into short lines with each sentence on lines of its own. What stands in `backquotes`
 * comes out bold.
 */
void roff_text(const char *text);

/* One line as it is, in a display. */
void roff_literal(const char *line, size_t len);

/*
 * The head of a list's item or a synopsis: "-o, --option VALUE", "[--state running|paused] ID…". Options are
 * Fl, words in small letters Cm, all others Ar. With `is_item` it begins with .It.
 */
void roff_usage(const char *usage, size_t len, bool is_item);

/* Options as --help has them, one a line, those that go on indented further: a list. */
void roff_options(const char *help);

#endif
