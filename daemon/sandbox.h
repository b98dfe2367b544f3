/*
 * Sandboxes in memory: what the registry knows, by id and by name. Whether one exists is the provider's
 * truth; who owns it, what it is called and how long it shall live is ours. No I/O here: methods and
 * reconcile.c ask the provider and then tell this module.
 *
 * A sandbox is made when a create begins, gets its id when the provider answers, and leaves memory when it
 * has ended and nothing refers to it any more.
 */
#ifndef SP_SANDBOX_H
#define SP_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "daemon/conn.h"
#include "daemon/store.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct envd_target;
struct provider;
struct registry;
struct wire_sandbox;
struct wire_sandbox_info;

enum sandbox_state {
	SANDBOX_CREATING,
	SANDBOX_RUNNING,
	SANDBOX_PAUSED,
	SANDBOX_KILLING,
	SANDBOX_ENDED
};

struct sandbox {
	struct registry *registry;
	enum sandbox_state state; /* only sandbox_set_state() writes it */
	struct sandbox_row row;   /* owned; what the store is told */
	struct provider *provider;
	struct list commands; /* of struct command (command.h) */
	unsigned pins;        /* operations that need it to stay in memory */
	struct list link;     /* registry, newest first */
};

struct registry *registry_new(struct store *store, struct sb_error *err) MUST_USE;
struct registry *registry_free(struct registry *registry);
unsigned registry_count(const struct registry *registry); /* not ended */

/* By id or name, whatever its owner and state short of ended; NULL when there is none. */
struct sandbox *registry_find(struct registry *registry, const char *id_or_name);

/*
 * What a method wants: the sandbox the caller named, running, and his to use. NULL with `err`
 * SB_SANDBOX_NOT_FOUND, SB_PERMISSION or SB_CONFLICT.
 */
struct sandbox *registry_get(struct registry *registry, const char *id_or_name,
			     const struct peer *peer, struct sb_error *err);

/* May this peer see and use it? Root and the daemon's own uid may everything. */
bool sandbox_allows(const struct sandbox *sandbox, const struct peer *peer);

/* The newest first; `after` NULL for the first. */
struct sandbox *registry_next(struct registry *registry, const struct sandbox *after);

/* A sandbox about to be created; its name is taken from now on. NULL with SB_CONFLICT when it is in use. */
struct sandbox *sandbox_new(struct registry *registry, const struct sandbox_create_params *params,
			    struct provider *provider, const struct peer *peer,
			    struct sb_error *err);

/* The provider made it, or told about it. -1 when out of memory. */
int sandbox_apply(struct sandbox *sandbox, const struct wire_sandbox *wire,
		  struct sb_error *err) MUST_USE;
int sandbox_apply_info(struct sandbox *sandbox, const struct wire_sandbox_info *info,
		       struct sb_error *err) MUST_USE;

/*
 * The one way to change a state: checks the transition, tells the log, and queues the row for the store
 * (`write` as in store_put_sandbox). `cause` is for SANDBOX_ENDED: who or what ended it.
 */
void sandbox_set_state(struct sandbox *sandbox, enum sandbox_state state, const char *cause,
		       struct store_write *write);

/* Queue the row again after a change of anything else. */
void sandbox_save(struct sandbox *sandbox, struct store_write *write);

/* Keep it in memory although it may end meanwhile. */
void sandbox_pin(struct sandbox *sandbox);
void sandbox_unpin(struct sandbox *sandbox); /* may free it */

/* How to reach its agent as `user` (borrowed; NULL: the default user). Strings stay the sandbox's. */
void sandbox_target(const struct sandbox *sandbox, const char *user, struct envd_target *ret);

/* Strings are the sandbox's, times are written to buffers inside; valid until the next call. */
void sandbox_info_fill(const struct sandbox *sandbox, struct sandbox_info *ret);

#endif
