/* Requests under construction. */
#include "config.h"

#include "daemon/e2b/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "protocol/base64.h"

void ask_header(struct ask *ask, const char *fmt, ...)
{
	CLEANUP_FREE char *line = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (len < 0)
		line = NULL;
	if (!line || strings_add(&ask->headers, line) < 0)
		ask->failed = true;
}

void ask_api(struct ask *ask, const struct upstream *upstream, const char *method, const char *path)
{
	*ask = (struct ask){.http = upstream->http};
	ask->spec.method = method;
	ask->spec.unix_path = upstream->api_unix;
	buf_printf(&ask->url, "%s%s", upstream->api_url, path);
	ask_header(ask, "X-API-KEY: %s", upstream->api_key ? upstream->api_key : "");
	ask_header(ask, "Accept: application/json");
}

bool ask_is_version(const struct envd_target *target, int major, int minor, int patch)
{
	const char *text = target->version ? target->version : "";
	int have[3] = {0};

	text += *text == 'v';
	if (sscanf(text, "%d.%d.%d", &have[0], &have[1], &have[2]) < 2)
		return true;
	if (have[0] != major)
		return have[0] > major;
	if (have[1] != minor)
		return have[1] > minor;
	return have[2] >= patch;
}

const char *ask_user(const struct envd_target *target)
{
	if (target->user)
		return target->user;
	return ask_is_version(target, 0, 4, 0) ? NULL : "user";
}

static void add_user(struct ask *ask, const char *user)
{
	struct buf plain CLEANUP_BUF = {0};
	struct buf coded CLEANUP_BUF = {0};

	buf_printf(&plain, "%s:", user);
	if (!plain.failed)
		base64_encode(&coded, plain.data, plain.len);
	if (plain.failed || coded.failed)
		ask->failed = true;
	else
		ask_header(ask, "Authorization: Basic %s", coded.data);
}

void ask_envd(struct ask *ask, const struct envd_target *target, const char *method,
	      const char *path)
{
	const struct upstream *upstream = target->upstream;
	const char *user = ask_user(target);

	*ask = (struct ask){.http = upstream->http};
	ask->spec.method = method;
	ask->spec.unix_path = upstream->sandbox_url ? upstream->sandbox_unix : NULL;
	upstream_sandbox_url(upstream, target->domain, target->sandbox_id, &ask->url);
	buf_add_str(&ask->url, path);
	ask_header(ask, "E2b-Sandbox-Id: %s", target->sandbox_id);
	ask_header(ask, "E2b-Sandbox-Port: %d", WIRE_ENVD_PORT);
	if (target->access_token && *target->access_token)
		ask_header(ask, "X-Access-Token: %s", target->access_token);
	if (user)
		add_user(ask, user);
}

void ask_start(struct ask *ask, struct http_req *req, struct sb_error *err)
{
	if (ask->failed || ask->url.failed || ask->body.failed) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "asking the provider");
		ask->spec.url = "";
	} else {
		ask->spec.url = ask->url.data;
		ask->spec.headers = (const char *const *)ask->headers.items;
		ask->spec.body = ask->body.data;
		ask->spec.body_len = ask->body.len;
	}
	http_start(ask->http, req, &ask->spec);
	buf_deinit(&ask->url);
	buf_deinit(&ask->body);
	strings_free(&ask->headers);
}
