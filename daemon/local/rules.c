/*
 * The rules.
 *
 * All that a sandbox sends is judged where it enters, before any other table of the host rewrites it (prerouting,
 * before DNAT): published ports of the host's containers are judged as the host's, and a refused packet is
 * refused whatever others would do with it. Judged is every packet, not the first of a connection alone, so a new
 * policy cuts what is under way.
 */
#include "config.h"

#include "daemon/local/rules.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "daemon/local/policy.h"
#include "protocol/buf.h"

/*
 * @P the prefix of links, @G the gateway, @R the range of sandboxes, @N what becomes of questions for names: where
 * the engine answers none, the one who does is the host's.
 *
 * Never reached: link-local addresses, which no router forwards (RFC 3927) and behind which clouds keep the
 * credentials of the machine, and the other addresses that clouds use for that.
 *
 * A refusal is told to the sender at once, as a router would; a connection that was open is reset.
 */
static const char table_text[] =
	"table inet sandpool_@P\n"
	"delete table inet sandpool_@P\n"
	"table inet sandpool_@P {\n"
	"	map policies { type ifname : verdict; }\n"
	"	map inspected { type ifname : verdict; }\n"
	"	set mute { type ifname; }\n"
	"	set denied { type ifname; flags dynamic; counter; size 65535; }\n"
	"	set refused { type ifname . ipv4_addr . inet_proto . inet_service;\n"
	"		flags dynamic; counter; size 4096; }\n"
	"	set never { type ipv4_addr; flags interval; elements = {\n"
	"		0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 168.63.129.16, 100.100.100.200, "
	"192.0.0.192 } }\n"
	"	chain refuse {\n"
	"		add @denied { iifname }\n"
	"		meta l4proto { 6, 17 } add @refused "
	"{ iifname . ip daddr . meta l4proto . th dport }\n"
	"		meta l4proto tcp ct state != new reject with tcp reset\n"
	"		reject with icmpx type admin-prohibited\n"
	"	}\n"
	"	chain from_sandbox {\n"
	"		type filter hook prerouting priority mangle; policy accept;\n"
	"		iifname != \"@P-*\" accept\n"
	/* What is not IPv4 from the sandbox's own address is not answered. */
	"		meta nfproto != ipv4 drop\n"
	"		fib saddr . iif oif missing add @denied { iifname } drop\n"
	/* Options name hops (source routing) that are not judged; no honest sender has any. */
	"		ip hdrlength > 5 goto refuse\n"
	"		iifname @mute ip daddr @G goto refuse\n"
	"		ip daddr @G meta l4proto { 6, 17 } th dport 53 @N\n"
	"		fib daddr type != unicast goto refuse\n"
	"		ip daddr @R goto refuse\n"
	"		ip daddr @never goto refuse\n"
	"		iifname vmap @policies\n"
	"	}\n"
	/* Before others redirect, as to services of a cluster: what was left to the inspector is its. */
	"	chain inspection {\n"
	"		type nat hook prerouting priority dstnat - 10; policy accept;\n"
	"		iifname vmap @inspected\n"
	"	}\n"
	/* Nobody opens a connection to a sandbox by its address: its servers are reached by the proxy. */
	"	chain to_sandbox {\n"
	"		type filter hook forward priority filter; policy accept;\n"
	"		oifname \"@P-*\" ct state != { established, related } reject with icmpx "
	"type "
	"admin-prohibited\n"
	"	}\n"
	"	chain host_to_sandbox {\n"
	"		type filter hook output priority filter; policy accept;\n"
	"		oifname != \"@P-*\" accept\n"
	"		icmp type destination-unreachable accept\n"
	"		ct state != { established, related } reject with icmpx type "
	"admin-prohibited\n"
	"	}\n"
	/* Where the way out takes smaller packets than the link, both ends of a connection learn it. */
	"	chain segments {\n"
	"		type filter hook forward priority mangle; policy accept;\n"
	"		iifname \"@P-*\" tcp flags & (syn | rst) == syn tcp option maxseg size set "
	"rt "
	"mtu\n"
	"	}\n"
	"	chain way_out {\n"
	"		type nat hook postrouting priority srcnat; policy accept;\n"
	"		ip saddr @R oifname != \"@P-*\" masquerade\n"
	"	}\n"
	"}\n";

