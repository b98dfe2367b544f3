/*
 * Memory in step with the providers: at start, when a provider comes back, every few minutes, and for one
 * sandbox when its deadline has passed. What is gone gets its tombstone; what was to be killed is killed;
 * a create whose answer was lost is taken up by its label. Nothing that is not ours is touched.
 */
#ifndef SP_RECONCILE_H
#define SP_RECONCILE_H

#include "protocol/error.h"

struct provider;
struct reconcile;
struct server;

/* Needs server->registry and server->providers, and begins with what the registry remembers. */
struct reconcile *reconcile_new(struct server *server, struct sb_error *err) MUST_USE;
/* After all operations have ended. NULL is fine. */
struct reconcile *reconcile_free(struct reconcile *reconcile);

/* Something is left to be done at this provider: do not wait for the next round. */
void reconcile_soon(struct reconcile *reconcile, struct provider *provider);

/* Seconds until the provider is asked for its sandboxes again; -1 while that is done. */
double reconcile_next_s(const struct reconcile *reconcile, const struct provider *provider);

#endif
