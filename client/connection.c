/*
 * The connection: lines and descriptors to and from the daemon's socket, answers matched to their calls.
 *
 * A call under way hangs on its connection and leaves it before its callback runs, so that the callback may
 * free it. When the connection breaks, every call under way ends with the reason, from the dispatch that
 * found out.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "client/client.h"

#define RECEIVE_SIZE 65536

/* ---- opening and closing --------------------------------------------------------------------- */

static char *join_path(const char *dir, const char *name)
{
	struct buf path CLEANUP_BUF = {0};

	buf_printf(&path, "%s/%s", dir, name);
	return buf_steal(&path);
}

char *sandpool_default_socket(void)
{
	const char *chosen = getenv("SANDPOOL_SOCKET");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	char *path;

	if (chosen && *chosen)
		return strdup(chosen);
	if (runtime && *runtime) {
		path = join_path(runtime, "sandpool/sandpool.sock");
		if (!path || stat(path, &st) == 0)
			return path;
		free(path);
	}
	return strdup("/run/sandpool/sandpool.sock");
}

static int connect_unix(const char *path, int timeout_ms, struct sandpool_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
	int fd CLEANUP_FD = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return client_fail(err, "invalid_argument",
				   "%s: the path of a socket has at most %zu bytes", path,
				   sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return client_fail(err, "internal", "socket: %s", strerror(errno));
	if (timeout_ms > 0) /* bounds the wait for a place in the daemon's backlog */
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return client_fail(
			err, "upstream_unavailable", "cannot reach the daemon at %s: %s%s", path,
			strerror(errno),
			errno == ENOENT || errno == ECONNREFUSED ? " (is sandpoold running?)" : "");
	return take_fd(&fd);
}

struct sandpool *sandpool_open(const char *path, int timeout_ms, struct sandpool_error *err)
{
	char *chosen CLEANUP_FREE = path ? strdup(path) : sandpool_default_socket();
	struct sandpool *sp = calloc(1, sizeof(*sp));

	if (!sp || !chosen) {
		free(sp);
		(void)client_fail(err, "internal", "out of memory");
		return NULL;
	}
	frame_reader_init(&sp->in);
	sp->out_end = &sp->out;
	sp->fd = connect_unix(chosen, timeout_ms, err);
	if (sp->fd < 0) {
		sandpool_close(sp);
		return NULL;
	}
	return sp;
}

static void free_outgoing(struct outgoing *out)
{
	for (size_t i = 0; i < out->fd_count; i++)
		cleanup_fd(&out->fds[i]);
	free(out->line);
	free(out);
}

void sandpool_close(struct sandpool *sp)
{
	if (!sp)
		return;
	while (sp->calls)
		call_detach(sp->calls);
	while (sp->out) {
		struct outgoing *out = sp->out;

		sp->out = out->next;
		free_outgoing(out);
	}
	frame_reader_deinit(&sp->in);
	cleanup_fd(&sp->fd);
	free(sp);
}

int sandpool_fd(const struct sandpool *sp)
{
	return sp->fd;
}

bool sandpool_wants_write(const struct sandpool *sp)
{
	return sp->out != NULL;
}

void sandpool_on_note(struct sandpool *sp, sandpool_note_fn *fn, void *arg)
{
	sp->on_note = fn;
	sp->note_arg = arg;
}

/* ---- calls under way ------------------------------------------------------------------------- */

void call_detach(struct sandpool_call *call)
{
	struct sandpool_call **at = &call->sp->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	call->sp = NULL;
}

static void call_end(struct sandpool_call *call, const struct sandpool_error *err)
{
	call_detach(call);
	call->state = err ? CALL_FAILED : CALL_DONE;
	if (err)
		call->err = *err;
	if (call->done)
		call->done(call->done_arg, call, err);
}

/* The connection is of no more use: all calls end. */
static int connection_break(struct sandpool *sp, struct sandpool_error *err, const char *reason)
{
	if (!sp->is_broken) {
		sp->is_broken = true;
		(void)client_fail(&sp->broken, "upstream_unavailable",
				  "the connection to the daemon is lost: %s", reason);
	}
	while (sp->calls)
		call_end(sp->calls, &sp->broken);
	return client_fail_with(err, &sp->broken);
}

/* ---- out ------------------------------------------------------------------------------------- */

static ssize_t send_some(int fd, const struct outgoing *out)
{
	struct iovec iov = {out->line + out->sent, out->len - out->sent};
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX)];
	} control = {.space = {0}};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (out->sent == 0 && out->fd_count > 0) {
		struct cmsghdr *header;

		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * out->fd_count);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * out->fd_count);
		memcpy(CMSG_DATA(header), out->fds, sizeof(int) * out->fd_count);
	}
	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int flush_out(struct sandpool *sp, struct sandpool_error *err)
{
	while (sp->out) {
		struct outgoing *out = sp->out;
		ssize_t n = send_some(sp->fd, out);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0)
			return connection_break(sp, err, strerror(errno));
		out->sent += (size_t)n;
		if (out->sent < out->len)
			continue;
		sp->out = out->next;
		if (!sp->out)
			sp->out_end = &sp->out;
		free_outgoing(out);
	}
	return 0;
}

