/*
 * One command on the caller's own standard input and output: run, exec, shell and attach. Output goes out
 * as it comes; input goes in as the command takes it; signals go to the command.
 */
#ifndef SP_SESSION_H
#define SP_SESSION_H

#include "client/cli/cli.h"

struct session_call;

struct session {
	struct cli *cli;
	const char *sandbox;
	bool is_pty;
	bool has_input; /* forward our standard input */

	/* private */
	int64_t pid;
	bool has_ended;
	int status; /* exit status, once it has ended */
	int signal_fd;
	bool is_sending; /* input is under way: read no more until it has arrived */
	bool input_ended;
	int told_signal;            /* the last that asked us to stop */
	int output_errno;           /* why its output could not be written */
	struct session_call *calls; /* under way beside the command's own */
};

/*
 * Make `call` (command.start, command.connect, pty.create or pty.connect; taken), then forward until the
 * command ends. Returns the exit status for our caller.
 */
int session_run(struct session *session, struct sandpool_call *call);

/*
 * From now on signals wait for session_run(): for what must not be interrupted half-way before it. 0, or -1
 * with errno.
 */
int session_hold_signals(void) MUST_USE;

/* "exit_code" and "signal" as a shell would have it. */
int session_status(int64_t exit_code, int64_t signal_number);

#endif
