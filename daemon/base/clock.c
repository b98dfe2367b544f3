/* Clocks and RFC 3339. */
#include "config.h"

#include "daemon/base/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_S 1000000

/* The years that four digits can tell, in UTC: an offset may lead out of them. */
#define FIRST_S (-INT64_C(62167219200))
#define LAST_S  INT64_C(253402300799)

int64_t clock_mono_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t clock_wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

char *clock_format(int64_t wall_us, char *text)
{
	int64_t fraction = wall_us % US_PER_S;
	time_t seconds = (time_t)(wall_us / US_PER_S);
	struct tm tm;
	size_t len;

	if (fraction < 0) {
		fraction += US_PER_S;
		seconds--;
	}
	(void)gmtime_r(&seconds, &tm);
	len = strftime(text, CLOCK_TEXT_SIZE, "%04Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text + len, CLOCK_TEXT_SIZE - len, ".%06dZ", (int)fraction);
	return text;
}

/* Exactly `count` digits at *at as a number; -1 when they are not there. */
static int read_digits(const char **at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

/* ".123456789" to microseconds; nothing there is 0; -1 when malformed. */
static int64_t read_fraction(const char **at)
{
	int64_t value = 0;
	int digits = 0;

	if (**at != '.')
		return 0;
	for ((*at)++; isdigit((unsigned char)**at); (*at)++, digits++) {
		if (digits < 6)
			value = value * 10 + (**at - '0');
	}
	if (digits == 0 || digits > 9)
		return -1;
	for (; digits < 6; digits++)
		value *= 10;
	return value;
}

/* "Z" or "+hh:mm" to seconds east of UTC; -1 when malformed. */
static int read_offset(const char **at, int *ret_seconds)
{
	int sign = **at == '-' ? -1 : 1;
	int hours, minutes;

	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		*ret_seconds = 0;
		return 0;
	}
	if (**at != '+' && **at != '-')
		return -1;
	(*at)++;
	hours = read_digits(at, 2);
	if (hours < 0 || hours > 23 || *(*at)++ != ':')
		return -1;
	minutes = read_digits(at, 2);
	if (minutes < 0 || minutes > 59)
		return -1;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return 0;
}

/* The day exists in its month: timegm() would move on to the next one. */
static bool is_date(const struct tm *tm)
{
	struct tm date = {.tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday};

	(void)timegm(&date);
	return date.tm_mon == tm->tm_mon && date.tm_mday == tm->tm_mday;
}

int clock_parse(const char *text, int64_t *ret_wall_us)
{
	/* the shape up to the fraction: digits where '0', these characters elsewhere */
	static const char shape[] = "0000-00-00T00:00:00";
	struct tm tm = {0};
	const char *at = text;
	int64_t fraction, seconds;
	int offset;

	for (size_t i = 0; shape[i]; i++) {
		bool ok = shape[i] == '0' ? isdigit((unsigned char)text[i]) != 0
					  : toupper((unsigned char)text[i]) == shape[i];
		if (!ok)
			return -1;
	}
	tm.tm_year = read_digits(&at, 4) - 1900;
	at++;
	tm.tm_mon = read_digits(&at, 2) - 1;
	at++;
	tm.tm_mday = read_digits(&at, 2);
	at++;
	tm.tm_hour = read_digits(&at, 2);
	at++;
	tm.tm_min = read_digits(&at, 2);
	at++;
	tm.tm_sec = read_digits(&at, 2);
	if (!is_date(&tm) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	fraction = read_fraction(&at);
	if (fraction < 0 || read_offset(&at, &offset) < 0 || *at != '\0')
		return -1;
	seconds = (int64_t)timegm(&tm) - offset;
	if (seconds < FIRST_S || seconds > LAST_S)
		return -1;
	*ret_wall_us = seconds * US_PER_S + fraction;
	return 0;
}
