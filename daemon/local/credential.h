/* The sandbox that a request names by nothing but its credential (wire §2.5): signed URLs, and old SDKs. */
#ifndef SP_LOCAL_CREDENTIAL_H
#define SP_LOCAL_CREDENTIAL_H

#include <stdbool.h>

struct box;
struct engine;
struct httpd_request;

/*
 * True when the request has a token or a signature; then *ret_box is the running sandbox that it belongs to,
 * or NULL. The agent still checks it: here it chooses a sandbox, it does not let anybody in.
 */
bool credential_find_box(const struct engine *engine, const struct httpd_request *request,
			 struct box **ret_box);

#endif
