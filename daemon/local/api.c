/*
 * Routes, and what is alike for all of them: the key, bodies, error replies. Each request is matched when its
 * head is there, so that a wrong one is refused without its body, and again when the body is: nothing needs to
 * be kept in between.
 */
#include "config.h"

#include "daemon/local/api.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/base/uri.h"
#include "daemon/e2b/sign.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"
#include "daemon/local/socket.h"

#define KEY_PREFIX "e2b_"
#define KEY_MAX    256

struct api {
	struct httpd_service service;
	struct engine *engine;
	struct httpd *httpd;
	char *key; /* the only one accepted; NULL: any of the right form */
};

struct route_entry {
	const char *method;
	const char *path; /* "*" is one segment, at most one of them */
	void (*serve)(struct api_call *call);
	bool is_open; /* without a key */
};

static void serve_health(struct api_call *call)
{
	httpd_reply(call->request, 200, NULL, NULL, 0);
}

static void serve_unsupported(struct api_call *call)
{
	httpd_reply_error(call->request, 501, "the local engine does not support %s %s",
			  httpd_method(call->request), httpd_path(call->request));
}

/* The first that fits; its order matters where a word and a '*' both would. */
static const struct route_entry routes[] = {
	{"GET", "/health", serve_health, .is_open = true},
	{"POST", "/sandboxes", api_create},
	{"GET", "/sandboxes", api_list_v1},
	{"GET", "/v2/sandboxes", api_list},
	{"POST", "/v2/sandboxes", api_create_v2},
	{"POST", "/v2/sandboxes/*/connect", api_connect_v2},
	{"GET", "/sandboxes/metrics", api_metrics_of_many},
	{"GET", "/sandboxes/*", api_get},
	{"DELETE", "/sandboxes/*", api_kill},
	{"POST", "/sandboxes/*/timeout", api_set_timeout},
	{"POST", "/sandboxes/*/refreshes", api_refresh},
	{"POST", "/sandboxes/*/connect", api_connect},
	{"POST", "/sandboxes/*/resume", api_resume},
	{"POST", "/sandboxes/*/pause", serve_unsupported},
	{"POST", "/sandboxes/*/fork", serve_unsupported},
	{"POST", "/sandboxes/*/snapshots", serve_unsupported},
	{"PUT", "/sandboxes/*/network", api_set_network},
	{"GET", "/sandboxes/*/metrics", api_metrics},
	{"GET", "/sandboxes/*/logs", serve_unsupported},
	{"GET", "/v2/sandboxes/*/logs", serve_unsupported},
	{"GET", "/snapshots", serve_unsupported},
	{"DELETE", "/templates/*", serve_unsupported},
	{"GET", "/templates/aliases/*", api_get_alias},
	{"GET", "/sandpool/engine", api_about}, /* ours: docs/e2b-extensions.md */
};

/* ---- routes ---------------------------------------------------------------------------------- */

/* True when `path` fits; then *ret_word is the index of the segment at the '*', or -1. */
static bool path_fits(const char *pattern, const char *path, int *ret_word)
{
	int index = -1, word = -1;

	while (*pattern && *path) {
		size_t want = strcspn(pattern + 1, "/"), have = strcspn(path + 1, "/");

		index++;
		if (*pattern != '/' || *path != '/' || have == 0)
			return false;
		if (want == 1 && pattern[1] == '*')
			word = index;
		else if (want != have || memcmp(pattern + 1, path + 1, want) != 0)
			return false;
		pattern += 1 + want;
		path += 1 + have;
	}
	*ret_word = word;
	return !*pattern && !*path;
}

/*
 * The route of a request, or NULL: then *ret_allow is a method that the path would take, or NULL when there
 * is no such path.
 */
static const struct route_entry *route_of(const struct httpd_request *request, int *ret_word,
					  const char **ret_allow)
{
	*ret_allow = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		const struct route_entry *route = &routes[i];

		if (!path_fits(route->path, httpd_path(request), ret_word))
			continue;
		if (strcmp(route->method, httpd_method(request)) == 0)
			return route;
		if (!*ret_allow)
			*ret_allow = route->method;
	}
	return NULL;
}

