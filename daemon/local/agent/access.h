/* Who may use /files, as whom, and on which file (wire §6.8, §5.2): what its GET and POST share. */
#ifndef SP_ACCESS_H
#define SP_ACCESS_H

#include "daemon/local/agent/passwd.h"
#include "protocol/error.h"

struct agent;
struct httpd_request;

struct access {
	struct user user;
	char *path; /* resolved; NULL when the query has none */
};

/*
 * Checks token or signature, then the user, then the path. -1 with the error to answer. access_deinit() in every case.
 */
int access_check(const struct agent *agent, const struct httpd_request *request, struct access *ret,
		 struct sb_error *err) MUST_USE;
void access_deinit(struct access *access);

/* Answer with an error: the status its code goes with, unless it names its own. */
void access_reply_error(struct httpd_request *request, const struct sb_error *err);

#endif
