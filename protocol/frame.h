/*
 * Bytes and descriptors to lines and back (PROTOCOL.md, "Lines" and "Descriptors"). Knows no JSON and no socket: the
 * owner feeds what recvmsg() gave and takes whole lines out.
 *
 * A line over the limit is dropped as it arrives and reported once, in its place, as FRAME_TOO_LONG.
 * Descriptors wait in one queue per connection; frame_take_fds() hands the oldest over.
 */
#ifndef SP_FRAME_H
#define SP_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buf.h"

#define FRAME_LINE_MAX  (16u << 20) /* bytes, without the newline */
#define FRAME_FDS_MAX   16          /* descriptors of one line */
#define FRAME_QUEUE_MAX 64          /* descriptors waiting on one connection */
#define FRAME_IDLE_SIZE 1024        /* buffer kept at rest: short messages need no other */

struct frame_reader {
	struct buf buf;           /* bytes not yet taken as lines */
	size_t start;             /* where the next line begins in buf */
	size_t scanned;           /* no newline before this offset */
	size_t line_max;          /* FRAME_LINE_MAX unless a test says less */
	bool is_skipping;         /* inside a line that was too long */
	int fds[FRAME_QUEUE_MAX]; /* owned; oldest first */
	size_t fd_count;
};

enum frame_status {
	FRAME_NONE = 0, /* no whole line yet */
	FRAME_LINE,     /* *ret_line is a line */
	FRAME_TOO_LONG, /* a line over the limit ended here and is gone */
};

void frame_reader_init(struct frame_reader *reader);

/* Closes descriptors nobody took. */
void frame_reader_deinit(struct frame_reader *reader);

/* Room for at least `len` bytes to receive into; NULL when out of memory. */
char *frame_reader_space(struct frame_reader *reader, size_t len) MUST_USE;

/* `len` bytes were received into the space. */
void frame_reader_added(struct frame_reader *reader, size_t len);

/* Takes descriptors that came with the bytes; -1 when the queue is full (they are closed then). */
int frame_reader_add_fds(struct frame_reader *reader, const int *fds, size_t count) MUST_USE;

/*
 * The next line, without its newline and NUL-terminated; it stays valid until the next call of
 * frame_reader_space(), and the caller may write in it.
 */
enum frame_status frame_reader_next(struct frame_reader *reader, char **ret_line, size_t *ret_len);

/* Move the oldest `count` descriptors to `ret_fds`; -1 when fewer are there (none is moved then). */
int frame_take_fds(struct frame_reader *reader, int *ret_fds, size_t count) MUST_USE;

/* Close all waiting descriptors and return how many there were. */
size_t frame_drop_fds(struct frame_reader *reader);

/* True when no part of a line is waiting: descriptors still queued then belong to nothing. */
bool frame_reader_is_empty(const struct frame_reader *reader);

/* Nothing will be received for a while: keep no large buffer that holds nothing. */
void frame_reader_rest(struct frame_reader *reader);

/* Bytes held, for accounting. */
size_t frame_reader_held(const struct frame_reader *reader);

#endif
