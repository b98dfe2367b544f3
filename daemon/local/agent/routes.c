/* The agent's two tables, and the door in front of them. */
#include "config.h"

#include "daemon/local/agent/routes.h"

#include <string.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/auth.h"
#include "daemon/local/agent/compose.h"
#include "daemon/local/agent/download.h"
#include "daemon/local/agent/filesystem.h"
#include "daemon/local/agent/init.h"
#include "daemon/local/agent/rpc-process.h"
#include "daemon/local/agent/rpc-watch.h"
#include "daemon/local/agent/upload.h"

static const struct route routes[] = {
	{"GET", "/health", health_get, .is_open = true},
	{"POST", "/init", init_post, .is_open = true},
	{"GET", "/envs", envs_get},
	{"GET", "/metrics", metrics_get},
	{"GET", "/files", download_serve, .is_open = true}, /* access_check() has its own rules */
	{"POST", "/files", upload_serve, .is_open = true},
	{"POST", "/files/compose", compose_serve},
};

static const struct rpc_procedure *const services[] = {
	process_procedures,
	filesystem_procedures,
	watch_procedures,
};

const struct route *route_find(const char *method, const char *path)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, path) == 0 && strcmp(routes[i].method, method) == 0)
			return &routes[i];
	}
	return NULL;
}

static bool is_path_known(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(routes[i].path, path) == 0)
			return true;
	}
	return false;
}

const struct rpc_procedure *procedure_find(const char *path)
{
	if (*path != '/')
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		for (const struct rpc_procedure *it = services[i]; it->name; it++) {
			if (strcmp(it->name, path + 1) == 0)
				return it;
		}
	}
	return NULL;
}

/* Browsers ask first, without any credential. */
static bool is_preflight(const struct httpd_request *request)
{
	return strcmp(httpd_method(request), "OPTIONS") == 0 && httpd_header(request, "Origin") &&
	       httpd_header(request, "Access-Control-Request-Method");
}

static void answer_preflight(struct httpd_request *request)
{
	const char *wanted = httpd_header(request, "Access-Control-Request-Headers");
	const struct httpd_header headers[] = {
		{"Access-Control-Allow-Methods", "HEAD, GET, POST, PUT, PATCH, DELETE"},
		{"Access-Control-Max-Age", "7200"},
		{wanted ? "Access-Control-Allow-Headers" : NULL, wanted},
		{NULL, NULL},
	};

	httpd_reply(request, 204, headers, NULL, 0);
}

static void refuse_unknown(struct httpd_request *request, bool is_known)
{
	static const struct httpd_header headers[] = {
		{"Content-Type", "text/plain; charset=utf-8"},
		{"X-Content-Type-Options", "nosniff"},
		{NULL, NULL},
	};
	static const char not_found[] = "404 page not found\n";

	if (is_known)
		httpd_reply(request, 405, NULL, NULL, 0);
	else
		httpd_reply(request, 404, headers, not_found, sizeof(not_found) - 1);
}

/* A request that names a user must name one there is, whatever it asks for. */
static bool has_known_user(const struct agent *agent, struct httpd_request *request)
{
	struct sb_error err = {0};
	struct user user = {0};

	if (httpd_header(request, "Authorization") && auth_user(agent, request, &user, &err) < 0) {
		connect_refuse(request, &err);
		return false;
	}
	user_deinit(&user);
	return true;
}

static void serve(struct agent *agent, struct httpd_request *request)
{
	const char *path = httpd_path(request);
	const struct route *route = route_find(httpd_method(request), path);
	const struct rpc_procedure *procedure = procedure_find(path);

	if (!(route && route->is_open) && !auth_has_token(agent, request))
		httpd_reply_error(request, 401,
				  "unauthorized access, please provide a valid access token or "
				  "method signing if supported");
	else if (procedure)
		connect_serve(agent, request, procedure);
	else if (!has_known_user(agent, request))
		return;
	else if (route)
		route->serve(agent, request);
	else
		refuse_unknown(request, is_path_known(path));
}

void routes_on_request(struct httpd_service *service, struct httpd_request *request)
{
	static const struct httpd_header shared[] = {
		{"Access-Control-Allow-Origin", "*"},
		{"Access-Control-Expose-Headers",
		 "Connect-Protocol-Version, Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin, "
		 "Location, Cache-Control, X-Content-Type-Options"},
		{"Vary", "Origin"},
		{NULL, NULL},
	};
	struct agent *agent = container_of(service, struct agent, service);

	if (httpd_header(request, "Origin"))
		httpd_add_headers(request, shared);
	if (is_preflight(request))
		answer_preflight(request);
	else
		serve(agent, request);
}
