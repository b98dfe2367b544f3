/*
 * A connection on a socket pair. Its lines are served here, by orders that the test sends; the rest is
 * the real thing.
 */
#include "config.h"

#include "daemon/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/call.h"
#include "daemon/dispatch.h"
#include "daemon/server.h"
#include "protocol/frame.h"
#include "tests/unit/unit.h"

struct fixture {
	struct server server;
	int client;
	unsigned lines, refused;
	struct conn_stream stream;
	unsigned drained, closed;
};

static struct fixture *current;

/* ---- what a line does ------------------------------------------------------------------------- */

static void take_fds(struct conn *conn, size_t wanted)
{
	int fds[FRAME_FDS_MAX];
	char text[32] = "missing";

	if (conn_take_fds(conn, fds, wanted) == 0) {
		(void)snprintf(text, sizeof(text), "took %zu left %zu", wanted,
			       conn_fds_waiting(conn));
		for (size_t i = 0; i < wanted; i++) {
			assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
			(void)close(fds[i]);
		}
	}
	conn_send(conn, text, strlen(text), NULL, 0);
}

static void give_fd(struct conn *conn)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	conn_send(conn, "before", 6, NULL, 0);
	conn_send(conn, "given", 5, &fd, 1);
	conn_send(conn, "after", 5, NULL, 0);
}

static void flood(struct conn *conn, size_t len)
{
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'x', len);
	conn_send(conn, text, len, NULL, 0);
	free(text);
}

void dispatch_line(struct server *server, struct conn *conn, char *line, size_t len)
{
	(void)server;
	current->lines++;
	if (strncmp(line, "take ", 5) == 0)
		take_fds(conn, strtoul(line + 5, NULL, 10));
	else if (strcmp(line, "give") == 0)
		give_fd(conn);
	else if (strncmp(line, "flood ", 6) == 0)
		flood(conn, strtoul(line + 6, NULL, 10));
	else if (strcmp(line, "close") == 0)
		conn_close(conn);
	else if (strcmp(line, "stream") == 0)
		conn_add_stream(conn, &current->stream);
	else
		conn_send(conn, line, len, NULL, 0);
}

void dispatch_refuse(struct conn *conn, const struct sb_error *err)
{
	current->refused++;
	conn_send(conn, err->text, strlen(err->text), NULL, 0);
}

/* ---- the client ------------------------------------------------------------------------------- */

static void turn(struct fixture *f)
{
	/* Twice: what one turn leaves to do at its end is done by the next. */
	for (int i = 0; i < 4; i++)
		assert_true(event_base_loop(f->server.base, EVLOOP_NONBLOCK) >= 0);
}

