/*
 * Changes in a directory, or in a tree of them, as wire §5.5 tells them. Each watch has an inotify instance of
 * its own. A tree is looked through a directory at a time, one event of the loop each; what is made in a
 * new directory before it is watched is found and told too.
 */
#ifndef SP_WATCH_H
#define SP_WATCH_H

#include <stdbool.h>

#include "protocol/error.h"

struct event_base;
struct watch;

struct watch_owner { /* embed me */
	/* All directories are watched from here on. Called once, before any other. */
	void (*on_ready)(struct watch_owner *owner);
	/*
	 * Something has changed: `type` is an enum wire_change, `name` is relative to the root, which itself is
	 * ".". Also called from inside watch_catch_up().
	 */
	void (*on_change)(struct watch_owner *owner, int type, const char *name);
	/* Changes were or would be lost; nothing else is told after this. */
	void (*on_failure)(struct watch_owner *owner, const struct sb_error *err);
	/* None of them may free the watch. */
};

struct watch_options {
	bool is_recursive;
	bool allows_network_mounts;
};

/* Watch the directory `path`. NULL and `err` when it cannot be. */
struct watch *watch_new(struct event_base *base, const char *path,
			const struct watch_options *options, struct watch_owner *owner,
			struct sb_error *err) MUST_USE;
/* NULL is fine. */
struct watch *watch_free(struct watch *watch);

/* Tell now what has changed up to now. */
void watch_catch_up(struct watch *watch);

/* Let changes wait in the kernel, or no longer. */
void watch_hold(struct watch *watch, bool is_held);

/* Returns new: the path of what a change named; NULL when out of memory. */
char *watch_path(const struct watch *watch, const char *name);

#endif
