/*
 * Sends parts of a file as a streamed reply, plain or gzipped, never holding more than a few pieces of it:
 * what httpd_reply_fd() cannot do. It owns itself from pump_start() on and ends with its request.
 */
#ifndef SP_PUMP_H
#define SP_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/local/agent/range.h"

struct httpd_header;
struct httpd_request;

#define PUMP_BOUNDARY "sandpool-part-of-a-file-3d6b1f"

/* All of the file to its end, whatever size it claims. `fd` is taken. */
void pump_start_whole(struct httpd_request *request, const struct httpd_header *headers, int fd,
		      bool is_gzip);

/* These ranges as multipart/byteranges with PUMP_BOUNDARY, of a file of `size` bytes. `fd` is taken. */
void pump_start_ranges(struct httpd_request *request, const struct httpd_header *headers, int fd,
		       const struct ranges *ranges, uint64_t size, const char *type);

#endif
