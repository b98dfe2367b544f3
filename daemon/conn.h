/*
 * One client: bytes and descriptors in, lines out, back-pressure both ways. Knows no method.
 *
 * Lines out are queued. While more than CONN_OUT_HIGH bytes wait, the connection reads no further
 * requests, and whoever streams to it stops until on_drain; a client that does not even take the replies
 * it caused is cut off at CONN_OUT_MAX.
 *
 * A client that shuts down its sending side still gets its answers and streams; the connection ends when
 * the last of them is sent, or when the client closes the rest.
 */
#ifndef SP_CONN_H
#define SP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "protocol/error.h"
#include "protocol/fields.h"

struct calls;
struct conn;
struct server;

#define CONN_OUT_LOW  (64u << 10)
#define CONN_OUT_HIGH (256u << 10)
#define CONN_OUT_MAX  (64u << 20)
#define CONNS_IN_MAX                                                                               \
	(256u << 20) /* of unfinished lines, of all connections; then lines must be short */
#define CONN_LINE_CROWDED (64u << 10)
#define CONN_CALLS_MAX    1024 /* in flight; further ones are refused with overloaded */
#define CALLS_MAX         4096 /* of all connections; then each may still have CONN_CALLS_FAIR */
#define CONN_CALLS_FAIR   16

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

/* Somebody who streams to a connection: embed it, and it is told when there is room and when it is over. */
struct conn_stream {
	void (*on_drain)(struct conn_stream *stream); /* the queue fell below CONN_OUT_LOW */
	void (*on_close)(struct conn_stream *stream); /* the client has gone; already detached */
	struct conn *conn;                            /* NULL when detached */
	struct list link;                             /* conn's streams */
};

/* Takes `fd`, a connected non-blocking stream socket. */
struct conn *conn_new(struct server *server, int fd, struct sb_error *err) MUST_USE;

/* At once, with all that belongs to it; for the end of the daemon. NULL is fine. */
struct conn *conn_free(struct conn *conn);

/* One after the other; `after` NULL for the first, NULL at the end. */
struct conn *conns_next(const struct server *server, const struct conn *after);

/* End it at the end of this turn of the loop; what waits to be sent is dropped. */
void conn_close(struct conn *conn);

const struct peer *conn_peer(const struct conn *conn);

/* Its calls under way (call.h). */
struct calls *conn_calls(struct conn *conn);

/* Look, at the end of this turn, whether it still has a reason to live: a call or stream of it ended. */
void conn_poke(struct conn *conn);

/* Queue one line (the newline is added). `fds` are taken, and sent with its first byte. */
void conn_send(struct conn *conn, const char *line, size_t len, int *fds, size_t fd_count);

/* The same for a line that is appended in place to the buffer that conn_line_begin() gives. */
struct buf *conn_line_begin(struct conn *conn);
void conn_line_end(struct conn *conn, int *fds, size_t fd_count);

/* Send now what can be sent without waiting. */
void conn_flush(struct conn *conn);

/* Queue a notification made from a struct. */
void conn_notify(struct conn *conn, const char *method, const struct fields *type,
		 const void *params);

/* How many bytes wait to be sent. */
size_t conn_waiting(const struct conn *conn);

/* True while a streamer may send more. */
bool conn_has_room(const struct conn *conn);
void conn_add_stream(struct conn *conn, struct conn_stream *stream);
/* Harmless when it is detached. */
void conn_remove_stream(struct conn_stream *stream);

/*
 * For dispatch, while it serves a line: how many received descriptors nobody has taken, whether more of
 * the client's bytes wait behind this line, and taking or closing descriptors. Oldest first.
 */
size_t conn_fds_waiting(const struct conn *conn);
bool conn_is_drained(const struct conn *conn);
int conn_take_fds(struct conn *conn, int *ret_fds, size_t count) MUST_USE;
void conn_drop_fds(struct conn *conn);

#endif
