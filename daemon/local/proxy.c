/*
 * One exchange joins a request served (httpd) with a request asked (http). It ends when both have: the client's
 * side by on_close, the agent's by done. A box that ends cuts both at once.
 *
 * Back-pressure: bodies going up wait in `up`, at most UP_MAX bytes, and what does not fit stays with the
 * client; answers going down wait in httpd's stream, and above its mark the agent's side is paused.
 *
 * Once a reply has begun, httpd reads no more of the request's body. So a good answer that comes before the body
 * is whole is held back in `held` until it is, or until the agent has said everything. A refusal is passed on at
 * once, and the rest of the body dropped.
 */
#include "config.h"

#include "daemon/local/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/http.h"
#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/sign.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/box.h"
#include "daemon/local/credential.h"
#include "daemon/local/engine.h"
#include "daemon/local/proxy-reply.h"
#include "daemon/local/route.h"
#include "daemon/local/socket.h"

#define UP_MAX      (64u << 10)
#define HELD_MAX    (64u << 10)
#define HEADERS_MAX 256

struct proxy {
	struct httpd_service service;
	struct engine *engine;
	struct httpd *httpd;
	struct list exchanges;
};

struct exchange {
	struct list link; /* proxy->exchanges */
	struct httpd_handler client;
	struct http_req agent;
	struct box_watch watch;
	struct httpd_request *request; /* NULL when the client's side is over */
	struct route route;
	struct buf up;
	struct buf held; /* of an answer that has come too early, at most HELD_MAX bytes */
	int status;      /* of the answer, from has_head on */
	bool has_up_end;
	bool is_up_waiting;   /* libcurl waits for more of the body */
	bool is_down_full;    /* httpd holds more than it wants */
	bool is_down_waiting; /* the agent's side is paused */
	bool has_head;
	bool is_begun;   /* the client's reply */
	bool is_settled; /* the client's reply: httpd has all of it, or cuts it */
	bool is_agent_over;
};

static struct exchange *exchange_free(struct exchange *exchange)
{
	list_remove(&exchange->link);
	box_watch_stop(&exchange->watch);
	http_cancel(&exchange->agent);
	buf_deinit(&exchange->up);
	buf_deinit(&exchange->held);
	free(exchange);
	return NULL;
}

/* ---- the answer, coming down ----------------------------------------------------------------- */

/* Headers that belong to one connection, or that each side makes anew. */
static bool is_own_header(const char *name)
{
	static const char *const own[] = {
		"Connection",          "Keep-Alive", "Proxy-Authenticate",
		"Proxy-Authorization", "TE",         "Trailer",
		"Transfer-Encoding",   "Upgrade",    "Content-Length",
		"Proxy-Connection",
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (strcasecmp(name, own[i]) == 0)
			return true;
	}
	return false;
}

struct header_list {
	struct httpd_header items[HEADERS_MAX + 1];
	size_t count;
};

static void collect_header(void *arg, const char *name, const char *value)
{
	struct header_list *list = arg;

	if (!is_own_header(name) && list->count < HEADERS_MAX)
		list->items[list->count++] = (struct httpd_header){name, value};
}

static int64_t answer_length(const struct http_req *req)
{
	const char *text = http_header(req, "Content-Length");

	return text && !http_header(req, "Transfer-Encoding") ? strtoll(text, NULL, 10) : -1;
}

static void resume_down(struct exchange *exchange)
{
	if (exchange->is_down_waiting) {
		exchange->is_down_waiting = false;
		http_resume(&exchange->agent);
	}
}

static void reply_begin(struct exchange *exchange)
{
	const struct http_req *req = &exchange->agent;
	struct header_list headers = {.count = 0};
	int status = exchange->status;

	exchange->is_begun = true;
	http_headers(req, collect_header, &headers);
	exchange->is_settled = status == 204 || status == 304;
	if (exchange->is_settled)
		httpd_reply(exchange->request, (unsigned)status, headers.items, NULL, 0);
	else
		httpd_stream_start(exchange->request, (unsigned)status, headers.items,
				   answer_length(req));
	if (exchange->held.len > 0)
		(void)httpd_stream_write(exchange->request, exchange->held.data,
					 exchange->held.len);
	buf_deinit(&exchange->held);
	resume_down(exchange);
}

