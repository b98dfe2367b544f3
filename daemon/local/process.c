/* Numbers of processes are given again; numbers with start times are not. */
#include "config.h"

#include "daemon/local/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

/* Field 2, the name, may contain anything, parentheses too: count from its end. */
int process_start_time(pid_t pid, uint64_t *ret, struct sb_error *err)
{
	char path[64], text[1024];
	CLEANUP_FD int fd = -1;
	ssize_t size;
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size < 0)
		return sb_fail_errno(err, SB_SANDBOX_NOT_FOUND, errno, "%s", path);
	text[size] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return sb_fail(err, SB_INTERNAL, "%s: not understood", path);
	*ret = strtoull(at, NULL, 10);
	return 0;
}

int process_open(pid_t pid, uint64_t start_time, int *ret_fd, struct sb_error *err)
{
	CLEANUP_FD int fd = pidfd_open(pid, 0);
	uint64_t present;

	if (fd < 0)
		return sb_fail_errno(err, SB_SANDBOX_NOT_FOUND, errno, "process %d", (int)pid);
	if (process_start_time(pid, &present, err) < 0)
		return -1;
	if (present != start_time)
		return sb_fail(err, SB_SANDBOX_NOT_FOUND, "process %d is another now", (int)pid);
	*ret_fd = take_fd(&fd);
	return 0;
}
