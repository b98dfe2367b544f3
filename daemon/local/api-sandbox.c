/* What is asked of one sandbox that is there: info, kill, timeouts, connect (wire §1.7 to §1.10). */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/sign.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/usage.h"

#define US_PER_S          1000000
#define MIB               (1 << 20)
#define REFRESH_MIN_S     15
#define REFRESH_MAX_S     3600
#define KILL_PATIENCE_S   30
#define CONNECT_DEFAULT_S 300

/* ---- info ------------------------------------------------------------------------------------ */

void api_reply_sandbox(struct httpd_request *request, unsigned status, const struct box *box)
{
	char token[SIGN_TOKEN_SIZE], traffic_token[SIGN_TOKEN_SIZE], client[] = API_CLIENT_ID,
								     version[] = WIRE_ENVD_VERSION;
	char alias[] = API_TEMPLATE;
	const struct wire_sandbox sandbox = {
		.template_id = box->record.template_id,
		.sandbox_id = box->record.id,
		.client_id = client,
		.envd_version = version,
		.alias = alias,
		.envd_access_token = box_token(box, token) ? token : NULL,
		.traffic_access_token =
			box_traffic_token(box, traffic_token) ? traffic_token : NULL,
	};

	api_reply(request, status, &wire_sandbox_type, &sandbox);
}

void api_fill_info(const struct box *box, struct wire_sandbox_info *ret, struct api_info_text *text)
{
	const struct record *record = &box->record;

	(void)stpcpy(text->state, "running");
	(void)stpcpy(text->client_id, API_CLIENT_ID);
	(void)stpcpy(text->version, WIRE_ENVD_VERSION);
	(void)stpcpy(text->alias, API_TEMPLATE);
	*ret = (struct wire_sandbox_info){
		.template_id = record->template_id,
		.sandbox_id = record->id,
		.client_id = text->client_id,
		.started_at = clock_format(record->started_us, text->started_at),
		.end_at = clock_format(record->end_us, text->end_at),
		.cpu_count = usage_cpu_count(box->engine),
		.memory_mb = usage_memory_bytes(box->engine) / MIB,
		.disk_size_mb = box->engine->disk_mib,
		.state = text->state,
		.envd_version = text->version,
		.alias = text->alias,
		.metadata = record->metadata,
		.allow_internet_access = true,
	};
}

/* As it was asked; absent when nothing was (wire §1.7). Borrows. */
static bool fill_network(const struct policy *policy, struct wire_network *ret)
{
	*ret = (struct wire_network){
		.allow_out = policy->allow_out,
		.deny_out = policy->deny_out,
		.allow_public_traffic = !policy->is_private,
		.mask_request_host = policy->mask_request_host,
	};
	return policy->allow_out.count || policy->deny_out.count || policy->is_private ||
	       policy->mask_request_host;
}

void api_get(struct api_call *call)
{
	struct box *box = api_box(call);
	struct wire_sandbox_info info;
	struct wire_lifecycle lifecycle;
	struct wire_network network;
	struct api_info_text text;

	if (!box)
		return;
	api_fill_info(box, &info, &text);
	(void)stpcpy(text.on_timeout, "kill");
	lifecycle = (struct wire_lifecycle){.on_timeout = text.on_timeout};
	info.lifecycle = &lifecycle;
	if (fill_network(&box->record.policy, &network))
		info.network = &network;
	info.allow_internet_access = box->record.policy.has_internet;
	if (box_token(box, text.token))
		info.envd_access_token = text.token;
	api_reply(call->request, 200, &wire_sandbox_info_type, &info);
}

/* ---- kill ------------------------------------------------------------------------------------ */

struct removal {
	struct httpd_handler handler;
	struct box_watch watch;
	struct httpd_request *request;
	struct event *patience;
};

static void removal_on_change(struct box_watch *watch, struct box *box)
{
	struct removal *removal = container_of(watch, struct removal, watch);

	if (box->state != BOX_ENDED)
		return;
	box_watch_stop(watch);
	(void)evtimer_del(removal->patience);
	api_reply_empty(removal->request);
}

static void removal_on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct removal *removal = arg;

	(void)fd;
	(void)what;
	box_watch_stop(&removal->watch);
	httpd_reply_error(removal->request, 500, "its processes are still ending after %d s",
			  KILL_PATIENCE_S);
}

