/*
 * One local sandbox. Its states, and who may pass to which, are a table in box.c; box_set_state() is the only
 * way between them. Whoever waits for a change embeds a box_watch.
 *
 * A box lives from box_new() until its last process, cgroup and file name are gone; then it frees itself, from
 * an event of its own, after telling its watches BOX_ENDED. Nobody else frees one while the loop runs.
 */
#ifndef SP_LOCAL_BOX_H
#define SP_LOCAL_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "daemon/local/boot.h"
#include "daemon/local/contain.h"
#include "daemon/local/record.h"
#include "daemon/local/usage.h"
#include "protocol/error.h"

struct engine;
struct event;

enum box_state {
	BOX_STARTING, /* being built; its id is not known to anybody */
	BOX_RUNNING,
	BOX_ENDING, /* dead to the outside; processes may still be dying */
	BOX_ENDED,  /* nothing is left */
	BOX_STATE_COUNT
};

/* What the table of transitions says. */
bool box_state_may_follow(enum box_state from, enum box_state to);

struct box_watch { /* embed me; init with box_watch_init() */
	struct list link;
	/* The box has passed to another state. May stop this very watch, and must on BOX_ENDED. */
	void (*on_change)(struct box_watch *watch, struct box *box);
};

struct box {
	struct list link; /* engine->boxes */
	struct engine *engine;
	struct record record;
	enum box_state state; /* read it; box_set_state() writes */
	struct list watches;
	struct http
		*http; /* towards its agent and servers: a pool of its own, which ends with it */
	struct boot boot;
	struct contained contained;
	struct event *on_exit; /* PID 1 has ended */
	struct event *timer;   /* running: the end; ending: the next try to clean */
	struct usage usage;
	struct sb_error why;     /* why it did not start */
	int64_t refused_packets; /* by its network policy, and by what holds for all */
	bool has_exited;         /* PID 1 */
	unsigned clean_tries;
	char *dir;
	char *socket_path; /* the agent's */
};

/*
 * A box for `record`, which is taken, in BOX_STARTING. Claims no uid range: record.id_base must be the
 * caller's to give away, or 0.
 */
struct box *box_new(struct engine *engine, struct record *record, struct sb_error *err) MUST_USE;
/* Only while the loop is not running: forgets the box, leaves the sandbox. NULL is fine. */
struct box *box_free(struct box *box);

/* Build the sandbox. BOX_RUNNING or, with box->why, BOX_ENDING follows, never from inside this call. */
void box_start(struct box *box);

/* Take up a sandbox that runs already, as its record says. -1 when it does not. */
int box_adopt(struct box *box, struct sb_error *err) MUST_USE;

/* The absolute end; a past one ends the box at once (not from inside this call). */
void box_set_end(struct box *box, int64_t end_us);

/* Kill it, from any state; `cause` is for the log. Watches learn of BOX_ENDING inside this call. */
void box_end(struct box *box, const char *cause);

/* boot.c alone: the sandbox is ready, or cannot be. */
void box_on_booted(struct box *box);
void box_on_boot_failed(struct box *box, const struct sb_error *why);

void box_watch_init(struct box_watch *watch,
		    void (*on_change)(struct box_watch *watch, struct box *box));
void box_watch_start(struct box_watch *watch, struct box *box);
void box_watch_stop(struct box_watch *watch); /* harmless when it watches nothing */
bool box_watch_is_on(const struct box_watch *watch);

/* The access token of a secure sandbox: `text` has SIGN_TOKEN_SIZE bytes. NULL when it is not secure. */
const char *box_token(const struct box *box, char *text);

/* The token for a private sandbox's servers, the same way. NULL when everybody may reach them. */
const char *box_traffic_token(const struct box *box, char *text);

#endif
