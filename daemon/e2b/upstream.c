/* URLs of providers and sandboxes. */
#include "config.h"

#include "daemon/e2b/upstream.h"

#include <string.h>

/* Domains whose sandboxes all answer behind one host that routes by header. */
static const char *const shared_domains[] = {"e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"};

static const char *choose_domain(const struct upstream *upstream, const char *domain)
{
	if (domain && *domain)
		return domain;
	return upstream->domain ? upstream->domain : "";
}

void upstream_host(const struct upstream *upstream, const char *domain, const char *sandbox_id,
		   int port, struct buf *out)
{
	buf_printf(out, "%d-%s.%s", port, sandbox_id, choose_domain(upstream, domain));
}

void upstream_sandbox_url(const struct upstream *upstream, const char *domain,
			  const char *sandbox_id, struct buf *out)
{
	const char *chosen = choose_domain(upstream, domain);

	if (upstream->sandbox_url) {
		buf_add_str(out, upstream->sandbox_url);
		return;
	}
	buf_add_str(out, "https://");
	for (size_t i = 0; i < ARRAY_SIZE(shared_domains); i++) {
		if (strcmp(chosen, shared_domains[i]) == 0) {
			buf_printf(out, "sandbox.%s", chosen);
			return;
		}
	}
	upstream_host(upstream, domain, sandbox_id, WIRE_ENVD_PORT, out);
}
