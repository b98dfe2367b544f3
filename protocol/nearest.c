/* Levenshtein's distance, with two neighbouring letters swapped counted as one mistake. */
#include "config.h"

#include "protocol/nearest.h"

#include <stdint.h>
#include <string.h>

#include "protocol/cleanup.h"

#define WORD_MAX 48

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be changed, put in, left out or swapped to make one word of the other. */
static size_t word_distance(const char *a, const char *b)
{
	size_t rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= a_len; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			best = least(best, least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[a_len][b_len];
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t distance = word_distance(nearest->word, candidate);

	if (nearest->best && distance >= nearest->distance)
		return;
	nearest->best = candidate;
	nearest->distance = distance;
}

/* Up to a third of the word may be wrong, and one letter of a short one. */
const char *nearest_found(const struct nearest *nearest)
{
	size_t len = strlen(nearest->word);

	return nearest->best && nearest->distance <= (len < 6 ? 1 + (len > 3) : len / 3)
		       ? nearest->best
		       : NULL;
}
