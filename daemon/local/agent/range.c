/* The Range header. */
#include "config.h"

#include "daemon/local/agent/range.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits at *text, which moves behind them; false when there are none. Too large a number is the largest. */
static bool read_number(const char **text, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	if (at == *text)
		return false;
	*text = at;
	*ret = value;
	return true;
}

/*
 * One of "a-b", "a-", "-n" at *text. False when it is none. A range that begins behind the end has
 * length 0.
 */
static bool read_range(const char **text, uint64_t size, struct range *ret)
{
	uint64_t first;
	uint64_t last;
	bool has_first = read_number(text, &first);

	if (*(*text)++ != '-')
		return false;
	if (!has_first) {
		if (!read_number(text, &last))
			return false;
		ret->length = last < size ? last : size;
		ret->start = size - ret->length;
		return true;
	}
	if (!read_number(text, &last))
		last = UINT64_MAX;
	else if (last < first)
		return false;
	ret->start = first;
	ret->length = 0;
	if (first < size)
		ret->length = (last < size ? last + 1 : size) - first;
	return true;
}

enum range_answer range_read(const char *header, uint64_t size, struct ranges *ret)
{
	uint64_t total = 0;

	ret->count = 0;
	if (!header || size == 0 || strncasecmp(header, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	header += 6;
	for (;;) {
		struct range range;

		header += strspn(header, " \t,");
		if (!*header)
			break;
		if (!read_range(&header, size, &range) || !strchr(", \t", *header))
			return RANGE_UNSATISFIABLE;
		if (range.length == 0)
			continue;
		if (ret->count == RANGE_MAX)
			return RANGE_WHOLE;
		ret->items[ret->count++] = range;
		total += range.length;
		if (total > size)
			return RANGE_WHOLE;
	}
	return ret->count ? RANGE_PARTS : RANGE_UNSATISFIABLE;
}
