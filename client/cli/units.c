/* Numbers to short texts. */
#include "config.h"

#include "client/cli/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "protocol/cleanup.h"

char *units_bytes(int64_t bytes, char *text)
{
	static const char letters[] = "KMGTPE";
	double value = (double)bytes;
	size_t i = 0;

	if (bytes < 1024) {
		(void)snprintf(text, UNITS_TEXT_SIZE, "%" PRId64, bytes);
		return text;
	}
	for (value /= 1024; value >= 1023.5 && letters[i + 1]; i++)
		value /= 1024;
	(void)snprintf(text, UNITS_TEXT_SIZE, value < 9.95 ? "%.1f%c" : "%.0f%c", value,
		       letters[i]);
	return text;
}

char *units_duration(double seconds, char *text)
{
	long long whole = (long long)seconds;

	if (seconds < 0 || isnan(seconds))
		(void)snprintf(text, UNITS_TEXT_SIZE, "-");
	else if (seconds < 10)
		(void)snprintf(text, UNITS_TEXT_SIZE, "%.1fs", seconds);
	else if (whole < 60)
		(void)snprintf(text, UNITS_TEXT_SIZE, "%llds", whole);
	else if (whole < 3600)
		(void)snprintf(text, UNITS_TEXT_SIZE, "%lldm%02llds", whole / 60, whole % 60);
	else if (whole < 86400)
		(void)snprintf(text, UNITS_TEXT_SIZE, "%lldh%02lldm", whole / 3600,
			       whole % 3600 / 60);
	else
		(void)snprintf(text, UNITS_TEXT_SIZE, "%lldd%02lldh", whole / 86400,
			       whole % 86400 / 3600);
	return text;
}

static double wall_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

char *units_time_from_now(double seconds, char *text)
{
	time_t when = (time_t)(wall_seconds() + seconds);
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
	    strftime(text, UNITS_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		*text = '\0';
	return text;
}

/* The daemon writes UTC, with a Z and perhaps a fraction. */
double units_seconds_until(const char *time)
{
	struct tm tm = {0};
	const char *rest = time ? strptime(time, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	double fraction = rest && *rest == '.' ? strtod(rest, NULL) : 0;

	return rest ? (double)timegm(&tm) + fraction - wall_seconds() : NAN;
}