/* ---- text ------------------------------------------------------------------------------------ */

static void add_ip(struct buf *out, uint32_t address)
{
	buf_printf(out, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		   address & 255);
}

static void add_range(struct buf *out, uint32_t address, unsigned prefix)
{
	add_ip(out, address);
	buf_printf(out, "/%u", prefix);
}

/* The text with its @ words replaced. Sets are named @ and a small letter. */
static void add_text(struct buf *out, const struct rules *rules, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "@");

		buf_add(out, text, len);
		text += len;
		if (!*text)
			return;
		if (text[1] == 'P')
			buf_add_str(out, rules->prefix);
		else if (text[1] == 'G')
			add_ip(out, rules->gateway);
		else if (text[1] == 'R')
			add_range(out, rules->range.address, rules->range.prefix);
		else if (text[1] == 'N')
			buf_add_str(out, rules->has_names ? "accept" : "goto refuse");
		else
			buf_add(out, text, 2);
		text += 2;
	}
}

static int connect_nft(struct rules *rules, struct sb_error *err)
{
	if (rules->nft)
		return 0;
	rules->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!rules->nft || nft_ctx_buffer_error(rules->nft) || nft_ctx_buffer_output(rules->nft)) {
		rules_close(rules);
		return sb_fail(err, SB_INTERNAL, "packet rules: libnftables");
	}
	nft_ctx_output_set_flags(rules->nft, NFT_CTX_OUTPUT_NUMERIC_ALL);
	return 0;
}

void rules_close(struct rules *rules)
{
	if (rules->nft)
		nft_ctx_free(rules->nft);
	rules->nft = NULL;
}

static int run(struct rules *rules, struct buf *text, struct sb_error *err)
{
	const char *said;
	int result;

	if (text->failed)
		return sb_fail(err, SB_INTERNAL, "packet rules: out of memory");
	if (connect_nft(rules, err) < 0)
		return -1;
	result = nft_run_cmd_from_buffer(rules->nft, text->data);
	said = nft_ctx_get_error_buffer(rules->nft);
	if (result == 0)
		return 0;
	return sb_fail(err, SB_INTERNAL, "packet rules: %.*s", (int)strcspn(said, "\n"), said);
}

/* ---- the table ------------------------------------------------------------------------------- */

int rules_remove(struct rules *rules, struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {0};

	add_text(&text, rules, "table inet sandpool_@P\ndelete table inet sandpool_@P\n");
	return run(rules, &text, err);
}

/* ---- one sandbox ----------------------------------------------------------------------------- */

static bool is_within(const struct policy_range *inner, const struct policy_range *outer)
{
	struct policy_range cut = *inner;

	if (inner->prefix < outer->prefix)
		return false;
	cut.address &= outer->prefix ? UINT32_MAX << (32 - outer->prefix) : 0;
	return cut.address == outer->address;
}

/* Ranges either nest or are apart: without those that another holds they can be one set. */
static bool is_held(const struct strings *entries, size_t index, const struct policy_range *range)
{
	struct policy_range other;

	for (size_t i = 0; i < entries->count; i++) {
		if (i == index || policy_entry(entries->items[i], &other) != POLICY_RANGE ||
		    !is_within(range, &other))
			continue;
		if (other.prefix != range->prefix || i < index)
			return true;
	}
	return false;
}

/* "… ip daddr { … } VERDICT" for the ranges among the entries, if there are any. */
static void add_rule(struct buf *out, const char *table, const char *chain,
		     const struct strings *entries, const char *verdict)
{
	struct policy_range range;
	unsigned count = 0;

	for (size_t i = 0; i < entries->count; i++) {
		if (policy_entry(entries->items[i], &range) != POLICY_RANGE ||
		    is_held(entries, i, &range))
			continue;
		if (range.prefix == 0) { /* it holds all others, and a set may not hold it */
			buf_printf(out, "add rule inet sandpool_%s %s %s\n", table, chain, verdict);
			return;
		}
		if (count++ == 0)
			buf_printf(out, "add rule inet sandpool_%s %s ip daddr { ", table, chain);
		else
			buf_add_str(out, ", ");
		add_range(out, range.address, range.prefix);
	}
	if (count > 0)
		buf_printf(out, " } %s\n", verdict);
}

