/* What sandbox.c and registry.c share. */
#ifndef SP_REGISTRY_PRIVATE_H
#define SP_REGISTRY_PRIVATE_H

#include <event2/util.h>

#include "daemon/registry.h"
#include "daemon/sandbox.h"

struct registry {
	struct event_base *base;
	struct store *store;
	struct hash by_id;
	struct hash by_name;
	struct list sandboxes; /* of struct sandbox: newest first */
	unsigned count;        /* running or paused */
	uid_t uid;             /* who runs the daemon */
	struct registry_events events;
};

/* Its id is known now. -1 when out of memory. */
int registry_index_id(struct sandbox *sandbox) MUST_USE;
/* It has ended: it is not found any more. */
void registry_forget(struct sandbox *sandbox);

void sandbox_free(struct sandbox *sandbox);
void sandbox_on_expiry(evutil_socket_t fd, short what, void *arg);
enum sandbox_state sandbox_state_from_row(const struct sandbox_row *row);

#endif
