/*
 * What a process says, to all who listen (wire §4.7). Each piece read is encoded once and sent to every
 * subscriber. A subscriber that does not keep up holds the process back: nothing is read until it has
 * caught up or left. With no subscriber output is read and dropped.
 */
#ifndef SP_OUTPUT_H
#define SP_OUTPUT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/types.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct rpc;
struct wire_event_end;

enum output_kind { OUTPUT_STDOUT, OUTPUT_STDERR, OUTPUT_PTY };

struct output_source {
	struct output *output;
	enum output_kind kind;
	int fd; /* -1 after its end */
	struct event event;
};

struct output {
	struct event_base *base;
	struct output_source sources[2];
	unsigned source_count;
	struct list subscribers;
	void (*on_eof)(struct output *output); /* the last source has ended */
};

void output_init(struct output *output, struct event_base *base,
		 void (*on_eof)(struct output *output));
/* Read from `fd` (taken, does not block). */
void output_add(struct output *output, enum output_kind kind, int fd);
bool output_is_open(const struct output *output);

/* Send `rpc`, a stream of process messages, the start event and all that is read from now on. */
int output_subscribe(struct output *output, struct rpc *rpc, pid_t pid,
		     struct sb_error *err) MUST_USE;

/* Pass on what can be read at once, wait for no more, and end every subscriber's stream with `end`. */
void output_end(struct output *output, struct wire_event_end *end);
void output_deinit(struct output *output);

#endif
