/*
 * The network of an engine's sandboxes: a range of addresses, a link for each sandbox that may reach anything, and
 * the rules. It is made when the first sandbox needs it, in the network namespace the engine is in then, and
 * removed by an engine that ends without sandboxes. What an earlier engine left is taken up.
 *
 * Everything is named after the state directory, so engines on one machine keep apart; the range is the first
 * that no route of the machine leads to.
 *
 * A sandbox is on a "port", from 1 on; 0 is none. Port and address are the same thing.
 */
#ifndef SP_LOCAL_NETWORK_H
#define SP_LOCAL_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/link.h"
#include "daemon/local/rules.h"
#include "protocol/error.h"

struct engine;
struct policy;
struct record;

/* Ports of the largest range that is used: 8192 addresses, without its ends and the gateway. */
#define NETWORK_PREFIX    19
#define NETWORK_PORTS_MAX 8189u

struct network {
	char name[IFNAMSIZ];     /* of the anchor; links are "<name>-<port>" */
	struct link_range asked; /* --network-subnet; prefix 0: none */
	struct netlink home;
	struct rules rules;
	/* It is being made: the gateway's address is there, the rules are not yet. */
	void (*on_address)(void *arg, uint32_t gateway);
	void *on_address_arg;
	bool is_made;
	bool is_hopeless; /* it could not be made; was logged, and is not tried again */
	uint64_t taken[NETWORK_PORTS_MAX / 64 + 1];
	unsigned
		next; /* where the search begins: a port rests as long as possible before its next use */
};

/* "A.B.C.D/N", N from 16 to 28. */
int network_parse_subnet(const char *text, struct link_range *ret, struct sb_error *err) MUST_USE;

/* Makes nothing yet. `asked` is the range to use, or has prefix 0. */
int network_init(struct network *network, const char *state_dir, const struct link_range *asked,
		 struct sb_error *err) MUST_USE;

/*
 * Once, when the engine has taken up its boxes: claims their ports and puts their policies in force, and
 * removes links, rules and anchor of sandboxes that are no more.
 */
void network_adopt(struct network *network, const struct engine *engine);

/* At the engine's end: removes all when `is_last`, that is, when no sandbox lives on. */
void network_deinit(struct network *network, bool is_last);

/*
 * Make ready for a sandbox about to be built: claims a port for it when its policy leaves anything open, and puts
 * the policy in force. *ret_link is for contain_start() when record->port is not 0. Where no network can be
 * made there is none, which is logged once.
 */
int network_prepare(struct network *network, struct record *record, struct link_spec *ret_link,
		    struct sb_error *err) MUST_USE;

/* The address of its name server, in host order; 0 without a network. */
uint32_t network_resolver(const struct network *network);

/*
 * Put `policy` in force for a running sandbox and swap it with record->policy. One that was built without a link gets
 * it when it needs it; `pid_fd` is of its first process. On failure all is as it was.
 */
int network_change(struct network *network, struct record *record, struct policy *policy,
		   int pid_fd, struct sb_error *err) MUST_USE;

/* The sandbox is gone: its port is free. Its link went, or goes, with it. */
void network_release(struct network *network, struct record *record);

/*
 * Redirect what policies with domain names leave undecided to these ports of the gateway's address, from
 * now on: for who inspects names. The engine finds the sandbox by the peer's address, network_port_of().
 */
void network_set_inspector(struct network *network, const struct rules_inspector *inspector);

/* Whether names are answered at the gateway's address: a server of the host's that is there is not reached. Before the rules. */
void network_set_names(struct network *network, bool has_names);

/* The port of that address (host order), or 0. */
unsigned network_port_of(const struct network *network, uint32_t address);

#endif