struct port_names {
	char link[IFNAMSIZ];
	char judge[24];   /* chain of the policy */
	char inspect[24]; /* chain of the redirection to the inspector */
};

static void name_port(const struct rules *rules, unsigned port, struct port_names *ret)
{
	(void)snprintf(ret->link, sizeof(ret->link), "%.9s-%u", rules->prefix, port);
	(void)snprintf(ret->judge, sizeof(ret->judge), "port_%u", port);
	(void)snprintf(ret->inspect, sizeof(ret->inspect), "inspect_%u", port);
}

/* Taking away what is not there is an error, adding what is there is none: so first there, then away. */
static void add_removal(struct buf *out, const char *table, const struct port_names *names)
{
	buf_printf(out, "add chain inet sandpool_%s %s\n", table, names->judge);
	buf_printf(out, "add chain inet sandpool_%s %s\n", table, names->inspect);
	for (unsigned i = 0; i < 2; i++) {
		const char *verb = i == 0 ? "add" : "delete";

		buf_printf(out, "%s element inet sandpool_%s policies { \"%s\" : goto %s }\n", verb,
			   table, names->link, names->judge);
		buf_printf(out, "%s element inet sandpool_%s inspected { \"%s\" : goto %s }\n",
			   verb, table, names->link, names->inspect);
		buf_printf(out, "%s element inet sandpool_%s mute { \"%s\" }\n", verb, table,
			   names->link);
	}
	buf_printf(out, "delete chain inet sandpool_%s %s\n", table, names->judge);
	buf_printf(out, "delete chain inet sandpool_%s %s\n", table, names->inspect);
}

/*
 * What neither list decides goes to the inspector, which knows names: connections that begin, and those that were
 * redirected when they began. One from before the policy is not, nor what belongs to no connection.
 */
static void add_inspection(struct buf *out, const struct rules *rules,
			   const struct port_names *names, const struct policy *policy)
{
	const char *table = rules->prefix;
	const struct {
		unsigned from, to;
	} ports[] = {{80, rules->inspector.http_port}, {443, rules->inspector.tls_port}};

	buf_printf(out, "add rule inet sandpool_%s %s tcp dport { 80, 443 } ct state new accept\n",
		   table, names->judge);
	buf_printf(out,
		   "add rule inet sandpool_%s %s tcp dport { 80, 443 } ct status dnat accept\n",
		   table, names->judge);
	buf_printf(out, "add chain inet sandpool_%s %s\n", table, names->inspect);
	add_rule(out, table, names->inspect, &policy->allow_out, "accept");
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		buf_printf(out, "add rule inet sandpool_%s %s tcp dport %u dnat ip to ", table,
			   names->inspect, ports[i].from);
		add_ip(out, rules->gateway);
		buf_printf(out, ":%u\n", ports[i].to);
	}
	buf_printf(out, "add element inet sandpool_%s inspected { \"%s\" : goto %s }\n", table,
		   names->link, names->inspect);
}

static void add_policy(struct buf *out, const struct rules *rules, const struct port_names *names,
		       const struct policy *policy)
{
	const char *table = rules->prefix;
	bool has_domains = policy_has_domains(policy);

	buf_printf(out, "add chain inet sandpool_%s %s\n", table, names->judge);
	add_rule(out, table, names->judge, &policy->allow_out, "accept");
	if (has_domains && rules->inspector.http_port)
		add_inspection(out, rules, names, policy);
	if (policy_denies_by_default(policy))
		buf_printf(out, "add rule inet sandpool_%s %s goto refuse\n", table, names->judge);
	else
		add_rule(out, table, names->judge, &policy->deny_out, "goto refuse");
	/* Lookups can carry anything out, so there are none where nothing is to get out. */
	if (policy_denies_by_default(policy) && !has_domains)
		buf_printf(out, "add element inet sandpool_%s mute { \"%s\" }\n", table,
			   names->link);
	buf_printf(out, "add element inet sandpool_%s policies { \"%s\" : goto %s }\n", table,
		   names->link, names->judge);
}

