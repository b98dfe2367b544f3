/*
 * The JSON-RPC 2.0 envelope (PROTOCOL.md, "Messages"): lines to requests, notifications and responses, and back. Knows no
 * method; parameters and results stay JSON here, for fields.h to turn into structs.
 */
#ifndef SP_MESSAGE_H
#define SP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/buf.h"
#include "protocol/error.h"

struct json_object;

enum message_kind {
	MESSAGE_REQUEST,      /* method and id */
	MESSAGE_NOTIFICATION, /* method without id */
	MESSAGE_RESULT,       /* id and result */
	MESSAGE_ERROR,        /* id and error */
};

struct message {
	enum message_kind kind;
	char *id; /* its JSON text ("7", "\"a\"", or "null" in an error); NULL in a notification */
	char *method;             /* requests and notifications */
	struct json_object *body; /* params (NULL when absent), result or error object */
	size_t fds;               /* how many descriptors ride along */
};

struct message_batch {
	struct message *items;
	size_t count;
	bool is_array; /* came as a batch: the answers go back as one array */
};

#define MESSAGE_BATCH_MAX 1000
#define MESSAGE_ID_MAX    128 /* bytes of a string id */

/*
 * Read one line: scan, parse, split. 0 on success; `ret` goes to message_batch_free(). A line that is
 * no message at all gives -1 (SB_PARSE or SB_INVALID_REQUEST, to be answered with id null). A bad
 * element of a batch, or a bad single message whose id can be read, stays in the list with
 * kind MESSAGE_ERROR, its id, body NULL, and its method holding the reason.
 */
int message_parse(char *line, size_t len, struct message_batch *ret, struct sb_error *err) MUST_USE;
void message_batch_free(struct message_batch *batch);

/* Member "id" of a message's params: JSON text, returns new; NULL when there is none. */
char *message_params_id(const struct message *message);

/* Append one message, without newline. `params` and `result` are JSON text; `fds` 0 is left out. */
void message_add_request(struct buf *out, const char *id, const char *method, const char *params,
			 size_t fds);
void message_add_notification(struct buf *out, const char *method, const char *params);
void message_add_result(struct buf *out, const char *id, const char *result, size_t fds);

/* A result written in place: begin, append one JSON value to `out`, end. */
void message_begin_result(struct buf *out, const char *id);
void message_end_result(struct buf *out, size_t fds);

/* `id` NULL is written as null. `data` members beyond kind, http_status, retryable come from err. */
void message_add_error(struct buf *out, const char *id, const struct sb_error *error);

/* Read the body of a MESSAGE_ERROR answer into *ret_error: kind, status, text. */
void message_read_error(const struct message *message, struct sb_error *ret_error);

/* Take the body out of a message; whoever has it frees it. NULL is fine to free. */
struct json_object *message_take_body(struct message *message);
void message_body_free(struct json_object *body);

#endif
