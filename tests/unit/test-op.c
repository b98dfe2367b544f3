/* Operations and the calls they answer, over a real connection. */
#include "config.h"

#include "daemon/op.h"

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/call.h"
#include "daemon/server.h"
#include "protocol/message.h"
#include "protocol/types.h"
#include "tests/unit/unit.h"

enum step { STEP_START, STEP_MORE, STEP_WAIT, STEP_LATE };

static const char *const step_names[] = {"start", "more", "wait", "late", NULL};

struct fixture {
	struct server server;
	int client;
	unsigned released, runs, notified;
};

struct test_op {
	struct op op;
	struct fixture *f;
	enum op_next (*at_wait)(struct op *op); /* what being woken does */
};

/* ---- the operation ---------------------------------------------------------------------------- */

static enum op_next test_run(struct op *op)
{
	struct test_op *t = container_of(op, struct test_op, op);

	t->f->runs++;
	switch ((enum step)op->step) {
	case STEP_START:
		return op_again(op, STEP_MORE);
	case STEP_MORE:
		return op_wait(op, STEP_WAIT);
	case STEP_WAIT:
	case STEP_LATE:
		return t->at_wait(op);
	}
	abort();
}

static enum op_next answer(struct op *op)
{
	return op_reply(op, &(struct sandbox_kill_result){.killed = true});
}

static enum op_next end_quietly(struct op *op)
{
	return op_end(op);
}

static void test_release(struct op *op)
{
	struct test_op *t = container_of(op, struct test_op, op);

	t->f->released++;
	free(t);
}

static enum op_next go_on_alone(struct op *op, const struct sb_error *why)
{
	(void)why;
	op_set_deadline(op, 5);
	return OP_WAIT;
}

static void take_notice(struct op *op, const struct notification_info *info, void *params)
{
	(void)info;
	(void)params;
	container_of(op, struct test_op, op)->f->notified++;
}

static const struct op_type plain_type = {"test.plain", step_names,  test_run,
					  NULL,         take_notice, test_release};
static const struct op_type stubborn_type = {"test.stubborn", step_names,  test_run,
					     go_on_alone,     take_notice, test_release};

static struct test_op *make(struct fixture *f, const struct op_type *type, double timeout_s,
			    enum op_next (*at_wait)(struct op *op))
{
	struct test_op *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->f = f;
	t->at_wait = at_wait;
	op_init(&t->op, type, &f->server, timeout_s);
	return t;
}

/* ---- calls ------------------------------------------------------------------------------------ */

static struct call *make_call(struct fixture *f, enum method_id method, struct batch *batch)
{
	struct message_batch messages;
	struct sb_error err = {0};
	struct call *call;
	char line[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"sandbox_id\":\"x\"}}";

	assert_int_equal(message_parse(line, strlen(line), &messages, &err), 0);
	call = call_new(conns_next(&f->server, NULL), &f->server, method_info(method),
			&messages.items[0], batch, &err);
	assert_non_null(call);
	message_batch_free(&messages);
	return call;
}

/* An operation that works for a call of sandbox.kill (FINISH) or sandbox.get (CANCEL). */
static struct test_op *start_for_call(struct fixture *f, enum method_id method,
				      const struct op_type *type, double timeout_s,
				      enum op_next (*at_wait)(struct op *op))
{
	struct test_op *t = make(f, type, timeout_s, at_wait);

	assert_non_null(call_later(make_call(f, method, NULL), &t->op));
	return t;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		assert_true(event_base_loop(f->server.base, EVLOOP_NONBLOCK) >= 0);
}

static const char *hear(struct fixture *f)
{
	static char text[4096];
	ssize_t n;

	turn(f);
	n = recv(f->client, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void assert_no_work_left(struct fixture *f)
{
	assert_true(list_is_empty(&f->server.ops));
	assert_int_equal(f->server.call_count, 0);
	assert_int_equal(f->released, 1);
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void test_steps_run_until_one_waits(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = make(f, &plain_type, 0, end_quietly);

	assert_true(list_is_empty(&f->server.ops));
	op_start(&t->op);
	assert_int_equal(f->runs, 2);
	assert_int_equal(t->op.step, STEP_WAIT);
	op_run(&t->op);
	assert_no_work_left(f);
}

static void test_a_call_is_answered_once(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = start_for_call(f, METHOD_sandbox_kill, &plain_type, 0, answer);

	assert_string_equal(hear(f), "");
	op_run(&t->op);
	assert_string_equal(hear(f),
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"killed\":true}}\n");
	assert_no_work_left(f);
}

static void test_a_deadline_ends_it(void **state)
{
	struct fixture *f = *state;

	(void)start_for_call(f, METHOD_sandbox_kill, &plain_type, 0.02, answer);
	while (!f->released)
		assert_true(event_base_loop(f->server.base, EVLOOP_ONCE) >= 0);
	assert_non_null(strstr(hear(f), "\"kind\":\"timeout\""));
	assert_no_work_left(f);
}

static void test_a_deadline_can_move(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = start_for_call(f, METHOD_sandbox_kill, &plain_type, 3600, answer);

	op_set_deadline(&t->op, 0.02);
	while (!f->released)
		assert_true(event_base_loop(f->server.base, EVLOOP_ONCE) >= 0);
	assert_no_work_left(f);
}

static void test_cancelled_it_ends(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = start_for_call(f, METHOD_sandbox_kill, &plain_type, 60, answer);
	struct sb_error why = {.code = SB_CANCELLED, .text = "enough"};

	op_cancel(&t->op, &why);
	assert_non_null(strstr(hear(f), "\"kind\":\"cancelled\""));
	assert_no_work_left(f);
}

static void test_cancelled_it_may_go_on_alone(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = start_for_call(f, METHOD_sandbox_kill, &stubborn_type, 60, answer);
	struct sb_error why = {.code = SB_CANCELLED, .text = "enough"};

	op_cancel(&t->op, &why);
	assert_non_null(strstr(hear(f), "\"kind\":\"cancelled\""));
	assert_int_equal(f->released, 0);
	op_run(&t->op);
	assert_string_equal(hear(f), "");
	assert_no_work_left(f);
}

static void say(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->client, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL),
			 strlen(text));
	turn(f);
}

static void test_it_hears_what_the_client_says_of_its_call(void **state)
{
	struct fixture *f = *state;

	(void)start_for_call(f, METHOD_sandbox_kill, &plain_type, 60, answer);
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"transfer.credit\","
	       "\"params\":{\"id\":2,\"bytes\":5}}\n");
	assert_int_equal(f->notified, 0);
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"transfer.credit\","
	       "\"params\":{\"id\":1,\"bytes\":5}}\n");
	assert_int_equal(f->notified, 1);
	say(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.hello\"}\n");
	assert_non_null(strstr(hear(f), "-32600"));
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancel\",\"params\":{\"id\":1}}\n");
	assert_non_null(strstr(hear(f), "\"kind\":\"cancelled\""));
	assert_no_work_left(f);
}