/* Queue a line; descriptors are taken from `fds`. */
static int queue_line(struct sandpool *sp, struct buf *line, int *fds, size_t fd_count,
		      struct sandpool_error *err)
{
	struct outgoing *out = calloc(1, sizeof(*out));

	buf_add(line, "\n", 1);
	if (out) {
		out->len = line->len;
		out->line = buf_steal(line);
	}
	if (!out || !out->line) {
		free(out);
		return client_fail(err, "internal", "out of memory");
	}
	for (size_t i = 0; i < fd_count; i++)
		out->fds[i] = take_fd(&fds[i]);
	out->fd_count = fd_count;
	*sp->out_end = out;
	sp->out_end = &out->next;
	return 0;
}

int sandpool_start(struct sandpool *sp, struct sandpool_call *call, sandpool_done_fn *done,
		   void *arg, struct sandpool_error *err)
{
	struct buf params CLEANUP_BUF = {0};
	struct buf line CLEANUP_BUF = {0};
	char id[24];

	if (sp->is_broken)
		return client_fail_with(err, &sp->broken);
	if (call->state != CALL_NEW)
		return client_fail(err, "invalid_request", "a call object is used for one call");
	if (call_params(call, &params, err) < 0)
		return -1;
	(void)snprintf(id, sizeof(id), "%" PRId64, sp->last_id + 1);
	message_add_request(&line, id, call->method, params.data, call->fd_count);
	if (queue_line(sp, &line, call->fds, call->fd_count, err) < 0)
		return -1;
	call->fd_count = 0;
	call->id = ++sp->last_id;
	call->state = CALL_WAITING;
	call->done = done;
	call->done_arg = arg;
	call->sp = sp;
	call->next = sp->calls;
	sp->calls = call;
	return 0;
}

int sandpool_notify(struct sandpool *sp, struct sandpool_call *call, struct sandpool_error *err)
{
	struct buf params CLEANUP_BUF = {0};
	struct buf line CLEANUP_BUF = {0};

	if (sp->is_broken)
		return client_fail_with(err, &sp->broken);
	if (call_params(call, &params, err) < 0)
		return -1;
	message_add_notification(&line, call->method, params.data);
	return queue_line(sp, &line, NULL, 0, err);
}

void sandpool_cancel(struct sandpool_call *call)
{
	struct buf line CLEANUP_BUF = {0};
	char params[48];

	if (!call->sp || call->sp->is_broken)
		return;
	(void)snprintf(params, sizeof(params), "{\"id\":%" PRId64 "}", call->id);
	message_add_notification(&line, "$/cancel", params);
	if (queue_line(call->sp, &line, NULL, 0, NULL) == 0)
		(void)flush_out(call->sp, NULL);
}

int64_t sandpool_call_id(const struct sandpool_call *call)
{
	return call->id;
}

/* ---- in -------------------------------------------------------------------------------------- */

static void give_note(struct sandpool *sp, struct message *message)
{
	struct sandpool_note note = {.method = message->method, .params = message->body};

	if (sp->on_note)
		sp->on_note(sp->note_arg, &note);
	buf_deinit(&note.bytes);
}

static struct sandpool_call *find_call(struct sandpool *sp, const char *id)
{
	int64_t number = strtoll(id, NULL, 10);

	for (struct sandpool_call *call = sp->calls; call; call = call->next) {
		if (call->id == number)
			return call;
	}
	return NULL;
}

static void read_daemon_error(const struct message *message, struct sandpool_error *ret)
{
	struct sb_error error;
	const struct sb_code_info *info;

	message_read_error(message, &error);
	info = sb_code_info(error.code);
	(void)client_fail(ret, info->kind, "%s", error.text);
	ret->from_daemon = true;
	ret->http_status = error.http_status ? error.http_status : info->http_status;
	ret->retryable = info->retryable;
}

