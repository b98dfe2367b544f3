/*
 * One client: bytes and descriptors in, lines out, back-pressure both ways. Knows no method.
 *
 * Lines out are queued. While more than CONN_OUT_HIGH bytes wait, the connection reads no further
 * requests, and whoever streams to it stops until on_drain; a client that does not even take the replies
 * it caused is cut off at CONN_OUT_MAX.
 */
#ifndef SP_CONN_H
#define SP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "protocol/fields.h"

struct conn;
struct server;

#define CONN_OUT_LOW   (64u << 10)
#define CONN_OUT_HIGH  (256u << 10)
#define CONN_OUT_MAX   (64u << 20)
#define CONN_CALLS_MAX 1024 /* in flight; further ones are refused with overloaded */

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

/* Somebody who streams to a connection: embed it, and it is told when there is room and when it is over. */
struct conn_stream {
	void (*on_drain)(struct conn_stream *stream); /* the queue fell below CONN_OUT_LOW */
	void (*on_close)(struct conn_stream *stream); /* the client has gone; already detached */
	struct list link;                             /* conn.streams */
};

/* Takes `fd`, a connected non-blocking stream socket. */
struct conn *conn_new(struct server *server, int fd, struct sb_error *err) MUST_USE;

/* End it at the end of this turn of the loop; what waits to be sent is dropped. */
void conn_close(struct conn *conn);

const struct peer *conn_peer(const struct conn *conn);

/* Queue one line (the newline is added). `fds` are taken, and sent with its first byte. */
void conn_send(struct conn *conn, const char *line, size_t len, int *fds, size_t fd_count);

/* Queue a notification made from a struct. */
void conn_notify(struct conn *conn, const char *method, const struct fields *type,
		 const void *params);

/* True while a streamer may send more. */
bool conn_has_room(const struct conn *conn);
void conn_add_stream(struct conn *conn, struct conn_stream *stream);
void conn_remove_stream(struct conn_stream *stream);

#endif
