/*
 * Inside of the spool: what spool.c (appending, bounds, files) and spool-reader.c (reading) share.
 *
 * Bytes are in a record in memory from spool_append() until they are settled, that is on disk or lost,
 * and no reader that has come so far wants them. What is on disk is known as a list of segments; a reader
 * that is behind the records in memory has a worker read them.
 */
#ifndef SP_SPOOL_PRIVATE_H
#define SP_SPOOL_PRIVATE_H

#include <limits.h>

#include "daemon/segment.h"
#include "daemon/spool.h"
#include "daemon/worker.h"
#include "protocol/values.h"

#define SPOOL_TAIL_KEEP (256u << 10) /* settled bytes kept in memory for readers that keep up */
#define SPOOL_TAIL_FULL (1u << 20)   /* unsettled bytes at which the feeder shall pause */
#define SPOOL_TAIL_MAX  (8u << 20)   /* unsettled bytes at which what comes is lost */
#define SPOOL_SEGMENT   (8u << 20)

/* Work for a worker; all under way are known, so that the end of the daemon can finish it. */
struct chore {
	struct job job;
	struct spools *spools;
	void (*run)(struct chore *chore);  /* on a worker */
	void (*done)(struct chore *chore); /* in the loop; may free the chore */
	bool has_run;                      /* belongs to the worker until done() */
	struct list link;                  /* spools.chores */
};

struct spools {
	struct event_base *base;
	struct workers *workers; /* NULL at the end: chores then run at once */
	char *dir;
	int64_t command_bytes, total_bytes, segment_bytes;
	int64_t bytes; /* of all segments */
	struct strings
		found;   /* directories from before that nobody opened yet; items may be NULL */
	struct list all; /* of struct spool */
	struct list segments; /* of struct segment, oldest first (by_age) */
	struct list chores;
	bool is_failing; /* the disk took nothing the last time, and we said so */
};

/* Bytes in memory. */
struct record {
	struct list link; /* spool.records */
	struct segment_head head;
	size_t size; /* room in data */
	enum record_state { RECORD_OPEN, RECORD_WRITING, RECORD_SETTLED } state;
	char data[];
};

/* A file. */
struct segment {
	struct spool *spool;
	int64_t start, end; /* offsets; end is that of the last record on disk */
	int64_t bytes;
	bool has_failed;    /* append no more */
	struct list link;   /* spool.segments */
	struct list by_age; /* spools.segments */
};

struct spool {
	struct spools *spools;
	char *name;
	struct list
		records; /* oldest first: settled ones, then one batch being written, then open ones */
	struct list segments; /* oldest first; bytes are only added to the last */
	struct list readers;
	int64_t end;
	size_t held;               /* bytes of all records */
	size_t unsettled;          /* of these, not on disk yet */
	struct spool_write *write; /* under way, or NULL */
	struct event *wake;        /* tells readers and the feeder, trims, frees */
	void (*on_room)(void *arg);
	void *on_room_arg;
	bool owes_room; /* was full since on_room was called last */
	bool is_finished;
	bool is_closed;
	bool is_removed;
	struct list link; /* spools.all */
};

void chore_start(struct spools *spools, struct chore *chore);

/* Run all chores to their end, here and now: the workers are gone. */
void chores_finish(struct spools *spools);

/* The file of the segment that begins at `start`; `path` has PATH_MAX bytes. */
void segment_path(const struct spool *spool, int64_t start, char *path);
struct segment *segment_new(struct spool *spool, int64_t start);
void segment_free(struct segment *segment);

/* Begin to write what waits, unless a batch is under way. */
void spool_write_next(struct spool *spool);
struct record *spool_first_open(const struct spool *spool);
void spools_remove_dir(struct spools *spools, const char *name);

/* Wake whoever may go on, at the next turn of the loop. */
void spool_wake(struct spool *spool);

#endif