int rules_open(struct rules *rules, const struct rules_port *ports, size_t count,
	       struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {0};

	add_text(&text, rules, table_text);
	for (size_t i = 0; i < count; i++) {
		struct port_names names;

		name_port(rules, ports[i].port, &names);
		if (!policy_is_open(ports[i].policy))
			add_policy(&text, rules, &names, ports[i].policy);
	}
	return run(rules, &text, err);
}

int rules_set(struct rules *rules, unsigned port, const struct policy *policy, struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {0};
	struct port_names names;

	name_port(rules, port, &names);
	add_removal(&text, rules->prefix, &names);
	if (!policy_is_open(policy))
		add_policy(&text, rules, &names, policy);
	return run(rules, &text, err);
}

int rules_clear(struct rules *rules, unsigned port, struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {0};
	struct port_names names;

	name_port(rules, port, &names);
	add_removal(&text, rules->prefix, &names);
	return run(rules, &text, err);
}

/* ---- counters -------------------------------------------------------------------------------- */

/* Elements as nft writes them: "sp12-3" counter packets 7 bytes 420, and with a target "sp12-3" . 1.2.3.4 . 6 . 80 counter … */
static bool read_target(const char *at, unsigned *ret_port, struct rules_target *ret)
{
	unsigned bytes[4], protocol;

	if (sscanf(at, "-%u\" . %u.%u.%u.%u . %u . %" SCNu16 " counter packets %" SCNu64, ret_port,
		   &bytes[0], &bytes[1], &bytes[2], &bytes[3], &protocol, &ret->port,
		   &ret->packets) != 8)
		return false;
	ret->address = bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	ret->is_udp = protocol == IPPROTO_UDP;
	return true;
}

struct denied_reader {
	void (*on_count)(void *arg, unsigned port, uint64_t packets);
	void (*on_target)(void *arg, unsigned port, const struct rules_target *target);
	void *arg;
};

/* 1 when there was any element, 0 when none. */
static int read_denied(struct rules *rules, const char *set, const struct denied_reader *reader,
		       struct sb_error *err)
{
	struct buf text CLEANUP_BUF = {0};
	size_t len = strlen(rules->prefix);
	int is_any = 0;
	const char *at;

	buf_printf(&text, "list set inet sandpool_%s %s\n", rules->prefix, set);
	if (run(rules, &text, err) < 0)
		return -1;
	for (at = nft_ctx_get_output_buffer(rules->nft); (at = strchr(at, '"')); at++) {
		struct rules_target target;
		uint64_t packets;
		unsigned port;

		if (strncmp(at + 1, rules->prefix, len) != 0)
			continue;
		if (sscanf(at + 1 + len, "-%u\" counter packets %" SCNu64, &port, &packets) == 2)
			reader->on_count(reader->arg, port, packets);
		else if (read_target(at + 1 + len, &port, &target))
			reader->on_target(reader->arg, port, &target);
		is_any = 1;
	}
	return is_any;
}

/* nft reads of the kernel what one list command needs, so they cannot be one text. */
int rules_take_denied(struct rules *rules,
		      void (*on_count)(void *arg, unsigned port, uint64_t packets),
		      void (*on_target)(void *arg, unsigned port,
					const struct rules_target *target),
		      void *arg, struct sb_error *err)
{
	const struct denied_reader reader = {on_count, on_target, arg};
	struct buf flush CLEANUP_BUF = {0};
	int result = read_denied(rules, "denied", &reader, err);

	if (result <= 0)
		return result;
	if (read_denied(rules, "refused", &reader, err) < 0)
		return -1;
	add_text(&flush, rules,
		 "flush set inet sandpool_@P denied\nflush set inet sandpool_@P refused\n");
	return run(rules, &flush, err);
}
