/*
 * One file of a spool: records one after the other, each a head and its bytes. Everything here may block
 * and runs on workers, or before the loop does.
 *
 * Offsets only grow. Where a record does not begin at the end of the one before it, the bytes between are
 * lost. A record that was cut off, by a crash, ends the file.
 */
#ifndef SP_SEGMENT_H
#define SP_SEGMENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "protocol/cleanup.h"

struct segment_head {
	int64_t offset; /* of the first byte */
	uint32_t len;
	uint32_t
		stream; /* enum spool_stream; also in a record of no bytes, which only marks an offset */
};

#define SEGMENT_RECORD_MAX (64u << 10)
/* Holds a whole record wherever it begins. */
#define SEGMENT_BUFFER (2 * SEGMENT_RECORD_MAX)

/* Reads the head of a whole record at the start of `data`; -1 when there is none, or it is cut. */
int segment_head_read(const char *data, size_t len, struct segment_head *ret) MUST_USE;

/*
 * Append to the file, which must be `at` bytes long; 0 makes it, and its directory. On failure (errno)
 * the file is as it was before.
 */
int segment_append(const char *path, off_t at, struct iovec *iov, int count) MUST_USE;

/*
 * Read records into `buf` (SEGMENT_BUFFER bytes), from the first that ends behind `offset`. `*position`
 * is where in the file to look first, and then where `buf` begins. How many bytes, 0 at the end of the
 * file, or -1 (errno).
 */
ssize_t segment_read(const char *path, int64_t offset, off_t *position, char *buf) MUST_USE;

/*
 * Find where the last whole record ends, and cut off what follows it. `start` is the offset the file is
 * named by, and `*ret_end` for an empty one. -1 (errno) when the file cannot be read.
 */
int segment_repair(const char *path, int64_t start, off_t *ret_bytes, int64_t *ret_end) MUST_USE;

/* Remove a directory of segments; what is missing is fine. */
void segment_remove_all(const char *dir);

#endif
