/*
 * The host's addresses, made the realm's own. pasta connects to whatever the user of the host could connect to, and so
 * to the host itself by any address but one. What is local in the realm's network namespace, though, is
 * refused to sandboxes there as the host's addresses are by root's engine (rules.h). So each IPv4 address of the
 * host stands on the realm's loopback device as well, for as long as the host has it.
 */
#ifndef SP_LOCAL_MIRROR_H
#define SP_LOCAL_MIRROR_H

#include <stdint.h>

#include "daemon/local/netlink.h"
#include "protocol/error.h"

struct event;
struct event_base;

struct mirror_sockets { /* of the host's network namespace */
	struct netlink list, changes;
};

struct mirror {
	struct mirror_sockets host;
	struct netlink here;
	struct event *on_change, *timer;
};

/* Before the realm is entered. */
int mirror_sockets_open(struct mirror_sockets *sockets, struct sb_error *err) MUST_USE;
void mirror_sockets_close(struct mirror_sockets *sockets); /* zeroed is fine */

/* Takes the sockets, also when it fails. The addresses are there when it returns, and followed from then on. */
struct mirror *mirror_new(struct event_base *base, struct mirror_sockets *sockets,
			  struct sb_error *err) MUST_USE;
/* What is there stays. NULL is fine. */
struct mirror *mirror_free(struct mirror *mirror);

#endif
