/* Which sandbox and port a request at the proxy means (wire §2.1), and what it may ask (wire §2.3). */
#ifndef SP_LOCAL_ROUTE_H
#define SP_LOCAL_ROUTE_H

#include <stdbool.h>

#include "protocol/buf.h"

struct route {
	char id[64];
	unsigned port;
};

enum route_result {
	ROUTE_FOUND,
	ROUTE_INVALID_HOST,
	ROUTE_MISSING_HEADER,
	ROUTE_INVALID_ID,
	ROUTE_INVALID_PORT,
};

/* From Host, E2b-Sandbox-Id and E2b-Sandbox-Port; each may be NULL. Fills *ret only when found. */
enum route_result route_find(const char *host, const char *id, const char *port, struct route *ret);
const char *route_result_text(enum route_result result);

/*
 * False for a request target that would mean something else as the end of a URL: "@host/path" another host, and
 * "/init#x" a path that is not the one looked at here.
 */
bool route_is_target(const char *path, const char *query);

/*
 * True when a raw path, decoded and cleaned, is one of envd's that only the engine may call. The cleaned
 * path is appended to `clean` either way.
 */
bool route_is_reserved(const char *path, struct buf *clean);

/* A person at a browser is asking: errors are pages. Each header may be NULL. */
bool route_is_navigation(const char *user_agent, const char *accept, const char *fetch_mode,
			 const char *requested_with);

#endif
