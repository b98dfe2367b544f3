/* Addresses, copied from one network namespace to another. */
#include "config.h"

#include "daemon/local/mirror.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/log.h"
#include "daemon/base/timer.h"

#define LOOPBACK    1 /* the device's number, in every network namespace */
#define SETTLE_MS   100
#define CHANGES_MAX 4096

struct addresses {
	unsigned device; /* of that one only; 0: of all */
	uint32_t *items; /* in network order */
	size_t count;
	bool has_failed;
};

/* ---- lists ----------------------------------------------------------------------------------- */

static bool has(const struct addresses *addresses, uint32_t address)
{
	for (size_t i = 0; i < addresses->count; i++) {
		if (addresses->items[i] == address)
			return true;
	}
	return false;
}

static int on_address(const struct nlmsghdr *message, void *arg)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFA_LOCAL + 1];
	struct addresses *addresses = arg;
	uint32_t address, *items;

	netlink_attributes(message, sizeof(*header), attributes, ARRAY_SIZE(attributes));
	if (header->ifa_family != AF_INET || !attributes[IFA_LOCAL] ||
	    (addresses->device && header->ifa_index != addresses->device))
		return MNL_CB_OK;
	address = mnl_attr_get_u32(attributes[IFA_LOCAL]);
	if (ntohl(address) >> 24 == IN_LOOPBACKNET || has(addresses, address))
		return MNL_CB_OK;
	items = reallocarray(addresses->items, addresses->count + 1, sizeof(*items));
	if (items) {
		addresses->items = items;
		items[addresses->count++] = address;
	}
	addresses->has_failed |= !items;
	return MNL_CB_OK;
}

static int list(struct netlink *netlink, struct addresses *addresses, struct sb_error *err)
{
	struct netlink_batch batch = {0};
	struct ifaddrmsg *header;
	int sys;

	(void)netlink_add(&batch, RTM_GETADDR, 0, sizeof(*header), &header);
	header->ifa_family = AF_INET;
	sys = netlink_dump(netlink, &batch, on_address, addresses);
	if (!sys && addresses->has_failed)
		sys = ENOMEM;
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "addresses") : 0;
}

/* ---- copying --------------------------------------------------------------------------------- */

/* With the scope of a host, so that it is no sender's address for anything beyond. */
static int change(struct netlink *here, int type, int flags, uint32_t address)
{
	struct netlink_batch batch = {0};
	struct ifaddrmsg *header;
	struct nlmsghdr *message = netlink_add(&batch, type, flags, sizeof(*header), &header);

	header->ifa_family = AF_INET;
	header->ifa_prefixlen = 32;
	header->ifa_scope = RT_SCOPE_HOST;
	header->ifa_index = LOOPBACK;
	mnl_attr_put_u32(message, IFA_LOCAL, address);
	mnl_attr_put_u32(message, IFA_ADDRESS, address);
	return netlink_run(here, &batch);
}

/* What is on the loopback device here, beside its own, was put there by us, or by an engine before. */
static int copy(struct mirror *mirror, struct addresses *theirs, struct addresses *ours,
		struct sb_error *err)
{
	int sys = 0;

	if (list(&mirror->host.list, theirs, err) < 0 || list(&mirror->here, ours, err) < 0)
		return -1;
	for (size_t i = 0; i < theirs->count && !sys; i++) {
		if (!has(ours, theirs->items[i]))
			sys = change(&mirror->here, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL,
				     theirs->items[i]);
	}
	for (size_t i = 0; i < ours->count && !sys; i++) {
		if (!has(theirs, ours->items[i]))
			sys = change(&mirror->here, RTM_DELADDR, 0, ours->items[i]);
	}
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "the host's addresses") : 0;
}

static int update(struct mirror *mirror, struct sb_error *err)
{
	struct addresses theirs = {0}, ours = {.device = LOOPBACK};
	int result = copy(mirror, &theirs, &ours, err);

	free(theirs.items);
	free(ours.items);
	return result;
}

/* Changes come in groups: what they are does not matter, only that there are no more for a moment. */
static void on_change(evutil_socket_t fd, short what, void *arg)
{
	struct mirror *mirror = arg;
	char bytes[CHANGES_MAX];

	(void)what;
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
	timer_set(mirror->timer, SETTLE_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	if (update(arg, &err) < 0)
		log_warning("%s: sandboxes may reach the host by a new address of its", err.text);
}

/* ---- the object ------------------------------------------------------------------------------ */

int mirror_sockets_open(struct mirror_sockets *sockets, struct sb_error *err)
{
	int group = RTNLGRP_IPV4_IFADDR;

	*sockets = (struct mirror_sockets){0};
	if (netlink_open(&sockets->list, NETLINK_ROUTE, err) == 0 &&
	    netlink_open(&sockets->changes, NETLINK_ROUTE, err) == 0) {
		if (mnl_socket_setsockopt(sockets->changes.socket, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) == 0)
			return 0;
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "changes of addresses");
	}
	mirror_sockets_close(sockets);
	return -1;
}

void mirror_sockets_close(struct mirror_sockets *sockets)
{
	netlink_close(&sockets->list);
	netlink_close(&sockets->changes);
}

static int open_parts(struct mirror *mirror, struct event_base *base, struct sb_error *err)
{
	if (netlink_open(&mirror->here, NETLINK_ROUTE, err) < 0)
		return -1;
	mirror->timer = evtimer_new(base, on_timer, mirror);
	mirror->on_change = event_new(base, mnl_socket_get_fd(mirror->host.changes.socket),
				      EV_READ | EV_PERSIST, on_change, mirror);
	if (!mirror->timer || !mirror->on_change || event_add(mirror->on_change, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "addresses: event loop");
	return update(mirror, err);
}

struct mirror *mirror_new(struct event_base *base, struct mirror_sockets *sockets,
			  struct sb_error *err)
{
	struct mirror *mirror = calloc(1, sizeof(*mirror));

	if (!mirror) {
		mirror_sockets_close(sockets);
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "addresses");
		return NULL;
	}
	mirror->host = *sockets;
	*sockets = (struct mirror_sockets){0};
	return open_parts(mirror, base, err) < 0 ? mirror_free(mirror) : mirror;
}

struct mirror *mirror_free(struct mirror *mirror)
{
	if (!mirror)
		return NULL;
	if (mirror->on_change)
		event_free(mirror->on_change);
	if (mirror->timer)
		event_free(mirror->timer);
	netlink_close(&mirror->here);
	mirror_sockets_close(&mirror->host);
	free(mirror);
	return NULL;
}
