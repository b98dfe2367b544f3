/* /health, /envs and /init. */
#include "config.h"

#include "daemon/local/agent/init.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/e2b/sign.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/environ.h"

#define INIT_BODY_MAX   HTTPD_BODY_MAX /* as much environment as a create request may bring */
#define CLOCK_BEHIND_US 50000 /* the guest clock is set when it is off by more than these */
#define CLOCK_AHEAD_US  5000000

void health_get(struct agent *agent, struct httpd_request *request)
{
	static const struct httpd_header headers[] = {{"Cache-Control", "no-store"}, {NULL, NULL}};

	(void)agent;
	httpd_reply(request, 204, headers, NULL, 0);
}

void envs_get(struct agent *agent, struct httpd_request *request)
{
	static const struct httpd_header headers[] = {
		{"Content-Type", "application/json; charset=utf-8"},
		{"Cache-Control", "no-store"},
		{NULL, NULL},
	};
	CLEANUP(string_map_free) struct string_map map = {0};
	CLEANUP_BUF struct buf body = {0};

	if (environ_globals(agent, &map) < 0) {
		httpd_reply_error(request, 500, "out of memory");
		return;
	}
	buf_add_str(&body, "{");
	for (size_t i = 0; i < map.count; i++) {
		buf_add_str(&body, i ? "," : "");
		fields_encode_string(&body, map.items[i].key, strlen(map.items[i].key));
		buf_add_str(&body, ":");
		fields_encode_string(&body, map.items[i].value, strlen(map.items[i].value));
	}
	buf_add_str(&body, "}\n");
	if (body.failed)
		httpd_reply_error(request, 500, "out of memory");
	else
		httpd_reply(request, 200, headers, body.data, body.len);
}

/* A sandbox that was stopped for a while follows the platform's clock, where it may. */
static void follow_clock(int64_t wall_us)
{
	int64_t ahead_us = clock_wall_us() - wall_us;
	const struct timespec now = {(time_t)(wall_us / 1000000), (long)(wall_us % 1000000) * 1000};

	if (ahead_us >= -CLOCK_BEHIND_US && ahead_us <= CLOCK_AHEAD_US)
		return;
	if (clock_settime(CLOCK_REALTIME, &now) < 0 && errno != EPERM)
		log_warning("cannot set the clock: %s", strerror(errno));
}

/* Replace `*to` by what came, if anything did. */
static void adopt(char **to, char **from)
{
	if (!*from)
		return;
	free(*to);
	*to = take(from);
}

static void init_apply(struct agent *agent, struct wire_init *init)
{
	adopt(&agent->access_token, &init->access_token);
	adopt(&agent->default_user, &init->default_user);
	adopt(&agent->default_workdir, &init->default_workdir);
	if (init->env_vars.count > 0) {
		string_map_free(&agent->env_vars);
		agent->env_vars = init->env_vars;
		init->env_vars = (struct string_map){0};
		environ_publish(agent);
	}
}

/* A token once set is changed by nobody: who does not know it is not the platform. */
static bool is_authorized(const struct agent *agent, const struct wire_init *init)
{
	return !agent->access_token || sign_equal(agent->access_token, init->access_token);
}

static void on_init(void *arg, struct httpd_request *request, const char *body, size_t len)
{
	static const struct httpd_header headers[] = {
		{"Cache-Control", "no-store"},
		{"X-Envd-Version", WIRE_ENVD_VERSION},
		{NULL, NULL},
	};
	struct agent *agent = arg;
	struct wire_init init = {0};
	struct sb_error err = {0};
	int64_t time_us = 0;

	if (fields_parse(&wire_init_type, FIELDS_E2B, len ? body : "{}", len ? len : 2, "body",
			 &init, &err) < 0) {
		httpd_reply_error(request, 400, "%s", err.text);
		return;
	}
	if (init.timestamp && clock_parse(init.timestamp, &time_us) < 0) {
		httpd_reply_error(request, 400, "body.timestamp: must be an RFC 3339 time");
	} else if (!is_authorized(agent, &init)) {
		httpd_reply_error(request, 401, "access token validation failed");
	} else {
		if (time_us == 0 || time_us > agent->init_time_us) {
			init_apply(agent, &init);
			if (time_us)
				follow_clock(time_us);
			agent->init_time_us = time_us ? time_us : agent->init_time_us;
		}
		httpd_reply(request, 204, headers, NULL, 0);
	}
	fields_free(&wire_init_type, &init);
}

void init_post(struct agent *agent, struct httpd_request *request)
{
	httpd_collect(request, INIT_BODY_MAX, on_init, agent);
}
