/* A gzip stream undone as it comes in, in bounded memory. Concatenated members are one stream. */
#ifndef SP_GUNZIP_H
#define SP_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/error.h"

struct z_stream_s; /* zlib.h */

struct gunzip { /* embed me; zero is fine for gunzip_deinit() */
	/* Takes plain bytes; -1 with `err` filled stops. */
	int (*on_data)(struct gunzip *gunzip, const char *data, size_t len, struct sb_error *err);
	struct z_stream_s *stream; /* NULL when not open */
	bool is_inside;            /* a member has begun and not ended */
};

int gunzip_init(struct gunzip *gunzip, struct sb_error *err) MUST_USE;
int gunzip_feed(struct gunzip *gunzip, const char *data, size_t len, struct sb_error *err) MUST_USE;
/* The input is over: an error when it was cut. */
int gunzip_end(struct gunzip *gunzip, struct sb_error *err) MUST_USE;
void gunzip_deinit(struct gunzip *gunzip);

#endif
