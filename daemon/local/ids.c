/* Sandbox ids and uid ranges. */
#include "config.h"

#include "daemon/local/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define LABEL_MAX 63

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
#define ALPHABET_LEN (sizeof(alphabet) - 1)
#define FAIR_BYTES                                                                                 \
	(256 / ALPHABET_LEN * ALPHABET_LEN) /* bytes from here on would favour some letters */

char *ids_make(char *text)
{
	unsigned char random[32];
	size_t len = 0;

	text[len++] = 'i';
	while (len < IDS_SIZE - 1) {
		if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
			abort(); /* the kernel promises up to 256 bytes */
		for (size_t i = 0; i < sizeof(random) && len < IDS_SIZE - 1; i++) {
			if (random[i] < FAIR_BYTES)
				text[len++] = alphabet[random[i] % ALPHABET_LEN];
		}
	}
	text[len] = '\0';
	return text;
}

bool ids_is_valid(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= LABEL_MAX && strspn(text, alphabet) == len;
}

static bool is_taken(const struct ids_ranges *ranges, unsigned index)
{
	return ranges->taken[index / 64] >> (index % 64) & 1;
}

static void set_taken(struct ids_ranges *ranges, unsigned index)
{
	ranges->taken[index / 64] |= UINT64_C(1) << (index % 64);
}

/* The index of a range, or IDS_RANGE_COUNT when `base` begins none of ours. */
static unsigned range_index(int64_t base)
{
	int64_t offset = base - IDS_RANGE_FIRST;

	if (offset < 0 || offset % IDS_RANGE_SIZE != 0 ||
	    offset / IDS_RANGE_SIZE >= IDS_RANGE_COUNT)
		return IDS_RANGE_COUNT;
	return (unsigned)(offset / IDS_RANGE_SIZE);
}

int ids_ranges_take(struct ids_ranges *ranges, uint32_t *ret_base)
{
	if (ranges->is_shared) {
		*ret_base = ranges->shared_base;
		return 0;
	}
	for (unsigned i = 0; i < IDS_RANGE_COUNT; i++) {
		unsigned index = (ranges->next + i) % IDS_RANGE_COUNT;

		if (is_taken(ranges, index))
			continue;
		set_taken(ranges, index);
		ranges->next = index + 1;
		*ret_base = IDS_RANGE_FIRST + index * IDS_RANGE_SIZE;
		return 0;
	}
	return -1;
}

int ids_ranges_claim(struct ids_ranges *ranges, int64_t base)
{
	unsigned index = range_index(base);

	if (ranges->is_shared)
		return base == ranges->shared_base ? 0 : -1;
	if (index == IDS_RANGE_COUNT || is_taken(ranges, index))
		return -1;
	set_taken(ranges, index);
	return 0;
}

void ids_ranges_release(struct ids_ranges *ranges, int64_t base)
{
	unsigned index = range_index(base);

	if (ranges->is_shared)
		return;
	assert(index < IDS_RANGE_COUNT && is_taken(ranges, index));
	ranges->taken[index / 64] &= ~(UINT64_C(1) << (index % 64));
}
