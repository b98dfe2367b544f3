/* Links of sandboxes, by rtnetlink. */
#include "config.h"

#include "daemon/local/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>

#define INSIDE "eth0"

#ifndef IN6_ADDR_GEN_MODE_NONE
#define IN6_ADDR_GEN_MODE_NONE 1 /* linux/if_link.h has it, in an enum */
#endif

/* ---- messages -------------------------------------------------------------------------------- */

static struct nlmsghdr *add_link(struct netlink_batch *batch, int type, int flags, unsigned on,
				 const char *name)
{
	struct ifinfomsg *info;
	struct nlmsghdr *message = netlink_add(batch, type, flags, sizeof(*info), &info);

	info->ifi_flags = on;
	info->ifi_change = on;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return message;
}

/* The two ends of a link, still down; the other in the namespace behind `inside_fd`. */
static void add_pair(struct netlink_batch *batch, const struct link_spec *spec, int inside_fd)
{
	struct nlmsghdr *message =
		add_link(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, IFF_NOARP, spec->name);
	struct nlattr *info, *data, *peer;
	struct ifinfomsg *other;

	mnl_attr_put(message, IFLA_ADDRESS, sizeof(spec->hardware), spec->hardware);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	other = mnl_nlmsg_put_extra_header(message, sizeof(*other));
	other->ifi_flags = IFF_NOARP;
	other->ifi_change = IFF_NOARP;
	mnl_attr_put_strz(message, IFLA_IFNAME, INSIDE);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)inside_fd);
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(spec->hardware), spec->hardware);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
}

/* No IPv6 address of its own comes up with a link that this was said of before. */
static void add_no_ipv6(struct netlink_batch *batch, const char *name)
{
	struct nlmsghdr *message;
	struct nlattr *all, *six;

	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return;
	message = add_link(batch, RTM_NEWLINK, 0, 0, name);
	all = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	six = mnl_attr_nest_start(message, AF_INET6);
	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, six);
	mnl_attr_nest_end(message, all);
}

static void add_address(struct netlink_batch *batch, unsigned device, uint32_t address,
			unsigned prefix)
{
	struct ifaddrmsg *header;
	struct nlmsghdr *message = netlink_add(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
					       sizeof(*header), &header);

	header->ifa_family = AF_INET;
	header->ifa_prefixlen = (uint8_t)prefix;
	header->ifa_index = device;
	mnl_attr_put_u32(message, IFA_LOCAL, htonl(address));
	mnl_attr_put_u32(message, IFA_ADDRESS, htonl(address));
}

/* To one host right behind the device; or everywhere, by `gateway`. */
static void add_route(struct netlink_batch *batch, unsigned device, uint32_t to, uint32_t gateway)
{
	struct rtmsg *header;
	struct nlmsghdr *message = netlink_add(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
					       sizeof(*header), &header);

	header->rtm_family = AF_INET;
	header->rtm_dst_len = to ? 32 : 0;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = RTPROT_STATIC;
	header->rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	header->rtm_type = RTN_UNICAST;
	if (to)
		mnl_attr_put_u32(message, RTA_DST, htonl(to));
	if (gateway)
		mnl_attr_put_u32(message, RTA_GATEWAY, htonl(gateway));
	mnl_attr_put_u32(message, RTA_OIF, device);
}

/* ---- the link of a sandbox ------------------------------------------------------------------- */

static int on_index(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type == RTM_NEWLINK)
		*(unsigned *)arg = (unsigned)info->ifi_index;
	return MNL_CB_OK;
}

/* The caller is elsewhere, so if_nametoindex() would not do. */
static unsigned find_index(struct netlink *home, const char *name)
{
	struct netlink_batch batch = {0};
	char bytes[8192] __attribute__((aligned(8)));
	unsigned index = 0;
	ssize_t size;

	(void)add_link(&batch, RTM_GETLINK, 0, 0, name);
	batch.last->nlmsg_seq = ++home->sequence;
	if (mnl_socket_sendto(home->socket, batch.bytes, batch.last->nlmsg_len) < 0)
		return 0;
	size = mnl_socket_recvfrom(home->socket, bytes, sizeof(bytes));
	if (size < 0 || mnl_cb_run(bytes, (size_t)size, home->sequence, 0, on_index, &index) < 0)
		return 0;
	return index;
}