static void removal_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct removal *removal = container_of(handler, struct removal, handler);

	(void)why;
	box_watch_stop(&removal->watch);
	event_free(removal->patience);
	free(removal);
}

void api_kill(struct api_call *call)
{
	const struct timeval patience = {.tv_sec = KILL_PATIENCE_S};
	struct box *box = api_box(call);
	struct removal *removal = box ? calloc(1, sizeof(*removal)) : NULL;

	if (!box)
		return;
	if (removal)
		removal->patience = evtimer_new(box->engine->base, removal_on_patience, removal);
	if (!removal || !removal->patience || evtimer_add(removal->patience, &patience) < 0) {
		if (removal && removal->patience)
			event_free(removal->patience);
		free(removal);
		httpd_reply_error(call->request, 500, "out of memory");
		return;
	}
	removal->handler.on_close = removal_on_close;
	removal->request = call->request;
	box_watch_init(&removal->watch, removal_on_change);
	box_watch_start(&removal->watch, box);
	httpd_handle(call->request, &removal->handler);
	box_end(box, "killed by its owner");
}

/* ---- timeouts -------------------------------------------------------------------------------- */

static int64_t end_after(int64_t seconds)
{
	return clock_wall_us() + seconds * US_PER_S;
}

static void extend(struct box *box, int64_t seconds)
{
	int64_t end_us = end_after(seconds);

	if (end_us > box->record.end_us)
		box_set_end(box, end_us);
}

void api_set_timeout(struct api_call *call)
{
	struct wire_timeout asked = {0};
	struct box *box = api_box(call);

	if (!box || api_decode(call, &wire_timeout_type, false, &asked) < 0)
		return;
	box_set_end(box, end_after(asked.timeout_s > 0 ? asked.timeout_s : 0));
	api_reply_empty(call->request);
}

void api_refresh(struct api_call *call)
{
	struct wire_refresh asked = {0};
	struct box *box = api_box(call);

	if (!box || api_decode(call, &wire_refresh_type, true, &asked) < 0)
		return;
	if (asked.duration_s != WIRE_UNSET &&
	    (asked.duration_s < 0 || asked.duration_s > REFRESH_MAX_S)) {
		httpd_reply_error(call->request, 400,
				  "validation error: body.duration: must be between 0 and %d",
				  REFRESH_MAX_S);
		return;
	}
	extend(box, asked.duration_s > REFRESH_MIN_S ? asked.duration_s : REFRESH_MIN_S);
	api_reply_empty(call->request);
}

/* ---- connect --------------------------------------------------------------------------------- */

static void connect_box(struct api_call *call, struct box *box, int64_t timeout_s)
{
	if (timeout_s < 0 || timeout_s > INT32_MAX) {
		httpd_reply_error(call->request, 400,
				  "validation error: body.timeout: out of range");
		return;
	}
	extend(box, timeout_s);
	api_reply_sandbox(call->request, 200, box);
}

void api_connect(struct api_call *call)
{
	struct wire_timeout asked = {0};
	struct box *box = api_box(call);

	if (box && api_decode(call, &wire_timeout_type, false, &asked) == 0)
		connect_box(call, box, asked.timeout_s);
}

/* SDKs that create by /v2/sandboxes connect here; the timeout may be absent. */
void api_connect_v2(struct api_call *call)
{
	struct wire_timeout asked = {0};
	struct box *box = api_box(call);

	if (box && api_decode(call, &wire_connect_v2_type, true, &asked) == 0)
		connect_box(call, box,
			    asked.timeout_s == WIRE_UNSET ? CONNECT_DEFAULT_S : asked.timeout_s);
}

/* There is no pause yet, so a sandbox that is there runs. */
void api_resume(struct api_call *call)
{
	struct box *box = api_box(call);

	if (box)
		httpd_reply_error(call->request, 409, "Sandbox %s is already running",
				  box->record.id);
}

/* ---- templates ------------------------------------------------------------------------------- */

void api_get_alias(struct api_call *call)
{
	struct buf json CLEANUP_BUF = {0};

	if (strcmp(call->word, API_TEMPLATE) != 0) {
		httpd_reply_error(call->request, 404, "template '%s' not found", call->word);
		return;
	}
	buf_add_str(&json, "{\"templateID\":\"" API_TEMPLATE "\",\"public\":true}");
	api_reply_json(call->request, 200, NULL, &json);
}
