/*
 * Links, addresses and routes. A sandbox is on a link of its own: a pair of virtual devices, one in the
 * engine's network namespace, one, "eth0", in the sandbox's. There is no switch between them and so no neighbour:
 * whatever a sandbox sends arrives at the engine's end of that one link. Both ends have one hardware address,
 * which lets both do without ARP.
 */
#ifndef SP_LOCAL_LINK_H
#define SP_LOCAL_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/local/netlink.h"
#include "protocol/error.h"

struct link_range { /* of IPv4 addresses, in host order */
	uint32_t address;
	unsigned prefix;
};

struct link_spec {
	struct netlink *home; /* opened where the engine's end goes */
	char name[IFNAMSIZ];  /* of the engine's end */
	uint32_t address;     /* the sandbox's, in host order, as the next one is */
	uint32_t gateway;     /* the engine's */
	uint8_t hardware[6];
};

/*
 * Plug it into the present network namespace of the caller's thread, a new one (net.h). A link of that name
 * that an ended sandbox left goes first. It ends with either namespace.
 */
int link_plug(const struct link_spec *spec, struct sb_error *err) MUST_USE;

/*
 * The engine's address for all its sandboxes, on a device of its own, which exists then; not an error when it is
 * all there. The whole range leads to that device, unless a link of a sandbox has a part of it.
 */
int link_anchor(struct netlink *home, const char *name, uint32_t gateway, unsigned prefix,
		struct sb_error *err) MUST_USE;

/* The anchor's address and range when there is one of that name: true. */
bool link_find_anchor(struct netlink *home, const char *name, uint32_t *ret_gateway,
		      unsigned *ret_prefix);

/* 0 also when there is none. */
int link_remove(struct netlink *home, const char *name, struct sb_error *err) MUST_USE;

/* Names of links that start with `prefix`; each is told once the list is complete. */
int link_each(struct netlink *home, const char *prefix, void (*each)(void *arg, const char *name),
	      void *arg, struct sb_error *err) MUST_USE;

/* Where routes lead, but for default ones and those by the device `except`. Returns new. */
int link_routes(struct netlink *home, const char *except, struct link_range **ret,
		size_t *ret_count, struct sb_error *err) MUST_USE;

#endif
