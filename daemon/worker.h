/*
 * A small bounded pool of threads for calls that may block. The daemon has two: one for files, pipes and
 * terminals that came from clients, one for the spool's files. A job shares nothing with the loop while it
 * is with a worker.
 */
#ifndef SP_WORKER_H
#define SP_WORKER_H

#include <stdbool.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct event_base;
struct workers;

struct job { /* embed me; zero means idle */
	/* Runs on a worker. Touches only the object it is embedded in, which the loop leaves alone meanwhile. */
	void (*work)(struct job *job);
	/* Runs in the loop afterwards, never from inside workers_submit(). */
	void (*done)(struct job *job);
	bool is_busy;     /* with a worker, or queued */
	struct list link; /* private */
};

struct workers *workers_new(struct event_base *base, unsigned threads,
			    struct sb_error *err) MUST_USE;
/*
 * Waits so long for the jobs under way; their done() is not called. A worker that hangs, on a dead file system,
 * is left to hang, and with it all that it may touch: that memory is not given back. NULL is fine.
 */
struct workers *workers_free(struct workers *workers, int patience_ms);

void workers_submit(struct workers *workers, struct job *job);

#endif
