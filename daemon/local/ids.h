/* What the engine gives out: names of sandboxes (wire §1.4) and the uid range each of them lives in. */
#ifndef SP_LOCAL_IDS_H
#define SP_LOCAL_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/cleanup.h"

#define IDS_SIZE 22 /* 'i', 20 characters and a NUL */

/* A fresh sandbox id to `text`, which has IDS_SIZE bytes. Returns text. */
char *ids_make(char *text);

/* [a-z0-9]+, short enough for a DNS label: what a sandbox may be called. */
bool ids_is_valid(const char *text);

#define IDS_RANGE_FIRST 0x70000000u
#define IDS_RANGE_SIZE  65536u
#define IDS_RANGE_COUNT 4096u

/* Ranges of host uids, 65536 each, above anything that subuid ranges usually take. Zero is all free. */
struct ids_ranges {
	bool is_shared; /* there is one range, at shared_base, and everybody has it */
	uint32_t shared_base;
	uint64_t taken[IDS_RANGE_COUNT / 64];
	unsigned
		next; /* where the search begins: a range rests as long as possible before its next use */
};

/* -1 when all are taken. */
int ids_ranges_take(struct ids_ranges *ranges, uint32_t *ret_base) MUST_USE;
/* Take this very range: -1 when it is none of ours or taken. */
int ids_ranges_claim(struct ids_ranges *ranges, int64_t base) MUST_USE;
void ids_ranges_release(struct ids_ranges *ranges, int64_t base);

#endif
