/* What the proxy says when it cannot pass a request on (wire §2.3): JSON, or a page for a person. */
#ifndef SP_LOCAL_PROXY_REPLY_H
#define SP_LOCAL_PROXY_REPLY_H

#include <stdbool.h>

struct httpd_request;
struct route;

void proxy_reply_misrouted(struct httpd_request *request, const char *text);
void proxy_reply_not_found(struct httpd_request *request, const char *id);
void proxy_reply_closed_port(struct httpd_request *request, const struct route *route);
void proxy_reply_transitioning(struct httpd_request *request, const char *id);
void proxy_reply_reserved(struct httpd_request *request, const char *path);

/* A private sandbox: the request has no token, or a wrong one. */
void proxy_reply_private(struct httpd_request *request, const char *id, bool has_token);

#endif
