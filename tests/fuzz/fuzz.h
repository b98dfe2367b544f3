/*
 * What the harnesses share. A harness is one function over bytes, run by libFuzzer (--enable-fuzzing) or, in
 * `make check`, over its corpus by replay.c. It aborts when a promise of the parser's header is broken; the
 * sanitizers see to the rest.
 */
#ifndef SP_TESTS_FUZZ_H
#define SP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(promise)                                                                        \
	do {                                                                                       \
		if (!(promise))                                                                    \
			abort();                                                                   \
	} while (0)

/* Returns new: the bytes and a NUL, in an allocation of just that size. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Returns new: the bytes up to the next newline, which *data and *size move behind. */
static inline char *fuzz_line(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
	size_t len = end ? (size_t)(end - *data) : *size;
	char *line = fuzz_text(*data, len);

	*data += len + (end != NULL);
	*size -= len + (end != NULL);
	return line;
}

/* The first byte as a number below `bound`, which *data and *size move behind; 0 when there is none. */
static inline size_t fuzz_choice(const uint8_t **data, size_t *size, size_t bound)
{
	size_t choice;

	if (*size == 0)
		return 0;
	choice = **data % bound;
	++*data;
	--*size;
	return choice;
}

#endif
