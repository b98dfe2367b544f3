/* The network of an engine: names, addresses, and the order in which things are made and removed. */
#include "config.h"

#include "daemon/local/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/log.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/net.h"
#include "daemon/local/policy.h"
#include "daemon/local/record.h"

#define CLAIM_TRIES 8

/* Where ranges are looked for: private ones, the rarely used first. */
static const struct link_range homes[] = {
	{UINT32_C(0x0a400000), 10}, /* 10.64.0.0/10 */
	{UINT32_C(0x0a800000), 9},  /* 10.128.0.0/9 */
	{UINT32_C(0xac100000), 12}, /* 172.16.0.0/12 */
	{UINT32_C(0x64400000), 10}, /* 100.64.0.0/10, shared address space */
};

/* ---- names and numbers ------------------------------------------------------------------------ */

static uint32_t mask_of(unsigned prefix)
{
	return prefix ? UINT32_MAX << (32 - prefix) : 0;
}

static unsigned port_count(const struct network *network)
{
	unsigned count =
		(1u << (32 - network->rules.range.prefix)) - 3; /* both ends, and the gateway */

	return count < NETWORK_PORTS_MAX ? count : NETWORK_PORTS_MAX;
}

static uint32_t address_of(const struct network *network, int64_t port)
{
	return network->rules.gateway + (uint32_t)port;
}

unsigned network_port_of(const struct network *network, uint32_t address)
{
	uint32_t port = address - network->rules.gateway;

	return network->is_made && port <= port_count(network) ? port : 0;
}

uint32_t network_resolver(const struct network *network)
{
	return network->is_made ? network->rules.gateway : 0;
}

static bool is_taken(const struct network *network, unsigned port)
{
	return network->taken[port / 64] >> (port % 64) & 1;
}

static void mark(struct network *network, unsigned port, bool is_taken)
{
	if (is_taken)
		network->taken[port / 64] |= UINT64_C(1) << (port % 64);
	else
		network->taken[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

static int claim_port(struct network *network, int64_t *ret, struct sb_error *err)
{
	unsigned count = port_count(network);

	for (unsigned i = 0; i < count; i++) {
		unsigned port = 1 + (network->next + i) % count;

		if (is_taken(network, port))
			continue;
		mark(network, port, true);
		network->next = port % count;
		*ret = port;
		return 0;
	}
	return sb_fail(err, SB_OVERLOADED, "all %u addresses of the network are in use", count);
}

int network_parse_subnet(const char *text, struct link_range *ret, struct sb_error *err)
{
	struct policy_range range;

	if (!strchr(text, '/') || policy_entry(text, &range) != POLICY_RANGE || range.prefix < 16 ||
	    range.prefix > 28)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "%s: not a range of addresses, A.B.C.D/N with N from 16 to 28",
			       text);
	*ret = (struct link_range){range.address, range.prefix};
	return 0;
}

/* FNV-1a */
static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	while (len-- > 0)
		hash = (hash ^ *at++) * UINT32_C(16777619);
	return hash;
}

int network_init(struct network *network, const char *state_dir, const struct link_range *asked,
		 struct sb_error *err)
{
	uint32_t hash = UINT32_C(2166136261);
	char *path CLEANUP_FREE = realpath(state_dir, NULL);
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", state_dir);
	hash = hash_bytes(hash, path, strlen(path));
	hash = hash_bytes(hash, &st.st_ino, sizeof(st.st_ino));
	(void)snprintf(network->name, sizeof(network->name), "sp%07" PRIx32,
		       hash & UINT32_C(0xfffffff));
	(void)snprintf(network->rules.prefix, sizeof(network->rules.prefix), "%s", network->name);
	network->asked = *asked;
	return 0;
}

/* ---- finding a range --------------------------------------------------------------------------- */

static bool overlap(const struct link_range *a, const struct link_range *b)
{
	uint32_t mask = mask_of(a->prefix < b->prefix ? a->prefix : b->prefix);

	return (a->address & mask) == (b->address & mask);
}

