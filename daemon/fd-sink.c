/* Writing to descriptors that came from clients. */
#include "config.h"

#include "daemon/fd-sink.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "daemon/fd-kind.h"
#include "daemon/worker.h"

struct fd_sink {
	int fd;
	enum fd_kind kind;
	bool wants_worker; /* the kernel cannot promise not to wait */
	bool is_closed;    /* freed when the worker is done */
	struct event *ready;
	struct workers *workers;
	struct job job;
	char *data; /* what waits to be written */
	size_t at, len;
	int sys; /* errno that ended it */
	fd_sink_on_written *on_written;
	void *arg;
};

/* ---- writing ----------------------------------------------------------------------------------- */

static ssize_t write_now(const struct fd_sink *sink, const char *data, size_t len)
{
	struct iovec iov = {(char *)(uintptr_t)data, len};

	if (sink->kind == FD_SOCKET)
		return send(sink->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return pwritev2(sink->fd, &iov, 1, -1, RWF_NOWAIT);
}

/* How much could be written without waiting. */
static size_t write_some(struct fd_sink *sink, const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && !sink->wants_worker) {
		ssize_t n = write_now(sink, data + at, len - at);

		if (n >= 0)
			at += (size_t)n;
		else if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
			sink->wants_worker = true;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR) {
			sink->sys = errno;
			break;
		}
	}
	return at;
}

static bool is_ready(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};

	return poll(&pfd, 1, 0) > 0;
}

/* On a worker. */
static void work(struct job *job)
{
	struct fd_sink *sink = container_of(job, struct fd_sink, job);
	size_t step = sink->kind == FD_FILE ? FD_SINK_MAX : fd_step(sink->fd);

	while (sink->at < sink->len && (sink->kind == FD_FILE || is_ready(sink->fd))) {
		size_t left = sink->len - sink->at;
		ssize_t n = write(sink->fd, sink->data + sink->at, left < step ? left : step);

		if (n >= 0) {
			sink->at += (size_t)n;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			sink->sys = errno;
			return;
		}
	}
}

static void tell(struct fd_sink *sink)
{
	struct sb_error err = {0};

	if (sink->sys != 0)
		(void)sb_fail_errno(&err,
				    sink->sys == ENOSPC ? SB_NOT_ENOUGH_SPACE : SB_INVALID_ARGUMENT,
				    sink->sys, "writing to the descriptor");
	sink->on_written(sink->arg, &err);
}

static void go_on(struct fd_sink *sink)
{
	if (sink->sys != 0 || sink->at == sink->len)
		tell(sink);
	else if (event_add(sink->ready, NULL) < 0)
		abort(); /* out of memory: it would never go on */
}

static void done(struct job *job)
{
	struct fd_sink *sink = container_of(job, struct fd_sink, job);

	if (sink->is_closed)
		(void)fd_sink_free(sink);
	else
		go_on(sink);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct fd_sink *sink = arg;

	(void)fd;
	(void)what;
	if (sink->sys == 0)
		sink->at += write_some(sink, sink->data + sink->at, sink->len - sink->at);
	if (sink->wants_worker && sink->at < sink->len && sink->sys == 0)
		workers_submit(sink->workers, &sink->job);
	else
		go_on(sink);
}

bool fd_sink_write(struct fd_sink *sink, const void *data, size_t len)
{
	size_t written = write_some(sink, data, len);

	assert(len <= FD_SINK_MAX && sink->at == sink->len);
	if (written == len)
		return true;
	sink->at = 0;
	sink->len = len - written;
	if (!sink->data)
		sink->data = malloc(FD_SINK_MAX);
	if (sink->data)
		memcpy(sink->data, (const char *)data + written, sink->len);
	else
		sink->sys = ENOMEM;
	if (sink->sys != 0)
		event_active(sink->ready, EV_WRITE, 0);
	else if (sink->wants_worker)
		workers_submit(sink->workers, &sink->job);
	else
		go_on(sink);
	return false;
}

/* ---- birth and death --------------------------------------------------------------------------- */

struct fd_sink *fd_sink_free(struct fd_sink *sink)
{
	if (!sink)
		return NULL;
	sink->is_closed = true;
	if (sink->job.is_busy)
		return NULL; /* done() comes back here */
	if (sink->ready)
		event_free(sink->ready);
	(void)close(sink->fd);
	free(sink->data);
	free(sink);
	return NULL;
}

struct fd_sink *fd_sink_new(struct event_base *base, struct workers *workers, int fd,
			    fd_sink_on_written *on_written, void *arg, struct sb_error *err)
{
	struct fd_sink *sink = calloc(1, sizeof(*sink));

	if (!sink) {
		(void)close(fd);
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	sink->fd = fd;
	sink->kind = fd_kind_of(fd);
	sink->wants_worker = sink->kind == FD_FILE;
	sink->workers = workers;
	sink->job = (struct job){.work = work, .done = done};
	sink->on_written = on_written;
	sink->arg = arg;
	sink->ready = event_new(base, sink->kind == FD_FILE ? -1 : fd,
				sink->kind == FD_FILE ? 0 : EV_WRITE, on_ready, sink);
	if (!sink->ready) {
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return fd_sink_free(sink);
	}
	return sink;
}
