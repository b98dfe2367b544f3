/* Quantities for people: bytes, durations, times. */
#ifndef SP_UNITS_H
#define SP_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 40

/* "712", "4.2K", "13M", "1.5G": at most five characters. Returns text. */
char *units_bytes(int64_t bytes, char *text);

/* "0.4s", "12s", "5m07s", "3h20m", "2d04h". Returns text. */
char *units_duration(double seconds, char *text);

/* The instant so many seconds from now, as the protocol writes it. Returns text. */
char *units_time_from_now(double seconds, char *text);

/* Seconds from now until an instant as the protocol writes it; NAN when it is none. */
double units_seconds_until(const char *time);

#endif
