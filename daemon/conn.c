/*
 * One client's socket. A turn reads a bounded number of lines, serves them, and sends what they caused in
 * as few system calls as possible; what others queue between turns is sent at the end of the loop's turn.
 *
 * Lines out stand one behind the other in one buffer. Descriptors wait beside it, with the place of the
 * line they belong to: that line goes out by its own sendmsg(), they with its first byte.
 *
 * A connection dies in its own turn only, so nobody's pointer to it goes stale in the middle of a call.
 */
#include "config.h"

#include "daemon/conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/call.h"
#include "daemon/dispatch.h"
#include "daemon/server.h"
#include "daemon/user.h"
#include "protocol/frame.h"
#include "protocol/message.h"

#define TURN_BUDGET     64 /* lines served and receives made in one turn */
#define RECEIVE_SIZE    ((16u << 10) - 1)
#define RECEIVE_LARGE   ((64u << 10) - 1) /* in the middle of a long line */
#define OUT_IDLE_SIZE   1024              /* a larger buffer is given back once it is empty */
#define OUT_COMPACT_MIN (64u << 10)

/* As many descriptors as one line may have fit, and not one more. */
union control {
	char space[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX)];
	struct cmsghdr align;
};
_Static_assert(CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX) == CMSG_LEN(sizeof(int) * FRAME_FDS_MAX),
	       "no padding that a further descriptor would fit in");

struct conn {
	struct server *server;
	int fd;
	struct peer peer;
	struct user *user;
	struct event *in, *out_ready, *turn;
	struct frame_reader reader;
	struct buf out; /* lines to send; the first `out_start` bytes are sent */
	size_t out_start;
	size_t line_start;   /* where the line begun last begins in out */
	uint64_t sent;       /* bytes ever sent: out.data[out_start] is byte number `sent` */
	struct list riders;  /* of struct rider, oldest first */
	struct list streams; /* of struct conn_stream */
	size_t counted;      /* of reader's bytes, in server.input_bytes */
	bool is_crowded; /* its line may have been dropped for want of room, not for its length */
	struct calls calls;
	bool is_readable;    /* the last receive filled its space: there may be more */
	bool is_busy;        /* and so the next takes more at once */
	bool is_full;        /* CONN_OUT_HIGH was passed, CONN_OUT_LOW not reached again */
	bool is_half_closed; /* the client sends no more */
	bool is_closing;
	bool is_in_turn;
	bool is_turn_due;
	struct list link; /* server.conns */
};

struct rider { /* descriptors of a line in out */
	uint64_t at;
	size_t line_len;
	size_t fd_count;
	int fds[FRAME_FDS_MAX];
	struct list link;
};

size_t conn_waiting(const struct conn *conn)
{
	return conn->out.len - conn->out_start;
}

static void rider_free(struct rider *rider)
{
	list_remove(&rider->link);
	close_fds(rider->fds, rider->fd_count);
	free(rider);
}

/* ---- sending ---------------------------------------------------------------------------------- */

void conn_poke(struct conn *conn)
{
	if (conn->is_in_turn || conn->is_turn_due)
		return;
	conn->is_turn_due = true;
	timer_set(conn->turn, 0);
}

void conn_close(struct conn *conn)
{
	conn->is_closing = true;
	conn_poke(conn);
}

/* One sendmsg(): up to the next line with descriptors, or that line alone. */
static ssize_t conn_send_once(struct conn *conn)
{
	union control control;
	struct iovec iov = {conn->out.data + conn->out_start, conn_waiting(conn)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct rider *rider = list_first(&conn->riders, struct rider, link);
	bool rides = rider && rider->at == conn->sent;
	ssize_t n;

	if (rides) {
		size_t size = rider->fd_count * sizeof(int);
		struct cmsghdr *cmsg;

		iov.iov_len = rider->line_len;
		memset(&control, 0, sizeof(control)); /* padding goes out too */
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(size);
		cmsg = CMSG_FIRSTHDR(&msg);
		*cmsg = (struct cmsghdr){CMSG_LEN(size), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(cmsg), rider->fds, size);
	} else if (rider) {
		iov.iov_len = rider->at - conn->sent;
	}
	n = sendmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0 && rides)
		rider_free(rider);
	return n;
}

