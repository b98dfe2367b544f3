/*
 * From a line to the function of a method: envelopes are read, requests become calls with decoded
 * parameters, notifications reach the call they speak of. Knows no socket and no method.
 */
#ifndef SP_DISPATCH_H
#define SP_DISPATCH_H

#include <stddef.h>

#include "protocol/error.h"

struct conn;
struct server;

/* Serve one line of a client; it may be written in. */
void dispatch_line(struct server *server, struct conn *conn, char *line, size_t len);

/* Answer something that was no message: a line too long, descriptors that were lost. */
void dispatch_refuse(struct conn *conn, const struct sb_error *err);

#endif
