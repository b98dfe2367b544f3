/* /metrics: what the sandbox uses, as its own kernel files tell (wire §6.2). */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "daemon/base/clock.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/init.h"

#define MIB (1 << 20)

static void read_text(const char *path, char *text, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
}

/* The number after `key` in /proc/meminfo, in bytes. */
static int64_t meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : 0;
}

static void measure_memory(struct wire_metrics *metrics)
{
	char text[4096];

	read_text("/proc/meminfo", text, sizeof(text));
	metrics->mem_total = meminfo(text, "MemTotal:");
	metrics->mem_used = metrics->mem_total - meminfo(text, "MemAvailable:");
	metrics->mem_cache = meminfo(text, "\nCached:");
	metrics->mem_total_mib = metrics->mem_total / MIB;
	metrics->mem_used_mib = metrics->mem_used / MIB;
}

static void measure_disk(struct wire_metrics *metrics)
{
	struct statvfs disk;

	if (statvfs("/", &disk) < 0)
		return;
	metrics->disk_total = (int64_t)(disk.f_blocks * disk.f_frsize);
	metrics->disk_used = (int64_t)((disk.f_blocks - disk.f_bfree) * disk.f_frsize);
}

/* Per cent of all processors that were busy since the last call, or since boot. */
static double measure_cpu(void)
{
	static int64_t last_busy, last_total;
	long long ticks[8] = {0};
	char text[512];
	int64_t busy;
	int64_t total = 0;
	double percent = 0;

	read_text("/proc/stat", text, sizeof(text));
	(void)sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &ticks[0], &ticks[1],
		     &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]);
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		total += ticks[i];
	busy = total - ticks[3] - ticks[4]; /* idle and iowait */
	if (total > last_total)
		percent = 100.0 * (double)(busy - last_busy) / (double)(total - last_total);
	last_busy = busy;
	last_total = total;
	return percent;
}

void metrics_get(struct agent *agent, struct httpd_request *request)
{
	static const struct httpd_header headers[] = {
		{"Content-Type", "application/json"},
		{"Cache-Control", "no-store"},
		{NULL, NULL},
	};
	struct wire_metrics metrics = {
		.ts = clock_wall_us() / 1000000,
		.cpu_count = sysconf(_SC_NPROCESSORS_ONLN),
		.cpu_used_pct = measure_cpu(),
	};
	CLEANUP_BUF struct buf body = {0};

	(void)agent;
	measure_memory(&metrics);
	measure_disk(&metrics);
	fields_encode(&wire_metrics_type, FIELDS_E2B, &metrics, &body);
	if (body.failed)
		httpd_reply_error(request, 500, "out of memory");
	else
		httpd_reply(request, 200, headers, body.data, body.len);
}
