/* The Range header of RFC 9110 §14.2, bytes only. */
#ifndef SP_RANGE_H
#define SP_RANGE_H

#include <stddef.h>
#include <stdint.h>

#define RANGE_MAX 32 /* more ranges than this in one request, and the header is ignored */

struct range {
	uint64_t start;
	uint64_t length; /* > 0 */
};

struct ranges {
	struct range items[RANGE_MAX];
	size_t count;
};

enum range_answer {
	RANGE_WHOLE, /* no header, another unit, an empty body, or more than all asked for: send all */
	RANGE_PARTS,         /* send what `ranges` holds */
	RANGE_UNSATISFIABLE, /* 416 */
};

/* What `header` (NULL for none) asks of a body of `size` bytes. */
enum range_answer range_read(const char *header, uint64_t size, struct ranges *ret);

#endif
