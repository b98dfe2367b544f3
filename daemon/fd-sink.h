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

#define FD_SINK_MAX (256u << 10) /* bytes of one write */

/* What was given to fd_sink_write() is written, or `err` says why not: then the sink is of no more use. */
typedef void fd_sink_on_written(void *arg, const struct sb_error *err);

/* Takes `fd`, also on failure. */
struct fd_sink *fd_sink_new(struct event_base *base, struct workers *workers, int fd,
			    fd_sink_on_written *on_written, void *arg,
			    struct sb_error *err) MUST_USE;

/* Closes the descriptor, at once or when a worker is done with it. Returns NULL; NULL is fine. */
struct fd_sink *fd_sink_free(struct fd_sink *sink);

/*
 * Write it all; up to FD_SINK_MAX bytes, copied. True when that is done already; false when on_written
 * will say, until then the sink takes nothing more.
 */
bool fd_sink_write(struct fd_sink *sink, const void *data, size_t len);

#endif
