/*
 * What an engine's sandboxes reach the world by, beside the links and rules of network.h: their name server, the
 * inspector of names for policies that have some, and the way out of a rootless engine's realm.
 */
#ifndef SP_LOCAL_UPLINK_H
#define SP_LOCAL_UPLINK_H

#include <stdbool.h>

#include "daemon/local/dns-upstream.h"
#include "daemon/local/mirror.h"
#include "protocol/error.h"

struct dns;
struct engine;
struct inspect;
struct pasta;

/* What must be opened where the host's network is: a rootless engine is elsewhere soon. */
struct uplink_sockets {
	struct dns_sockets dns;
	struct mirror_sockets mirror; /* rootless only */
};

struct uplink {
	struct dns *dns;
	struct inspect *inspect;
	struct pasta *pasta;   /* NULL for root, and where there can be none */
	struct mirror *mirror; /* likewise */
};

/* Before the realm is entered. */
int uplink_sockets_open(struct uplink_sockets *sockets, bool is_rootless,
			struct sb_error *err) MUST_USE;

/* What nobody has taken. */
void uplink_sockets_close(struct uplink_sockets *sockets);

/* Takes of engine->options.uplink_sockets what it needs. From now on it follows engine->network. */
struct uplink *uplink_new(struct engine *engine, struct sb_error *err) MUST_USE;
/* `is_last`: no sandbox is left. NULL is fine. */
struct uplink *uplink_free(struct uplink *uplink, bool is_last);

/* A policy has changed, or a sandbox is gone: connections that are not allowed any more end. */
void uplink_review(struct uplink *uplink);

/* Why sandboxes have no internet here, and what to type; NULL: they have. Both live for ever. */
const char *uplink_missing(bool is_rootless, const char **ret_fix);

#endif
