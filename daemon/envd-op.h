/*
 * A method that is one RPC of the sandbox's envd: find the sandbox, ask, answer. When the provider was not
 * there, so that nothing was sent, it is started and asked once more; when an answer broke off, the error
 * says whether the sandbox has ended.
 */
#ifndef SP_ENVD_OP_H
#define SP_ENVD_OP_H

#include "daemon/call.h"
#include "daemon/e2b/envd.h"
#include "daemon/e2b/wire.h"
#include "daemon/op.h"

/* What requests are put together from; whatever one needs besides is in the method's params. */
struct envd_parts {
	struct wire_selector selector;
	struct wire_pty_size size;
	struct wire_pty pty;
	union {
		struct wire_empty empty;
		struct wire_signal_request signal;
		struct wire_update_request update;
		struct wire_path_request path;
		struct wire_move_request move;
		struct wire_watch_request watch;
		struct wire_watcher watcher;
	};
};

struct envd_op_spec {       /* one constant for each method */
	const char *method; /* "process.Process/List" */
	const struct fields *in, *out;
	/* Returns the request, of type `in`, made from the method's params. */
	const void *(*request)(const void *params, struct envd_parts *parts);
	/*
	 * Answers the call: op_fail(op, &envd->err), unless that error is an answer too, or op_reply() with
	 * what `answer`, a struct of type `out`, says.
	 */
	enum op_next (*reply)(struct op *op, const struct envd_call *envd, void *answer);
};

/* `sandbox_id` and `user` (NULL: the default one) from the call's params. */
struct call_done *envd_op_call(struct call *call, const struct envd_op_spec *spec,
			       const char *sandbox_id, const char *user,
			       double request_timeout) MUST_USE;

/* The sandbox that the operation asked. */
struct sandbox *envd_op_sandbox(struct op *op);

/* For answers without content. */
enum op_next envd_op_reply_nothing(struct op *op, const struct envd_call *envd, void *answer);

#endif
