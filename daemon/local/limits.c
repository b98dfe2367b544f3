/* Limits that follow from the size of the machine. */
#include "config.h"

#include "daemon/local/limits.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/local/idmap.h"

#define PIDS_SHARE   4 /* of those the kernel has: a fork bomb leaves the rest */
#define PIDS_UNKNOWN 4096

static int64_t read_number(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	long long number;

	return file && fscanf(file, "%lld", &number) == 1 ? number : 0;
}

static int64_t pids_of_machine(void)
{
	int64_t pids = read_number("/proc/sys/kernel/pid_max");
	int64_t threads = read_number("/proc/sys/kernel/threads-max");

	return threads > 0 && threads < pids ? threads : pids;
}

static int64_t memory_of_machine(void)
{
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

/* A user's engine works without limits, and says so (about.c), rather than not at all. */
static void drop_impossible(struct contain_limits *limits,
			    const struct contain_abilities *abilities)
{
	if (!abilities->has_memory)
		limits->memory_bytes = 0;
	if (!abilities->has_pids)
		limits->pids_max = 0;
	if (!abilities->has_cpu)
		limits->cpu_percent = 0;
}

void limits_resolve(struct contain_limits *limits, const struct contain_abilities *abilities)
{
	int64_t pids = pids_of_machine() / PIDS_SHARE;

	if (limits->pids_max == LIMIT_DEFAULT)
		limits->pids_max = !abilities->has_pids ? 0 : pids > 0 ? pids : PIDS_UNKNOWN;
	/* A quarter stays: the kernel then looks for a victim in the sandbox, not on the host. */
	if (limits->memory_bytes == LIMIT_DEFAULT)
		limits->memory_bytes = abilities->has_memory ? memory_of_machine() / 4 * 3 : 0;
	if (limits->cpu_percent == LIMIT_DEFAULT)
		limits->cpu_percent = 0; /* the scheduler shares it out */
	if (idmap_mode() != IDMAP_OWN)
		drop_impossible(limits, abilities);
}
