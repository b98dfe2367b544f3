/*
 * Packet rules (libnftables): one table for an engine, in its own network namespace, where no sandbox has a
 * capability. What all sandboxes have in common stands in rules.c as text; a sandbox whose policy is not
 * "everything" has a chain of its own beside it. Each change is one transaction: it is all there, or nothing.
 *
 * Links are known by name, "<prefix>-<port>", so rules can be there before the link is.
 */
#ifndef SP_LOCAL_RULES_H
#define SP_LOCAL_RULES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/link.h"
#include "protocol/error.h"

struct nft_ctx;
struct policy;

/* Connections that a policy with domain names leaves open are redirected to these; 0: they are refused. */
struct rules_inspector {
	uint16_t http_port; /* for connections to port 80 */
	uint16_t tls_port;  /* 443 */
};

struct rules {
	struct nft_ctx *nft;   /* NULL: closed */
	char prefix[IFNAMSIZ]; /* of links, and part of the table's name */
	uint32_t gateway;
	struct link_range range;
	struct rules_inspector inspector;
	bool has_names; /* somebody of ours answers at port 53 of the gateway */
};

struct rules_port {
	unsigned port;
	const struct policy *policy;
};

/* Make the table, fresh, with these policies in force: what was in one of that name goes in the same moment. */
int rules_open(struct rules *rules, const struct rules_port *ports, size_t count,
	       struct sb_error *err) MUST_USE;
void rules_close(struct rules *rules); /* forgets the table, leaves it */
/* Remove the table of that prefix; not an error when there is none. */
int rules_remove(struct rules *rules, struct sb_error *err) MUST_USE;

/* Put the policy of the sandbox on that port in force, in place of the one before. */
int rules_set(struct rules *rules, unsigned port, const struct policy *policy,
	      struct sb_error *err) MUST_USE;
/* Everything is open on that port, as at first. */
int rules_clear(struct rules *rules, unsigned port, struct sb_error *err) MUST_USE;

struct rules_target {
	uint32_t address; /* in host order */
	uint16_t port;
	bool is_udp; /* else it is TCP */
	uint64_t packets;
};

/*
 * What was refused since the last time: `on_count` gets the number of packets for each port that had any,
 * `on_target` where they were to go. Each counter begins again.
 */
int rules_take_denied(struct rules *rules,
		      void (*on_count)(void *arg, unsigned port, uint64_t packets),
		      void (*on_target)(void *arg, unsigned port,
					const struct rules_target *target),
		      void *arg, struct sb_error *err) MUST_USE;

#endif
