/*
 * What is said to a process: its stdin pipe or its terminal. What the process does not read at once waits
 * in order, each piece with the call that brought it; that call goes on when its piece was written.
 */
#ifndef SP_INPUT_H
#define SP_INPUT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "daemon/local/agent/connect.h"
#include "protocol/error.h"
#include "protocol/values.h"

struct input {
	int fd; /* -1: not enabled, or closed */
	struct event event;
	struct list pending; /* of struct writer, oldest first */
	size_t pending_bytes;
	bool is_closing; /* close when `pending` is empty */
};

/* The writing side of one call: a unary one with one piece, or a client stream with many in turn. */
struct writer {
	struct list link; /* input.pending, while a piece waits */
	struct rpc_handler handler;
	struct rpc *rpc; /* NULL after its client has left: what waits is written all the same */
	bool is_stream;
	pid_t pid; /* whom a stream writes to; 0 before its start */
	struct bytes data;
	size_t sent;
};

/* `fd` is taken, does not block, or is -1. */
void input_init(struct input *input, struct event_base *base, int fd);
/* Nothing pending may be left: see input_fail(). */
void input_deinit(struct input *input);

/* Becomes the handler of `rpc` and ends with it. NULL without memory. */
struct writer *writer_new(struct rpc *rpc, bool is_stream) MUST_USE;

/*
 * Write `data` (taken over). 0 when all is written; 1 when it waits: then rpc_resume() follows for a stream,
 * an empty answer for a unary call, or a failure for both.
 */
int input_write(struct input *input, struct writer *writer, struct bytes *data,
		struct sb_error *err) MUST_USE;

/* End of input, after what is pending. Harmless when closed already. */
void input_close(struct input *input);
/* No more: whoever waits is told that it failed. */
void input_fail(struct input *input, const char *why);

#endif
