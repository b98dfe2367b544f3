/* Listening Unix sockets: our own, in a directory that we hold the lock of, and those of a service manager. */
#ifndef SP_LOCAL_SOCKET_H
#define SP_LOCAL_SOCKET_H

#include "protocol/error.h"

/* A non-blocking listening socket of mode 0600 at `path`; a stale one there is replaced. -1 on failure. */
int socket_listen(const char *path, struct sb_error *err) MUST_USE;

/* The one of that name that the service manager has opened, wherever it is; else a new one in `dir`. */
int socket_serve(const char *dir, const char *name, struct sb_error *err) MUST_USE;

#endif
