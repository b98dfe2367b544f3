/* Time: deadlines on the monotonic clock, instants on the wall clock, and RFC 3339 (wire §1.4). */
#ifndef SP_CLOCK_H
#define SP_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/cleanup.h"

#define CLOCK_TEXT_SIZE 40

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
int64_t clock_wall_us(void); /* microseconds since the epoch */

/* "2025-01-31T12:00:00.123456Z"; `text` has CLOCK_TEXT_SIZE bytes. Returns text. */
char *clock_format(int64_t wall_us, char *text);
/* Any RFC 3339 time, with offset and up to nine fraction digits; -1 when it is none. */
int clock_parse(const char *text, int64_t *ret_wall_us) MUST_USE;

#endif
