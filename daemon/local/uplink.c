/* Putting the parts together: who asks, and where they listen. */
#include "config.h"

#include "daemon/local/uplink.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/log.h"
#include "daemon/local/box.h"
#include "daemon/local/dns.h"
#include "daemon/local/engine.h"
#include "daemon/local/inspect.h"
#include "daemon/local/pasta.h"
#include "daemon/local/policy.h"
#include "daemon/local/rootless.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* NULL: no living sandbox has that address. */
static const struct policy *policy_of(const struct engine *engine, uint32_t address)
{
	const unsigned port = network_port_of(&engine->network, address);

	list_for_each (struct box, box, &engine->boxes, link) {
		if (port != 0 && box->record.port == port)
			return &box->record.policy;
	}
	return NULL;
}

/* Lookups carry bytes out as well as connections do: names that nothing may be sent to are not asked for. */
static bool may_ask(void *arg, uint32_t address, const char *name)
{
	const struct policy *policy = policy_of(arg, address);

	return policy && (!policy_has_domains(policy) || policy_allows_domain(policy, name));
}

static bool may_connect(void *arg, uint32_t address, const char *name)
{
	const struct policy *policy = policy_of(arg, address);

	return policy && policy_allows_domain(policy, name);
}

/* The network has its address, and no rules yet. What fails here is refused by them, or not answered. */
static void on_address(void *arg, uint32_t gateway)
{
	struct engine *engine = arg;
	struct uplink *uplink = engine->uplink;
	struct rules_inspector inspector = {0};
	struct sb_error dns_err = {0}, inspect_err = {0};
	bool has_names = dns_listen(uplink->dns, gateway, DNS_PORT, &dns_err) == 0;

	network_set_names(&engine->network, has_names);
	if (!has_names)
		log_warning("sandboxes have no names: %s", dns_err.text);
	if (inspect_listen(uplink->inspect, gateway, &inspector.http_port, &inspector.tls_port,
			   &inspect_err) < 0) {
		log_warning("rules with domain names let nothing through: %s", inspect_err.text);
		inspector = (struct rules_inspector){0};
	}
	network_set_inspector(&engine->network, &inspector);
}

int uplink_sockets_open(struct uplink_sockets *sockets, bool is_rootless, struct sb_error *err)
{
	*sockets = (struct uplink_sockets){0};
	if (dns_sockets_open(&sockets->dns, err) < 0)
		return -1;
	if (!is_rootless || mirror_sockets_open(&sockets->mirror, err) == 0)
		return 0;
	dns_sockets_close(&sockets->dns);
	return -1;
}

void uplink_sockets_close(struct uplink_sockets *sockets)
{
	dns_sockets_close(&sockets->dns);
	mirror_sockets_close(&sockets->mirror);
}

const char *uplink_missing(bool is_rootless, const char **ret_fix)
{
	*ret_fix = NULL;
	return is_rootless ? pasta_missing(ret_fix) : NULL;
}

static int start_pasta(struct uplink *uplink, struct engine *engine, struct sb_error *err)
{
	const struct rootless *rootless = engine->options.rootless;
	const char *fix, *why = uplink_missing(rootless->is_rootless, &fix);

	if (!rootless->is_rootless || rootless->unable.code != SB_OK)
		return 0;
	if (why) {
		log_warning("sandboxes have no internet: %s: %s", why, fix);
		return 0;
	}
	uplink->mirror = mirror_new(engine->base, &engine->options.uplink_sockets->mirror, err);
	if (!uplink->mirror)
		return -1;
	uplink->pasta = pasta_new(engine->base, &rootless->outside, engine->options.state_dir, err);
	return uplink->pasta ? 0 : -1;
}

static int open_parts(struct uplink *uplink, struct engine *engine, struct sb_error *err)
{
	const struct dns_options dns = {
		.base = engine->base,
		.resolv_conf = RESOLV_CONF,
		.may_ask = may_ask,
		.arg = engine,
	};
	struct inspect_options inspect = {
		.base = engine->base,
		.may_connect = may_connect,
		.arg = engine,
	};

	uplink->dns = dns_new(&dns, &engine->options.uplink_sockets->dns, err);
	if (!uplink->dns)
		return -1;
	inspect.upstream = &uplink->dns->upstream;
	uplink->inspect = inspect_new(&inspect, err);
	if (!uplink->inspect)
		return -1;
	engine->network.on_address = on_address;
	engine->network.on_address_arg = engine;
	return start_pasta(uplink, engine, err);
}

struct uplink *uplink_new(struct engine *engine, struct sb_error *err)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));

	if (!uplink) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "uplink");
		return NULL;
	}
	return open_parts(uplink, engine, err) < 0 ? uplink_free(uplink, false) : uplink;
}

struct uplink *uplink_free(struct uplink *uplink, bool is_last)
{
	if (!uplink)
		return NULL;
	pasta_free(uplink->pasta, is_last);
	mirror_free(uplink->mirror);
	inspect_free(uplink->inspect);
	dns_free(uplink->dns);
	free(uplink);
	return NULL;
}

void uplink_review(struct uplink *uplink)
{
	if (uplink)
		inspect_review(uplink->inspect);
}
