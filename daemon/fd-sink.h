/*
 * A descriptor that a client gave us to write to. Its flags stay as they are, since the client shares them;
 * still no call in the loop waits. Sockets, and pipes where the kernel can (6.4), are written in the loop
 * when they are ready; the rest by a worker.
 */
#ifndef SP_FD_SINK_H
#define SP_FD_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/error.h"

struct event_base;
struct fd_sink;
struct workers;

#define FD_SINK_PIECE (64u << 10) /* most bytes of one fd_sink_write() */

/*
 * A part of what was taken is written, so there is room again, and perhaps fd_sink_is_idle(); or `err` says
 * why not: then the sink is of no more use. Never from inside a call.
 */
typedef void fd_sink_on_written(void *arg, const struct sb_error *err);

/* Takes `fd`, also on failure. */
struct fd_sink *fd_sink_new(struct event_base *base, struct workers *workers, int fd,
			    fd_sink_on_written *on_written, void *arg,
			    struct sb_error *err) MUST_USE;

/* Closes the descriptor, at once or when a worker is done with it. Returns NULL; NULL is fine. */
struct fd_sink *fd_sink_free(struct fd_sink *sink);

/* Take these bytes (copied). False when there is no room for more: on_written will say when there is. */
bool fd_sink_write(struct fd_sink *sink, const void *data, size_t len);

/* All that was taken is written. */
bool fd_sink_is_idle(const struct fd_sink *sink);

#endif
