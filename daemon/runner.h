/*
 * A command from its start to its end with its output in memory, up to RUN_OUTPUT_MAX of each stream: what command.run
 * and git.* stand on. Embed it; zero means idle. It is killed when it is cancelled before its end.
 */
#ifndef SP_RUNNER_H
#define SP_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/command.h"
#include "daemon/spool.h"
#include "protocol/buf.h"
#include "protocol/error.h"
#include "protocol/values.h"

struct runner {
	void (*on_change)(struct runner *runner); /* never from inside runner_start() */
	struct command
		*command; /* its exit status, and `err` when it did not run to an end of its own */
	struct buf out, err;      /* a terminal's output is in `out` */
	int64_t truncated_offset; /* of the first byte that is not there; TYPES_UNSET: all is */
	/* private */
	struct command_watch watch;
	struct spool_reader reader;
	bool is_read; /* all of the output */
};

/* -1: nothing was started. runner_release() in every case. */
int runner_start(struct runner *runner, struct server *server, struct sandbox *sandbox,
		 const struct command_spec *spec, struct sb_error *err) MUST_USE;

/* It has started, or never will: command->has_started tells which. */
bool runner_is_begun(const struct runner *runner);
/* It has ended and all its output is here. */
bool runner_is_over(const struct runner *runner);

/* How it went wrong, when it did not come to an end of its own or its output could not be kept: -1. */
int runner_check(const struct runner *runner, struct sb_error *err) MUST_USE;

/* The bytes of `out` or `err`, borrowed: none is "". */
struct bytes runner_bytes(const struct buf *buf);

/*
 * Harmless when idle, which it is afterwards. What was truncated can still be had from the command; otherwise
 * nobody needs it any more.
 */
void runner_release(struct runner *runner);

#endif
