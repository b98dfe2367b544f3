/*
 * The engine: what its parts share. One engine owns a state directory (records and files of sandboxes), a run
 * directory (sockets), one event loop and all boxes; nothing here is global.
 *
 *	STATE/lock  seed  templates/  boxes/<id>/  trash/
 *	RUN/lock    api.sock  sandbox.sock  boxes/<id>.sock
 */
#ifndef SP_LOCAL_ENGINE_H
#define SP_LOCAL_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/base/list.h"
#include "daemon/local/contain.h"
#include "daemon/local/ids.h"
#include "daemon/local/network.h"
#include "protocol/error.h"
#include "protocol/types.h"

#define ENGINE_SEED_SIZE 32

struct api;
struct box;
struct denials;
struct event;
struct event_base;
struct proxy;
struct rootless;
struct trash;
struct uplink;
struct uplink_sockets;
struct usage_timer;

struct engine_options { /* strings are borrowed for the engine's life */
	const char *state_dir;
	const char *run_dir;
	const char *agent_path;
	const char *api_key_file; /* NULL: any key of the right form will do */
	bool is_check;            /* engine_check(), and nothing else */
	bool is_removal;
	int64_t idle_exit_s; /* -1: never */
	struct contain_limits limits;
	struct link_range subnet;              /* of sandboxes; prefix 0: one that is free */
	struct rootless *rootless;             /* entered; borrowed too */
	struct uplink_sockets *uplink_sockets; /* opened before; taken */
};

struct engine {
	struct engine_options options;
	struct event_base *base;
	struct api *api;
	struct proxy *proxy;
	struct trash *trash;
	struct usage_timer *usage_timer;
	struct list boxes;
	struct network network;
	struct denials *denials;
	struct uplink *uplink;
	struct ids_ranges ranges;
	unsigned char seed[ENGINE_SEED_SIZE]; /* of the access tokens */
	char *template_dir;
	int64_t disk_mib; /* of the file system that sandboxes write to */
	struct engine_about about;
	struct sb_error unable; /* why this machine can have no sandbox; SB_OK when it can */
	int64_t retry_ms;       /* monotonic: not before then the machine is looked at again */
	int state_lock_fd, run_lock_fd;
	struct event *on_term, *on_int, *on_idle, *on_stop;
	unsigned idle_s;
	bool is_stopping;
};

struct engine *engine_new(const struct engine_options *options, struct sb_error *err) MUST_USE;
/* Runs until a signal or idleness ends it; sandboxes go on living. */
int engine_run(struct engine *engine, struct sb_error *err) MUST_USE;
/* NULL is fine. */
struct engine *engine_free(struct engine *engine);

/* Can sandboxes be had? If not, engine->unable says why; the machine is looked at again now and then. */
bool engine_is_able(struct engine *engine);

/*
 * What an engine started by this user would say of itself (about.h), printed; nothing is served, no directory
 * is needed. 1 when it could have sandboxes, 0 when not.
 */
int engine_check(const struct engine_options *options, FILE *out, struct sb_error *err) MUST_USE;

/* Remove the state directory, where no engine is at work and no sandbox lives. */
int engine_remove_state(const struct engine_options *options, struct sb_error *err) MUST_USE;

/* The box with that id, in whatever state, or NULL. */
struct box *engine_find_box(struct engine *engine, const char *id);

/* Returns new; NULL when out of memory. */
char *engine_path(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
