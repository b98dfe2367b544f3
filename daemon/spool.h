/*
 * Output of one command, kept on disk by byte offset, for any number of readers at their own pace. All
 * streams of a command share one count of bytes, in the order they came.
 *
 * Appending never waits: bytes go to a tail in memory, and from there to segment files by a worker. The
 * newest `spool_command_bytes` are kept; when older segments are dropped, a reader that still wanted
 * them is told of a gap. If the disk cannot take more, the same happens, and the spool says so once.
 */
#ifndef SP_SPOOL_H
#define SP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/list.h"
#include "protocol/error.h"

struct event_base;
struct spool;
struct spools;
struct workers;

enum spool_stream { SPOOL_STDOUT = 1, SPOOL_STDERR = 2, SPOOL_PTY = 3 }; /* on disk */

/* A run of bytes of one stream, as a reader gets it. */
struct spool_chunk {
	enum spool_stream stream;
	int64_t offset;
	const char *data; /* NULL: a gap of `len` bytes that are lost */
	size_t len;
};

/* One reader; embed it. It is told when there may be something to read, and reads as much as it likes. */
struct spool_reader {
	void (*on_ready)(struct spool_reader *reader); /* in the loop, never from inside a call */
	struct spool *spool;                           /* NULL when detached */
	int64_t offset;                                /* of the next byte it gets */
	struct list link;                              /* spool.readers */
	struct spool_read *read;                       /* private: a disk read under way */
};

#define SPOOL_CHUNK_MAX (64u << 10)

/* `workers` is borrowed. Makes `dir`, and notes what an earlier daemon left in it. */
struct spools *spools_new(struct event_base *base, const char *dir, struct workers *workers,
			  int64_t command_bytes, int64_t total_bytes,
			  struct sb_error *err) MUST_USE;
/* Writes out what waits and closes all. To be called when the workers have ended. NULL is fine. */
struct spools *spools_free(struct spools *spools);
int64_t spools_bytes(const struct spools *spools);

/* At start, when all spools that are still known were opened: removes the files of the others. */
void spools_sweep(struct spools *spools);

/*
 * Make a spool, or open the one of that name that an earlier daemon left; `name` is a file name of our
 * own making. Only the second looks at the disk, so it belongs to the start of the daemon.
 */
struct spool *spool_open(struct spools *spools, const char *name, struct sb_error *err) MUST_USE;
/* Its files stay, and get what still waits. Readers must be detached. Returns NULL; NULL is fine. */
struct spool *spool_close(struct spool *spool);
/* Closes and removes the files. NULL is fine. */
void spool_remove(struct spool *spool);

void spool_append(struct spool *spool, enum spool_stream stream, const void *data, size_t len);

/* Bytes were lost before they reached us (an agent that discards what nobody reads): leave a gap. */
void spool_skip(struct spool *spool, int64_t lost_bytes);

/* No more will come. Readers at the end are woken once more. */
void spool_finish(struct spool *spool);

int64_t spool_start(const struct spool *spool); /* first offset still kept */
int64_t spool_end(const struct spool *spool);   /* one past the last byte */

/*
 * More than the memory bound waits for the disk: whoever feeds the spool pauses until `on_room` is
 * called, in the loop. What is appended all the same, far beyond the bound, is lost and leaves a gap.
 */
bool spool_is_full(const struct spool *spool);
void spool_set_on_room(struct spool *spool, void (*on_room)(void *arg), void *arg);

void spool_attach(struct spool *spool, struct spool_reader *reader, int64_t offset);
void spool_detach(struct spool_reader *reader);

/*
 * The reader's next chunk: 1 with it (data valid until the next call or the next turn of the loop), 0
 * when nothing is there now (on_ready will come), -1 at the end of a finished spool.
 */
int spool_read(struct spool_reader *reader, struct spool_chunk *ret);

#endif
