/*
 * The way out of a rootless engine's realm: one pasta(1) for all its sandboxes, between the realm's network
 * namespace and the network of the user. It forwards no port in either direction, and nothing leads through it
 * to the host's loopback.
 *
 * It lives on when the engine ends before its sandboxes; the next engine finds it by STATE/pasta.pid. When it
 * dies it is started again, later each time. It ends with the realm.
 */
#ifndef SP_LOCAL_PASTA_H
#define SP_LOCAL_PASTA_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/outside.h"
#include "protocol/error.h"

struct event;
struct event_base;

enum pasta_state { PASTA_OFF, PASTA_STARTING, PASTA_ON };

struct pasta {
	struct event_base *base;
	const struct outside *outside;
	char *pid_path;
	enum pasta_state state;
	int pid_fd; /* -1: none is known */
	struct event *on_started, *on_exit, *timer;
	unsigned failures; /* since it last worked for a while */
	int64_t since_ms;
};

/* Why there can be none here, and what to type; NULL: there can. Both live for ever. */
const char *pasta_missing(const char **ret_fix);

/*
 * Take up the one of an earlier engine, or start one, in the background; the failures are logged. The present
 * network namespace is the realm's. Borrows `outside`.
 */
struct pasta *pasta_new(struct event_base *base, const struct outside *outside,
			const char *state_dir, struct sb_error *err) MUST_USE;
/* `is_last`: it ends too, before this returns. NULL is fine. */
struct pasta *pasta_free(struct pasta *pasta, bool is_last);

#endif
