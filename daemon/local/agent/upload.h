/* POST /files (wire §6.6). */
#ifndef SP_UPLOAD_H
#define SP_UPLOAD_H

struct agent;
struct httpd_request;

void upload_serve(struct agent *agent, struct httpd_request *request);

#endif
