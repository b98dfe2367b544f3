/* What reconcile.c, the passes and the checks share. */
#ifndef SP_RECONCILE_PRIVATE_H
#define SP_RECONCILE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct event;
struct provider;
struct reconcile;
struct sandbox;
struct server;
struct wire_sandbox_info;

struct round { /* one provider's passes, again and again */
	struct reconcile *reconcile;
	struct provider *provider;
	int64_t due_ms; /* monotonic: when the timer goes off */
	struct event *timer;
	bool is_busy;      /* a pass is under way */
	bool is_wanted;    /* reconcile_soon() was called meanwhile */
	unsigned failures; /* in a row */
	uint64_t passes;   /* so far */
	struct list link;  /* reconcile.rounds */
};

/* Start one pass over a provider; calls round_done() at its end. */
void pass_start(struct server *server, struct round *round);
void round_done(struct round *round, bool is_complete);

/* Ask about one sandbox now; harmless while that is being done. */
void check_start(struct server *server, struct sandbox *sandbox);

/* What a pass does about a sandbox that the list of the provider did, or did not, name. */
enum pass_todo {
	PASS_NOTHING,
	PASS_ASK,    /* whether it exists, and what it is like */
	PASS_KILL,   /* it was to be killed */
	PASS_FORGET, /* a create that came to nothing */
};
enum pass_todo pass_judge(const struct sandbox *sandbox, uint64_t pass, int64_t now_us);

/* The sandbox without an id whose create carried this label, or NULL. */
struct sandbox *pass_find_label(struct server *server, const struct provider *provider,
				const struct wire_sandbox_info *info);

#endif
