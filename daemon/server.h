/*
 * The root object: the loop and every part of the daemon that lives as long as it does. Parts get what
 * they need from here when they are made; only methods and main.c hold the whole of it.
 */
#ifndef SP_SERVER_H
#define SP_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct config;
struct event;
struct event_base;
struct listener;
struct providers;
struct reconcile;
struct registry;
struct spools;
struct store;
struct workers;

struct server {
	struct event_base *base;
	struct config *config;
	struct store *store;         /* the registry on disk */
	struct providers *providers; /* upstreams, the default one first */
	struct registry *registry;   /* sandboxes and their commands, in memory */
	struct reconcile *reconcile; /* keeps memory in step with the providers */
	struct spools *spools;       /* output of commands */
	struct list commands;        /* of struct command, of all sandboxes */
	struct list watches;         /* of struct watch: streamed to clients */
	uint64_t watch_number;       /* of the last one */
	struct workers *workers; /* threads for clients' descriptors, which may block for ever */
	struct workers *disk;    /* threads for our own files, which no client can hold up */
	struct listener *listener;
	struct list conns; /* of struct conn */
	unsigned conn_count;
	struct list users;  /* of struct user: whose connections and calls they are */
	size_t input_bytes; /* that connections hold of what clients have sent */
	unsigned call_count;
	struct list ops;                /* of struct op: all work under way */
	uint64_t op_number;             /* of the last operation started */
	int64_t started_us, started_ms; /* wall clock and monotonic */
	struct event *signals[3];       /* SIGTERM, SIGINT, SIGHUP */
	pid_t pid;
	uid_t uid; /* who runs the daemon: may see everything, as root may */
};

/* Open, load and start everything in order; the socket listens last. `config` is taken. */
struct server *server_new(struct config *config, struct sb_error *err) MUST_USE;

/* Runs until SIGTERM or SIGINT; SIGHUP reloads the configuration. */
void server_run(struct server *server);

/* Stops in reverse order; sandboxes and their commands go on without us. NULL is fine. */
struct server *server_free(struct server *server);

#endif