static void say_with_fds(struct fixture *f, const char *text, size_t count)
{
	char control[CMSG_SPACE(100 * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count) {
		struct cmsghdr *cmsg = (struct cmsghdr *)(void *)control;

		*cmsg = (struct cmsghdr){CMSG_LEN(count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &(int){STDERR_FILENO},
			       sizeof(int));
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	assert_int_equal(sendmsg(f->client, &msg, MSG_DONTWAIT | MSG_NOSIGNAL), strlen(text));
}

static void say(struct fixture *f, const char *text)
{
	say_with_fds(f, text, 0);
}

/* All that is there to read, as text; NULL at the end. Descriptors are closed and counted. */
static const char *hear(struct fixture *f, size_t *ret_fds)
{
	static char text[4096];
	char control[CMSG_SPACE(100 * sizeof(int))];
	struct iovec iov = {text, sizeof(text) - 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(f->client, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	size_t count = cmsg ? (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
		(void)close(fd);
	}
	if (ret_fds)
		*ret_fds = count;
	text[n > 0 ? n : 0] = '\0';
	if (n < 0)
		assert_true(errno == EAGAIN || errno == ECONNRESET);
	return n == 0 ? NULL : text;
}

static void assert_hears(struct fixture *f, const char *text)
{
	const char *heard;

	turn(f);
	heard = hear(f, NULL);
	assert_non_null(heard);
	assert_string_equal(heard, text);
}

static size_t hear_all(struct fixture *f)
{
	static char text[1 << 16];
	size_t total = 0;

	for (;;) {
		ssize_t n = recv(f->client, text, sizeof(text), MSG_DONTWAIT);

		if (n > 0) {
			total += (size_t)n;
			continue;
		}
		turn(f);
		n = recv(f->client, text, sizeof(text), MSG_DONTWAIT);
		if (n <= 0)
			return total;
		total += (size_t)n;
	}
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void test_lines_are_answered_in_order(void **state)
{
	struct fixture *f = *state;

	say(f, "a\nb\nc");
	assert_hears(f, "a\nb\n");
	say(f, "d\n");
	assert_hears(f, "cd\n");
}

static void test_a_turn_serves_a_bounded_number_of_lines(void **state)
{
	struct fixture *f = *state;
	char text[2001];

	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "x\n", 3);
	say(f, text);
	assert_true(event_base_loop(f->server.base, EVLOOP_NONBLOCK | EVLOOP_ONCE) >= 0);
	assert_in_range(f->lines, 1, 100);
	assert_int_equal(hear_all(f), 2000);
	assert_int_equal(f->lines, 1000);
}

static void test_descriptors_belong_to_their_lines(void **state)
{
	struct fixture *f = *state;

	say(f, "plain\n");
	say_with_fds(f, "take 2\n", 2);
	say_with_fds(f, "take 1\n", 1);
	say(f, "plain\n");
	turn(f);
	assert_string_equal(hear(f, NULL), "plain\ntook 2 left 0\ntook 1 left 0\nplain\n");
	say(f, "take 1\n");
	assert_hears(f, "missing\n");
	say_with_fds(f, "take 16\n", 16);
	assert_hears(f, "took 16 left 0\n");
}

static void test_descriptors_wait_for_the_rest_of_their_line(void **state)
{
	struct fixture *f = *state;

	say_with_fds(f, "ta", 3);
	turn(f);
	say(f, "ke 3\n");
	assert_hears(f, "took 3 left 0\n");
}

static void test_too_many_descriptors_are_refused(void **state)
{
	struct fixture *f = *state;

	say_with_fds(f, "take 16\n", 17);
	turn(f);
	assert_int_equal(f->refused, 1);
	assert_non_null(strstr(hear(f, NULL), "missing"));
	say_with_fds(f, "take 1\n", 1);
	assert_hears(f, "took 1 left 0\n");
}

static void test_descriptors_are_given_with_their_line(void **state)
{
	struct fixture *f = *state;
	size_t fds;

	say(f, "give\n");
	turn(f);
	assert_string_equal(hear(f, &fds), "before\ngiven\n");
	assert_int_equal(fds, 1);
	assert_string_equal(hear(f, &fds), "after\n");
	assert_int_equal(fds, 0);
}

static void test_a_client_that_does_not_read_is_not_read(void **state)
{
	struct fixture *f = *state;
	char order[40];

	(void)snprintf(order, sizeof(order), "flood %u\nstream\nflood 100\n", 1u << 20);
	say(f, order);
	turn(f);
	assert_int_equal(f->lines, 1);
	assert_int_equal(hear_all(f), (1u << 20) + 1 + 101);
	assert_int_equal(f->lines, 3);
}

static void test_streams_are_told_when_there_is_room(void **state)
{
	struct fixture *f = *state;
	struct conn *conn = conns_next(&f->server, NULL);

	say(f, "stream\n");
	turn(f);
	assert_true(conn_has_room(conn));
	flood(conn, 1u << 20);
	assert_false(conn_has_room(conn));
	turn(f);
	assert_int_equal(f->drained, 0);
	assert_int_equal(hear_all(f), (1u << 20) + 1);
	assert_int_equal(f->drained, 1);
	assert_true(conn_has_room(conn));
}

static void test_a_client_that_never_reads_is_cut_off(void **state)
{
	struct fixture *f = *state;
	struct conn *conn = conns_next(&f->server, NULL);

	say(f, "stream\n");
	turn(f);
	for (int i = 0; i < 70; i++)
		flood(conn, 1u << 20);
	turn(f);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->server.conn_count, 0);
}

static void test_half_closed_it_ends_with_its_last_stream(void **state)
{
	struct fixture *f = *state;

	say(f, "stream\na\n");
	assert_int_equal(shutdown(f->client, SHUT_WR), 0);
	assert_hears(f, "a\n");
	assert_int_equal(f->server.conn_count, 1);
	conn_send(conns_next(&f->server, NULL), "b", 1, NULL, 0);
	assert_hears(f, "b\n");
	conn_remove_stream(&f->stream);
	turn(f);
	assert_null(hear(f, NULL));
	assert_int_equal(f->server.conn_count, 0);
	assert_int_equal(f->closed, 0);
}

static void test_the_rest_of_the_end_is_noticed(void **state)
{
	struct fixture *f = *state;

	say(f, "stream\na\n");
	assert_int_equal(shutdown(f->client, SHUT_WR), 0);
	assert_hears(f, "a\n");
	(void)close(f->client);
	f->client = -1;
	turn(f);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->server.conn_count, 0);
}

static void test_what_was_sent_before_the_end_is_served(void **state)
{
	struct fixture *f = *state;

	say(f, "a\nb\nc\n");
	(void)close(f->client);
	f->client = -1;
	turn(f);
	assert_int_equal(f->lines, 3);
	assert_int_equal(f->server.conn_count, 0);
}

static void test_it_closes_in_its_own_turn(void **state)
{
	struct fixture *f = *state;

	say(f, "stream\nclose\nnever\n");
	turn(f);
	assert_int_equal(f->lines, 2);
	assert_int_equal(f->closed, 1);
	assert_null(hear(f, NULL));
}

/* ---- fixture ---------------------------------------------------------------------------------- */

static void stream_on_drain(struct conn_stream *stream)
{
	container_of(stream, struct fixture, stream)->drained++;
}

static void stream_on_close(struct conn_stream *stream)
{
	container_of(stream, struct fixture, stream)->closed++;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sb_error err = {0};
	int pair[2];

	if (!f || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	f->server.base = event_base_new();
	list_init(&f->server.conns);
	list_init(&f->server.users);
	list_init(&f->server.ops);
	f->stream = (struct conn_stream){stream_on_drain, stream_on_close, NULL, {NULL, NULL}};
	f->client = pair[0];
	current = f;
	*state = f;
	return conn_new(&f->server, pair[1], &err) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	(void)conn_free(conns_next(&f->server, NULL));
	event_base_free(f->server.base);
	if (f->client >= 0)
		(void)close(f->client);
	free(f);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines_are_answered_in_order),
		TEST(test_a_turn_serves_a_bounded_number_of_lines),
		TEST(test_descriptors_belong_to_their_lines),
		TEST(test_descriptors_wait_for_the_rest_of_their_line),
		TEST(test_too_many_descriptors_are_refused),
		TEST(test_descriptors_are_given_with_their_line),
		TEST(test_a_client_that_does_not_read_is_not_read),
		TEST(test_streams_are_told_when_there_is_room),
		TEST(test_a_client_that_never_reads_is_cut_off),
		TEST(test_half_closed_it_ends_with_its_last_stream),
		TEST(test_the_rest_of_the_end_is_noticed),
		TEST(test_what_was_sent_before_the_end_is_served),
		TEST(test_it_closes_in_its_own_turn),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
