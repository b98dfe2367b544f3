/* Boxes: states, timers, and the way to a clean end. */
#include "config.h"

#include "daemon/local/box.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/e2b/sign.h"
#include "daemon/local/engine.h"
#include "daemon/local/net.h"
#include "daemon/local/trash.h"
#include "daemon/local/uplink.h"

#define US_PER_S             1000000
#define CLEAN_FIRST_MS       1
#define CLEAN_MOST_MS        256 /* between two tries; they double */
#define CLEAN_FAILED_MS      2000
#define IDLE_CONNECTIONS_MAX 32 /* to one agent */

/* Which state may follow which. */
static const bool transitions[BOX_STATE_COUNT][BOX_STATE_COUNT] = {
	[BOX_STARTING] = {[BOX_RUNNING] = true, [BOX_ENDING] = true},
	[BOX_RUNNING] = {[BOX_ENDING] = true},
	[BOX_ENDING] = {[BOX_ENDED] = true},
};

static const char *box_state_to_string(enum box_state state)
{
	switch (state) {
	case BOX_STARTING:
		return "starting";
	case BOX_RUNNING:
		return "running";
	case BOX_ENDING:
		return "ending";
	case BOX_ENDED:
		return "ended";
	case BOX_STATE_COUNT:
		break;
	}
	abort();
}

bool box_state_may_follow(enum box_state from, enum box_state to)
{
	return transitions[from][to];
}

/* The only place that changes a state: checks, logs, tells. */
static void box_set_state(struct box *box, enum box_state state)
{
	assert(box_state_may_follow(box->state, state));
	log_debug("%s: %s -> %s", box->record.id, box_state_to_string(box->state),
		  box_state_to_string(state));
	box->state = state;
	if (state == BOX_RUNNING)
		usage_begin(box);
	list_for_each_safe (struct box_watch, watch, &box->watches, link)
		watch->on_change(watch, box);
}

/* ---- life and death of the object ------------------------------------------------------------ */

/* The timer of a running box goes off at its end. */
static void end_timer_start(struct box *box)
{
	int64_t left_us = box->record.end_us - clock_wall_us();

	timer_set(box->timer, (left_us + 999) / 1000);
}

static void on_timer(evutil_socket_t fd, short what, void *arg);

/* Servers on any address inside are reached, those on loopback too: the socket is born in there. */
static int open_inside(void *arg, int family, int type, int protocol)
{
	const struct box *box = arg;

	return net_socket(box->contained.pid_fd, family, type, protocol);
}

struct box *box_new(struct engine *engine, struct record *record, struct sb_error *err)
{
	struct box *box = calloc(1, sizeof(*box));
	const struct http_options http = {
		.user_agent = "",
		.idle_max = IDLE_CONNECTIONS_MAX,
		.open_socket = open_inside,
		.open_arg = box,
	};

	if (!box) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "sandbox");
		return NULL;
	}
	list_init(&box->link);
	list_init(&box->watches);
	box->engine = engine;
	box->record = *record;
	*record = (struct record){0};
	box->contained = (struct contained){.pid_fd = -1, .control_fd = -1};
	box->dir = engine_path("%s/boxes/%s", engine->options.state_dir, box->record.id);
	box->socket_path = engine_path("%s/boxes/%s.sock", engine->options.run_dir, box->record.id);
	box->timer = evtimer_new(engine->base, on_timer, box);
	if (!box->dir || !box->socket_path || !box->timer) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "sandbox");
		return box_free(box);
	}
	box->http = http_new(engine->base, &http, err);
	if (!box->http)
		return box_free(box);
	list_append(&engine->boxes, &box->link);
	return box;
}

struct box *box_free(struct box *box)
{
	if (!box)
		return NULL;
	assert(list_is_empty(&box->watches));
	boot_cancel(box);
	http_free(box->http);
	list_remove(&box->link);
	if (box->on_exit)
		event_free(box->on_exit);
	if (box->timer)
		event_free(box->timer);
	cleanup_fd(&box->contained.pid_fd);
	cleanup_fd(&box->contained.control_fd);
	if (box->record.id_base)
		ids_ranges_release(&box->engine->ranges, box->record.id_base);
	record_deinit(&box->record);
	free(box->dir);
	free(box->socket_path);
	free(box);
	return NULL;
}

/* ---- coming up ------------------------------------------------------------------------------- */

/* PID 1 is gone, by our hand or by itself. */
static void on_exit_of_pid1(evutil_socket_t fd, short what, void *arg)
{
	struct box *box = arg;

	(void)fd;
	(void)what;
	box->has_exited = true;
	(void)event_del(box->on_exit);
	if (box->state == BOX_STARTING)
		boot_on_exit(box);
	else
		box_end(box, "its first process ended");
	timer_set(box->timer, 0);
}

static int watch_pid1(struct box *box, struct sb_error *err)
{
	box->on_exit =
		event_new(box->engine->base, box->contained.pid_fd, EV_READ, on_exit_of_pid1, box);
	if (!box->on_exit || event_add(box->on_exit, NULL) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "watching PID 1");
	return 0;
}

void box_start(struct box *box)
{
	assert(box->state == BOX_STARTING);
	timer_set(box->timer, 0);
}

/* Called from the timer, so that nothing happens inside box_start(). */
static void start_now(struct box *box)
{
	struct sb_error err = {0};

	if (mkdir(box->dir, 0700) < 0) {
		(void)sb_fail_errno(&err, SB_INTERNAL, errno, "%s", box->dir);
		box_on_boot_failed(box, &err);
		return;
	}
	boot_start(box);
	if (box->state == BOX_STARTING && watch_pid1(box, &err) < 0)
		box_on_boot_failed(box, &err);
}