static void on_head(struct http_req *req, int status)
{
	struct exchange *exchange = container_of(req, struct exchange, agent);

	exchange->has_head = true;
	exchange->status = status == 101 ? 502 : status; /* nobody asked it to switch protocols */
	if (exchange->has_up_end || status >= 400)
		reply_begin(exchange);
}

static bool on_data(struct http_req *req, const char *data, size_t len)
{
	struct exchange *exchange = container_of(req, struct exchange, agent);

	if (!exchange->request)
		return true; /* the client has all that it was promised */
	if (!exchange->is_begun && len <= HELD_MAX - exchange->held.len) {
		buf_add(&exchange->held, data, len);
		if (exchange->held.failed)
			httpd_abort(exchange->request); /* on_close() ends the rest */
		return true;
	}
	if (exchange->is_down_full || !exchange->is_begun) {
		exchange->is_down_waiting = true;
		return false;
	}
	exchange->is_down_full =
		httpd_stream_write(exchange->request, data, len) > HTTPD_STREAM_HIGH;
	return true;
}

static void on_drain(struct httpd_handler *handler)
{
	struct exchange *exchange = container_of(handler, struct exchange, client);

	exchange->is_down_full = false;
	resume_down(exchange);
}

/* ---- the body, going up ---------------------------------------------------------------------- */

static size_t on_body(struct httpd_handler *handler, const char *data, size_t len)
{
	struct exchange *exchange = container_of(handler, struct exchange, client);
	size_t room = UP_MAX - exchange->up.len;

	if (len > room)
		len = room;
	buf_add(&exchange->up, data, len);
	if (exchange->is_up_waiting && len > 0) {
		exchange->is_up_waiting = false;
		http_resume_upload(&exchange->agent);
	}
	return len;
}

static void on_body_end(struct httpd_handler *handler)
{
	struct exchange *exchange = container_of(handler, struct exchange, client);

	exchange->has_up_end = true;
	if (exchange->is_up_waiting) {
		exchange->is_up_waiting = false;
		http_resume_upload(&exchange->agent);
	}
	if (exchange->has_head && !exchange->is_begun)
		reply_begin(exchange);
}

