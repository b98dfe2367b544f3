/* How to reach one provider: where its API and its sandboxes are, and the key (wire §1.1). */
#ifndef SP_UPSTREAM_H
#define SP_UPSTREAM_H

#include "daemon/e2b/wire.h"
#include "protocol/buf.h"

struct http;

struct upstream {             /* all borrowed: whoever fills it keeps them */
	const char *api_url;  /* "https://api.e2b.app", without a slash at its end */
	const char *api_unix; /* connect to this Unix socket instead of api_url's host; or NULL */
	const char
		*sandbox_url; /* one URL for all sandboxes, "http://localhost"; NULL: by domain */
	const char *sandbox_unix; /* with sandbox_url: connect to this Unix socket; or NULL */
	const char *domain;       /* "e2b.app"; of sandboxes that were told no other */
	const char *api_key;
	struct http *http;
};

/* Append the URL under which a sandbox's envd answers. `domain`: the sandbox's own; NULL or "": none told. */
void upstream_sandbox_url(const struct upstream *upstream, const char *domain,
			  const char *sandbox_id, struct buf *out);

/* "{port}-{id}.{domain}", where a port of a sandbox is reached from outside (ignores sandbox_url). */
void upstream_host(const struct upstream *upstream, const char *domain, const char *sandbox_id,
		   int port, struct buf *out);

#endif
