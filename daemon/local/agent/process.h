/*
 * The commands and terminals of a sandbox (wire §4). A process is on agent->processes from its start until
 * 30 s after its end, so that who connects late still learns how it ended.
 *
 *	running:  the program runs, or has exited while somebody still holds its output pipes
 *	ended:    exit status known, all output passed on, subscribers dismissed; not listed any more
 */
#ifndef SP_PROCESS_H
#define SP_PROCESS_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "daemon/local/agent/input.h"
#include "daemon/local/agent/output.h"

struct agent;
struct user;
struct wire_process_config;
struct wire_selector;
struct wire_start_request;

struct process {
	struct list link; /* agent.processes */
	struct agent *agent;
	pid_t pid;
	char *tag;                          /* NULL: none */
	struct wire_process_config *config; /* as it was asked for, for List */
	bool has_terminal;
	struct input input;
	struct output output;
	struct event timer; /* the client's deadline; after the end, its own removal */
	bool is_killed;     /* by a call or the deadline: nobody waits for the rest of its output */
	bool is_exited;
	bool is_ended;
	int status; /* of waitpid, once exited */
};

/* Reap all children, ours and orphans, from now on. */
int processes_watch(struct agent *agent, struct sb_error *err) MUST_USE;
/* Forget all processes; those that run go on. */
void processes_free(struct agent *agent);

/* Takes process->config and ->tag out of `request`. `timeout_ms` 0 is none. */
struct process *process_start(struct agent *agent, struct user *user,
			      struct wire_start_request *request, int64_t timeout_ms,
			      struct sb_error *err) MUST_USE;

/* A running process, or with `or_ended` also one that ended lately. NULL with `err` when there is none. */
struct process *process_find(struct agent *agent, const struct wire_selector *selector,
			     bool or_ended, struct sb_error *err) MUST_USE;

/* To this one process, not to its group. */
int process_signal(struct process *process, int signo, struct sb_error *err) MUST_USE;

/* How it ended; `text` of PROCESS_STATUS_SIZE bytes holds what `ret_end` borrows. */
#define PROCESS_STATUS_SIZE 64
void process_describe_end(const struct process *process, char *text,
			  struct wire_event_end *ret_end);

#endif
