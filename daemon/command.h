/*
 * A command or terminal in a sandbox that this daemon follows: always subscribed, its output in a spool,
 * its end remembered. Methods read the spool; they never touch the stream.
 */
#ifndef SP_COMMAND_H
#define SP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "daemon/e2b/envd.h"
#include "daemon/spool.h"
#include "protocol/error.h"
#include "protocol/types.h"

struct sandbox;
struct server;

enum command_state {
	COMMAND_STARTING, /* the stream was opened, no start event yet */
	COMMAND_RUNNING,
	COMMAND_LOST, /* the stream broke: being taken up again */
	COMMAND_ENDED,
};

/* Waits for a change of a command's state; embed it. */
struct command_watch {
	void (*on_change)(struct command_watch *watch); /* never from inside a call */
	struct command *command;                        /* NULL when detached */
	uint64_t told;                                  /* private: the last change it was told */
	struct list link;                               /* command.watches */
};

struct command {
	struct server *server;
	struct sandbox *sandbox;
	enum command_state state;
	int64_t pid; /* 0 while starting */
	bool is_pty;
	bool has_started; /* the agent said so, to us or to an earlier daemon */
	struct spool *spool;
	struct sb_error err; /* ended: why it never started, was lost, or was not let run on */
	/* when ended */
	int64_t exit_code;
	int64_t signal;
	char *error; /* "exit status 3"; NULL after status 0 */
	struct list watches;
	struct list link;                /* sandbox.commands, newest first */
	struct list of_all;              /* server.commands */
	struct command_private *private; /* the stream, timers */
};

/* What to start; strings are borrowed. */
struct command_spec {
	const char *cmd; /* or argv */
	const struct strings *argv;
	const struct string_map *envs;
	const char *cwd;
	const char *user;
	bool stdin_open;
	bool is_pty;
	int64_t cols, rows;
	double timeout_s;
	double idle_timeout_s;
	bool is_transient; /* ends with whoever started it: not taken up again by another daemon */
};

/* Begin to start one: returns new, in state STARTING; watch it. */
struct command *command_start(struct server *server, struct sandbox *sandbox,
			      const struct command_spec *spec, struct sb_error *err) MUST_USE;

/* Follow one that somebody else started; in state STARTING until the agent answers. */
struct command *command_follow(struct server *server, struct sandbox *sandbox, int64_t pid,
			       bool is_pty, struct sb_error *err) MUST_USE;

/* The command of that pid that we follow or whose end we remember; NULL when there is none. */
struct command *command_find(struct sandbox *sandbox, int64_t pid);

/* Nobody wants it any more: it is killed if it runs, and forgotten with its output when it has ended. */
void command_discard(struct command *command);

void command_watch(struct command *command, struct command_watch *watch);
void command_unwatch(struct command_watch *watch);

/* Fill an exit report from an ended command; strings stay the command's. */
void command_exit_fill(const struct command *command, struct command_exit *ret);

/* All commands of a sandbox that has ended: they end with an error, and go when their readers have it all. */
void commands_lost(struct sandbox *sandbox, const struct sb_error *why);

unsigned commands_count(const struct server *server); /* followed and not ended */

/*
 * At start, when sandboxes and spools are there: the commands of an earlier daemon. Running ones are taken
 * up again, ended ones are remembered for the rest of their time, output of others is removed.
 */
int commands_load(struct server *server, struct sb_error *err) MUST_USE;

/* At the end: forget all in memory; they go on in their sandboxes. Nobody watches or reads any more. */
void commands_unload(struct server *server);

#endif
