/*
 * One sandbox in memory; registry.h has all of them. Whether one exists is the provider's truth; who owns
 * it, what it is called and how long it shall live is ours. No I/O here: methods and reconcile.c ask the
 * provider and then tell this module.
 *
 * A sandbox is made when a create begins, gets its id when the provider answers, and leaves memory when it
 * has ended and nothing pins it any more. Whoever keeps a pointer to one across a turn of the loop pins it.
 */
#ifndef SP_SANDBOX_H
#define SP_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include "daemon/base/hash.h"
#include "daemon/base/list.h"
#include "daemon/conn.h"
#include "daemon/store.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct envd_target;
struct event;
struct provider;
struct registry;
struct wire_sandbox;
struct wire_sandbox_info;

/* The label in the provider's metadata that names our create; users' own may not begin like it. */
#define SANDBOX_LABEL        "sandpool.create"
#define SANDBOX_LABEL_PREFIX "sandpool."

enum sandbox_state {
	SANDBOX_CREATING, /* asked for, not yet there */
	SANDBOX_RUNNING,
	SANDBOX_PAUSED,
	SANDBOX_KILLING, /* shall end; gone for everybody but who kills it */
	SANDBOX_ENDED
};

struct sandbox {
	struct registry *registry;
	enum sandbox_state state; /* only sandbox_set_state() writes it */
	struct sandbox_row row;   /* owned; what the store is told */
	struct provider *provider;
	struct list commands; /* of struct command (command.h); each pins the sandbox */
	struct list watches;  /* of struct sandbox_watch */
	unsigned pins;        /* operations and commands that need it to stay in memory */
	bool is_creating;     /* an operation is at work to create it */
	uint64_t pass;        /* the last pass of reconcile.c that saw it */
	bool is_checking;     /* an operation is asking the provider about it */
	struct event *expiry; /* its deadline, while it runs */
	struct hash_node by_id, by_name;
	struct list link;                                          /* registry, newest first */
	char started_at[CLOCK_TEXT_SIZE], end_at[CLOCK_TEXT_SIZE]; /* for sandbox_info_fill() */
};

/* Waits for the next change of a sandbox's state, once; embed it. Zero means idle. */
struct sandbox_watch {
	void (*on_change)(struct sandbox_watch *watch); /* inside sandbox_set_state() */
	struct list link;                               /* sandbox.watches */
};

/* May this peer see and use it? */
bool sandbox_allows(const struct sandbox *sandbox, const struct peer *peer);

/* Could a provider have given this as an id? Names that look like one are no harm. */
bool sandbox_is_id(const char *text);

/* Running or paused, which is what users see. */
bool sandbox_is_there(const struct sandbox *sandbox);

/*
 * A sandbox about to be created; its name is taken from now on. NULL with SB_CONFLICT when it is in use,
 * SB_INVALID_PARAMS when it is no name.
 */
struct sandbox *sandbox_new(struct registry *registry, const struct sandbox_create_params *params,
			    struct provider *provider, const struct peer *peer,
			    struct sb_error *err);

/* One that somebody else made at the provider; it belongs to `peer` from now on. */
struct sandbox *sandbox_adopt(struct registry *registry, struct provider *provider,
			      const struct peer *peer, struct sb_error *err);

/* The provider made it, or told about it. -1 when out of memory. */
int sandbox_apply(struct sandbox *sandbox, const struct wire_sandbox *wire,
		  struct sb_error *err) MUST_USE;
/* Changes the state, too, when the provider says so, and saves what changed. */
int sandbox_apply_info(struct sandbox *sandbox, const struct wire_sandbox_info *info,
		       struct sb_error *err) MUST_USE;

/* Its deadline is at this time of the wall clock; not saved. */
void sandbox_set_end(struct sandbox *sandbox, int64_t end_us);

/* Tell registry_events.expired in so many milliseconds, in place of the deadline: ask the provider then. */
void sandbox_recheck(struct sandbox *sandbox, int64_t delay_ms);

/*
 * The one way to change a state: checks the transition, tells the log, and queues the row for the store
 * (`write` as in store_put_sandbox). `cause` is for SANDBOX_ENDED: who or what ended it; the caller has the
 * sandbox pinned.
 */
void sandbox_set_state(struct sandbox *sandbox, enum sandbox_state state, const char *cause,
		       struct store_write *write);

/* Queue the row again after a change of anything else. */
void sandbox_save(struct sandbox *sandbox, struct store_write *write);

/*
 * The provider has it no more. It has not ended yet; the cause is who killed it, else its deadline if that
 * has passed, else the provider.
 */
void sandbox_set_gone(struct sandbox *sandbox);

void sandbox_watch(struct sandbox *sandbox, struct sandbox_watch *watch);
void sandbox_unwatch(struct sandbox_watch *watch); /* harmless when idle */

/* Keep it in memory although it may end meanwhile. */
void sandbox_pin(struct sandbox *sandbox);
void sandbox_unpin(struct sandbox *sandbox); /* may free it */

/* How to reach its agent as `user` (borrowed; NULL: the default user). Strings stay the sandbox's. */
void sandbox_target(const struct sandbox *sandbox, const char *user, struct envd_target *ret);

/* Strings are the sandbox's, times are written to buffers inside; valid until the next call. */
void sandbox_info_fill(struct sandbox *sandbox, struct sandbox_info *ret);

/* What to call it in messages: its name, else its id, else "new sandbox". */
const char *sandbox_words(const struct sandbox *sandbox);

#endif
