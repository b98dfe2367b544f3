/*
 * The socket clients connect to. A lock file beside it keeps a second daemon away, so a socket that is
 * found there is stale and may be replaced. One that the service manager has opened needs neither: it is
 * served, and left where it is.
 */
#ifndef SP_LISTENER_H
#define SP_LISTENER_H

#include <sys/types.h>

#include "protocol/error.h"

struct listener;
struct server;

/* Listens at `path`, with that file mode unless the service manager does so already. */
struct listener *listener_new(struct server *server, const char *path, mode_t mode,
			      struct sb_error *err) MUST_USE;

/* Removes the socket, if it made it. NULL is fine. */
struct listener *listener_free(struct listener *listener);

#endif
