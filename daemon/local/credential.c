/*
 * With one address for all sandboxes, a signed URL and the /files and /health of some SDKs (JS 2.7 and 2.8) say
 * nowhere which sandbox they mean. But tokens are distinct, and a signature fits one of them only: every running
 * sandbox is tried, for a hash or two each.
 */
#include "config.h"

#include "daemon/local/credential.h"

#include <string.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/file-query.h"
#include "daemon/e2b/sign.h"
#include "daemon/local/box.h"
#include "daemon/local/engine.h"

struct credential {
	const char *method;
	const char *token;       /* or */
	struct file_query query; /* with a signature */
};

static bool is_of(const struct credential *credential, const struct box *box)
{
	char buffer[SIGN_TOKEN_SIZE];
	const char *token = box_token(box, buffer);

	if (box->state != BOX_RUNNING || !token)
		return false;
	if (credential->token)
		return sign_equal(token, credential->token);
	return file_query_is_signed(&credential->query, credential->method, token);
}

static struct box *find(const struct engine *engine, const struct credential *credential)
{
	list_for_each (struct box, box, &engine->boxes, link) {
		if (is_of(credential, box))
			return box;
	}
	return NULL;
}

bool credential_find_box(const struct engine *engine, const struct httpd_request *request,
			 struct box **ret_box)
{
	const char *token = httpd_header(request, "X-Access-Token");
	struct credential credential = {
		.method = httpd_method(request),
		.token = token && *token ? token : NULL,
	};
	struct sb_error ignored;
	bool is_there = credential.token;

	if (!is_there && strcmp(httpd_path(request), "/files") == 0)
		is_there =
			file_query_read(httpd_query(request), &credential.query, &ignored) == 0 &&
			credential.query.signature;
	if (is_there)
		*ret_box = find(engine, &credential);
	file_query_deinit(&credential.query);
	return is_there;
}
