/* Listening Unix sockets in a directory that we hold the lock of. */
#ifndef SP_LOCAL_SOCKET_H
#define SP_LOCAL_SOCKET_H

#include "protocol/error.h"

/* A non-blocking listening socket of mode 0600 at `path`; a stale one there is replaced. -1 on failure. */
int socket_listen(const char *path, struct sb_error *err) MUST_USE;

#endif