static ssize_t on_upload(struct http_req *req, char *data, size_t size)
{
	struct exchange *exchange = container_of(req, struct exchange, agent);
	size_t len = exchange->up.len < size ? exchange->up.len : size;

	if (exchange->up.failed)
		return HTTP_UPLOAD_ABORT;
	if (len == 0 && exchange->has_up_end)
		return 0;
	if (len == 0) {
		exchange->is_up_waiting = true;
		return HTTP_UPLOAD_WAIT;
	}
	memcpy(data, exchange->up.data, len);
	buf_consume(&exchange->up, len);
	if (exchange->request && !exchange->has_up_end)
		httpd_resume_body(exchange->request);
	return (ssize_t)len;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_agent_done(struct http_req *req, const struct http_reply *reply)
{
	struct exchange *exchange = container_of(req, struct exchange, agent);

	exchange->is_agent_over = true;
	if (!exchange->request) {
		exchange_free(exchange);
		return;
	}
	if (reply->err->code == SB_OK && !exchange->is_begun)
		reply_begin(exchange);
	if (exchange->is_settled)
		return;
	if (reply->err->code == SB_OK)
		httpd_stream_end(exchange->request);
	else if (exchange->is_begun)
		httpd_abort(exchange->request); /* it must see that its answer is cut */
	else
		proxy_reply_closed_port(exchange->request, &exchange->route);
	exchange->is_settled = true;
}

/* A client that has its whole answer lets the agent's side end by itself, so its connection is kept. */
static void on_close(struct httpd_handler *handler, enum httpd_close why)
{
	struct exchange *exchange = container_of(handler, struct exchange, client);

	exchange->request = NULL;
	if (why == HTTPD_CLOSE_GONE || exchange->is_agent_over || !exchange->has_head)
		exchange_free(exchange);
}

/* The sandbox is dead to the outside from now on (wire §11.6). */
static void on_box_change(struct box_watch *watch, struct box *box)
{
	struct exchange *exchange = container_of(watch, struct exchange, watch);

	box_watch_stop(watch);
	http_cancel(&exchange->agent);
	exchange->is_agent_over = true;
	if (!exchange->request) {
		exchange_free(exchange);
		return;
	}
	if (exchange->is_settled)
		return;
	if (exchange->is_begun)
		httpd_abort(exchange->request);
	else
		proxy_reply_not_found(exchange->request, box->record.id);
	exchange->is_settled = true;
}

/* ---- the beginning --------------------------------------------------------------------------- */

struct line_list {
	const char *host;             /* in place of the request's; NULL: as it came */
	char *items[HEADERS_MAX + 1]; /* NULL ends it */
	size_t count;
	bool failed;
};

static void line_list_deinit(struct line_list *list)
{
	while (list->count > 0)
		free(list->items[--list->count]);
}

static void add_line(struct line_list *list, const char *name, const char *value)
{
	char *line;

	if (list->count >= HEADERS_MAX || asprintf(&line, "%s: %s", name, value) < 0) {
		list->failed = true;
		return;
	}
	list->items[list->count++] = line;
}

static void forward_header(void *arg, const char *name, const char *value)
{
	static const char *const stripped[] = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
					       "X-Forwarded-Proto", "Expect"};
	struct line_list *list = arg;

	for (size_t i = 0; i < ARRAY_SIZE(stripped); i++) {
		if (strcasecmp(name, stripped[i]) == 0)
			return;
	}
	if (is_own_header(name))
		return;
	if (list->host && strcasecmp(name, "Host") == 0) {
		add_line(list, "X-Forwarded-Host", value);
		value = list->host;
	}
	add_line(list, name, value);
}

/* The host that a server in the sandbox shall see, with its port in place of ${PORT} (wire §2.2). */
static void write_host(const char *mask, unsigned port, struct buf *out)
{
	static const char word[] = "${PORT}";
	const char *at;

	for (; (at = strstr(mask, word)); mask = at + strlen(word)) {
		buf_add(out, mask, (size_t)(at - mask));
		buf_add_int(out, port);
	}
	buf_add_str(out, mask);
}

static int exchange_start(struct exchange *exchange, struct box *box)
{
	struct httpd_request *request = exchange->request;
	struct line_list headers CLEANUP(line_list_deinit) = {.count = 0};
	const char *mask = box->record.policy.mask_request_host;
	struct buf url CLEANUP_BUF = {0}, host CLEANUP_BUF = {0};
	int64_t length = httpd_content_length(request);

	buf_printf(&url, "http://127.0.0.1:%u%s", exchange->route.port, httpd_path(request));
	if (*httpd_query(request))
		buf_printf(&url, "?%s", httpd_query(request));
	if (mask && exchange->route.port != WIRE_ENVD_PORT) {
		write_host(mask, exchange->route.port, &host);
		headers.host = host.data;
	}
	httpd_headers(request, forward_header, &headers);
	if (headers.failed || url.failed || host.failed)
		return -1;
	exchange->agent.on_head = on_head;
	exchange->agent.on_data = on_data;
	exchange->agent.on_upload = length != 0 ? on_upload : NULL;
	exchange->agent.done = on_agent_done;
	http_start(box->http, &exchange->agent,
		   &(struct http_spec){
			   .method = httpd_method(request),
			   .url = url.data,
			   .unix_path =
				   exchange->route.port == WIRE_ENVD_PORT ? box->socket_path : NULL,
			   .headers = (const char *const *)headers.items,
			   .upload_len = length,
		   });
	return 0;
}