/* An answer: to a call under way, or to one that was given up meanwhile. */
static int take_answer(struct sandpool *sp, struct message *message)
{
	struct sandpool_call *call = find_call(sp, message->id);
	int fds[FRAME_FDS_MAX];
	struct sandpool_error err;

	if (frame_take_fds(&sp->in, fds, message->fds) < 0)
		return -1;
	if (!call) {
		close_fds(fds, message->fds);
		return 0;
	}
	if (message->kind == MESSAGE_ERROR) {
		read_daemon_error(message, &err);
		call_end(call, &err);
		return 0;
	}
	memcpy(call->result_fds, fds, sizeof(int) * message->fds);
	call->result_fd_count = message->fds;
	call->result = message_take_body(message);
	call_end(call, NULL);
	return 0;
}

static int take_message(struct sandpool *sp, struct message *message)
{
	switch (message->kind) {
	case MESSAGE_NOTIFICATION:
		give_note(sp, message);
		return 0;
	case MESSAGE_RESULT:
		return take_answer(sp, message);
	case MESSAGE_ERROR:
		return message->body ? take_answer(sp, message) : -1;
	case MESSAGE_REQUEST:
		return -1;
	}
	abort();
}

static int take_line(struct sandpool *sp, char *line, size_t len, struct sandpool_error *err)
{
	struct message_batch batch;
	struct sb_error bad = {0};
	int result = 0;

	if (message_parse(line, len, &batch, &bad) < 0)
		return connection_break(sp, err, bad.text);
	for (size_t i = 0; i < batch.count && result == 0; i++)
		result = take_message(sp, &batch.items[i]);
	message_batch_free(&batch);
	return result < 0 ? connection_break(sp, err, "it sent a message that makes no sense") : 0;
}

static int take_lines(struct sandpool *sp, struct sandpool_error *err)
{
	char *line;
	size_t len;

	for (;;) {
		switch (frame_reader_next(&sp->in, &line, &len)) {
		case FRAME_NONE:
			return 0;
		case FRAME_TOO_LONG:
			return connection_break(sp, err, "it sent a line over the limit");
		case FRAME_LINE:
			if (take_line(sp, line, len, err) < 0)
				return -1;
			break;
		}
	}
}

static int take_fds(struct sandpool *sp, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		int fds[FRAME_FDS_MAX];
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), sizeof(int) * count);
		if (frame_reader_add_fds(&sp->in, fds, count) < 0)
			return -1;
	}
	return message->msg_flags & MSG_CTRUNC ? -1 : 0;
}

/* 1 when something came, 0 when nothing is there, -1 when the connection is lost. */
static int receive_some(struct sandpool *sp, struct sandpool_error *err)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX)];
	} control;
	char *space = frame_reader_space(&sp->in, RECEIVE_SIZE);
	struct iovec iov = {space, RECEIVE_SIZE};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	ssize_t n;

	if (!space)
		return connection_break(sp, err, "out of memory");
	n = recvmsg(sp->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return connection_break(sp, err, n < 0 ? strerror(errno) : "the daemon closed it");
	if (take_fds(sp, &message) < 0)
		return connection_break(sp, err, "too many descriptors came");
	frame_reader_added(&sp->in, (size_t)n);
	return 1;
}

int sandpool_dispatch(struct sandpool *sp, struct sandpool_error *err)
{
	int got;

	if (sp->is_broken)
		return client_fail_with(err, &sp->broken);
	if (flush_out(sp, err) < 0)
		return -1;
	got = receive_some(sp, err);
	if (got <= 0)
		return got;
	if (take_lines(sp, err) < 0)
		return -1;
	return flush_out(sp, err); /* what callbacks queued */
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int sandpool_wait(struct sandpool *sp, int timeout_ms, struct sandpool_error *err)
{
	struct pollfd poll_fd = {.fd = sp->fd};

	if (!sp->is_broken && flush_out(sp, err) < 0)
		return -1;
	poll_fd.events = (short)(POLLIN | (sp->out ? POLLOUT : 0));
	if (poll(&poll_fd, 1, timeout_ms) < 0 && errno != EINTR)
		return connection_break(sp, err, strerror(errno));
	return poll_fd.revents ? sandpool_dispatch(sp, err) : 0;
}

int sandpool_call(struct sandpool *sp, struct sandpool_call *call, int timeout_ms,
		  struct sandpool_error *err)
{
	int64_t deadline = now_ms() + timeout_ms;

	if (sandpool_start(sp, call, NULL, NULL, err) < 0)
		return -1;
	while (call->state == CALL_WAITING) {
		int64_t left = timeout_ms < 0 ? -1 : deadline - now_ms();

		if (timeout_ms >= 0 && left <= 0) {
			sandpool_cancel(call);
			call_detach(call);
			call->state = CALL_FAILED;
			return client_fail(err, "timeout", "%s: no answer within %d ms",
					   call->method, timeout_ms);
		}
		if (sandpool_wait(sp, (int)left, err) < 0)
			return -1;
	}
	return call->state == CALL_FAILED ? client_fail_with(err, &call->err) : 0;
}
