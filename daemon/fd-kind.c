/* Sorts of descriptors. */
#include "config.h"

#include "daemon/fd-kind.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "protocol/cleanup.h"

#define TERMINAL_STEP 64

/* epoll refuses what is always ready. */
static bool is_pollable(int fd)
{
	CLEANUP_FD int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {0};

	return epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum fd_kind fd_kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
		return FD_SOCKET;
	return is_pollable(fd) ? FD_STREAM : FD_FILE;
}

unsigned fd_step(int fd)
{
	return isatty(fd) ? TERMINAL_STEP : PIPE_BUF;
}
