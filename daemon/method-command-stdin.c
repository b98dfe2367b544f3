/*
 * command.send_stdin, command.close_stdin and pty.send_input: input for a command. What several calls send
 * to one command arrives in the order of the calls: each waits for the one before it.
 */
#include "config.h"

#include "daemon/method.h"
#include "daemon/registry.h"
#include "daemon/sandbox.h"
#include "daemon/stdin-feed.h"
#include "protocol/types.h"

struct input_op {
	struct op op;
	struct sandbox *sandbox;
	int64_t pid;
	bool is_pty;
	struct bytes data; /* owned; absent for close_stdin */
	struct stdin_feed feed;
	struct envd_probe probe;
};

enum input_step { INPUT_BEGIN, INPUT_QUEUED, INPUT_SENT, INPUT_PROBED };

static const char *const steps[] = {"begin", "queued", "sent", "probed", NULL};

static const struct op_type input_type;

static bool is_same_command(struct op *op, const struct input_op *input)
{
	const struct input_op *other = container_of(op, struct input_op, op);

	return op->type == &input_type && other->sandbox == input->sandbox &&
	       other->pid == input->pid;
}

/* Operations stand on the list in the order of their calls. */
static bool is_first(const struct input_op *input)
{
	list_for_each (struct op, op, &input->op.server->ops, link) {
		if (op == &input->op)
			return true;
		if (is_same_command(op, input))
			return false;
	}
	return true;
}

static void on_sent(struct stdin_feed *feed)
{
	op_run(&container_of(feed, struct input_op, feed)->op);
}

static void on_probed(struct envd_probe *probe)
{
	op_run(&container_of(probe, struct input_op, probe)->op);
}

static enum op_next probe(struct input_op *input)
{
	struct envd_target target;

	sandbox_target(input->sandbox, NULL, &target);
	input->probe.done = on_probed;
	envd_probe_start(&target, &input->probe, 0);
	return op_wait(&input->op, INPUT_PROBED);
}

static enum op_next input_run(struct op *op)
{
	struct input_op *input = container_of(op, struct input_op, op);

	switch ((enum input_step)op->step) {
	case INPUT_BEGIN:
		if (input->data.data && input->data.len == 0)
			return op_reply(op, &(struct no_result){0});
		if (!is_first(input))
			return op_wait(op, INPUT_QUEUED);
		return op_again(op, INPUT_QUEUED);
	case INPUT_QUEUED:
		input->feed.done = on_sent;
		stdin_feed_start(&input->feed, input->sandbox, input->pid, input->is_pty,
				 input->data.data, input->data.len, !input->data.data);
		return op_wait(op, INPUT_SENT);
	case INPUT_SENT:
		if (input->feed.is_cut)
			return probe(input);
		if (input->feed.err.code)
			return op_fail(op, &input->feed.err);
		return op_reply(op, &(struct no_result){0});
	case INPUT_PROBED:
		envd_cut_explain(input->probe.health, &input->feed.err);
		return op_fail(op, &input->feed.err);
	}
	abort();
}

static void run_next(const struct input_op *input)
{
	list_for_each (struct op, op, &input->op.server->ops, link) {
		if (!is_same_command(op, input))
			continue;
		if (op->step == INPUT_QUEUED)
			op_run(op);
		return;
	}
}

static void input_release(struct op *op)
{
	struct input_op *input = container_of(op, struct input_op, op);

	stdin_feed_cancel(&input->feed);
	envd_probe_cancel(&input->probe);
	run_next(input);
	sandbox_unpin(input->sandbox);
	free(input->data.data);
	free(input);
}

static const struct op_type input_type = {
	.name = "input",
	.steps = steps,
	.run = input_run,
	.release = input_release,
};

/* Takes the data. */
static struct call_done *input_call(struct call *call, const char *sandbox_id, int64_t pid,
				    bool is_pty, struct bytes *data, double request_timeout)
{
	struct sb_error err = {0};
	struct sandbox *sandbox =
		registry_get(call->server->registry, sandbox_id, &call->peer, &err);
	struct input_op *input;

	if (!sandbox)
		return call_fail(call, &err);
	input = calloc(1, sizeof(*input));
	if (!input)
		return call_fail_code(call, SB_INTERNAL, "out of memory");
	op_init(&input->op, &input_type, call->server, request_timeout);
	input->sandbox = sandbox;
	input->pid = pid;
	input->is_pty = is_pty;
	if (data)
		input->data = (struct bytes){take(&data->data), data->len};
	sandbox_pin(sandbox);
	return call_later(call, &input->op);
}

struct call_done *method_command_send_stdin(struct call *call)
{
	struct command_stdin_params *params = call->params;

	return input_call(call, params->sandbox_id, params->pid, false, &params->data,
			  params->request_timeout);
}

struct call_done *method_pty_send_input(struct call *call)
{
	struct command_stdin_params *params = call->params;

	return input_call(call, params->sandbox_id, params->pid, true, &params->data,
			  params->request_timeout);
}

struct call_done *method_command_close_stdin(struct call *call)
{
	const struct pid_params *params = call->params;

	return input_call(call, params->sandbox_id, params->pid, false, NULL,
			  params->request_timeout);
}
