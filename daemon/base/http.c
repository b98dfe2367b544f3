/*
 * libcurl's multi interface on libevent.
 *
 * A slot is one request: it owns the easy handle, the headers sent and the body gathered. Its state is
 * the list it is on: queued (not yet given to libcurl), running, ended (its result waits for done()) or
 * dead (cancelled while running).
 *
 * libcurl may not be entered from its own callbacks, and callers may start and cancel from inside any of
 * theirs. So these only move slots between lists; one event, the drain, takes dead handles out, adds
 * queued ones, resumes paused ones and calls done(). libcurl asks for one event per socket and one timer.
 */
#include "config.h"

#include "daemon/base/http.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/http-slot.h"

#define IDLE_MAX 64

/* ---- slots ----------------------------------------------------------------------------------- */

static void http_wake(struct http *http)
{
	event_active(http->drain, EV_TIMEOUT, 0);
}

static void slot_enter(struct http_slot *slot, enum slot_state state)
{
	slot->state = state;
	slot->http->counts[state]++;
	list_append(&slot->http->slots[state], &slot->link);
}

static void slot_leave(struct http_slot *slot)
{
	slot->http->counts[slot->state]--;
	list_remove(&slot->link);
}

static void slot_move(struct http_slot *slot, enum slot_state state)
{
	slot_leave(slot);
	slot_enter(slot, state);
}

/* On no list yet. */
static struct http_slot *slot_new(struct http *http)
{
	struct http_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		abort(); /* there is nothing to report through */
	slot->http = http;
	list_init(&slot->link);
	list_init(&slot->waking);
	slot->easy = curl_easy_init();
	return slot;
}

/* Off all lists and out of libcurl's hands. */
static void slot_free(struct http_slot *slot)
{
	list_remove(&slot->waking);
	curl_easy_cleanup(slot->easy);
	curl_slist_free_all(slot->headers);
	if (slot->limit)
		event_free(slot->limit);
	buf_deinit(&slot->body);
	free(slot);
}

void slot_wake(struct http_slot *slot)
{
	list_remove(&slot->waking);
	list_append(&slot->http->waking, &slot->waking);
	http_wake(slot->http);
}

/* How it got its connection, before the handle leaves libcurl. */
static void note_connection(struct http_slot *slot)
{
	long connects = 0;

	(void)curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
	slot->was_reused = slot->tries > 0 && connects == 0;
	slot->http->connections += (uint64_t)connects;
	slot->http->reused += slot->was_reused;
}

/* A running slot has its result, or gets `code` as one; done() follows from the drain. */
static void slot_end(struct http_slot *slot, CURLcode code)
{
	struct http *http = slot->http;

	note_connection(slot);
	if (code != CURLE_OK && slot->err.code == SB_OK)
		slot_fail_curl(slot, code);
	(void)curl_multi_remove_handle(http->multi, slot->easy);
	if (slot->limit)
		(void)evtimer_del(slot->limit);
	list_remove(&slot->waking);
	slot_move(slot, SLOT_ENDED);
	http_wake(http);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct http_slot *slot = arg;

	(void)fd;
	(void)what;
	if (slot->state != SLOT_RUNNING)
		return;
	if (slot->err.code == SB_OK)
		(void)sb_fail(&slot->err, SB_TIMEOUT, "%s: %s within %lld ms", slot->where,
			      slot->status ? "no more of the response" : "no response head",
			      (long long)slot->limit_ms);
	slot_end(slot, CURLE_OPERATION_TIMEDOUT);
}

int slot_limit(struct http_slot *slot, int64_t ms)
{
	struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!slot->limit)
		slot->limit = evtimer_new(slot->http->base, on_limit, slot);
	slot->limit_ms = ms;
	return slot->limit ? evtimer_add(slot->limit, &limit) : -1;
}

/* ---- libcurl and the loop --------------------------------------------------------------------- */

static struct http_slot *slot_of(CURL *easy)
{
	char *slot = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
	return (struct http_slot *)(void *)slot;
}

/* Keep idle_max idle connections: libcurl's own bound counts the busy ones too. */
static void bound_idle(struct http *http)
{
	(void)curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
				(long)http->idle_max + (long)http->counts[SLOT_RUNNING]);
}

/* Move what libcurl finished to where the drain finds it. */
static void http_collect(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result; /* gone with the handle's removal */
		struct http_slot *slot = slot_of(message->easy_handle);

		if (message->msg == CURLMSG_DONE && slot->state == SLOT_RUNNING)
			slot_end(slot, code);
	}
	bound_idle(http);
}

