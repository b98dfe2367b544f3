/* GET /files (wire §6.5). */
#ifndef SP_DOWNLOAD_H
#define SP_DOWNLOAD_H

struct agent;
struct httpd_request;

void download_serve(struct agent *agent, struct httpd_request *request);

#endif
