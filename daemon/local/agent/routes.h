/* Everything the agent serves, in two tables. */
#ifndef SP_ROUTES_H
#define SP_ROUTES_H

#include <stdbool.h>

#include "daemon/local/agent/connect.h"

struct httpd_service;

struct route {
	const char *method;
	const char *path;
	void (*serve)(struct agent *agent, struct httpd_request *request);
	bool is_open; /* served without the access token (wire §3.8) */
};

/* NULL when there is none. HEAD finds GET's. */
const struct route *route_find(const char *method, const char *path);

/* By the path of its URL: "/process.Process/Start". NULL when there is none. */
const struct rpc_procedure *procedure_find(const char *path);

/* The callback of agent->service: checks in the order of wire §3.8, then one of the tables. */
void routes_on_request(struct httpd_service *service, struct httpd_request *request);

#endif
