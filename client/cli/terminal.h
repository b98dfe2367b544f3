/* The caller's own terminal: raw mode while a remote one is on it, and its size. */
#ifndef SP_TERMINAL_H
#define SP_TERMINAL_H

#include <stdbool.h>

#include "protocol/cleanup.h"

/* Raw until terminal_restore(), which is also done when the program is ended by a signal it handles. */
int terminal_make_raw(int fd) MUST_USE;
void terminal_restore(void);

/* Columns and rows of the terminal on `fd`; 80 by 24 when it has none. */
void terminal_size(int fd, int *ret_cols, int *ret_rows);

#endif