static void proxy_forward(struct proxy *proxy, struct httpd_request *request,
			  const struct route *route, struct box *box)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange) {
		httpd_abort(request);
		return;
	}
	list_append(&proxy->exchanges, &exchange->link);
	box_watch_init(&exchange->watch, on_box_change);
	exchange->request = request;
	exchange->route = *route;
	if (exchange_start(exchange, box) < 0) {
		exchange_free(exchange);
		httpd_reply_error(request, 431, "too many headers");
		return;
	}
	exchange->client.on_body = on_body;
	exchange->client.on_body_end = on_body_end;
	exchange->client.on_drain = on_drain;
	exchange->client.on_close = on_close;
	httpd_handle(request, &exchange->client);
	box_watch_start(&exchange->watch, box);
}

/* A request that names no sandbox may still show whose it is. Then it is for envd. */
static enum route_result find_route(const struct proxy *proxy, const struct httpd_request *request,
				    struct route *ret, struct box **ret_box)
{
	enum route_result result =
		route_find(httpd_header(request, "Host"), httpd_header(request, "E2b-Sandbox-Id"),
			   httpd_header(request, "E2b-Sandbox-Port"), ret);

	if (result == ROUTE_FOUND) {
		*ret_box = engine_find_box(proxy->engine, ret->id);
	} else if (result == ROUTE_INVALID_HOST &&
		   credential_find_box(proxy->engine, request, ret_box)) {
		*ret = (struct route){.port = WIRE_ENVD_PORT};
		if (*ret_box)
			(void)stpcpy(ret->id, (*ret_box)->record.id); /* it fits, as all ids */
		return ROUTE_FOUND;
	}
	return result;
}

/* Whoever reaches a private sandbox's servers must show its token (wire §2.3). */
static bool may_pass(struct httpd_request *request, const struct route *route,
		     const struct box *box)
{
	const char *shown = httpd_header(request, "e2b-traffic-access-token");
	char token[SIGN_TOKEN_SIZE];

	if (route->port == WIRE_ENVD_PORT || !box_traffic_token(box, token) ||
	    sign_equal(shown, token))
		return true;
	proxy_reply_private(request, route->id, shown != NULL);
	return false;
}

static void on_request(struct httpd_service *service, struct httpd_request *request)
{
	struct proxy *proxy = container_of(service, struct proxy, service);
	struct buf path CLEANUP_BUF = {0};
	struct box *box = NULL;
	struct route route;
	enum route_result result = find_route(proxy, request, &route, &box);

	if (result != ROUTE_FOUND)
		proxy_reply_misrouted(request, route_result_text(result));
	else if (!route_is_target(httpd_path(request), httpd_query(request)))
		proxy_reply_misrouted(request, "Invalid request target");
	else if (!box || (box->state != BOX_RUNNING && box->state != BOX_STARTING))
		proxy_reply_not_found(request, route.id);
	else if (route.port == WIRE_ENVD_PORT && route_is_reserved(httpd_path(request), &path))
		proxy_reply_reserved(request, path.data);
	else if (box->state == BOX_STARTING)
		proxy_reply_transitioning(request, route.id);
	else if (may_pass(request, &route, box))
		proxy_forward(proxy, request, &route, box);
}

/* ---- the object ------------------------------------------------------------------------------ */

struct proxy *proxy_new(struct engine *engine, struct sb_error *err)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));
	int fd;

	if (!proxy) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "proxy");
		free(proxy);
		return NULL;
	}
	list_init(&proxy->exchanges);
	proxy->service.on_request = on_request;
	proxy->engine = engine;
	fd = socket_serve(engine->options.run_dir, "sandbox.sock", err);
	if (fd < 0)
		return proxy_free(proxy);
	proxy->httpd = httpd_new(engine->base, fd, &proxy->service, NULL, err);
	return proxy->httpd ? proxy : proxy_free(proxy);
}

struct proxy *proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return NULL;
	httpd_free(proxy->httpd);
	/* Those whose client has left already. */
	list_for_each_safe (struct exchange, exchange, &proxy->exchanges, link)
		exchange_free(exchange);
	free(proxy);
	return NULL;
}

unsigned proxy_request_count(const struct proxy *proxy)
{
	return httpd_request_count(proxy->httpd);
}
