/* Reading from descriptors that came from clients. */
#include "config.h"

#include "daemon/fd-source.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "daemon/fd-kind.h"
#include "daemon/worker.h"

struct fd_source {
	int fd;
	enum fd_kind kind;
	bool wants_worker; /* the kernel cannot promise not to wait */
	bool is_closed;    /* freed when the worker is done */
	struct event *ready;
	struct workers *workers;
	struct job job;
	ssize_t len; /* -1: nothing was there after all, or `sys` says why */
	int sys;
	fd_source_on_read *on_read;
	void *arg;
	char data[FD_SOURCE_MAX];
};

static void read_now(struct fd_source *source)
{
	struct iovec iov = {source->data, sizeof(source->data)};

	do {
		if (source->kind == FD_SOCKET)
			source->len =
				recv(source->fd, source->data, sizeof(source->data), MSG_DONTWAIT);
		else
			source->len = preadv2(source->fd, &iov, 1, -1, RWF_NOWAIT);
	} while (source->len < 0 && errno == EINTR);
	if (source->len >= 0 || errno == EAGAIN)
		return;
	if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
		source->wants_worker = true;
	else
		source->sys = errno;
}

/* On a worker. What poll() calls readable returns at once, unless somebody else reads it too. */
static void work(struct job *job)
{
	struct fd_source *source = container_of(job, struct fd_source, job);
	struct pollfd pfd = {.fd = source->fd, .events = POLLIN};

	source->len = -1;
	if (source->kind != FD_FILE && poll(&pfd, 1, 0) <= 0)
		return;
	do
		source->len = read(source->fd, source->data, sizeof(source->data));
	while (source->len < 0 && errno == EINTR);
	if (source->len < 0 && errno != EAGAIN)
		source->sys = errno;
}

static void wait_ready(struct fd_source *source)
{
	if (event_add(source->ready, NULL) < 0)
		abort(); /* out of memory: it would never go on */
}

static void go_on(struct fd_source *source)
{
	struct sb_error err = {0};

	/* A terminal whose other side has gone says EIO at its end. */
	if (source->sys == EIO && source->kind == FD_STREAM) {
		source->sys = 0;
		source->len = 0;
	}
	if (source->sys != 0)
		(void)sb_fail_errno(&err, SB_INVALID_ARGUMENT, source->sys,
				    "reading from the descriptor");
	if (source->sys != 0 || source->len >= 0)
		source->on_read(source->arg, source->data,
				source->len > 0 ? (size_t)source->len : 0, &err);
	else
		wait_ready(source);
}

static void done(struct job *job)
{
	struct fd_source *source = container_of(job, struct fd_source, job);

	if (source->is_closed)
		(void)fd_source_free(source);
	else
		go_on(source);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct fd_source *source = arg;

	(void)fd;
	(void)what;
	source->len = -1;
	if (!source->wants_worker)
		read_now(source);
	if (source->wants_worker)
		workers_submit(source->workers, &source->job);
	else
		go_on(source);
}

void fd_source_read(struct fd_source *source)
{
	assert(!source->job.is_busy);
	if (source->kind == FD_FILE)
		workers_submit(source->workers, &source->job);
	else
		wait_ready(source);
}

struct fd_source *fd_source_free(struct fd_source *source)
{
	if (!source)
		return NULL;
	source->is_closed = true;
	if (source->job.is_busy)
		return NULL; /* done() comes back here */
	if (source->ready)
		event_free(source->ready);
	(void)close(source->fd);
	free(source);
	return NULL;
}

struct fd_source *fd_source_new(struct event_base *base, struct workers *workers, int fd,
				fd_source_on_read *on_read, void *arg, struct sb_error *err)
{
	struct fd_source *source = calloc(1, sizeof(*source));

	if (!source) {
		(void)close(fd);
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	source->fd = fd;
	source->kind = fd_kind_of(fd);
	source->workers = workers;
	source->job = (struct job){.work = work, .done = done};
	source->on_read = on_read;
	source->arg = arg;
	source->ready = event_new(base, source->kind == FD_FILE ? -1 : fd,
				  source->kind == FD_FILE ? 0 : EV_READ, on_ready, source);
	if (!source->ready) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return fd_source_free(source);
	}
	return source;
}
