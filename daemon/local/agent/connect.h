/*
 * The server side of Connect RPC, JSON only (wire §3). A procedure is one row of a table: its name, the
 * field tables of its messages, and one function of the kind it needs.
 *
 * A failing function fills `err`, and connect.c turns the code into Connect's: SB_NOT_FOUND into
 * "not_found" and so on (the table is in connect.c). It arrives as a status with JSON from unary
 * procedures and inside status 200 from streams.
 */
#ifndef SP_CONNECT_H
#define SP_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/local/agent/passwd.h"
#include "protocol/error.h"

struct agent;
struct buf;
struct fields;
struct httpd_request;
struct rpc;

/* What happens to a call that is not answered at once; embed it in the object that answers. */
struct rpc_handler {
	/* The stream's client caught up after rpc_send() returned more than HTTPD_STREAM_LOW. May be NULL. */
	void (*on_drain)(struct rpc_handler *handler);
	/* The last call: the rpc is gone. Comes after every end, the client's or ours. */
	void (*on_close)(struct rpc_handler *handler);
};

struct rpc_procedure {
	const char *name; /* "process.Process/Start" */
	const struct fields *request;
	const struct fields *response; /* of the answer, or of each message of a stream */

	/* Exactly one of these four. Each may take members out of `request`, which is freed after it. */

	/* Unary, answered at once: fills the zeroed `response`, which is freed after it. */
	int (*answer)(struct rpc *rpc, void *request, void *response, struct sb_error *err);
	/* Unary, answered later by rpc_reply() or rpc_fail(). */
	int (*begin)(struct rpc *rpc, void *request, struct sb_error *err);
	/* Server streaming: rpc_send()…, then rpc_end() or rpc_fail(). */
	int (*stream)(struct rpc *rpc, void *request, struct sb_error *err);
	/*
	 * Client streaming: called with each message. 0 asks for the next one, 1 holds it back until
	 * rpc_resume(). Answered with an empty message when the client has ended its stream.
	 */
	int (*message)(struct rpc *rpc, void *request, struct sb_error *err);

	const void *keepalive; /* of streams: the response sent into silence (wire §3.6), or NULL */
};

/* One call. Procedures read `agent`, `user`, `timeout_ms`, and set `handler` and `state`. */
struct rpc {
	struct agent *agent;
	struct user user;            /* who asks; without supplementary groups */
	int64_t timeout_ms;          /* the client's deadline, kept by connect.c; 0: none */
	struct rpc_handler *handler; /* NULL until a procedure sets it */
	void *state; /* of a client stream between its messages; freed by on_close */
};

/* Serve a request for a procedure; a wrong method or content type gets what wire §3.2 says. */
void connect_serve(struct agent *agent, struct httpd_request *request,
		   const struct rpc_procedure *procedure);

/* Answer with a Connect error and its status, as unary procedures do. */
void connect_refuse(struct httpd_request *request, const struct sb_error *err);

/*
 * All of these do nothing once the call has ended, which the deadline may do at any time between
 * callbacks. None calls the handler before it has returned.
 */
void rpc_reply(struct rpc *rpc, const void *response);
void rpc_fail(struct rpc *rpc, const struct sb_error *err);
void rpc_end(struct rpc *rpc);
void rpc_resume(struct rpc *rpc);

/* Send one message; returns the bytes that now wait for the client. */
size_t rpc_send(struct rpc *rpc, const void *message);
/* The same for an envelope that is encoded already, once for many receivers. */
size_t rpc_send_envelope(struct rpc *rpc, const struct buf *envelope);

#endif
