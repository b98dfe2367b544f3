/* When to compare memory with the providers. How is in pass.c; for one sandbox in check.c. */
#include "config.h"

#include "daemon/reconcile.h"

#include <event2/event.h>
#include <stdlib.h>

#include "daemon/base/clock.h"
#include "daemon/base/timer.h"
#include "daemon/provider.h"
#include "daemon/reconcile-private.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"

#define ROUND_MS     (3 * 60 * 1000)
#define FAILURES_MAX 6 /* 2^6 s is the longest pause after a failure */

struct reconcile {
	struct server *server;
	struct list rounds;
};

static bool has_sandboxes(struct registry *registry, const struct provider *provider)
{
	for (struct sandbox *sandbox = registry_next(registry, NULL); sandbox;
	     sandbox = registry_next(registry, sandbox))
		if (sandbox->provider == provider && sandbox->state != SANDBOX_ENDED)
			return true;
	return false;
}

static void round_set(struct round *round, int64_t delay_ms)
{
	round->due_ms = clock_mono_ms() + delay_ms;
	timer_set(round->timer, delay_ms);
}

/* A provider that has nothing of ours is left in peace; the engine need not even run. */
static void on_round(evutil_socket_t fd, short what, void *arg)
{
	struct round *round = arg;
	struct server *server = round->reconcile->server;

	(void)fd;
	(void)what;
	if (round->is_busy) {
		round->is_wanted = true;
	} else if (has_sandboxes(server->registry, round->provider)) {
		round->is_busy = true;
		pass_start(server, round);
	} else {
		round_set(round, ROUND_MS);
	}
}

void round_done(struct round *round, bool is_complete)
{
	round->is_busy = false;
	round->failures = is_complete ? 0 : round->failures + 1;
	if (round->failures > FAILURES_MAX)
		round->failures = FAILURES_MAX;
	if (!is_complete)
		round_set(round, INT64_C(1000) << round->failures);
	else
		round_set(round, round->is_wanted ? 0 : ROUND_MS);
	round->is_wanted = false;
}

void reconcile_soon(struct reconcile *reconcile, struct provider *provider)
{
	list_for_each (struct round, round, &reconcile->rounds, link)
		if (round->provider == provider) {
			round->is_wanted = round->is_busy;
			round_set(round, INT64_C(1000) << round->failures >> 1);
		}
}

double reconcile_next_s(const struct reconcile *reconcile, const struct provider *provider)
{
	list_for_each (struct round, round, &reconcile->rounds, link) {
		if (round->provider == provider && !round->is_busy)
			return (double)(round->due_ms - clock_mono_ms()) / 1000;
	}
	return -1;
}

static void on_change(void *arg, struct provider *provider)
{
	struct reconcile *reconcile = arg;

	list_for_each (struct round, round, &reconcile->rounds, link)
		if (round->provider == provider) {
			round->failures = 0;
			round_set(round, 0);
		}
}

static void on_expired(void *arg, struct sandbox *sandbox)
{
	struct reconcile *reconcile = arg;

	check_start(reconcile->server, sandbox);
}

static int add_round(struct reconcile *reconcile, struct provider *provider)
{
	struct round *round = calloc(1, sizeof(*round));

	if (!round)
		return -1;
	round->timer = evtimer_new(reconcile->server->base, on_round, round);
	if (!round->timer) {
		free(round);
		return -1;
	}
	round->reconcile = reconcile;
	round->provider = provider;
	list_append(&reconcile->rounds, &round->link);
	round_set(round, 0);
	return 0;
}

struct reconcile *reconcile_new(struct server *server, struct sb_error *err)
{
	struct reconcile *reconcile = calloc(1, sizeof(*reconcile));
	struct registry_events *events = registry_events(server->registry);
	struct provider *provider = NULL;

	if (!reconcile) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	reconcile->server = server;
	list_init(&reconcile->rounds);
	while ((provider = providers_next(server->providers, provider)))
		if (add_round(reconcile, provider) < 0) {
			(void)sb_fail(err, SB_INTERNAL, "out of memory");
			return reconcile_free(reconcile);
		}
	events->expired = on_expired;
	events->expired_arg = reconcile;
	providers_set_on_change(server->providers, on_change, reconcile);
	return reconcile;
}

struct reconcile *reconcile_free(struct reconcile *reconcile)
{
	if (!reconcile)
		return NULL;
	registry_events(reconcile->server->registry)->expired = NULL;
	providers_set_on_change(reconcile->server->providers, NULL, NULL);
	list_for_each_safe (struct round, round, &reconcile->rounds, link) {
		event_free(round->timer);
		free(round);
	}
	free(reconcile);
	return NULL;
}
