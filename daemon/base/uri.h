/* Percent-encoding and query strings (RFC 3986; form encoding's "+" for a space where said). */
#ifndef SP_URI_H
#define SP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buf.h"

/* Append `text` with everything but RFC 3986's unreserved characters encoded. */
void uri_encode(struct buf *out, const char *text, size_t len);

/* Append what `text` decodes to. -1 on a malformed %XX (`out` may hold a part). */
int uri_decode(struct buf *out, const char *text, size_t len, bool plus_is_space) MUST_USE;

/*
 * The value of parameter `name` in a raw query, decoded ("+" is a space): returns new. NULL with
 * *ret_found false when it is not there; NULL with *ret_found true when it is malformed, or decodes to
 * a NUL byte. The first occurrence wins.
 */
char *uri_query_get(const char *query, const char *name, bool *ret_found);

/* Append "name=value" to a query under construction, with '?' or '&' before it. */
void uri_query_add(struct buf *url, const char *name, const char *value);

/*
 * Segment `index` (from 0) of a raw path, split at '/', then decoded: returns new, NULL when there is no
 * such segment or it is malformed or decodes to a NUL byte.
 */
char *uri_path_segment(const char *path, unsigned index);

#endif