/* Make room at the front, or give the buffer back. */
static void conn_compact(struct conn *conn)
{
	if (conn_waiting(conn) == 0) {
		if (conn->out.size > OUT_IDLE_SIZE)
			buf_deinit(&conn->out);
		else
			buf_reset(&conn->out);
		conn->out_start = 0;
	} else if (conn->out_start > OUT_COMPACT_MIN && conn->out_start > conn->out.len / 2) {
		buf_consume(&conn->out, conn->out_start);
		conn->out_start = 0;
	}
}

void conn_flush(struct conn *conn)
{
	while (!conn->is_closing && conn_waiting(conn) > 0) {
		ssize_t n = conn_send_once(conn);

		if (n >= 0) {
			conn->out_start += (size_t)n;
			conn->sent += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			(void)event_add(conn->out_ready, NULL);
			break;
		} else if (errno != EINTR) {
			if (errno != EPIPE && errno != ECONNRESET)
				log_warning("client of uid %u: %s", conn->peer.uid,
					    strerror(errno));
			conn_close(conn);
		}
	}
	if (!conn->is_closing)
		conn_compact(conn);
}

struct buf *conn_line_begin(struct conn *conn)
{
	conn->line_start = conn->out.len;
	return &conn->out;
}

static void conn_add_rider(struct conn *conn, const int *fds, size_t count)
{
	struct rider *rider = calloc(1, sizeof(*rider));

	if (!rider || count > FRAME_FDS_MAX) {
		free(rider);
		close_fds(fds, count);
		conn_close(conn);
		return;
	}
	rider->at = conn->sent + (conn->line_start - conn->out_start);
	rider->line_len = conn->out.len - conn->line_start;
	rider->fd_count = count;
	memcpy(rider->fds, fds, count * sizeof(*fds));
	list_append(&conn->riders, &rider->link);
}

void conn_line_end(struct conn *conn, int *fds, size_t fd_count)
{
	buf_add(&conn->out, "\n", 1);
	if (conn->is_closing) {
		close_fds(fds, fd_count);
		return;
	}
	if (fd_count)
		conn_add_rider(conn, fds, fd_count);
	if (conn->out.failed || conn_waiting(conn) > CONN_OUT_MAX) {
		log_warning("client of uid %u, pid %d takes no answers: closed", conn->peer.uid,
			    conn->peer.pid);
		conn_close(conn);
	}
	if (conn_waiting(conn) > CONN_OUT_HIGH && !conn->is_full) {
		conn->is_full = true;
		(void)event_del(conn->in);
	}
	conn_poke(conn);
}

void conn_send(struct conn *conn, const char *line, size_t len, int *fds, size_t fd_count)
{
	buf_add(conn_line_begin(conn), line, len);
	conn_line_end(conn, fds, fd_count);
}

void conn_notify(struct conn *conn, const char *method, const struct fields *type,
		 const void *params)
{
	struct buf *out = conn_line_begin(conn);

	buf_printf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":", method);
	fields_encode(type, FIELDS_OURS, params, out);
	buf_add(out, "}", 1);
	conn_line_end(conn, NULL, 0);
}

/* ---- streams ---------------------------------------------------------------------------------- */

bool conn_has_room(const struct conn *conn)
{
	return !conn->is_full && !conn->is_closing;
}

void conn_add_stream(struct conn *conn, struct conn_stream *stream)
{
	stream->conn = conn;
	list_append(&conn->streams, &stream->link);
}

void conn_remove_stream(struct conn_stream *stream)
{
	if (!stream->conn)
		return;
	list_remove(&stream->link);
	conn_poke(stream->conn);
	stream->conn = NULL;
}

/* There is room again: go on reading, and tell the streams. They may come and go meanwhile. */
static void conn_drained(struct conn *conn)
{
	struct conn_stream *stream;
	struct list told;

	conn->is_full = false;
	(void)event_add(conn->in, NULL);
	list_init(&told);
	while (!conn->is_full && (stream = list_first(&conn->streams, struct conn_stream, link))) {
		list_remove(&stream->link);
		list_append(&told, &stream->link);
		stream->on_drain(stream);
	}
	while ((stream = list_first(&told, struct conn_stream, link))) {
		list_remove(&stream->link);
		list_append(&conn->streams, &stream->link);
	}
}

/* ---- receiving -------------------------------------------------------------------------------- */

const struct peer *conn_peer(const struct conn *conn)
{
	return &conn->peer;
}

struct calls *conn_calls(struct conn *conn)
{
	return &conn->calls;
}

size_t conn_fds_waiting(const struct conn *conn)
{
	return conn->reader.fd_count;
}