static void test_a_wrong_word_of_the_client_ends_its_call(void **state)
{
	struct fixture *f = *state;

	(void)start_for_call(f, METHOD_sandbox_kill, &plain_type, 60, answer);
	say(f, "{\"jsonrpc\":\"2.0\",\"method\":\"transfer.credit\","
	       "\"params\":{\"id\":1,\"bytes\":-5}}\n");
	assert_int_equal(f->notified, 0);
	assert_non_null(strstr(hear(f), "transfer.credit: params.bytes"));
	assert_no_work_left(f);
}

static void leave(struct fixture *f)
{
	(void)close(f->client);
	f->client = -1;
	turn(f);
	assert_int_equal(f->server.conn_count, 0);
}

static void test_a_client_that_leaves_cancels_what_was_his_alone(void **state)
{
	struct fixture *f = *state;

	(void)start_for_call(f, METHOD_sandbox_get, &plain_type, 60, answer);
	leave(f);
	assert_no_work_left(f);
}

static void test_other_work_is_finished_without_him(void **state)
{
	struct fixture *f = *state;
	struct test_op *t = start_for_call(f, METHOD_sandbox_kill, &plain_type, 60, answer);

	leave(f);
	assert_int_equal(f->released, 0);
	assert_null(t->op.call->conn);
	op_run(&t->op);
	assert_no_work_left(f);
}

static void test_a_batch_is_answered_when_all_are(void **state)
{
	struct fixture *f = *state;
	struct batch *batch = batch_new(conns_next(&f->server, NULL), 2);
	struct test_op *one = make(f, &plain_type, 0, answer),
		       *two = make(f, &plain_type, 0, answer);

	assert_non_null(batch);
	assert_non_null(call_later(make_call(f, METHOD_sandbox_kill, batch), &one->op));
	assert_non_null(call_later(make_call(f, METHOD_sandbox_kill, batch), &two->op));
	batch_close(batch);
	op_run(&two->op);
	assert_string_equal(hear(f), "");
	op_run(&one->op);
	assert_string_equal(hear(f),
			    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"killed\":true}},"
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"killed\":true}}]\n");
}

static void test_at_the_end_of_the_daemon_all_are_told(void **state)
{
	struct fixture *f = *state;
	struct sb_error why = {.code = SB_CANCELLED, .text = "the daemon is stopping"};

	(void)start_for_call(f, METHOD_sandbox_kill, &stubborn_type, 60, answer);
	ops_stop(&f->server, &why);
	assert_non_null(strstr(hear(f), "the daemon is stopping"));
	assert_no_work_left(f);
}

/* ---- fixture ---------------------------------------------------------------------------------- */

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
	f->client = pair[0];
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
		TEST(test_steps_run_until_one_waits),
		TEST(test_a_call_is_answered_once),
		TEST(test_a_deadline_ends_it),
		TEST(test_a_deadline_can_move),
		TEST(test_cancelled_it_ends),
		TEST(test_cancelled_it_may_go_on_alone),
		TEST(test_it_hears_what_the_client_says_of_its_call),
		TEST(test_a_wrong_word_of_the_client_ends_its_call),
		TEST(test_a_client_that_leaves_cancels_what_was_his_alone),
		TEST(test_other_work_is_finished_without_him),
		TEST(test_a_batch_is_answered_when_all_are),
		TEST(test_at_the_end_of_the_daemon_all_are_told),
	};

	return cmocka_run_group_tests_name("op", tests, NULL, NULL);
}
