/*
 * What a box has used: a sample every few seconds, for half an hour back. Reading the kernel's counters is
 * usage.c's; api-metrics.c tells them.
 */
#ifndef SP_LOCAL_USAGE_H
#define SP_LOCAL_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/error.h"

#define USAGE_SAMPLES_MAX 360
#define USAGE_EVERY_MS    5000

struct box;
struct engine;
struct usage_timer;

struct usage_sample {
	int64_t at_us;      /* wall clock */
	double cpu_percent; /* of all cores that the box may use, since the sample before */
	int64_t memory_bytes, cache_bytes, memory_limit_bytes; /* limit 0: none */
	int64_t disk_used_bytes, disk_total_bytes;             /* of the file system it writes to */
	int64_t processes;
	int64_t refused_packets; /* since it began, or was taken up again */
};

struct usage {                                          /* embed me; zero means empty */
	struct usage_sample samples[USAGE_SAMPLES_MAX]; /* a ring */
	unsigned first, count;
	int64_t last_mono_ms,
		last_cpu_us; /* where the next sample's share of CPU begins; 0: nowhere */
};

/* Takes samples of all boxes of the engine, from now on. */
struct usage_timer *usage_timer_new(struct engine *engine, struct sb_error *err) MUST_USE;
struct usage_timer *usage_timer_free(struct usage_timer *timer); /* NULL is fine */

/* The box runs: its first sample counts from here. */
void usage_begin(struct box *box);

/* Sample `index`, the oldest first; NULL behind the last. */
const struct usage_sample *usage_get(const struct usage *usage, unsigned index);

/* One of this moment, which is not kept. False when there is nothing new to tell, or nothing to be had. */
bool usage_now(const struct box *box, struct usage_sample *ret);

/* Cores that a box may use. */
int64_t usage_cpu_count(const struct engine *engine);
/* Memory that a box may use. */
int64_t usage_memory_bytes(const struct engine *engine);

#endif