static bool is_free(const struct link_range *range, const struct link_range *routes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (overlap(range, &routes[i]))
			return false;
	}
	return true;
}

/* The search begins somewhere else for each engine, so that two at the same time rarely want the same. */
static int find_range(const struct network *network, const struct link_range *routes, size_t count,
		      struct link_range *ret, struct sb_error *err)
{
	uint32_t start = hash_bytes(0, network->name, strlen(network->name));

	for (size_t i = 0; i < ARRAY_SIZE(homes); i++) {
		uint32_t ranges = 1u << (NETWORK_PREFIX - homes[i].prefix);

		for (uint32_t j = 0; j < ranges; j++) {
			uint32_t index = (start + j) % ranges;
			struct link_range range = {homes[i].address +
							   (index << (32 - NETWORK_PREFIX)),
						   NETWORK_PREFIX};

			if (is_free(&range, routes, count)) {
				*ret = range;
				return 0;
			}
		}
	}
	return sb_fail(err, SB_CONFLICT, "no private range of addresses is free");
}

static int choose_range(struct network *network, struct link_range *ret, struct sb_error *err)
{
	struct link_range *routes CLEANUP_FREE = NULL;
	size_t count;

	if (link_routes(&network->home, network->name, &routes, &count, err) < 0)
		return -1;
	if (!network->asked.prefix)
		return find_range(network, routes, count, ret, err);
	if (!is_free(&network->asked, routes, count))
		return sb_fail(err, SB_CONFLICT, "the range asked for is in use on this machine");
	*ret = network->asked;
	return 0;
}

static void use_range(struct network *network, const struct link_range *range)
{
	network->rules.range = *range;
	network->rules.gateway = range->address + 1;
}

/* Another engine may want the same in this moment; whoever then sees the other's goes away. */
static int claim_range(struct network *network, struct sb_error *err)
{
	for (unsigned i = 0; i < CLAIM_TRIES; i++) {
		struct link_range range, again;

		if (choose_range(network, &range, err) < 0)
			return -1;
		use_range(network, &range);
		if (link_anchor(&network->home, network->name, network->rules.gateway, range.prefix,
				err) < 0)
			return -1;
		if (choose_range(network, &again, err) == 0 &&
		    memcmp(&again, &range, sizeof(range)) == 0)
			return 0;
		sb_clear(err);
		if (link_remove(&network->home, network->name, err) < 0)
			return -1;
	}
	return sb_fail(err, SB_CONFLICT, "no range of addresses stays free");
}

/* ---- making it --------------------------------------------------------------------------------- */

/* Only written when it is off: it is the whole machine's, and may be read-only. */
static int enable_forwarding(struct sb_error *err)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char now = '0';

	if (fd >= 0 && read(fd, &now, 1) == 1 && now == '1')
		return 0;
	cleanup_fd(&fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	log_info("network: IPv4 forwarding was off, and is on now");
	return 0;
}

static int open_home(struct network *network, struct sb_error *err)
{
	return network->home.socket ? 0 : netlink_open(&network->home, NETLINK_ROUTE, err);
}

/* An earlier engine's range is kept: sandboxes have addresses in it. */
static bool find_range_in_use(struct network *network)
{
	struct link_range range;
	uint32_t gateway;

	if (!link_find_anchor(&network->home, network->name, &gateway, &range.prefix) ||
	    range.prefix < 16 || range.prefix > 28)
		return false;
	range.address = gateway & mask_of(range.prefix);
	use_range(network, &range);
	return network->rules.gateway == gateway;
}

/* With the policies of sandboxes that are there already. */
static int make(struct network *network, const struct rules_port *ports, size_t count,
		struct sb_error *err)
{
	char gateway[INET_ADDRSTRLEN];
	struct in_addr address;

