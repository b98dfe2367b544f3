/*
 * The host's resolvers, and sockets to ask them with.
 *
 * A socket belongs to the network namespace it was opened in, for ever. So all of them are opened at the engine's
 * start, before an engine without root enters a network namespace of its own, and questions then leave from where
 * the host's resolvers are, on its loopback too. They are used again and again: each connect() gives a socket
 * a new random port, and what is not connected has none. Their number bounds what can be under way.
 */
#ifndef SP_LOCAL_DNS_UPSTREAM_H
#define SP_LOCAL_DNS_UPSTREAM_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "protocol/error.h"

#define DNS_DATAGRAM_SOCKETS 192
#define DNS_STREAM_SOCKETS   32
#define DNS_SERVERS_MAX      3 /* as many as libc asks */

struct event_base;

struct dns_sockets {
	int family; /* AF_INET6, which reaches IPv4 too, where the machine has it */
	int datagram[DNS_DATAGRAM_SOCKETS], stream[DNS_STREAM_SOCKETS]; /* those not in use */
	size_t datagram_count, stream_count;
};

/* What a resolv.conf says. */
struct dns_resolvers {
	struct sockaddr_in6 servers[DNS_SERVERS_MAX]; /* IPv4 as mapped addresses */
	size_t count;
};

struct dns_upstream {
	struct event_base *base; /* borrowed */
	struct dns_sockets sockets;
	struct dns_resolvers resolvers;
	const char *path; /* of resolv.conf; borrowed */
	struct stat seen;
	int64_t checked_ms;
};

/* In the network namespace of the host. */
int dns_sockets_open(struct dns_sockets *sockets, struct sb_error *err) MUST_USE;
void dns_sockets_close(struct dns_sockets *sockets); /* zeroed is fine */

/* `type` is SOCK_DGRAM or SOCK_STREAM. -1: all are in use. */
int dns_sockets_take(struct dns_sockets *sockets, int type);
void dns_sockets_give(struct dns_sockets *sockets, int type, int fd);
/* connect(2), not blocking. */
int dns_sockets_connect(const struct dns_sockets *sockets, int fd,
			const struct sockaddr_in6 *server);

/* Lines that are not understood are passed over, as libc does. `fd` is a socket that knows the host's interfaces. */
void dns_resolvers_parse(const char *text, int fd, struct dns_resolvers *ret);

/* The number of servers to ask, as of the file's present content. */
size_t dns_upstream_refresh(struct dns_upstream *upstream);

#endif
