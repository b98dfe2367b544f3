/*
 * multipart/form-data (RFC 2046, 7578) taken apart as it streams, whatever the pieces it comes in. Only
 * the head of a part is ever gathered, and that is bounded; content is handed on as it is fed.
 */
#ifndef SP_MULTIPART_H
#define SP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buf.h"
#include "protocol/error.h"

#define MULTIPART_HEAD_MAX     (16u << 10) /* most bytes of a part's header lines */
#define MULTIPART_BOUNDARY_MAX 70          /* RFC 2046 §5.1.1 */

struct multipart { /* embed me */
	/*
	 * A part begins. `name` and `filename` are as the form spelt them, with quotes and backslashes
	 * unescaped, and NULL when absent; both are gone after the call. All three callbacks return -1
	 * with `err` filled to stop the parser.
	 */
	int (*on_part)(struct multipart *form, const char *name, const char *filename,
		       struct sb_error *err);
	int (*on_data)(struct multipart *form, const char *data, size_t len, struct sb_error *err);
	int (*on_part_end)(struct multipart *form, struct sb_error *err);

	/* private to multipart.c */
	int state;
	char delimiter[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
	size_t delimiter_len;
	size_t matched; /* bytes of the delimiter seen */
	size_t assumed; /* of those, how many were never in the input: a body may begin with "--" */
	bool in_part;
	struct buf head;
};

/* Is this the content type of a form? */
bool multipart_is_type(const char *content_type);

/* Reads the boundary out of the content type; the callbacks are the caller's to set. */
int multipart_init(struct multipart *form, const char *content_type, struct sb_error *err) MUST_USE;
void multipart_deinit(struct multipart *form);

int multipart_feed(struct multipart *form, const char *data, size_t len,
		   struct sb_error *err) MUST_USE;

/* The input is over: an error unless the closing delimiter was there. */
int multipart_end(struct multipart *form, struct sb_error *err) MUST_USE;

/*
 * The value of `param` in a header value such as `form-data; name="file"`: returns new, or NULL when it is
 * not there. A quoted value has its escaped quotes and backslashes unescaped, and nothing else.
 */
char *multipart_param(const char *value, const char *param);

#endif
