/* Listing (wire §1.6) without the sandboxes: what a query asks, whether a record fits, and cursors. */
#ifndef SP_LOCAL_LISTING_H
#define SP_LOCAL_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/record.h"
#include "protocol/buf.h"
#include "protocol/error.h"
#include "protocol/values.h"

#define LISTING_LIMIT_MAX 100

struct listing { /* zero is empty; everything owned */
	bool has_running;
	bool is_ascending;
	bool has_cursor;
	int64_t limit;
	int64_t started_after_us; /* inclusive */
	int64_t cursor_us;        /* with the id: the last one already shown */
	char *cursor_id;
	char *template; /* NULL: any */
	struct string_map metadata;
};

/*
 * From a raw query string; -1 with SB_INVALID_ARGUMENT. Of version 1, which knows metadata only, everything
 * that fits is one page.
 */
int listing_parse(const char *query, int version, struct listing *ret,
		  struct sb_error *err) MUST_USE;
void listing_deinit(struct listing *listing);

bool listing_fits(const struct listing *listing, const struct record *record);
/* Which comes first, as qsort wants it; ids decide between equal times. */
int listing_compare(const struct listing *listing, const struct record *a, const struct record *b);
/* Whether the pages before the cursor have not shown it. */
bool listing_is_due(const struct listing *listing, const struct record *record);
/* Append the cursor that goes on after `last`. */
void listing_cursor(const struct listing *listing, const struct record *last, struct buf *out);

#endif
