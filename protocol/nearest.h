/*
 * "Did you mean …?": the candidate that a mistyped word is nearest to.
 *
 *	struct nearest nearest = {.word = "sokcet"};
 *
 *	nearest_try(&nearest, "socket");
 *	nearest_try(&nearest, "state-dir");
 *	nearest_found(&nearest); // "socket"; NULL when nothing is near enough to be meant
 */
#ifndef SP_NEAREST_H
#define SP_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word; /* as it was typed */
	const char *best;
	size_t distance; /* of the best */
};

void nearest_try(struct nearest *nearest, const char *candidate);
const char *nearest_found(const struct nearest *nearest);

#endif