bool conn_is_drained(const struct conn *conn)
{
	return frame_reader_is_empty(&conn->reader);
}

int conn_take_fds(struct conn *conn, int *ret_fds, size_t count)
{
	return frame_take_fds(&conn->reader, ret_fds, count);
}

void conn_drop_fds(struct conn *conn)
{
	(void)frame_drop_fds(&conn->reader);
}

static void conn_refuse_fds(struct conn *conn, const char *why)
{
	struct sb_error err = {0};

	(void)sb_fail(&err, SB_INVALID_REQUEST, "descriptors: %s", why);
	dispatch_refuse(conn, &err);
}

/* Descriptors that came with the bytes go to the reader's queue. */
static void conn_receive_fds(struct conn *conn, struct msghdr *msg)
{
	bool is_cut = msg->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		int fds[FRAME_FDS_MAX];
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		assert(count <= ARRAY_SIZE(fds));
		memcpy(fds, CMSG_DATA(cmsg), count * sizeof(int));
		if (is_cut)
			close_fds(fds, count);
		else if (frame_reader_add_fds(&conn->reader, fds, count) < 0)
			conn_refuse_fds(conn, "too many wait for the lines they belong to");
	}
	if (is_cut)
		conn_refuse_fds(conn,
				"cut off: more than 16 at once, or the daemon can hold no more");
}

static void conn_watch(struct conn *conn, short in, short extra);

/*
 * The client sends no more, or is gone altogether. From now on only its complete end is of interest, and
 * that an edge tells: by level, the end of its sending would be told for ever.
 */
static void conn_on_end(struct conn *conn)
{
	struct pollfd pfd = {.fd = conn->fd};

	if (poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLHUP | POLLERR))) {
		conn_close(conn);
	} else if (!conn->is_half_closed) {
		conn->is_half_closed = true;
		event_free(conn->in);
		event_free(conn->out_ready);
		conn_watch(conn, EV_CLOSED, EV_ET);
		(void)event_add(conn->in, NULL);
	}
}

/* Small at first, so that a short request needs no buffer but the one kept at rest. */
static size_t receive_size(const struct conn *conn)
{
	size_t held = frame_reader_held(&conn->reader);

	if (held <= FRAME_IDLE_SIZE && !conn->is_busy)
		return FRAME_IDLE_SIZE - 1;
	return held > RECEIVE_SIZE + 1 ? RECEIVE_LARGE : RECEIVE_SIZE;
}

/* Keep the sum of what all connections hold; above CONNS_IN_MAX only short lines are let in. */
static void conn_account(struct conn *conn)
{
	size_t held = frame_reader_held(&conn->reader);
	bool is_crowded;

	conn->server->input_bytes += held - conn->counted;
	conn->user->input_bytes += held - conn->counted;
	conn->counted = held;
	is_crowded =
		!user_may_take(conn->user->input_bytes, conn->server->input_bytes, CONNS_IN_MAX);
	conn->is_crowded |= is_crowded;
	conn->reader.line_max = is_crowded ? CONN_LINE_CROWDED : FRAME_LINE_MAX;
}

