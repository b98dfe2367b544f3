/*
 * One upstream: its URLs, key, pool and state. Cloud, self-hosted cluster and embedded engine differ in
 * configuration only; nothing else in the daemon asks which it is. For the local one the provider starts
 * the engine when it is not there.
 */
#ifndef SP_PROVIDER_H
#define SP_PROVIDER_H

#include <stdbool.h>

#include "daemon/base/list.h"
#include "daemon/e2b/upstream.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct config;
struct event_base;
struct provider_config;
struct providers;

struct provider {
	const char *name;
	bool is_local;
	struct upstream upstream; /* what e2b/api.h and e2b/envd.h are given */
	struct list link;         /* providers.list */
};

/* Waits for a provider to be usable; embed it. */
struct provider_wait {
	void (*done)(struct provider_wait *wait); /* `err` says why not */
	struct sb_error err;
	struct provider *provider; /* not NULL while waiting */
	struct list link;
};

struct providers *providers_new(struct event_base *base, const struct config *config,
				struct sb_error *err) MUST_USE;
struct providers *providers_free(struct providers *providers);

/* By name, or the default one for NULL; NULL with `err` when there is none of that name. */
struct provider *providers_get(struct providers *providers, const char *name, struct sb_error *err);
struct provider *providers_default(struct providers *providers);

/*
 * Make sure that requests can be made: for the local provider, that the engine runs (it is started
 * detached when its socket does not answer). done() comes later, never from inside.
 */
void provider_ready(struct provider *provider, struct provider_wait *wait);
void provider_wait_cancel(struct provider_wait *wait);

/* For daemon.status. Strings are new. */
int provider_status(const struct provider *provider, struct provider_status *ret) MUST_USE;

#endif
