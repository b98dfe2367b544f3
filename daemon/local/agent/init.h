/* What the platform asks of an agent: is it well, what is its environment, its credential (wire §6.1–6.4). */
#ifndef SP_INIT_H
#define SP_INIT_H

struct agent;
struct httpd_request;

void health_get(struct agent *agent, struct httpd_request *request);
void envs_get(struct agent *agent, struct httpd_request *request);
void init_post(struct agent *agent, struct httpd_request *request);
void metrics_get(struct agent *agent, struct httpd_request *request);

#endif