/* Let libcurl work on a socket, or on what is due (CURL_SOCKET_TIMEOUT). */
static void http_run(struct http *http, curl_socket_t fd, int events)
{
	int running;

	(void)curl_multi_socket_action(http->multi, fd, events, &running);
	http_collect(http);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	http->is_busy = true;
	http_run(http, fd,
		 (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
	http->is_busy = false;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;

	(void)fd;
	(void)what;
	http->is_busy = true;
	http_run(http, CURL_SOCKET_TIMEOUT, 0);
	http->is_busy = false;
}

/* libcurl wants other things of a socket; `arg` is the event assigned to it, if any. */
static int on_socket_change(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			       (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
	struct http *http = arg;
	struct event *event = assigned;
	struct http_slot *slot;

	if (what == CURL_POLL_REMOVE) {
		if (event)
			event_free(event);
		return 0;
	}
	if (event) {
		(void)event_del(event);
		(void)event_assign(event, http->base, fd, events, on_socket, http);
	} else {
		event = event_new(http->base, fd, events, on_socket, http);
		(void)curl_multi_assign(http->multi, fd, event);
	}
	if (event && event_add(event, NULL) == 0)
		return 0;
	slot = slot_of(easy); /* refusing would end the whole pool */
	if (slot && slot->err.code == SB_OK) {
		(void)sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "watching a socket");
		slot_wake(slot);
	}
	return 0;
}

static int on_timer_change(CURLM *multi, long timeout_ms, void *arg)
{
	struct http *http = arg;
	struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

	(void)multi;
	if (timeout_ms < 0)
		(void)evtimer_del(http->timer);
	else if (evtimer_add(http->timer, &timeout) < 0)
		event_active(http->timer, EV_TIMEOUT, 0); /* early is harmless */
	return 0;
}

/* ---- the drain -------------------------------------------------------------------------------- */

static void sweep_dead(struct http *http)
{
	list_for_each_safe (struct http_slot, slot, &http->slots[SLOT_DEAD], link) {
		(void)curl_multi_remove_handle(http->multi, slot->easy);
		slot_leave(slot);
		slot_free(slot);
	}
}

static void add_queued(struct http *http)
{
	struct http_slot *slot;

	while ((slot = list_first(&http->slots[SLOT_QUEUED], struct http_slot, link))) {
		CURLMcode code = curl_multi_add_handle(http->multi, slot->easy);

		slot_move(slot, SLOT_RUNNING);
		if (code == CURLM_OK)
			continue;
		(void)sb_fail(&slot->err, SB_INTERNAL, "%s: %s", slot->where,
			      curl_multi_strerror(code));
		slot_end(slot, CURLE_FAILED_INIT);
	}
}

static void serve_waking(struct http *http)
{
	struct http_slot *slot;

	while ((slot = list_first(&http->waking, struct http_slot, waking))) {
		int resume = slot->resume & slot->paused;
		CURLcode code = CURLE_OK;

		list_remove(&slot->waking);
		slot->resume = 0;
		slot->paused &= ~resume;
		if (slot->state == SLOT_RUNNING && slot->err.code == SB_OK && resume)
			code = curl_easy_pause(slot->easy, slot->paused);
		if (slot->state == SLOT_RUNNING && (slot->err.code != SB_OK || code != CURLE_OK))
			slot_end(slot, code != CURLE_OK ? code : CURLE_ABORTED_BY_CALLBACK);
	}
}

static void deliver(struct http_slot *slot)
{
	struct http_reply reply = {
		.status = slot->status,
		.err = &slot->err,
		.sent_nothing = slot->err.code != SB_OK && slot->tries == 0,
		.was_reused = slot->was_reused,
	};
	struct http_req *req = take(&slot->req);

	slot_leave(slot);
	if (!req->on_data) {
		buf_add(&slot->body, "", 0);
		reply.body = slot->body.data ? slot->body.data : "";
		reply.body_len = slot->body.len;
	}
	req->slot = NULL;
	req->done(req, &reply); /* may free or start `req` again */
	slot_free(slot);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct http *http = arg;
	bool is_fresh = !list_is_empty(&http->slots[SLOT_QUEUED]);
	unsigned due;

	(void)fd;
	(void)what;
	http->is_busy = true;
	sweep_dead(http);
	add_queued(http);
	serve_waking(http);
	bound_idle(http);
	if (is_fresh) /* what was just added is due: spare it a turn of the loop */
		http_run(http, CURL_SOCKET_TIMEOUT, 0);
	for (due = http->counts[SLOT_ENDED]; due > 0 && http->counts[SLOT_ENDED] > 0; due--)
		deliver(list_first(&http->slots[SLOT_ENDED], struct http_slot, link));
	http->is_busy = false;
}

/* ---- the interface ---------------------------------------------------------------------------- */

int http_global_init(struct sb_error *err)
{
	const curl_version_info_data *info;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return sb_fail(err, SB_INTERNAL, "libcurl cannot be initialised");
	info = curl_version_info(CURLVERSION_NOW);
	if (!(info->features & CURL_VERSION_ASYNCHDNS))
		return sb_fail(err, SB_INTERNAL, "libcurl %s looks names up synchronously",
			       info->version);
	return 0;
}

static int copy_option(const char *value, const char *absent, char **ret)
{
	const char *chosen = value ? value : absent;

	*ret = chosen ? strdup(chosen) : NULL;
	return chosen && !*ret ? -1 : 0;
}

static int http_init_multi(struct http *http)
{
	CURLM *multi = http->multi = curl_multi_init();

	if (!multi)
		return -1;
	if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_change) != CURLM_OK ||
	    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
	    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_change) != CURLM_OK ||
	    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) != CURLM_OK)
		return -1;
	return 0;
}