static int plug_outside(const struct link_spec *spec, struct sb_error *err)
{
	CLEANUP_FD int inside_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct netlink_batch pair = {0}, route = {0};
	int sys;

	if (inside_fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "/proc/self/ns/net");
	add_pair(&pair, spec, inside_fd);
	add_no_ipv6(&pair, spec->name);
	(void)add_link(&pair, RTM_NEWLINK, 0, IFF_UP, spec->name);
	sys = netlink_run(spec->home, &pair);
	if (sys == EEXIST) {
		if (link_remove(spec->home, spec->name, err) < 0)
			return -1;
		sys = netlink_run(spec->home, &pair);
	}
	if (sys)
		return sb_fail_errno(err, SB_INTERNAL, sys, "link %s", spec->name);
	add_route(&route, find_index(spec->home, spec->name), spec->address, 0);
	sys = netlink_run(spec->home, &route);
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "route to %s", spec->name) : 0;
}

static int plug_inside(const struct link_spec *spec, struct sb_error *err)
{
	struct netlink_batch batch = {0};
	struct netlink inside = {0};
	unsigned device = if_nametoindex(INSIDE);
	int sys;

	if (netlink_open(&inside, NETLINK_ROUTE, err) < 0)
		return -1;
	(void)add_link(&batch, RTM_NEWLINK, 0, IFF_UP, INSIDE);
	add_address(&batch, device, spec->address, 32);
	add_route(&batch, device, spec->gateway, 0);
	add_route(&batch, device, 0, spec->gateway);
	sys = netlink_run(&inside, &batch);
	netlink_close(&inside);
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "address of " INSIDE) : 0;
}

int link_plug(const struct link_spec *spec, struct sb_error *err)
{
	if (plug_outside(spec, err) < 0)
		return -1;
	return plug_inside(spec, err);
}

int link_remove(struct netlink *home, const char *name, struct sb_error *err)
{
	struct netlink_batch batch = {0};
	int sys;

	(void)add_link(&batch, RTM_DELLINK, 0, 0, name);
	sys = netlink_run(home, &batch);
	return sys && sys != ENODEV ? sb_fail_errno(err, SB_INTERNAL, sys, "link %s", name) : 0;
}

/* ---- the anchor ------------------------------------------------------------------------------ */

/* A bridge without ports: what every kernel with links has, unlike a dummy device. */
static void add_anchor(struct netlink_batch *batch, const char *name)
{
	struct nlmsghdr *message = add_link(batch, RTM_NEWLINK, NLM_F_CREATE, 0, name);
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);

	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(message, info);
}

int link_anchor(struct netlink *home, const char *name, uint32_t gateway, unsigned prefix,
		struct sb_error *err)
{
	struct netlink_batch device = {0}, address = {0};
	int sys;

	add_anchor(&device, name);
	add_no_ipv6(&device, name);
	(void)add_link(&device, RTM_NEWLINK, 0, IFF_UP, name);
	sys = netlink_run(home, &device);
	if (sys)
		return sb_fail_errno(err, SB_INTERNAL, sys, "device %s", name);
	add_address(&address, find_index(home, name), gateway, prefix);
	sys = netlink_run(home, &address);
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "address of %s", name) : 0;
}

struct found_anchor {
	unsigned device;
	bool is_found;
	uint32_t gateway;
	unsigned prefix;
};

static int on_address(const struct nlmsghdr *message, void *arg)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFA_LOCAL + 1];
	struct found_anchor *found = arg;

	netlink_attributes(message, sizeof(*header), attributes, ARRAY_SIZE(attributes));
	if (header->ifa_index == found->device && attributes[IFA_LOCAL]) {
		found->gateway = ntohl(mnl_attr_get_u32(attributes[IFA_LOCAL]));
		found->prefix = header->ifa_prefixlen;
		found->is_found = true;
	}
	return MNL_CB_OK;
}

