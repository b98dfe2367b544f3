/* All sandboxes in memory: found by id, by name, or one after the other. */
#ifndef SP_REGISTRY_H
#define SP_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/conn.h"
#include "protocol/error.h"

struct event_base;
struct providers;
struct registry;
struct sandbox;
struct store;

/* Whom to tell, besides watches. */
struct registry_events {
	/* A sandbox has ended: what runs in it is lost, `why` is SB_SANDBOX_NOT_FOUND. */
	void (*ended)(struct sandbox *sandbox, const struct sb_error *why);
	/* Its deadline has passed, or the time given to sandbox_recheck(). */
	void (*expired)(void *arg, struct sandbox *sandbox);
	void *expired_arg;
};

/*
 * Loads what the store remembers. Sandboxes of a provider that is not configured any more stay on disk and
 * are left alone.
 */
struct registry *registry_new(struct event_base *base, struct store *store,
			      struct providers *providers, struct sb_error *err) MUST_USE;

/* With all sandboxes; nobody has one pinned any more. NULL is fine. */
struct registry *registry_free(struct registry *registry);

/* To be filled in by who wants to be told. */
struct registry_events *registry_events(struct registry *registry);

unsigned registry_count(const struct registry *registry); /* running or paused */

/* By id or name, whatever its owner and state short of ended; NULL when there is none. */
struct sandbox *registry_find(struct registry *registry, const char *id_or_name);

/* The same by the number of its row; O(n), for loading. */
struct sandbox *registry_find_number(struct registry *registry, int64_t number);

/*
 * What a method wants: the sandbox the caller named, running, and his to use. NULL with `err`
 * SB_SANDBOX_NOT_FOUND, SB_PERMISSION or SB_CONFLICT.
 */
struct sandbox *registry_get(struct registry *registry, const char *id_or_name,
			     const struct peer *peer, struct sb_error *err);

/* The same, running or paused. */
struct sandbox *registry_get_any(struct registry *registry, const char *id_or_name,
				 const struct peer *peer, struct sb_error *err);

/* The newest first; `after` NULL for the first. */
struct sandbox *registry_next(struct registry *registry, const struct sandbox *after);

/* Root and the daemon's own uid may do everything. */
bool registry_trusts(const struct registry *registry, const struct peer *peer);

#endif
