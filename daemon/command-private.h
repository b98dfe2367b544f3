/* Inside of a command: what command.c (its life) and command-stream.c (its stream) share. */
#ifndef SP_COMMAND_PRIVATE_H
#define SP_COMMAND_PRIVATE_H

#include "daemon/command.h"
#include "daemon/e2b/wire.h"
#include "daemon/provider.h"

struct command_private {
	struct command *command;
	char *spool_name;
	int64_t started_us, ended_us; /* wall clock */
	bool is_transient;
	bool is_discarded;
	bool is_superseded;      /* a newer command has its pid, and its row in the store */
	struct event *changed;   /* tells the watches */
	uint64_t changes;        /* told so far */
	struct event *retention; /* runs out some time after the end */

	/* following it */
	struct envd_stream stream;
	bool is_streaming; /* the stream has not ended */
	bool has_end;      /* it told the end of the command */
	struct envd_probe probe;
	struct provider_wait provider;
	struct event *retry;
	int64_t lost_ms;    /* monotonic: since when it cannot be reached */
	int64_t reached_ms; /* monotonic: when its stream began the last time */
	unsigned attempts;

	/* ending it */
	struct envd_call kill;
	struct wire_empty kill_answer;
	struct event *kill_again;
	struct event *idle;
	int64_t idle_ms;     /* allowed without output; 0: any */
	int64_t deadline_ms; /* monotonic; INT64_MAX: none */
	bool wants_kill;
	struct sb_error verdict; /* what we end it for */
};

int command_stream_init(struct command *command) MUST_USE;
void command_stream_deinit(struct command *command);

/* Ask the agent to start it: `request` is only read during the call. */
void command_stream_start(struct command *command, const char *user,
			  const struct wire_start_request *request, int64_t timeout_ms);
/* Subscribe to one that runs: at once, or after a while when that was tried before. */
void command_stream_connect(struct command *command);
/* Stop all that is pending; a stream that told the command's end runs to its own. */
void command_stream_stop(struct command *command);
/* Kill it as soon as it can be reached. */
void command_stream_kill(struct command *command);

/* The agent told the pid. */
void command_started(struct command *command, int64_t pid);
/* Look again, at the next turn of the loop, who is to be told and whether it can go. */
void command_changed(struct command *command);
void command_set_state(struct command *command, enum command_state state);
/* It ended: by itself (`why` NULL; exit_code, signal and error are set), or as far as we can tell. */
void command_end(struct command *command, const struct sb_error *why);

#endif