void box_on_booted(struct box *box)
{
	struct sb_error err = {0};

	box->record.is_ready = true;
	box->record.started_us = clock_wall_us();
	box->record.end_us = box->record.started_us + box->record.timeout_s * US_PER_S;
	if (record_save(&box->record, box->dir, &err) < 0) {
		box_on_boot_failed(box, &err);
		return;
	}
	log_info("%s: running", box->record.id);
	end_timer_start(box);
	box_set_state(box, BOX_RUNNING);
}

void box_on_boot_failed(struct box *box, const struct sb_error *why)
{
	log_warning("%s: not started: %s", box->record.id, why->text);
	box->why = *why;
	box_end(box, "it did not start");
}

int box_adopt(struct box *box, struct sb_error *err)
{
	struct record *record = &box->record;

	/* First, since also what is not taken up must be ended, by its process where it has no control group. */
	if (contain_adopt(record->id, (pid_t)record->pid, (uint64_t)record->start_time,
			  &box->contained, err) < 0)
		return -1;
	if (!record->is_ready)
		return sb_fail(err, SB_SANDBOX, "it was not ready yet");
	if (access(box->socket_path, F_OK) < 0)
		return sb_fail_errno(err, SB_SANDBOX, errno, "%s", box->socket_path);
	if (watch_pid1(box, err) < 0)
		return -1;
	log_info("%s: taken up again", record->id);
	end_timer_start(box);
	box_set_state(box, BOX_RUNNING);
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

void box_set_end(struct box *box, int64_t end_us)
{
	struct sb_error err = {0};

	assert(box->state == BOX_RUNNING);
	if (box->record.end_us != end_us) {
		box->record.end_us = end_us;
		if (record_save(&box->record, box->dir, &err) < 0)
			log_warning("%s: its new end is not on disk: %s", box->record.id, err.text);
	}
	end_timer_start(box);
}

void box_end(struct box *box, const char *cause)
{
	struct sb_error err = {0};

	if (box->state == BOX_ENDING || box->state == BOX_ENDED)
		return;
	log_info("%s: ends: %s", box->record.id, cause);
	boot_cancel(box);
	/* First nobody can reach it any more, then it dies (wire §11.6). */
	box_set_state(box, BOX_ENDING);
	/* Not found: nothing was built yet, or an earlier engine had come as far as its directory. */
	if (contain_kill(box->record.id, &box->contained, &err) < 0 &&
	    err.code != SB_SANDBOX_NOT_FOUND)
		log_warning("%s: kill: %s", box->record.id, err.text);
	timer_set(box->timer, 0);
}

/* Every process is gone: names next, then the object. */
static void box_finish(struct box *box)
{
	struct sb_error err = {0};

	if (unlink(box->socket_path) < 0 && errno != ENOENT)
		log_warning("%s: %s", box->socket_path, strerror(errno));
	network_release(&box->engine->network, &box->record);
	uplink_review(box->engine->uplink);
	if (trash_add(box->engine->trash, box->dir, &err) < 0)
		log_warning("%s: its files stay: %s", box->record.id, err.text);
	box_set_state(box, BOX_ENDED);
	box_free(box);
}

static void clean_again(struct box *box, bool has_failed)
{
	unsigned doublings = box->clean_tries++;
	int64_t ms = doublings < 8 ? CLEAN_FIRST_MS << doublings : CLEAN_MOST_MS;

	timer_set(box->timer, has_failed ? CLEAN_FAILED_MS : ms);
}

static void box_clean(struct box *box)
{
	struct sb_error err = {0};
	int result;

	if (box->on_exit && !box->has_exited)
		return; /* on_exit_of_pid1() comes back; a start that failed early has none */
	result = contain_clean(box->record.id, &box->contained, &err);
	if (result > 0) {
		box_finish(box);
		return;
	}
	if (result < 0)
		log_warning("%s: cleaning up: %s", box->record.id, err.text);
	clean_again(box, result < 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct box *box = arg;

	(void)fd;
	(void)what;
	switch (box->state) {
	case BOX_STARTING:
		start_now(box);
		return;
	case BOX_RUNNING:
		/* The wall clock may have been set back since. */
		if (box->record.end_us > clock_wall_us())
			end_timer_start(box);
		else
			box_end(box, "its time is over");
		return;
	case BOX_ENDING:
		box_clean(box);
		return;
	case BOX_ENDED:
	case BOX_STATE_COUNT:
		break;
	}
	abort();
}

/* ---- small things ---------------------------------------------------------------------------- */

void box_watch_init(struct box_watch *watch,
		    void (*on_change)(struct box_watch *watch, struct box *box))
{
	list_init(&watch->link);
	watch->on_change = on_change;
}

void box_watch_start(struct box_watch *watch, struct box *box)
{
	list_append(&box->watches, &watch->link);
}

void box_watch_stop(struct box_watch *watch)
{
	list_remove(&watch->link);
}

bool box_watch_is_on(const struct box_watch *watch)
{
	return watch->link.next != &watch->link;
}

const char *box_token(const struct box *box, char *text)
{
	if (!box->record.is_secure)
		return NULL;
	sign_token(box->engine->seed, sizeof(box->engine->seed), box->record.id, text);
	return text;
}

const char *box_traffic_token(const struct box *box, char *text)
{
	char message[sizeof("sandbox-traffic-") + IDS_SIZE];

	if (!box->record.policy.is_private)
		return NULL;
	(void)snprintf(message, sizeof(message), "sandbox-traffic-%s", box->record.id);
	sign_token(box->engine->seed, sizeof(box->engine->seed), message, text);
	return text;
}
