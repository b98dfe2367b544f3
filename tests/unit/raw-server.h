/*
 * A scripted HTTP server inside a test's own event loop, for what a real server never does: it answers
 * exactly the bytes that the test says, when it says. Listens on a Unix socket and on a loopback port.
 */
#ifndef SP_TESTS_RAW_SERVER_H
#define SP_TESTS_RAW_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/list.h"
#include "protocol/buf.h"

struct bufferevent;
struct evconnlistener;
struct raw_server;

struct raw_conn {
	struct raw_server *server;
	struct list link; /* raw_server.conns */
	struct bufferevent *bev;
	struct buf in;
	bool head_told;
	unsigned requests; /* heard on this connection, this one included */
};

struct raw_server {
	struct event_base *base;
	char dir[64];
	char path[96]; /* of the Unix socket */
	int port;
	struct evconnlistener *unix_listener;
	struct evconnlistener *tcp_listener;
	struct list conns;
	unsigned accepted; /* connections, ever */
	unsigned heads;
	/* The head of a request is there (its body may not be). May be NULL. */
	void (*on_head)(struct raw_conn *conn, const char *head);
	/* A whole request is there; `body` is without chunk framing, NUL-terminated. May be NULL. */
	void (*on_request)(struct raw_conn *conn, const char *head, const char *body, size_t len);
	void *arg; /* the test's */
};

void raw_server_init(struct raw_server *server, struct event_base *base);
void raw_server_deinit(struct raw_server *server);
unsigned raw_server_open(const struct raw_server *server);

void raw_send(struct raw_conn *conn, const char *text);
void raw_send_bytes(struct raw_conn *conn, const char *data, size_t len);
/* Close after what was sent; the connection object is gone. */
void raw_close(struct raw_conn *conn);
/* Close with a TCP reset. */
void raw_reset(struct raw_conn *conn);
/* Every open connection: closed with what is unsent dropped. */
void raw_server_drop_all(struct raw_server *server);
/* A response with Content-Length and keep-alive. */
void raw_reply(struct raw_conn *conn, int status, const char *headers, const char *body);

/* Turns the loop until *flag; fails the test after ten seconds. */
void run_until(struct event_base *base, const bool *flag);
/* Turns the loop once without waiting, `times` times. */
void run_turns(struct event_base *base, int times);

#endif
