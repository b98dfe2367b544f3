/* A progress bar on a terminal, drawn from transfer.progress. */
#ifndef SP_PROGRESS_H
#define SP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct sandpool;

struct progress {
	const char *name; /* of the file */
	int64_t total;    /* -1 when not known */
	bool is_shown;    /* standard error is a terminal */
	bool was_drawn;
	int64_t started_ms;
};

/* Begin; listens to the connection's notifications until progress_end(). */
void progress_begin(struct progress *progress, struct sandpool *sp, const char *name,
		    int64_t total);
void progress_end(struct progress *progress, struct sandpool *sp);

#endif
