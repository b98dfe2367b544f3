/* Samples of what boxes use, from the counters of their control groups. */
#include "config.h"

#include "daemon/local/usage.h"

#include <event2/event.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/timer.h"
#include "daemon/local/box.h"
#include "daemon/local/contain.h"
#include "daemon/local/engine.h"

#define SHORTEST_MS 200 /* a share of CPU over less time is noise */

struct usage_timer {
	struct engine *engine;
	struct event *event;
};

int64_t usage_cpu_count(const struct engine *engine)
{
	if (engine->options.limits.cpu_percent)
		return (engine->options.limits.cpu_percent + 99) / 100;
	return sysconf(_SC_NPROCESSORS_ONLN);
}

int64_t usage_memory_bytes(const struct engine *engine)
{
	if (engine->options.limits.memory_bytes)
		return engine->options.limits.memory_bytes;
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

static void measure_disk(const struct engine *engine, struct usage_sample *sample)
{
	struct statvfs disk;

	if (statvfs(engine->options.state_dir, &disk) < 0)
		return;
	sample->disk_total_bytes = (int64_t)(disk.f_blocks * disk.f_frsize);
	sample->disk_used_bytes = (int64_t)((disk.f_blocks - disk.f_bfree) * disk.f_frsize);
}

/* The sample and the counter it was made from; false when the kernel tells nothing of this box. */
static bool measure(const struct box *box, struct usage_sample *ret, int64_t *ret_cpu_us)
{
	const struct usage *usage = &box->usage;
	struct contain_usage now;
	struct sb_error ignored = {0};
	int64_t passed_ms;

	if (contain_usage(box->record.id, &now, &ignored) < 0)
		return false;
	*ret = (struct usage_sample){
		.at_us = clock_wall_us(),
		.memory_bytes = now.memory_bytes,
		.cache_bytes = now.memory_cache_bytes,
		.memory_limit_bytes = now.memory_limit_bytes,
		.processes = now.pids,
		.refused_packets = box->refused_packets,
	};
	passed_ms = clock_mono_ms() - usage->last_mono_ms;
	if (usage->last_mono_ms > 0 && passed_ms > 0 && now.cpu_us > usage->last_cpu_us)
		ret->cpu_percent = 0.1 * (double)(now.cpu_us - usage->last_cpu_us) /
				   (double)passed_ms / (double)usage_cpu_count(box->engine);
	measure_disk(box->engine, ret);
	*ret_cpu_us = now.cpu_us;
	return true;
}

static void usage_add(struct box *box)
{
	struct usage *usage = &box->usage;
	struct usage_sample sample;
	int64_t cpu_us;

	if (!measure(box, &sample, &cpu_us))
		return;
	usage->last_mono_ms = clock_mono_ms();
	usage->last_cpu_us = cpu_us;
	usage->samples[(usage->first + usage->count) % USAGE_SAMPLES_MAX] = sample;
	if (usage->count < USAGE_SAMPLES_MAX)
		usage->count++;
	else
		usage->first = (usage->first + 1) % USAGE_SAMPLES_MAX;
}

void usage_begin(struct box *box)
{
	struct usage_sample sample;

	if (measure(box, &sample, &box->usage.last_cpu_us))
		box->usage.last_mono_ms = clock_mono_ms();
}

const struct usage_sample *usage_get(const struct usage *usage, unsigned index)
{
	if (index >= usage->count)
		return NULL;
	return &usage->samples[(usage->first + index) % USAGE_SAMPLES_MAX];
}

bool usage_now(const struct box *box, struct usage_sample *ret)
{
	int64_t cpu_us;

	if (box->usage.count > 0 && clock_mono_ms() - box->usage.last_mono_ms < SHORTEST_MS)
		return false;
	return measure(box, ret, &cpu_us);
}

/* ---- the timer ------------------------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct usage_timer *timer = arg;

	(void)fd;
	(void)what;
	list_for_each (struct box, box, &timer->engine->boxes, link) {
		if (box->state == BOX_RUNNING)
			usage_add(box);
	}
	timer_set(timer->event, USAGE_EVERY_MS);
}

struct usage_timer *usage_timer_new(struct engine *engine, struct sb_error *err)
{
	struct usage_timer *timer = calloc(1, sizeof(*timer));

	if (timer) {
		timer->engine = engine;
		timer->event = evtimer_new(engine->base, on_tick, timer);
	}
	if (!timer || !timer->event) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return usage_timer_free(timer);
	}
	timer_set(timer->event, USAGE_EVERY_MS);
	return timer;
}

struct usage_timer *usage_timer_free(struct usage_timer *timer)
{
	if (!timer)
		return NULL;
	if (timer->event)
		event_free(timer->event);
	free(timer);
	return NULL;
}
