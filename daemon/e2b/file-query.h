/* The query of a /files URL (wire §6.5, §6.8): read by the agent that serves it and the engine that routes it. */
#ifndef SP_FILE_QUERY_H
#define SP_FILE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"

struct file_query { /* decoded; members are NULL when absent */
	char *path;
	char *username;
	char *signature;
	int64_t expiration; /* SIGN_NO_EXPIRY when absent */
};

/* -1 when it is malformed; file_query_deinit() in every case. */
int file_query_read(const char *query, struct file_query *ret, struct sb_error *err) MUST_USE;
void file_query_deinit(struct file_query *query);

/* True when its signature was made with `token` for a request of that method; its time may be over. */
bool file_query_is_signed(const struct file_query *query, const char *method, const char *token);

#endif
