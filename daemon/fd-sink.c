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

#define GATHER_MAX (256u << 10) /* a worker gets that much at once */

struct fd_sink {
	int fd;
	enum fd_kind kind;
	bool wants_worker; /* the kernel cannot promise not to wait */
	bool is_closed;    /* freed when the worker is done */
	struct event *ready;
	struct workers *workers;
	struct job job;
	char *data; /* being written; a worker's while the job is busy */
	size_t at, len;
	char *next; /* what came meanwhile */
	size_t next_len;
	int sys;     /* errno that ended it */
	int job_sys; /* the worker's */
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
	size_t step = sink->kind == FD_FILE ? GATHER_MAX : fd_step(sink->fd);

	while (sink->at < sink->len && (sink->kind == FD_FILE || is_ready(sink->fd))) {
		size_t left = sink->len - sink->at;
		ssize_t n = write(sink->fd, sink->data + sink->at, left < step ? left : step);

		if (n >= 0) {
			sink->at += (size_t)n;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			sink->job_sys = errno;
			return;
		}
	}
}

static void write_next(struct fd_sink *sink)
{
	if (sink->wants_worker)
		workers_submit(sink->workers, &sink->job);
	else if (event_add(sink->ready, NULL) < 0)
		abort(); /* out of memory: it would never go on */
}

/* The batch is written: the one that gathered meanwhile is next. */
static void batch_done(struct fd_sink *sink)
{
	char *written = sink->data;
	struct sb_error err = {0};

	sink->data = sink->next;
	sink->at = 0;
	sink->len = sink->next_len;
	sink->next = written;
	sink->next_len = 0;
	if (sink->len > 0)
		write_next(sink);
	sink->on_written(sink->arg, &err);
}

static void batch_failed(struct fd_sink *sink)
{
	enum sb_code code = sink->sys == ENOSPC ? SB_NOT_ENOUGH_SPACE : SB_INVALID_ARGUMENT;
	struct sb_error err = {0};

	(void)sb_fail_errno(&err, code, sink->sys, "writing to the descriptor");
	sink->on_written(sink->arg, &err);
}

static void go_on(struct fd_sink *sink)
{
	if (sink->sys != 0)
		batch_failed(sink);
	else if (sink->at == sink->len)
		batch_done(sink);
	else if (sink->kind == FD_FILE)
		write_next(sink);
	else if (event_add(sink->ready, NULL) < 0)
		abort(); /* out of memory: it would never go on */
}

static void done(struct job *job)
{
	struct fd_sink *sink = container_of(job, struct fd_sink, job);

	sink->sys = sink->job_sys;
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

/* Append to a batch; -1 when out of memory. */
static int gather(char **batch, size_t *batch_len, const char *data, size_t len)
{
	if (!*batch)
		*batch = malloc(GATHER_MAX);
	if (!*batch)
		return -1;
	memcpy(*batch + *batch_len, data, len);
	*batch_len += len;
	return 0;
}

static void begin_batch(struct fd_sink *sink, const char *data, size_t len)
{
	size_t written = write_some(sink, data, len);

	sink->at = sink->len = 0;
	if (sink->sys == 0 && written == len)
		return;
	if (gather(&sink->data, &sink->len, data + written, len - written) < 0)
		sink->sys = ENOMEM;
	if (sink->sys != 0)
		event_active(sink->ready, EV_WRITE, 0); /* told from there */
	else
		write_next(sink);
}

bool fd_sink_write(struct fd_sink *sink, const void *data, size_t len)
{
	assert(len <= FD_SINK_PIECE);
	if (sink->sys != 0)
		return false;
	if (fd_sink_is_idle(sink))
		begin_batch(sink, data, len);
	else if (gather(&sink->next, &sink->next_len, data, len) < 0)
		sink->sys = ENOMEM; /* told when the batch under way ends */
	return sink->sys == 0 && sink->next_len <= GATHER_MAX - FD_SINK_PIECE;
}

bool fd_sink_is_idle(const struct fd_sink *sink)
{
	return !sink->job.is_busy && sink->at == sink->len && sink->next_len == 0 && sink->sys == 0;
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
	free(sink->next);
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
