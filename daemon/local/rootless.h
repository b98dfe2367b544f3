/*
 * The engine of a user who is not root. Before anything else it moves into a user namespace of its own, with a mount
 * and a network namespace, and is root there: the "realm". In it are the user's id as 0 and, when newuidmap gives
 * them, 65536 ids of the user's subuid ranges for the sandboxes; sandboxes' user namespaces are children of it, their
 * network namespaces belong to it, and nearly all code is the same as for the machine's root.
 *
 * Sandboxes outlive the engine, and only in the same realm can a later one manage them. So a keeper, a process
 * that does nothing, holds the namespaces from the first engine's start to the end of an engine that leaves no
 * sandbox; STATE/keeper names it. When it is gone, the realm is found by the sandboxes themselves.
 */
#ifndef SP_LOCAL_ROOTLESS_H
#define SP_LOCAL_ROOTLESS_H

#include <stdbool.h>

#include "daemon/local/outside.h"
#include "protocol/error.h"

struct rootless {
	bool is_rootless;
	/* To run programs where the engine was started, as pasta must be; none for root. */
	struct outside outside;
	char why_single[256],
		fix_single[256]; /* only one id: why, and what to type; empty when not so */
	struct sb_error unable;  /* there is no realm: no sandbox can be had */
};

/*
 * By the one thread of the process, before it opens or starts anything. Nothing to do for root. The realm of living
 * sandboxes of that state directory is joined, else a new one is made. In the realm afterwards: /proc/self/ns/user
 * and /proc/self/ns/net are it. Failure is told in ret->unable.
 */
void rootless_enter(const char *state_dir, struct rootless *ret);

/* Make sure of a keeper. By the one engine that has locked the directory. */
int rootless_keep(const struct rootless *rootless, const char *state_dir,
		  struct sb_error *err) MUST_USE;

/* The engine ends; the realm too when `is_last`: no sandbox is left. */
void rootless_leave(struct rootless *rootless, const char *state_dir, bool is_last);

/* Does a sandbox of that directory run? Asked before rootless_enter(): in another realm nothing of it is to be seen. */
bool rootless_is_alive(const char *state_dir);

#endif
