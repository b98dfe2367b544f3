/* The rules of access to /files. */
#include "config.h"

#include "daemon/local/agent/access.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "daemon/base/httpd.h"
#include "daemon/base/uri.h"
#include "daemon/e2b/sign.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/path.h"

/* The query of a /files URL, decoded; members are NULL when absent. */
struct query {
	char *path;
	char *username;
	char *signature;
	int64_t expiration; /* SIGN_NO_EXPIRY when absent */
};

static void query_deinit(struct query *query)
{
	free(query->path);
	free(query->username);
	free(query->signature);
}

static int get(const char *text, const char *name, char **ret, struct sb_error *err)
{
	bool is_there;

	*ret = uri_query_get(text, name, &is_there);
	if (is_there && !*ret)
		return sb_fail(err, SB_INVALID_PARAMS, "malformed query parameter '%s'", name);
	return 0;
}

static int read_expiration(const char *text, struct query *query, struct sb_error *err)
{
	CLEANUP_FREE char *value = NULL;
	char *end;

	query->expiration = SIGN_NO_EXPIRY;
	if (get(text, "signature_expiration", &value, err) < 0)
		return -1;
	if (!value)
		return 0;
	errno = 0;
	query->expiration = strtoll(value, &end, 10);
	if (errno || end == value || *end || !strchr("-0123456789", *value))
		return sb_fail(err, SB_INVALID_PARAMS,
			       "query parameter 'signature_expiration' must be an integer");
	return 0;
}

static int query_read(const struct httpd_request *request, struct query *query,
		      struct sb_error *err)
{
	const char *text = httpd_query(request);

	if (get(text, "path", &query->path, err) < 0 ||
	    get(text, "username", &query->username, err) < 0 ||
	    get(text, "signature", &query->signature, err) < 0)
		return -1;
	return read_expiration(text, query, err);
}

static int check_signature(const struct agent *agent, const struct httpd_request *request,
			   const struct query *query, const char *operation, struct sb_error *err)
{
	const char *token = httpd_header(request, "X-Access-Token");
	char signature[SIGN_TEXT_SIZE];

	if (!agent->access_token)
		return 0;
	if (token && *token) {
		if (sign_equal(token, agent->access_token))
			return 0;
		return sb_fail(err, SB_AUTHENTICATION,
			       "access token present in header but does not match");
	}
	if (!query->signature)
		return sb_fail(err, SB_AUTHENTICATION, "missing signature query parameter");
	sign_url(query->path ? query->path : "", operation, query->username ? query->username : "",
		 agent->access_token, query->expiration, signature);
	if (!sign_equal(query->signature, signature))
		return sb_fail(err, SB_AUTHENTICATION, "invalid signature");
	if (query->expiration != SIGN_NO_EXPIRY && query->expiration < time(NULL))
		return sb_fail(err, SB_AUTHENTICATION, "signature is already expired");
	return 0;
}

int access_check(const struct agent *agent, const struct httpd_request *request,
		 const char *operation, struct access *ret, struct sb_error *err)
{
	CLEANUP(query_deinit) struct query query = {0};
	const char *username;

	*ret = (struct access){0};
	if (query_read(request, &query, err) < 0 ||
	    check_signature(agent, request, &query, operation, err) < 0)
		return -1;
	username = query.username && *query.username ? query.username : agent->default_user;
	if (user_find(username, &ret->user, err) < 0)
		return sb_wrap(err, "error looking up user '%s'", username);
	if (!query.path)
		return 0;
	ret->path = path_resolve(agent, &ret->user, query.path, err);
	return ret->path ? 0 : -1;
}

void access_deinit(struct access *access)
{
	user_deinit(&access->user);
	free(access->path);
	access->path = NULL;
}

/* A query that is malformed in itself is refused in plain text (wire §6). */
static void reply_plain(struct httpd_request *request, const char *text)
{
	static const struct httpd_header headers[] = {
		{"Content-Type", "text/plain; charset=utf-8"},
		{"X-Content-Type-Options", "nosniff"},
		{NULL, NULL},
	};

	httpd_reply(request, 400, headers, text, strlen(text));
}

void access_reply_error(struct httpd_request *request, const struct sb_error *err)
{
	int status = err->http_status ? err->http_status : sb_code_info(err->code)->http_status;

	if (err->code == SB_INVALID_PARAMS)
		reply_plain(request, err->text);
	else
		httpd_reply_error(request, (unsigned)status, "%s", err->text);
}