bool link_find_anchor(struct netlink *home, const char *name, uint32_t *ret_gateway,
		      unsigned *ret_prefix)
{
	struct found_anchor found = {.device = find_index(home, name)};
	struct netlink_batch batch = {0};
	struct ifaddrmsg *header;

	if (!found.device)
		return false;
	(void)netlink_add(&batch, RTM_GETADDR, 0, sizeof(*header), &header);
	header->ifa_family = AF_INET;
	if (netlink_dump(home, &batch, on_address, &found) || !found.is_found)
		return false;
	*ret_gateway = found.gateway;
	*ret_prefix = found.prefix;
	return true;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct names {
	const char *prefix;
	char (*items)[IFNAMSIZ];
	size_t count;
	bool has_failed;
};

static int on_link(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *attributes[IFLA_IFNAME + 1];
	struct names *names = arg;
	char(*items)[IFNAMSIZ];
	const char *name;

	netlink_attributes(message, sizeof(struct ifinfomsg), attributes, ARRAY_SIZE(attributes));
	name = attributes[IFLA_IFNAME] ? mnl_attr_get_str(attributes[IFLA_IFNAME]) : "";
	if (strncmp(name, names->prefix, strlen(names->prefix)) != 0)
		return MNL_CB_OK;
	items = realloc(names->items, (names->count + 1) * sizeof(*items));
	if (items) {
		names->items = items;
		(void)snprintf(items[names->count++], IFNAMSIZ, "%s", name);
	}
	names->has_failed |= !items;
	return MNL_CB_OK;
}

int link_each(struct netlink *home, const char *prefix, void (*each)(void *arg, const char *name),
	      void *arg, struct sb_error *err)
{
	struct names names = {.prefix = prefix};
	struct netlink_batch batch = {0};
	struct ifinfomsg *header;
	int sys;

	(void)netlink_add(&batch, RTM_GETLINK, 0, sizeof(*header), &header);
	sys = netlink_dump(home, &batch, on_link, &names);
	if (!sys && names.has_failed)
		sys = ENOMEM;
	for (size_t i = 0; !sys && i < names.count; i++)
		each(arg, names.items[i]);
	free(names.items);
	return sys ? sb_fail_errno(err, SB_INTERNAL, sys, "list of links") : 0;
}

struct routes {
	unsigned except;
	struct link_range *items;
	size_t count;
	bool has_failed;
};

static int on_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[RTA_OIF + 1];
	struct routes *routes = arg;
	struct link_range *items;

	netlink_attributes(message, sizeof(*header), attributes, ARRAY_SIZE(attributes));
	if (!attributes[RTA_DST] || (routes->except && attributes[RTA_OIF] &&
				     mnl_attr_get_u32(attributes[RTA_OIF]) == routes->except))
		return MNL_CB_OK;
	items = realloc(routes->items, (routes->count + 1) * sizeof(*items));
	if (items) {
		routes->items = items;
		items[routes->count++] = (struct link_range){
			ntohl(mnl_attr_get_u32(attributes[RTA_DST])), header->rtm_dst_len};
	}
	routes->has_failed |= !items;
	return MNL_CB_OK;
}

int link_routes(struct netlink *home, const char *except, struct link_range **ret,
		size_t *ret_count, struct sb_error *err)
{
	struct routes routes = {.except = find_index(home, except)};
	struct netlink_batch batch = {0};
	struct rtmsg *header;
	int sys;

	(void)netlink_add(&batch, RTM_GETROUTE, 0, sizeof(*header), &header);
	header->rtm_family = AF_INET;
	sys = netlink_dump(home, &batch, on_route, &routes);
	if (!sys && routes.has_failed)
		sys = ENOMEM;
	if (sys) {
		free(routes.items);
		return sb_fail_errno(err, SB_INTERNAL, sys, "list of routes");
	}
	*ret = routes.items;
	*ret_count = routes.count;
	return 0;
}
