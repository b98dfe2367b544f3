/*
 * A watched directory whose changes are streamed to one connection: WatchDir upstream (wire §5.5), watch.event
 * downstream, at the pace the client reads. It ends with its connection, by watch_end(), or with its stream;
 * then, and when the client is too slow, a last watch.event tells so. A stream that breaks is not taken up
 * again: changes would be missed, and the client must look for itself.
 */
#ifndef SP_WATCH_H
#define SP_WATCH_H

#include "protocol/error.h"
#include "protocol/types.h"

struct conn;
struct sandbox;
struct server;
struct watch;

struct watch_waiter { /* embed me; zero means idle */
	/* Once, never from inside watch_new(): it has started, or `err` says why not and `watch` is NULL. */
	void (*on_started)(struct watch_waiter *waiter);
	struct watch *watch; /* borrowed; NULL when it has gone */
	struct sb_error err;
};

/* Begin one; it is in waiter->watch. -1 when there are too many, or no memory. */
int watch_new(struct server *server, struct conn *conn, struct sandbox *sandbox,
	      const struct watch_start_params *params, struct watch_waiter *waiter,
	      struct sb_error *err) MUST_USE;

/* Give up before it has started. Harmless when it has, and when idle. */
void watch_abandon(struct watch_waiter *waiter);

/* What clients call it: "s12". Strings like this name no watch of a provider. */
const char *watch_id(const struct watch *watch);
bool watch_is_ours(const char *id);

/* End the one of this connection without another word; false when there is none. */
bool watch_end(struct server *server, const struct conn *conn, const char *id);

#endif
