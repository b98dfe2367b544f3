/* The proxy's own answers. Ids are [a-z0-9]+ when they come here, so they need no escaping. */
#include "config.h"

#include "daemon/local/proxy-reply.h"

#include <string.h>

#include "daemon/base/httpd.h"
#include "daemon/local/route.h"
#include "protocol/fields.h"

static void reply(struct httpd_request *request, unsigned status, const char *type,
		  const struct buf *body)
{
	const struct httpd_header headers[] = {{"Content-Type", type}, {NULL, NULL}};

	if (body->failed)
		httpd_abort(request);
	else
		httpd_reply(request, status, headers, body->data, body->len);
}

static bool is_navigation(const struct httpd_request *request)
{
	return route_is_navigation(
		httpd_header(request, "User-Agent"), httpd_header(request, "Accept"),
		httpd_header(request, "Sec-Fetch-Mode"), httpd_header(request, "X-Requested-With"));
}

/* `port` 0: the error is not about one. */
static void reply_error(struct httpd_request *request, unsigned status, const char *id,
			const char *message, unsigned port)
{
	struct buf body CLEANUP_BUF = {0};

	if (is_navigation(request)) {
		buf_printf(&body,
			   "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
			   "<title>%u</title></head>\n<body><h1>%s</h1><p>Sandbox <code>%s</code>",
			   status, message, id);
		if (port)
			buf_printf(&body, ", port %u", port);
		buf_add_str(&body, "</p></body></html>\n");
		reply(request, status, "text/html; charset=utf-8", &body);
		return;
	}
	buf_printf(&body, "{\"sandboxId\":\"%s\",\"message\":\"%s\",", id, message);
	if (port)
		buf_printf(&body, "\"port\":%u,", port);
	buf_printf(&body, "\"code\":%u}", status);
	reply(request, status, "application/json; charset=utf-8", &body);
}

void proxy_reply_misrouted(struct httpd_request *request, const char *text)
{
	const struct httpd_header headers[] = {{"Content-Type", "text/plain; charset=utf-8"},
					       {"X-Content-Type-Options", "nosniff"},
					       {NULL, NULL}};

	httpd_reply(request, 400, headers, text, strlen(text));
}

void proxy_reply_not_found(struct httpd_request *request, const char *id)
{
	reply_error(request, 502, id, "The sandbox was not found", 0);
}

void proxy_reply_closed_port(struct httpd_request *request, const struct route *route)
{
	reply_error(request, 502, route->id, "The sandbox is running but port is not open",
		    route->port);
}

void proxy_reply_transitioning(struct httpd_request *request, const char *id)
{
	reply_error(request, 409, id, "The sandbox is still transitioning. Try again in a moment.",
		    0);
}

void proxy_reply_private(struct httpd_request *request, const char *id, bool has_token)
{
	reply_error(request, 403, id,
		    has_token ? "Sandbox is secured with traffic access token. Provided token in "
				"header 'e2b-traffic-access-token' is invalid"
			      : "Sandbox is secured with traffic access token. Token header "
				"'e2b-traffic-access-token' is missing",
		    0);
}

void proxy_reply_reserved(struct httpd_request *request, const char *path)
{
	struct buf body CLEANUP_BUF = {0};

	buf_add_str(&body, "{\"message\":\"This endpoint is reserved for the sandbox's own control "
			   "and cannot be called from outside\",\"path\":");
	fields_encode_string(&body, path, strlen(path));
	buf_add_str(&body, ",\"code\":404}");
	reply(request, 404, "application/json; charset=utf-8", &body);
}
