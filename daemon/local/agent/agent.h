/*
 * The agent's root object: what the whole of one sandbox shares. One thread, one loop, one of these.
 *
 * The agent is PID 1 of its sandbox and serves envd's protocol (wire §3–§6) on a socket that only the
 * engine can reach. It must need nothing from the root file system: no NSS, no locale, no dlopen.
 */
#ifndef SP_AGENT_H
#define SP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "protocol/values.h"

struct event;
struct event_base;

struct agent {
	struct event_base *base;
	struct httpd_service service;
	struct httpd *httpd;
	struct event *sigchld;

	char *access_token;         /* NULL: every request is welcome */
	char *default_user;         /* who a request without a user runs as */
	char *default_workdir;      /* NULL: the user's home */
	int64_t init_time_us;       /* `timestamp` of the last /init that was applied */
	char *run_dir;              /* where files tell what sandbox this is; NULL: nowhere */
	struct string_map own_vars; /* E2B_SANDBOX…: given at start, never overridden by /init */
	struct string_map env_vars; /* of the last /init */

	struct list processes; /* of struct process: running ones, then ended ones for 30 s */
	struct list watchers;  /* of struct watcher: those that are asked, not streamed */
	unsigned watcher_count;
};

struct agent_options {
	const char *default_user; /* borrowed, as all of it */
	const char *run_dir;
	struct string_map own_vars;
};

/* Serve on `listen_fd` (taken). NULL and `err` on failure. */
struct agent *agent_new(struct event_base *base, int listen_fd, const struct agent_options *options,
			struct sb_error *err) MUST_USE;
struct agent *agent_free(struct agent *agent);

#endif
