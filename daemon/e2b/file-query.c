/* Queries of /files. */
#include "config.h"

#include "daemon/e2b/file-query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/uri.h"
#include "daemon/e2b/sign.h"
#include "protocol/cleanup.h"

void file_query_deinit(struct file_query *query)
{
	free(query->path);
	free(query->username);
	free(query->signature);
	*query = (struct file_query){0};
}

static int get(const char *text, const char *name, char **ret, struct sb_error *err)
{
	bool is_there;

	*ret = uri_query_get(text, name, &is_there);
	if (is_there && !*ret)
		return sb_fail(err, SB_INVALID_PARAMS, "malformed query parameter '%s'", name);
	return 0;
}

static int read_expiration(const char *text, struct file_query *query, struct sb_error *err)
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

int file_query_read(const char *query, struct file_query *ret, struct sb_error *err)
{
	*ret = (struct file_query){0};
	if (get(query, "path", &ret->path, err) < 0 ||
	    get(query, "username", &ret->username, err) < 0 ||
	    get(query, "signature", &ret->signature, err) < 0)
		return -1;
	return read_expiration(query, ret, err);
}

bool file_query_is_signed(const struct file_query *query, const char *method, const char *token)
{
	const char *operation = strcmp(method, "GET") == 0 ? "read" : "write";
	char signature[SIGN_TEXT_SIZE];

	sign_url(query->path ? query->path : "", operation, query->username ? query->username : "",
		 token, query->expiration, signature);
	return sign_equal(query->signature, signature);
}
