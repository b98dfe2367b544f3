/*
 * The sandbox proxy on RUN/sandbox.sock (wire §2): requests go to the agent or to a server in the
 * sandbox they name, answers come back, both streamed in bounded memory.
 */
#ifndef SP_LOCAL_PROXY_H
#define SP_LOCAL_PROXY_H

#include "protocol/error.h"

struct engine;
struct proxy;

struct proxy *proxy_new(struct engine *engine, struct sb_error *err) MUST_USE;
/* Cuts what is open. Not from one of its own callbacks. NULL is fine. */
struct proxy *proxy_free(struct proxy *proxy);
unsigned proxy_request_count(const struct proxy *proxy);

#endif
