/*
 * Steps of a start: contain_start() makes the child, which reports on control_fd until the agent serves; then
 * the agent is told environment, token and default user (wire §6.4), and the box runs.
 */
#include "config.h"

#include "daemon/local/boot.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/e2b/sign.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/socket.h"

#define BOOT_DEADLINE_S 20
#define DEFAULT_USER    "user"

static void boot_run(struct box *box);

static struct box *box_of(struct boot *boot)
{
	return container_of(boot, struct box, boot);
}

static int contain_box(struct box *box, struct sb_error *err)
{
	struct engine *engine = box->engine;
	int listen_fd CLEANUP_FD = socket_listen(box->socket_path, err);
	const char *const layers[] = {NULL};
	struct link_spec link;
	struct contain_spec spec = {
		.id = box->record.id,
		.dir = box->dir,
		.layers = layers,
		.template_id = box->record.template_id,
		.template_dir = engine->template_dir,
		.agent_path = engine->options.agent_path,
		.listen_fd = listen_fd,
		.id_base = (uint32_t)box->record.id_base,
		.limits = engine->options.limits,
	};

	if (listen_fd < 0)
		return -1;
	if (network_prepare(&engine->network, &box->record, &link, err) < 0)
		return -1;
	spec.link = box->record.port ? &link : NULL;
	spec.resolver = network_resolver(&engine->network);
	if (contain_start(&spec, &box->contained, err) < 0)
		return -1;
	box->record.pid = box->contained.pid;
	box->record.start_time = (int64_t)box->contained.start_time;
	return record_save(&box->record, box->dir, err);
}

/* Names that a create request cannot override (wire §4.5). */
static bool is_internal_name(const char *name)
{
	return strcmp(name, "E2B_SANDBOX") == 0 || strcmp(name, "E2B_SANDBOX_ID") == 0 ||
	       strcmp(name, "E2B_TEMPLATE_ID") == 0;
}

static int globals_make(const struct record *record, struct string_map *ret)
{
	for (size_t i = 0; i < record->env_vars.count; i++) {
		const struct string_pair *pair = &record->env_vars.items[i];

		if (!is_internal_name(pair->key) && string_map_add(ret, pair->key, pair->value) < 0)
			return -1;
	}
	if (string_map_add(ret, "E2B_SANDBOX", "true") < 0 ||
	    string_map_add(ret, "E2B_SANDBOX_ID", record->id) < 0)
		return -1;
	return string_map_add(ret, "E2B_TEMPLATE_ID", record->template_id);
}

static int init_body(const struct box *box, struct buf *body)
{
	char token[SIGN_TOKEN_SIZE], time[CLOCK_TEXT_SIZE], user[] = DEFAULT_USER;
	struct wire_init init = {
		.access_token = box_token(box, token) ? token : NULL,
		.default_user = user,
		.timestamp = clock_format(clock_wall_us(), time),
	};
	int result = globals_make(&box->record, &init.env_vars);

	if (result == 0)
		fields_encode(&wire_init_type, FIELDS_E2B, &init, body);
	string_map_free(&init.env_vars);
	return body->failed ? -1 : result;
}

static void on_init_done(struct http_req *req, const struct http_reply *reply)
{
	struct boot *boot = container_of(req, struct boot, init);

	if (reply->err->code != SB_OK)
		boot->err = *reply->err;
	else if (reply->status / 100 != 2)
		(void)sb_fail(&boot->err, SB_SANDBOX, "the agent answered %d: %.200s",
			      reply->status, reply->body ? reply->body : "");
	boot->step = BOOT_INITED;
	boot_run(box_of(boot));
}

static int init_start(struct box *box, struct sb_error *err)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	struct buf body CLEANUP_BUF = {0};

	if (init_body(box, &body) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "init");
	box->boot.init.done = on_init_done;
	http_start(box->http, &box->boot.init,
		   &(struct http_spec){
			   .method = "POST",
			   .url = "http://sandbox/init",
			   .unix_path = box->socket_path,
			   .headers = headers,
			   .body = body.data,
			   .body_len = body.len,
		   });
	return 0;
}

static void stop_reports(struct box *box)
{
	if (box->boot.on_report)
		event_free(take(&box->boot.on_report));
	cleanup_fd(&box->contained.control_fd);
}

static void on_report(evutil_socket_t fd, short what, void *arg)
{
	struct box *box = arg;

	(void)fd;
	(void)what;
	switch (contain_report(&box->contained, &box->boot.err)) {
	case CONTAIN_BUILDING:
		return;
	case CONTAIN_READY:
	case CONTAIN_FAILED: /* boot.err says why */
		box->boot.step = BOOT_BUILT;
		boot_run(box);
		return;
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct box *box = arg;

	(void)fd;
	(void)what;
	(void)sb_fail(&box->boot.err, SB_TIMEOUT, "not ready after %d s", BOOT_DEADLINE_S);
	boot_run(box);
}

static int watch_reports(struct box *box, struct sb_error *err)
{
	const struct timeval deadline = {.tv_sec = BOOT_DEADLINE_S};
	struct event_base *base = box->engine->base;
	struct boot *boot = &box->boot;

	boot->on_report =
		event_new(base, box->contained.control_fd, EV_READ | EV_PERSIST, on_report, box);
	boot->on_deadline = evtimer_new(base, on_deadline, box);
	if (!boot->on_report || !boot->on_deadline || event_add(boot->on_report, NULL) < 0 ||
	    event_add(boot->on_deadline, &deadline) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "boot");
	return 0;
}

/* Goes on from where it is until it must wait, or is over. */
static void boot_run(struct box *box)
{
	struct boot *boot = &box->boot;

	while (boot->err.code == SB_OK) {
		switch (boot->step) {
		case BOOT_IDLE:
			if (contain_box(box, &boot->err) < 0 || watch_reports(box, &boot->err) < 0)
				break;
			boot->step = BOOT_BUILDING;
			return;
		case BOOT_BUILT:
			stop_reports(box);
			if (init_start(box, &boot->err) < 0)
				break;
			boot->step = BOOT_ASKED;
			return;
		case BOOT_INITED:
			boot_cancel(box);
			box_on_booted(box);
			return;
		case BOOT_BUILDING: /* their callbacks move on */
		case BOOT_ASKED:
		case BOOT_OVER:
			abort();
		}
	}
	boot_cancel(box);
	box_on_boot_failed(box, &boot->err);
}

void boot_start(struct box *box)
{
	assert(box->boot.step == BOOT_IDLE);
	boot_run(box);
}

void boot_on_exit(struct box *box)
{
	struct boot *boot = &box->boot;
	char text[CONTAIN_END_SIZE];

	if (boot->step != BOOT_BUILDING ||
	    contain_report(&box->contained, &boot->err) != CONTAIN_FAILED)
		(void)sb_fail(&boot->err, SB_SANDBOX, "its first process ended: %s",
			      contain_end_text(&box->contained, text));
	boot_run(box);
}

void boot_cancel(struct box *box)
{
	struct boot *boot = &box->boot;

	boot->step = BOOT_OVER;
	http_cancel(&boot->init);
	stop_reports(box);
	if (boot->on_deadline)
		event_free(take(&boot->on_deadline));
}