	if (open_home(network, err) < 0)
		return -1;
	if (!find_range_in_use(network) && claim_range(network, err) < 0)
		return -1;
	if (network->on_address)
		network->on_address(network->on_address_arg, network->rules.gateway);
	if (rules_open(&network->rules, ports, count, err) < 0 || enable_forwarding(err) < 0)
		return -1;
	network->is_made = true;
	address.s_addr = htonl(network->rules.gateway);
	log_info("network: %s, %s/%u", network->name,
		 inet_ntop(AF_INET, &address, gateway, sizeof(gateway)),
		 network->rules.range.prefix);
	return 0;
}

static void remove_leftover(void *arg, const char *name)
{
	struct network *network = arg;
	const char *number = name + strlen(network->name) + 1;
	unsigned long port = strtoul(number, NULL, 10);
	struct sb_error err = {0};

	if (port > 0 && port <= NETWORK_PORTS_MAX && is_taken(network, (unsigned)port))
		return;
	log_info("network: link %s is left over", name);
	if (link_remove(&network->home, name, &err) < 0)
		log_warning("network: %s", err.text);
}

static void remove_leftovers(struct network *network)
{
	struct sb_error err = {0};
	char prefix[IFNAMSIZ + 1];

	(void)snprintf(prefix, sizeof(prefix), "%s-", network->name);
	if (link_each(&network->home, prefix, remove_leftover, network, &err) < 0)
		log_warning("network: %s", err.text);
}

static void unmake(struct network *network)
{
	struct sb_error rules_err = {0}, link_err = {0};

	if (rules_remove(&network->rules, &rules_err) < 0)
		log_warning("network: %s", rules_err.text);
	if (open_home(network, &link_err) < 0 ||
	    link_remove(&network->home, network->name, &link_err) < 0)
		log_warning("network: %s", link_err.text);
	else
		remove_leftovers(network);
	network->is_made = false;
}

static int need(struct network *network, struct sb_error *err)
{
	if (network->is_made)
		return 0;
	if (make(network, NULL, 0, err) == 0)
		return 0;
	unmake(network);
	return -1;
}

/* ---- boxes ------------------------------------------------------------------------------------- */

static void fill_link(struct network *network, const struct record *record, struct link_spec *ret)
{
	uint32_t hash = hash_bytes(0, network->name, strlen(network->name));
	uint32_t address = address_of(network, record->port);

	*ret = (struct link_spec){
		.home = &network->home,
		.address = address,
		.gateway = network->rules.gateway,
		.hardware = {0x02, (uint8_t)(hash >> 8), (uint8_t)hash, (uint8_t)(address >> 16),
			     (uint8_t)(address >> 8), (uint8_t)address},
	};
	(void)snprintf(ret->name, sizeof(ret->name), "%.9s-%u", network->name,
		       (unsigned)record->port);
}

static int enforce(struct network *network, const struct record *record, struct sb_error *err)
{
	return rules_set(&network->rules, (unsigned)record->port, &record->policy, err);
}

/* A new port has no rules, so one that everything is open on needs none. */
static int take_port(struct network *network, struct record *record, struct sb_error *err)
{
	if (claim_port(network, &record->port, err) < 0)
		return -1;
	if (policy_is_open(&record->policy) || enforce(network, record, err) == 0)
		return 0;
	mark(network, (unsigned)record->port, false);
	record->port = 0;
	return -1;
}

int network_prepare(struct network *network, struct record *record, struct link_spec *ret_link,
		    struct sb_error *err)
{
	struct sb_error why = {0};

	if (network->is_hopeless)
		return 0;
	if (need(network, &why) < 0) {
		log_warning("sandboxes have no network: %s", why.text);
		network->is_hopeless = true;
		return 0;
	}
	if (policy_is_closed(&record->policy))
		return 0;
	if (take_port(network, record, err) < 0)
		return -1;
	fill_link(network, record, ret_link);
	return 0;
}

void network_release(struct network *network, struct record *record)
{
	struct sb_error err = {0};

	if (!record->port)
		return;
	if (network->is_made && !policy_is_open(&record->policy) &&
	    rules_clear(&network->rules, (unsigned)record->port, &err) < 0)
		log_warning("%s: %s", record->id, err.text);
	mark(network, (unsigned)record->port, false);
	record->port = 0;
}