static void on_body(void *arg, struct httpd_request *request, const char *body, size_t len)
{
	struct api *api = arg;
	struct api_call call = {
		.engine = api->engine, .request = request, .body = body, .body_len = len};
	const char *allow;
	int word = -1;
	const struct route_entry *route = route_of(request, &word, &allow);

	if (word >= 0) {
		call.word = uri_path_segment(httpd_path(request), (unsigned)word);
		if (!call.word) {
			httpd_reply_error(request, 400, "Invalid path");
			return;
		}
	}
	route->serve(&call); /* it was found before the body was read */
	free(call.word);
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool has_key_form(const char *key)
{
	size_t prefix = strlen(KEY_PREFIX);

	if (strncmp(key, KEY_PREFIX, prefix) != 0)
		return false;
	return key[prefix] && key[prefix + strspn(key + prefix, "0123456789abcdef")] == '\0';
}

/* Who may open the socket may use it; the key is checked because clients rely on a wrong one failing. */
static bool is_authorized(const struct api *api, const struct httpd_request *request)
{
	const char *key = httpd_header(request, "X-API-KEY");

	if (!key || !has_key_form(key))
		return false;
	return !api->key || sign_equal(api->key, key);
}

static int load_key(struct api *api, const char *path, struct sb_error *err)
{
	int fd CLEANUP_FD = open(path, O_RDONLY | O_CLOEXEC);
	char text[KEY_MAX + 1];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	text[len] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (!has_key_form(text))
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: not a key of the form e2b_[0-9a-f]+",
			       path);
	api->key = strdup(text);
	return api->key ? 0 : sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", path);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void reply_wrong_method(struct httpd_request *request, const char *allow)
{
	const struct httpd_header headers[] = {{"Content-Type", "application/json; charset=utf-8"},
					       {"Allow", allow},
					       {NULL, NULL}};
	static const char body[] = "{\"code\":405,\"message\":\"method not allowed\"}\n";

	httpd_reply(request, 405, headers, body, strlen(body));
}

static void on_request(struct httpd_service *service, struct httpd_request *request)
{
	struct api *api = container_of(service, struct api, service);
	const char *allow;
	int word;
	const struct route_entry *route = route_of(request, &word, &allow);

	if (!route && allow)
		reply_wrong_method(request, allow);
	else if (!route)
		httpd_reply_error(request, 404, "no such path: %s", httpd_path(request));
	else if (!route->is_open && !is_authorized(api, request))
		httpd_reply_error(request, 401,
				  "Invalid API key, please visit the documentation: "
				  "it must be sent as X-API-KEY and look like e2b_…");
	else
		httpd_collect(request, HTTPD_BODY_MAX, on_body, api);
}

struct api *api_new(struct engine *engine, struct sb_error *err)
{
	struct api *api = calloc(1, sizeof(*api));
	int fd;

	if (!api) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "api");
		return api_free(api);
	}
	api->service.on_request = on_request;
	api->engine = engine;
	if (engine->options.api_key_file && load_key(api, engine->options.api_key_file, err) < 0)
		return api_free(api);
	fd = socket_serve(engine->options.run_dir, "api.sock", err);
	if (fd < 0)
		return api_free(api);
	api->httpd = httpd_new(engine->base, fd, &api->service, NULL, err);
	return api->httpd ? api : api_free(api);
}

struct api *api_free(struct api *api)
{
	if (!api)
		return NULL;
	httpd_free(api->httpd);
	free(api->key);
	free(api);
	return NULL;
}

unsigned api_request_count(const struct api *api)
{
	return httpd_request_count(api->httpd);
}

/* ---- for the routes -------------------------------------------------------------------------- */

struct box *api_box(struct api_call *call)
{
	struct box *box;
	char *dash = strchr(call->word, '-');

	/* Old SDKs send "{id}-{client}" (wire §1.4). */
	if (dash && !strchr(dash + 1, '-'))
		*dash = '\0';
	if (!ids_is_valid(call->word)) {
		httpd_reply_error(call->request, 400, "Invalid sandbox ID");
		return NULL;
	}
	box = engine_find_box(call->engine, call->word);
	if (box && box->state == BOX_RUNNING)
		return box;
	httpd_reply_error(call->request, 404,
			  "sandbox \"%s\" doesn't exist or you don't have access to it",
			  call->word);
	return NULL;
}

int api_decode(struct api_call *call, const struct fields *type, bool may_be_empty, void *ret)
{
	struct sb_error err = {0};

	if (call->body_len == 0 && may_be_empty) {
		fields_init(type, ret);
		return 0;
	}
	if (fields_parse(type, FIELDS_E2B, call->body, call->body_len, "body", ret, &err) == 0)
		return 0;
	if (err.code == SB_PARSE)
		httpd_reply_error(call->request, 400, "Error when parsing request: %s", err.text);
	else
		httpd_reply_error(call->request, 400, "validation error: %s", err.text);
	return -1;
}

void api_reply_json(struct httpd_request *request, unsigned status,
		    const struct httpd_header *headers, const struct buf *json)
{
	struct httpd_header all[4] = {{"Content-Type", "application/json; charset=utf-8"}};

	for (size_t i = 1; headers && headers->name && i + 1 < ARRAY_SIZE(all); i++)
		all[i] = *headers++;
	if (json->failed)
		httpd_reply_error(request, 500, "out of memory");
	else
		httpd_reply(request, status, all, json->data, json->len);
}

void api_reply(struct httpd_request *request, unsigned status, const struct fields *type,
	       const void *value)
{
	struct buf json CLEANUP_BUF = {0};

	fields_encode(type, FIELDS_E2B, value, &json);
	api_reply_json(request, status, NULL, &json);
}

void api_reply_failure(struct httpd_request *request, const struct sb_error *err)
{
	httpd_reply_error(request, (unsigned)sb_code_info(err->code)->http_status, "%s", err->text);
}

void api_reply_empty(struct httpd_request *request)
{
	httpd_reply(request, 204, NULL, NULL, 0);
}
