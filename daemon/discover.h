/* The OpenRPC document of rpc.discover, made from the tables of methods and types. */
#ifndef SP_DISCOVER_H
#define SP_DISCOVER_H

#include "protocol/buf.h"

/* Append the document; failure shows in out->failed. */
void discover_write(struct buf *out);

#endif