/* In the sandbox's namespace for as long as it takes. */
static int plug(const struct link_spec *link, int pid_fd, struct sb_error *err)
{
	int home CLEANUP(net_leave) = -1;

	return net_enter(pid_fd, &home, err) < 0 ? -1 : link_plug(link, err);
}

/* Plug a running sandbox in. Half a link must not stay: its port, and with it its rules, go. */
static int attach(struct network *network, struct record *record, int pid_fd, struct sb_error *err)
{
	struct sb_error link_err = {0};
	struct link_spec link;

	if (need(network, err) < 0 || take_port(network, record, err) < 0)
		return -1;
	fill_link(network, record, &link);
	if (plug(&link, pid_fd, err) == 0)
		return 0;
	if (link_remove(&network->home, link.name, &link_err) < 0)
		log_warning("%s: %s", record->id, link_err.text);
	network_release(network, record);
	return -1;
}

static void swap_policies(struct record *record, struct policy *policy)
{
	struct policy old = record->policy;

	record->policy = *policy;
	*policy = old;
}

int network_change(struct network *network, struct record *record, struct policy *policy,
		   int pid_fd, struct sb_error *err)
{
	int result = 0;

	swap_policies(record, policy);
	if (record->port)
		result = enforce(network, record, err);
	else if (!policy_is_closed(&record->policy) && !network->is_hopeless)
		result = attach(network, record, pid_fd, err);
	if (result < 0)
		swap_policies(record, policy);
	return result;
}

void network_set_inspector(struct network *network, const struct rules_inspector *inspector)
{
	network->rules.inspector = *inspector;
}

void network_set_names(struct network *network, bool has_names)
{
	network->rules.has_names = has_names;
}

/* ---- the engine's start and end ---------------------------------------------------------------- */

/* A record that lies about its port has none. */
static bool take_up(struct network *network, struct record *record)
{
	if (record->port <= 0 || record->port > NETWORK_PORTS_MAX ||
	    is_taken(network, (unsigned)record->port)) {
		record->port = 0;
		return false;
	}
	mark(network, (unsigned)record->port, true);
	return true;
}

/* If it cannot be made again the rules stay as they were, and are in force. */
static void make_again(struct network *network, const struct engine *engine, struct sb_error *err)
{
	struct rules_port *ports CLEANUP_FREE = calloc(NETWORK_PORTS_MAX, sizeof(*ports));
	size_t count = 0;

	if (!ports) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "rules");
		return;
	}
	list_for_each (struct box, box, &engine->boxes, link) {
		if (box->record.port)
			ports[count++] = (struct rules_port){(unsigned)box->record.port,
							     &box->record.policy};
	}
	(void)make(network, ports, count, err);
}

static void adopt(struct network *network, const struct engine *engine, struct sb_error *err)
{
	bool has_ports = false;
	struct link_range range;
	uint32_t gateway;

	list_for_each (struct box, box, &engine->boxes, link)
		has_ports |= take_up(network, &box->record);
	if (open_home(network, err) < 0 ||
	    (!has_ports &&
	     !link_find_anchor(&network->home, network->name, &gateway, &range.prefix)))
		return;
	if (!has_ports) {
		unmake(network);
		return;
	}
	remove_leftovers(network);
	make_again(network, engine, err);
}

void network_adopt(struct network *network, const struct engine *engine)
{
	struct sb_error err = {0};

	adopt(network, engine, &err);
	if (!err.code)
		return;
	/* Rules made for a new sandbox would be without those of the old ones. */
	network->is_hopeless = true;
	log_error("network: new sandboxes have none, the rules of others stay: %s", err.text);
}

void network_deinit(struct network *network, bool is_last)
{
	if (is_last && network->is_made)
		unmake(network);
	rules_close(&network->rules);
	netlink_close(&network->home);
}
