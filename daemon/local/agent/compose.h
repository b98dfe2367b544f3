/* POST /files/compose (wire §6.7). */
#ifndef SP_COMPOSE_H
#define SP_COMPOSE_H

struct agent;
struct httpd_request;

void compose_serve(struct agent *agent, struct httpd_request *request);

#endif
