/* What the library's own files share: the connection and the call from the inside. */
#ifndef SP_CLIENT_H
#define SP_CLIENT_H

#include "client/sandpool.h"
#include "protocol/buf.h"
#include "protocol/frame.h"
#include "protocol/message.h"

struct json_object;

/* A line on its way out, with its descriptors. */
struct outgoing {
	struct outgoing *next;
	char *line; /* with its newline */
	size_t len;
	size_t sent;
	int fds[FRAME_FDS_MAX]; /* owned */
	size_t fd_count;
};

struct sandpool {
	int fd;
	struct frame_reader in;
	struct outgoing *out; /* oldest first */
	struct outgoing **out_end;
	struct sandpool_call *calls; /* under way */
	int64_t last_id;
	sandpool_note_fn *on_note;
	void *note_arg;
	bool is_broken;
	struct sandpool_error broken; /* why, once it is */
};

/* A parameter under construction: its JSON text, still open at the end when it is a list or an object. */
struct param {
	struct param *next;
	char *name;
	struct buf text;
	char closing; /* ']', '}', or NUL */
};

enum call_state { CALL_NEW, CALL_WAITING, CALL_DONE, CALL_FAILED };

struct sandpool_call {
	struct sandpool_call *next; /* sandpool.calls */
	struct sandpool *sp;        /* while under way */
	char *method;
	struct param *params;
	struct param **params_end;
	char *raw_params;
	const char *bad_param; /* why the call cannot be made, or NULL */
	int fds[FRAME_FDS_MAX];
	size_t fd_count;
	int64_t id;
	enum call_state state;
	sandpool_done_fn *done;
	void *done_arg;
	struct json_object *result;
	struct sandpool_error err;
	struct buf bytes; /* what sandpool_get_bytes() last gave */
	int result_fds[FRAME_FDS_MAX];
	size_t result_fd_count;
};

struct sandpool_note {
	const char *method;
	struct json_object *params;
	struct buf bytes;
};

/* Fill a caller's error, which may be NULL. Always returns -1. */
int client_fail(struct sandpool_error *err, const char *kind, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Copy one. Always returns -1. */
int client_fail_with(struct sandpool_error *err, const struct sandpool_error *from);

/* The call's parameters as JSON: -1 when they could not all be stored. */
int call_params(struct sandpool_call *call, struct buf *out, struct sandpool_error *err) MUST_USE;
/* Take it off its connection; no callback follows. */
void call_detach(struct sandpool_call *call);

#endif