struct http *http_new(struct event_base *base, const struct http_options *options,
		      struct sb_error *err)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "http");
		return NULL;
	}
	for (int i = 0; i < SLOT_STATE_COUNT; i++)
		list_init(&http->slots[i]);
	list_init(&http->waking);
	http->base = base;
	http->idle_max = options->idle_max ? options->idle_max : IDLE_MAX;
	http->open_socket = options->open_socket;
	http->open_arg = options->open_arg;
	http->drain = event_new(base, -1, 0, on_drain, http);
	http->timer = evtimer_new(base, on_timer, http);
	if (!http->drain || !http->timer || http_init_multi(http) < 0 ||
	    copy_option(options->proxy, NULL, &http->proxy) < 0 ||
	    copy_option(options->no_proxy, NULL, &http->no_proxy) < 0 ||
	    copy_option(options->ca_file, NULL, &http->ca_file) < 0 ||
	    copy_option(options->user_agent, "sandpool/" PACKAGE_VERSION, &http->user_agent) < 0) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "http");
		return http_free(http);
	}
	return http;
}

struct http *http_free(struct http *http)
{
	if (!http)
		return NULL;
	assert(!http->is_busy);
	for (int i = 0; i < SLOT_STATE_COUNT; i++) {
		list_for_each_safe (struct http_slot, slot, &http->slots[i], link) {
			if (slot->req)
				slot->req->slot = slot->req->head = NULL;
			slot->req = NULL;
			if (i == SLOT_RUNNING || i == SLOT_DEAD)
				(void)curl_multi_remove_handle(http->multi, slot->easy);
			slot_leave(slot);
			slot_free(slot);
		}
	}
	(void)curl_multi_cleanup(http->multi); /* still calls us about its sockets */
	if (http->drain)
		event_free(http->drain);
	if (http->timer)
		event_free(http->timer);
	free(http->proxy);
	free(http->no_proxy);
	free(http->ca_file);
	free(http->user_agent);
	free(http);
	return NULL;
}

void http_start(struct http *http, struct http_req *req, const struct http_spec *spec)
{
	struct http_slot *slot;

	assert(!req->slot && req->done);
	slot = slot_new(http);
	slot->req = req;
	req->slot = slot;
	req->head = NULL;
	http->requests++;
	slot_enter(slot, slot_prepare(slot, spec) == 0 ? SLOT_QUEUED : SLOT_ENDED);
	http_wake(http);
}

void http_cancel(struct http_req *req)
{
	struct http_slot *slot = take(&req->slot);

	req->head = NULL;
	if (!slot)
		return;
	slot->req = NULL;
	if (slot->state == SLOT_RUNNING) {
		slot_move(slot, SLOT_DEAD);
		http_wake(slot->http);
		return;
	}
	slot_leave(slot);
	slot_free(slot);
}

static void slot_resume(struct http_slot *slot, int direction)
{
	if (!slot || slot->state != SLOT_RUNNING)
		return;
	slot->resume |= direction;
	slot_wake(slot);
}

void http_resume(struct http_req *req)
{
	slot_resume(req->slot, CURLPAUSE_RECV);
}

void http_resume_upload(struct http_req *req)
{
	slot_resume(req->slot, CURLPAUSE_SEND);
}

void http_set_limit(struct http_req *req, int64_t ms)
{
	struct http_slot *slot = req->slot;

	if (!slot || slot->state != SLOT_RUNNING || slot->err.code != SB_OK)
		return;
	if (slot_limit(slot, ms) < 0) {
		(void)sb_fail_errno(&slot->err, SB_INTERNAL, ENOMEM, "%s", slot->where);
		slot_wake(slot);
	}
}

/* libcurl 7.88 leaves the line's end in a value that is empty. */
static const char *header_value(const struct curl_header *header)
{
	return header->value[strspn(header->value, "\r\n")] ? header->value : "";
}

const char *http_header(const struct http_req *req, const char *name)
{
	struct curl_header *header;

	if (!req->head ||
	    curl_easy_header(req->head->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header_value(header);
}

void http_headers(const struct http_req *req,
		  void (*each)(void *arg, const char *name, const char *value), void *arg)
{
	struct curl_header *header = NULL;

	if (!req->head)
		return;
	while ((header = curl_easy_nextheader(req->head->easy, CURLH_HEADER, -1, header)))
		each(arg, header->name, header_value(header));
}

void http_get_stats(const struct http *http, struct http_stats *ret)
{
	*ret = (struct http_stats){
		.in_flight = http->counts[SLOT_QUEUED] + http->counts[SLOT_RUNNING] +
			     http->counts[SLOT_ENDED],
		.queued = http->counts[SLOT_QUEUED],
		.requests = http->requests,
		.reused = http->reused,
		.connections = http->connections,
	};
}
