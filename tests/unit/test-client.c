/* The client library against a scripted peer: one thread, the peer writes before the library reads. */
#include "config.h"

#include "client/sandpool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "protocol/cleanup.h"
#include "tests/unit/unit.h"

struct fixture {
	char dir[32];
	char path[64];
	int listen_fd;
	int peer;
	struct sandpool *sp;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sandpool_error err;

	if (!f)
		return -1;
	memcpy(f->dir, "/tmp/sp-client-XXXXXX", 22);
	if (!mkdtemp(f->dir))
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/s", f->dir);
	memcpy(address.sun_path, f->path, strlen(f->path) + 1);
	f->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(f->listen_fd, 1) < 0)
		return -1;
	f->sp = sandpool_open(f->path, 1000, &err);
	f->peer = accept(f->listen_fd, NULL, NULL);
	*state = f;
	return f->sp && f->peer >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sandpool_close(f->sp);
	if (f->peer >= 0)
		(void)close(f->peer);
	(void)close(f->listen_fd);
	(void)unlink(f->path);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

static void peer_says(const struct fixture *f, const char *text)
{
	assert_int_equal(write(f->peer, text, strlen(text)), (ssize_t)strlen(text));
}

/* What the peer got; it is there at once, since writing to a Unix socket is delivery. */
static const char *peer_hears(const struct fixture *f)
{
	static char text[4096];
	ssize_t n = recv(f->peer, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_parameters_become_json(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");

	sandpool_set_string(call, "s", "a\"b\n");
	sandpool_set_int(call, "i", -5);
	sandpool_set_number(call, "n", 0.5);
	sandpool_set_bool(call, "b", true);
	sandpool_add_string(call, "argv", "x");
	sandpool_add_string(call, "argv", "y z");
	sandpool_add_string(call, "network.allow_out", "1.1.1.1");
	sandpool_add_pair(call, "envs", "K", "V");
	sandpool_add_string(call, "network.deny_out", "0.0.0.0/0");
	sandpool_add_string(call, "network.allow_out", "x.y");
	sandpool_set_bytes(call, "raw", "\xff", 1);
	sandpool_set_string(call, "left_out", NULL);
	sandpool_set_int(call, "i", 7);
	assert_int_equal(sandpool_start(f->sp, call, NULL, NULL, NULL), 0);
	assert_int_equal(sandpool_dispatch(f->sp, NULL), 0);
	assert_string_equal(peer_hears(f),
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{"
			    "\"s\":\"a\\\"b\\n\",\"i\":7,\"n\":0.5,\"b\":true,"
			    "\"argv\":[\"x\",\"y z\"],\"network\":{"
			    "\"allow_out\":[\"1.1.1.1\",\"x.y\"],\"deny_out\":[\"0.0.0.0/0\"]},"
			    "\"envs\":{\"K\":\"V\"},"
			    "\"raw\":{\"base64\":\"/w==\"}}}\n");
	sandpool_call_free(call);
}

static void test_a_call_waits_for_its_own_answer(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;
	size_t len;

	peer_says(f,
		  "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n"
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"hi\",\"list\":[1,2]}}\n");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), 0);
	assert_string_equal(sandpool_get_string(call, "text"), "hi");
	assert_int_equal(sandpool_get_int(call, "list[1]"), 2);
	assert_memory_equal(sandpool_get_bytes(call, "text", &len), "hi", 2);
	assert_string_equal(sandpool_get_json(call), "{\"text\":\"hi\",\"list\":[1,2]}");
	assert_int_equal(sandpool_start(f->sp, call, NULL, NULL, &err), -1); /* used up */
	sandpool_call_free(call);
}

static void test_an_error_keeps_its_kind(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;

	peer_says(f,
		  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32006,\"message\":\"gone\","
		  "\"data\":{\"kind\":\"sandbox_not_found\",\"http_status\":404,"
		  "\"retryable\":false}}}\n");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	assert_true(err.from_daemon);
	assert_string_equal(err.kind, "sandbox_not_found");
	assert_string_equal(err.message, "gone");
	assert_int_equal(err.http_status, 404);
	sandpool_call_free(call);
}

static void test_a_deadline_cancels(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;

	assert_int_equal(sandpool_call(f->sp, call, 0, &err), -1);
	assert_string_equal(err.kind, "timeout");
	assert_non_null(strstr(peer_hears(f), "\"$/cancel\",\"params\":{\"id\":1}"));
	sandpool_call_free(call);
	/* the late answer finds nobody, and nothing breaks */
	peer_says(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
	assert_int_equal(sandpool_wait(f->sp, 0, &err), 0);
}

static void count_note(void *arg, struct sandpool_note *note)
{
	int *count = arg;

	if (strcmp(sandpool_note_method(note), "command.output") == 0)
		*count += (int)sandpool_note_int(note, "offset");
}

static void test_notifications_go_to_the_callback(void **state)
{
	struct fixture *f = *state;
	int count = 0;

	sandpool_on_note(f->sp, count_note, &count);
	peer_says(f,
		  "{\"jsonrpc\":\"2.0\",\"method\":\"command.output\",\"params\":{\"offset\":4}}\n"
		  "{\"jsonrpc\":\"2.0\",\"method\":\"command.output\",\"params\":{\"offs");
	assert_int_equal(sandpool_wait(f->sp, 1000, NULL), 0);
	assert_int_equal(count, 4);
	peer_says(f, "et\":5}}\n");
	assert_int_equal(sandpool_wait(f->sp, 1000, NULL), 0);
	assert_int_equal(count, 9);
}

static void free_call(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	int *ended = arg;

	*ended += err ? 100 : 1;
	sandpool_call_free(call);
}

static void test_a_callback_may_free_its_call(void **state)
{
	struct fixture *f = *state;
	int ended = 0;

	for (int i = 0; i < 3; i++)
		assert_int_equal(
			sandpool_start(f->sp, sandpool_call_new("m"), free_call, &ended, NULL), 0);
	assert_int_equal(ended, 0);
	peer_says(f, "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n"
		     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
	assert_int_equal(sandpool_wait(f->sp, 1000, NULL), 0);
	assert_int_equal(ended, 2);
	(void)close(f->peer);
	f->peer = -1;
	assert_int_equal(sandpool_wait(f->sp, 1000, NULL), -1);
	assert_int_equal(ended, 102); /* the third one ends with the connection */
}

static void test_a_lost_connection_fails_everything(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;

	(void)close(f->peer);
	f->peer = -1;
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	assert_false(err.from_daemon);
	assert_string_equal(err.kind, "upstream_unavailable");
	sandpool_call_free(call);
	call = sandpool_call_new("m");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	sandpool_call_free(call);
}

static void test_nonsense_breaks_the_connection(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;

	peer_says(f, "nonsense\n");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	assert_string_equal(err.kind, "upstream_unavailable");
	sandpool_call_free(call);
}

/* The peer receives one message with its descriptors: how many came. */
static size_t peer_receives_fds(const struct fixture *f, int *fds, char *text, size_t size)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * 16)];
	} control;
	struct iovec iov = {text, size};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	struct cmsghdr *header;
	ssize_t n = recvmsg(f->peer, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	size_t count;

	text[n > 0 ? n : 0] = '\0';
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return 0;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	return count;
}

