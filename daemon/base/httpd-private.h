/* One connection and its request inside httpd.c, httpd-request.c and httpd-reply.c; nobody else includes this. */
#ifndef SP_HTTPD_PRIVATE_H
#define SP_HTTPD_PRIVATE_H

#include <event2/event_struct.h>
#include <microhttpd.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "protocol/buf.h"

struct httpd_connection {
	struct list link; /* httpd.connections */
	struct httpd *httpd;
	struct MHD_Connection *mhd;
	struct httpd_request *request; /* the one in progress, or NULL */
	struct event closed_event;
	bool is_watched; /* closed_event was added */
	bool is_gone;    /* the peer has closed its side */
};

struct httpd_request {
	struct httpd_connection *connection;
	struct httpd_handler *handler;
	const char *method;
	char *target; /* path, NUL, query */
	const char *query;
	const struct httpd_header *more_headers; /* of httpd_add_headers(), or NULL */
	struct MHD_Response *response;           /* made and not yet queued */
	unsigned status;
	bool has_head;     /* on_request was called */
	bool is_replied;   /* a reply was made */
	bool is_suspended; /* out of libmicrohttpd's sight until httpd_wake() */
	bool is_aborted;
	bool has_body_end;
	bool is_stream_ended;
	bool is_above_low; /* on_drain is due when the stream falls again */
	struct buf stream;
	size_t stream_sent; /* bytes of `stream` already taken from its front */
};

/* Nothing to do for this request until httpd_wake(). False, and it is aborted, when its peer has left. */
bool httpd_suspend(struct httpd_request *request);

/* Let libmicrohttpd look at the request again, at the next turn of the loop. */
void httpd_wake(struct httpd_request *request);

#endif
