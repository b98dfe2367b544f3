/*
 * The inspector: where a policy has domain names, connections to ports 80 and 443 that no address rule decides are
 * redirected here (rules.h). It reads the name that the connection is for, and when the policy allows it, connects to
 * an address of that name, as the host's resolver tells it, and passes everything on. Where the sandbox wanted
 * to connect to does not count unless the name has that address: a name alone opens no other server.
 *
 * The first request of a connection is looked at; later ones reach the same server.
 */
#ifndef SP_LOCAL_INSPECT_H
#define SP_LOCAL_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

enum { INSPECT_MOST = 1024, INSPECT_SANDBOX_MOST = 256 }; /* connections */
/* Of one sandbox: a name whose server is silent must not take the sockets that all others ask with. */
enum { INSPECT_LOOKUPS_MOST = 64 };

struct dns_upstream;
struct event_base;
struct evconnlistener;

struct inspect_options {
	struct event_base *base;
	struct dns_upstream *upstream; /* borrowed */
	/* Whether the sandbox at that address (host order) may connect to the name. */
	bool (*may_connect)(void *arg, uint32_t address, const char *name);
	void *arg;
};

struct inspect {
	struct inspect_options options;
	struct evconnlistener *listeners[2]; /* HTTP, TLS */
	struct list connections;
	size_t count;
};

struct inspect *inspect_new(const struct inspect_options *options, struct sb_error *err) MUST_USE;
/* NULL is fine. */
struct inspect *inspect_free(struct inspect *inspect);

/* Serve at that address (host order), on ports that are free, and no more at one given before. */
int inspect_listen(struct inspect *inspect, uint32_t address, uint16_t *ret_http_port,
		   uint16_t *ret_tls_port, struct sb_error *err) MUST_USE;

/* Policies have changed: connections that are not allowed any more end. */
void inspect_review(struct inspect *inspect);

#endif