static void test_descriptors_ride_on_their_own_line(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *first = sandpool_call_new("a");
	struct sandpool_call *second = sandpool_call_new("b");
	static const char line[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\",\"params\":{}}\n";
	int pair[2], fds[16];
	char text[512];

	assert_int_equal(pipe(pair), 0);
	sandpool_set_fd(second, "stdout_fd", pair[1]);
	assert_int_equal(sandpool_start(f->sp, first, NULL, NULL, NULL), 0);
	assert_int_equal(sandpool_start(f->sp, second, NULL, NULL, NULL), 0);
	assert_int_equal(sandpool_dispatch(f->sp, NULL), 0);
	assert_int_equal(recv(f->peer, text, strlen(line), MSG_DONTWAIT), (ssize_t)strlen(line));
	assert_int_equal(peer_receives_fds(f, fds, text, sizeof(text) - 1), 1);
	assert_non_null(strstr(text, "\"stdout_fd\":0"));
	assert_non_null(strstr(text, "\"fds\":1"));
	assert_int_equal(write(fds[0], "x", 1), 1);
	assert_int_equal(read(pair[0], text, 1), 1);
	(void)close(fds[0]);
	(void)close(pair[0]);
	(void)close(pair[1]);
	sandpool_call_free(first);
	sandpool_call_free(second);
}

static void test_bad_parameters_fail_the_call(void **state)
{
	struct fixture *f = *state;
	struct sandpool_call *call = sandpool_call_new("m");
	struct sandpool_error err;

	sandpool_set_string(call, "s", "\xff");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	assert_string_equal(err.kind, "invalid_params");
	sandpool_call_free(call);
	call = sandpool_call_new("m");
	sandpool_set_params(call, "[1]");
	assert_int_equal(sandpool_call(f->sp, call, 1000, &err), -1);
	sandpool_call_free(call);
	assert_string_equal(peer_hears(f), "");
}

static void test_opening_fails_with_words(void **state)
{
	struct sandpool_error err;
	char path[200];

	(void)state;
	assert_null(sandpool_open("/nonexistent/socket", 100, &err));
	assert_non_null(strstr(err.message, "is sandpoold running?"));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(sandpool_open(path, 100, &err));
	assert_string_equal(err.kind, "invalid_argument");
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PEER(test_parameters_become_json),
		WITH_PEER(test_a_call_waits_for_its_own_answer),
		WITH_PEER(test_an_error_keeps_its_kind),
		WITH_PEER(test_a_deadline_cancels),
		WITH_PEER(test_notifications_go_to_the_callback),
		WITH_PEER(test_a_callback_may_free_its_call),
		WITH_PEER(test_a_lost_connection_fails_everything),
		WITH_PEER(test_nonsense_breaks_the_connection),
		WITH_PEER(test_descriptors_ride_on_their_own_line),
		WITH_PEER(test_bad_parameters_fail_the_call),
		cmocka_unit_test(test_opening_fails_with_words),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
