/* Who may ask, and as which user of the sandbox it is done (wire §3.8). */
#ifndef SP_AUTH_H
#define SP_AUTH_H

#include <stdbool.h>

#include "protocol/error.h"

struct agent;
struct httpd_request;
struct user;

/* True when no token is set, or the request carries it. */
bool auth_has_token(const struct agent *agent, const struct httpd_request *request);

/*
 * The user that `Authorization: Basic` names, else the default one. -1 with SB_AUTHENTICATION when there
 * is no such user. The result goes to user_deinit().
 */
int auth_user(const struct agent *agent, const struct httpd_request *request, struct user *ret_user,
	      struct sb_error *err) MUST_USE;

#endif
