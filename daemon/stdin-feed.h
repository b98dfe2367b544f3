/*
 * Bytes for the standard input, or the terminal, of a command: sent piece after piece, each when the one
 * before it was taken, and then perhaps the end of file.
 */
#ifndef SP_STDIN_FEED_H
#define SP_STDIN_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/e2b/envd.h"
#include "daemon/e2b/wire.h"
#include "protocol/error.h"

struct sandbox;

struct stdin_feed {                            /* embed me; zero means idle */
	void (*done)(struct stdin_feed *feed); /* never from inside a call */
	struct sb_error err; /* what is behind the piece that failed was not sent */
	bool is_cut;
	/* private */
	struct envd_call call;
	struct wire_empty answer;
	const struct sandbox *sandbox;
	int64_t pid;
	bool is_pty;
	bool closes;
	const char *data; /* what is left; borrowed until done() */
	size_t len;
};

/* `data` is borrowed until done(); with `closes`, end of file follows it. One of both there must be. */
void stdin_feed_start(struct stdin_feed *feed, const struct sandbox *sandbox, int64_t pid,
		      bool is_pty, const char *data, size_t len, bool closes);
void stdin_feed_cancel(struct stdin_feed *feed); /* safe when idle */

#endif
