/*
 * A descriptor that a client gave us to read from; the rules are those of fd-sink.h. It reads only when it
 * is asked to, one piece at a time.
 */
#ifndef SP_FD_SOURCE_H
#define SP_FD_SOURCE_H

#include <stddef.h>

#include "protocol/error.h"

struct event_base;
struct fd_source;
struct workers;

#define FD_SOURCE_MAX (64u << 10) /* bytes of one piece */

/* A piece, which the source keeps until the next fd_source_read(); `len` 0 at the end, or with `err`. */
typedef void fd_source_on_read(void *arg, const char *data, size_t len, const struct sb_error *err);

/* Takes `fd`, also on failure. */
struct fd_source *fd_source_new(struct event_base *base, struct workers *workers, int fd,
				fd_source_on_read *on_read, void *arg,
				struct sb_error *err) MUST_USE;

/* Closes the descriptor, at once or when a worker is done with it. Returns NULL; NULL is fine. */
struct fd_source *fd_source_free(struct fd_source *source);

/* Read the next piece; on_read comes later, never from inside this call. */
void fd_source_read(struct fd_source *source);

#endif
