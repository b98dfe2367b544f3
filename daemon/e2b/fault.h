/*
 * What a provider answers when it refuses, as an error of ours. Three layers may be the author of an
 * answer: the service (REST API, envd), the sandbox proxy in front of envd (wire §2.3), and whatever
 * stands before them (a load balancer's HTML). They are told apart by the body.
 */
#ifndef SP_FAULT_H
#define SP_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/e2b/wire.h"
#include "protocol/error.h"

#define FAULT_CODE_SIZE 24

struct fault_answer { /* an HTTP answer that is no success */
	int status;
	const char *body;
	size_t len;
};

/* Wire §8.2. `missing` is what the API's own 404 means. Always returns -1. */
int fault_from_api(const struct fault_answer *answer, enum sb_code missing, struct sb_error *err);

/*
 * Wire §8.3: an answer to an RPC. `ret_code` of FAULT_CODE_SIZE bytes gets the Connect code, or "".
 * Always returns -1.
 */
int fault_from_rpc(const struct fault_answer *answer, bool is_filesystem, char *ret_code,
		   struct sb_error *err);

/* Wire §8.3: an error in a stream's last message; `is_first`: nothing came before it. Always returns -1. */
int fault_from_stream(const struct wire_connect_error *error, bool is_filesystem, bool is_first,
		      char *ret_code, struct sb_error *err);

/* Wire §8.4: an answer of /files. Always returns -1. */
int fault_from_files(const struct fault_answer *answer, struct sb_error *err);

/* A success whose body could not be decoded: make `err`, filled by the decoder, say so. Returns -1. */
int fault_bad_answer(int status, struct sb_error *err);

#endif
