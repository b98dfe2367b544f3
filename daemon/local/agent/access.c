/* The rules of access to /files. */
#include "config.h"

#include "daemon/local/agent/access.h"

#include <string.h>
#include <time.h>

#include "daemon/base/httpd.h"
#include "daemon/e2b/file-query.h"
#include "daemon/e2b/sign.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/path.h"

static int check_signature(const struct agent *agent, const struct httpd_request *request,
			   const struct file_query *query, struct sb_error *err)
{
	const char *token = httpd_header(request, "X-Access-Token");

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
	if (!file_query_is_signed(query, httpd_method(request), agent->access_token))
		return sb_fail(err, SB_AUTHENTICATION, "invalid signature");
	if (query->expiration != SIGN_NO_EXPIRY && query->expiration < time(NULL))
		return sb_fail(err, SB_AUTHENTICATION, "signature is already expired");
	return 0;
}

int access_check(const struct agent *agent, const struct httpd_request *request, struct access *ret,
		 struct sb_error *err)
{
	CLEANUP(file_query_deinit) struct file_query query = {0};
	const char *username;

	*ret = (struct access){0};
	if (file_query_read(httpd_query(request), &query, err) < 0 ||
	    check_signature(agent, request, &query, err) < 0)
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
