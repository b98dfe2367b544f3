/*
 * Names inside sandboxes: a relay of DNS messages, by datagram and by stream, between an address of the engine's
 * and the resolvers of the host. It resolves, remembers and changes nothing; it checks, and bounds what one
 * sandbox and all of them can have under way. Nobody but sandboxes can send it anything (rules.h), so an answer
 * goes to none who did not ask.
 */
#ifndef SP_LOCAL_DNS_H
#define SP_LOCAL_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "daemon/local/dns-ask.h"
#include "daemon/local/dns-upstream.h"
#include "protocol/error.h"

struct evconnlistener;
struct event;

struct dns_options {
	struct event_base *base;
	const char *resolv_conf; /* borrowed */
	/* Whether the sandbox at that address (host order) may ask for the name; "" is no host name. */
	bool (*may_ask)(void *arg, uint32_t address, const char *name);
	void *arg;
};

struct dns {
	struct dns_options options;
	struct dns_upstream upstream;
	struct list questions; /* by datagram, under way */
	struct list streams;
	size_t stream_count;
	int fd;
	struct event *on_datagram;
	struct evconnlistener *listener;
};

/* Takes the sockets, also when it fails. */
struct dns *dns_new(const struct dns_options *options, struct dns_sockets *sockets,
		    struct sb_error *err) MUST_USE;
/* NULL is fine. */
struct dns *dns_free(struct dns *dns);

/* Serve at an address of the present network namespace (host order), and no more at one given before. */
int dns_listen(struct dns *dns, uint32_t address, uint16_t port, struct sb_error *err) MUST_USE;

/* The most that one sandbox can have under way. */
enum { DNS_ASKER_MAX = 32, DNS_ASKER_STREAMS_MAX = 8 };

/* dns-stream.c: a connection of a sandbox at `address`; takes the descriptor. */
void dns_stream_accept(struct dns *dns, int fd, uint32_t address);
void dns_stream_free_all(struct dns *dns);

#endif