/* One recvmsg(); true when it brought something. */
static bool conn_receive(struct conn *conn)
{
	union control control;
	struct iovec iov = {.iov_len = receive_size(conn)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n;

	conn->is_readable = false;
	iov.iov_base = frame_reader_space(&conn->reader, iov.iov_len);
	if (!iov.iov_base) {
		conn_close(conn);
		return false;
	}
	n = recvmsg(conn->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			conn_close(conn);
		return false;
	}
	conn_receive_fds(conn, &msg);
	if (n == 0) {
		conn_on_end(conn);
		return false;
	}
	frame_reader_added(&conn->reader, (size_t)n);
	conn_account(conn);
	conn->is_readable = (size_t)n == iov.iov_len;
	conn->is_busy = conn->is_readable;
	return true;
}

static void conn_refuse_long(struct conn *conn)
{
	struct sb_error err = {0};

	if (conn->is_crowded)
		(void)sb_fail(&err, SB_OVERLOADED, "too many long lines at once");
	else
		(void)sb_fail(&err, SB_TOO_LARGE, "a line of more than %u bytes", FRAME_LINE_MAX);
	conn->is_crowded = false;
	dispatch_refuse(conn, &err);
}

/* Serve lines that are there, and receive more while the socket has some; a bounded share of both. */
static void conn_serve(struct conn *conn)
{
	for (unsigned i = 0; i < TURN_BUDGET; i++) {
		char *line;
		size_t len;

		if (conn->is_closing || conn->is_full)
			return;
		switch (frame_reader_next(&conn->reader, &line, &len)) {
		case FRAME_LINE:
			conn->is_crowded = false;
			dispatch_line(conn->server, conn, line, len);
			break;
		case FRAME_TOO_LONG:
			conn_refuse_long(conn);
			break;
		case FRAME_NONE:
			if (!conn->is_readable || !conn_receive(conn)) {
				frame_reader_rest(&conn->reader);
				conn_account(conn);
				return;
			}
			break;
		}
	}
	conn->is_in_turn = false;
	conn_poke(conn); /* the rest, after everybody else had a turn */
	conn->is_in_turn = true;
}

/* ---- turns ------------------------------------------------------------------------------------ */

static bool conn_is_done(const struct conn *conn)
{
	return conn->is_half_closed && conn_waiting(conn) == 0 && conn->calls.count == 0 &&
	       list_is_empty(&conn->streams) && !conn->is_turn_due;
}

static void conn_take_turn(struct conn *conn)
{
	conn->is_in_turn = true;
	conn_serve(conn);
	conn_flush(conn);
	conn->is_in_turn = false;
	if (conn->is_full && !conn->is_closing && conn_waiting(conn) < CONN_OUT_LOW) {
		conn_drained(conn);
		conn_poke(conn); /* lines may have come in meanwhile */
	}
	if (conn->is_closing || conn_is_done(conn))
		(void)conn_free(conn);
}

static void conn_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn->is_turn_due = false;
	conn_take_turn(conn);
}

static void conn_on_in(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	if (what & EV_READ)
		conn->is_readable = true;
	else
		conn_on_end(conn);
	conn_take_turn(conn);
}

static void conn_on_out_ready(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_take_turn(arg);
}

/* ---- birth and death -------------------------------------------------------------------------- */

static void conn_watch(struct conn *conn, short in, short extra)
{
	struct event_base *base = conn->server->base;

	conn->in = event_new(base, conn->fd, (short)(in | extra | EV_PERSIST), conn_on_in, conn);
	conn->out_ready =
		event_new(base, conn->fd, (short)(EV_WRITE | extra), conn_on_out_ready, conn);
	if (!conn->in || !conn->out_ready)
		abort();
}

struct conn *conn_new(struct server *server, int fd, struct sb_error *err)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		(void)close(fd);
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "a new client");
		return NULL;
	}
	conn->server = server;
	conn->fd = fd;
	frame_reader_init(&conn->reader);
	list_init(&conn->riders);
	list_init(&conn->streams);
	list_init(&conn->calls.list);
	list_append(&server->conns, &conn->link);
	server->conn_count++;
	conn->turn = event_new(server->base, -1, 0, conn_on_turn, conn);
	if (!conn->turn)
		abort();
	conn_watch(conn, EV_READ, 0);
	if (user_enter(&server->users, fd, &conn->peer, &conn->user, err) < 0 ||
	    event_add(conn->in, NULL) < 0) {
		if (!err->code)
			(void)sb_fail(err, SB_INTERNAL, "a new client cannot be watched");
		return conn_free(conn);
	}
	return conn;
}

struct conn *conns_next(const struct server *server, const struct conn *after)
{
	struct list *link = after ? after->link.next : server->conns.next;

	return link == &server->conns ? NULL : list_entry(link, struct conn, link);
}

struct conn *conn_free(struct conn *conn)
{
	struct conn_stream *stream;
	struct rider *rider;

	if (!conn)
		return NULL;
	conn->is_closing = true;
	conn->is_in_turn = true; /* no further turn */
	calls_leave(&conn->calls);
	while ((stream = list_first(&conn->streams, struct conn_stream, link))) {
		list_remove(&stream->link);
		stream->conn = NULL;
		stream->on_close(stream);
	}
	while ((rider = list_first(&conn->riders, struct rider, link)))
		rider_free(rider);
	event_free(conn->turn);
	event_free(conn->in);
	event_free(conn->out_ready);
	frame_reader_deinit(&conn->reader);
	buf_deinit(&conn->out);
	(void)close(conn->fd);
	list_remove(&conn->link);
	conn->server->conn_count--;
	conn->server->input_bytes -= conn->counted;
	user_leave(conn->user, conn->counted);
	free(conn);
	return NULL;
}
