/* The access token and the user name of a request. */
#include "config.h"

#include "daemon/local/agent/auth.h"

#include <string.h>
#include <strings.h>

#include "daemon/base/httpd.h"
#include "daemon/e2b/sign.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/passwd.h"
#include "protocol/base64.h"

bool auth_has_token(const struct agent *agent, const struct httpd_request *request)
{
	return !agent->access_token ||
	       sign_equal(agent->access_token, httpd_header(request, "X-Access-Token"));
}

/* Append the name in "Basic base64(name:password)" to `out`. False when there is none. */
static bool basic_name(const char *authorization, struct buf *out)
{
	static const char scheme[] = "Basic ";
	const char *encoded;
	const char *colon;

	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	encoded = authorization + sizeof(scheme) - 1;
	buf_add(out, "", 0);
	if (base64_decode(out, encoded, strlen(encoded)) < 0 || out->failed)
		return false;
	colon = memchr(out->data, ':', out->len);
	if (!colon)
		return false;
	out->len = (size_t)(colon - out->data);
	out->data[out->len] = '\0';
	return true;
}

int auth_user(const struct agent *agent, const struct httpd_request *request, struct user *ret_user,
	      struct sb_error *err)
{
	CLEANUP_BUF struct buf name = {0};
	bool is_named = basic_name(httpd_header(request, "Authorization"), &name);

	return user_find(is_named ? name.data : agent->default_user, ret_user, err);
}
