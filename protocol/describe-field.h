/* A member of a field table in words, for PROTOCOL.md and the manual. */
#ifndef SP_DESCRIBE_FIELD_H
#define SP_DESCRIBE_FIELD_H

#include "protocol/fields.h"

/*
 * Append its type, and for input its default and limits: "string, required, at most 64 bytes". Words of the
 * protocol are in `backquotes`.
 */
void describe_field(const struct field *field, bool is_input, struct buf *out);

/* The tables that were named by members described so far, in that order; NULL from there on. */
const struct fields *described_type(size_t index);

#endif
