/*
 * One upstream: its URLs, key, pool and state. Cloud, self-hosted cluster and embedded engine differ in
 * configuration only; nothing else in the daemon asks which it is. For the local one the provider starts
 * the engine when it is not there.
 */
#ifndef SP_PROVIDER_H
#define SP_PROVIDER_H

#include <stdbool.h>

#include "daemon/base/list.h"
#include "daemon/e2b/api.h"
#include "daemon/e2b/upstream.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct config;
struct engine_start;
struct event;
struct event_base;
struct provider_config;
struct providers;

enum provider_state { PROVIDER_UNKNOWN, PROVIDER_UP, PROVIDER_DOWN };

struct provider {
	char *name;
	bool is_local;
	struct upstream upstream; /* what e2b/api.h and e2b/envd.h are given */
	struct list link;         /* providers.list */
	/* private */
	struct providers *providers;
	enum provider_state state;
	char *last_error;
	char *api_url, *sandbox_url, *domain, *api_key; /* what upstream borrows */
	struct engine_start *engine;                    /* of the local one */
	struct list waits; /* of struct provider_wait: for the engine */
	struct list ready; /* of struct provider_wait: to be told */
	struct event *wake;
	struct api_call asking; /* the engine about itself */
	struct engine_about answer;
	struct engine_about about; /* its last answer; zero: none yet */
	bool is_described;         /* by the engine that runs now */
};

/* Waits for a provider to be usable; embed it. */
struct provider_wait {
	void (*done)(struct provider_wait *wait); /* `err` says why not */
	struct sb_error err;
	struct provider *provider; /* not NULL while waiting */
	struct list link;          /* provider.waits or .ready */
};

/* Called when a provider that was down is up again, and when the local one's engine has ended. */
typedef void providers_on_change(void *arg, struct provider *provider);

struct providers *providers_new(struct event_base *base, const struct config *config,
				struct sb_error *err) MUST_USE;
struct providers *providers_free(struct providers *providers);

/* By name, or the default one for NULL; NULL with `err` when there is none of that name. */
struct provider *providers_get(struct providers *providers, const char *name, struct sb_error *err);
struct provider *providers_default(struct providers *providers);
/* The default one first; `after` NULL for the first, NULL at the end. */
struct provider *providers_next(struct providers *providers, const struct provider *after);
void providers_set_on_change(struct providers *providers, providers_on_change *on_change,
			     void *arg);

/*
 * Make sure that requests can be made: for the local provider, that the engine runs (it is started
 * detached when its socket does not answer). done() comes later, never from inside.
 */
void provider_ready(struct provider *provider, struct provider_wait *wait);
void provider_wait_cancel(struct provider_wait *wait);

/* A request came back, with `err` empty or not: what it says about the provider being there. */
void provider_note(struct provider *provider, const struct sb_error *err);

/* For daemon.status. Strings are new. */
int provider_status(const struct provider *provider, struct provider_status *ret) MUST_USE;

#endif
