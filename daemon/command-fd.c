/* Operations in the background: one for each descriptor. */
#include "config.h"

#include "daemon/command-fd.h"

#include "daemon/command.h"
#include "daemon/fd-sink.h"
#include "daemon/fd-source.h"
#include "daemon/op.h"
#include "daemon/server.h"
#include "daemon/stdin-feed.h"

static const char *const steps[] = {"begin", "running", "over", NULL};

enum fd_step { FD_BEGIN, FD_RUNNING, FD_OVER };

/* ---- output ------------------------------------------------------------------------------------ */

struct output_op {
	struct op op;
	struct command_watch watch; /* keeps the command in memory */
	struct spool_reader reader;
	enum spool_stream stream;
	struct fd_sink *sink;
	bool is_full; /* the sink */
};

/* Write what is there; FD_OVER when all was written. What was lost is left out. */
static int output_pump(struct output_op *output)
{
	struct spool_chunk chunk;
	int got = 1;

	while (!output->is_full && (got = spool_read(&output->reader, &chunk)) > 0)
		if (chunk.data && chunk.stream == output->stream)
			output->is_full = !fd_sink_write(output->sink, chunk.data, chunk.len);
	return got < 0 && fd_sink_is_idle(output->sink) ? FD_OVER : FD_RUNNING;
}

static enum op_next output_run(struct op *op)
{
	struct output_op *output = container_of(op, struct output_op, op);

	if (op->step != FD_OVER)
		op->step = output_pump(output);
	return op->step == FD_OVER ? op_end(op) : op_wait(op, FD_RUNNING);
}

static void on_output(struct spool_reader *reader)
{
	op_run(&container_of(reader, struct output_op, reader)->op);
}

/* Somebody who closed his end wants no more; the command goes on. */
static void on_written(void *arg, const struct sb_error *err)
{
	struct output_op *output = arg;

	output->is_full = false;
	if (err->code)
		output->op.step = FD_OVER;
	op_run(&output->op);
}

static void on_change(struct command_watch *watch)
{
	(void)watch;
}

static void output_release(struct op *op)
{
	struct output_op *output = container_of(op, struct output_op, op);

	spool_detach(&output->reader);
	command_unwatch(&output->watch);
	(void)fd_sink_free(output->sink);
	free(output);
}

static const struct op_type output_type = {
	.name = "command.output-fd",
	.steps = steps,
	.run = output_run,
	.release = output_release,
};

int command_fd_output(struct command *command, enum spool_stream stream, int fd,
		      struct sb_error *err)
{
	struct server *server = command->server;
	struct output_op *output = calloc(1, sizeof(*output));

	if (!output) {
		(void)close(fd);
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	output->sink = fd_sink_new(server->base, server->workers, fd, on_written, output, err);
	if (!output->sink) {
		free(output);
		return -1;
	}
	output->stream = stream;
	output->reader.on_ready = on_output;
	output->watch.on_change = on_change;
	command_watch(command, &output->watch);
	spool_attach(command->spool, &output->reader, 0);
	op_init(&output->op, &output_type, server, 0);
	op_start(&output->op);
	return 0;
}

/* ---- input ------------------------------------------------------------------------------------- */

struct input_op {
	struct op op;
	struct command_watch watch;
	struct fd_source *source;
	struct stdin_feed feed;
	bool is_last; /* the end of file is being sent */
};

static enum op_next input_run(struct op *op)
{
	struct input_op *input = container_of(op, struct input_op, op);

	if (op->step == FD_OVER)
		return op_end(op);
	fd_source_read(input->source);
	return op_wait(op, FD_RUNNING);
}

static void input_on_change(struct command_watch *watch)
{
	struct input_op *input = container_of(watch, struct input_op, watch);

	if (watch->command->state != COMMAND_ENDED)
		return;
	input->op.step = FD_OVER;
	op_run(&input->op);
}

static void on_read(void *arg, const char *data, size_t len, const struct sb_error *err)
{
	struct input_op *input = arg;
	const struct command *command = input->watch.command;

	input->is_last = len == 0 || err->code;
	stdin_feed_start(&input->feed, command->sandbox, command->pid, false, data, len,
			 input->is_last);
}

/* A command that reads no more is not in error. */
static void on_fed(struct stdin_feed *feed)
{
	struct input_op *input = container_of(feed, struct input_op, feed);

	if (input->is_last || feed->err.code)
		input->op.step = FD_OVER;
	op_run(&input->op);
}

static void input_release(struct op *op)
{
	struct input_op *input = container_of(op, struct input_op, op);

	stdin_feed_cancel(&input->feed);
	command_unwatch(&input->watch);
	(void)fd_source_free(input->source);
	free(input);
}

static const struct op_type input_type = {
	.name = "command.input-fd",
	.steps = steps,
	.run = input_run,
	.release = input_release,
};

int command_fd_input(struct command *command, int fd, struct sb_error *err)
{
	struct server *server = command->server;
	struct input_op *input = calloc(1, sizeof(*input));

	if (!input) {
		(void)close(fd);
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	input->source = fd_source_new(server->base, server->workers, fd, on_read, input, err);
	if (!input->source) {
		free(input);
		return -1;
	}
	input->feed.done = on_fed;
	input->watch.on_change = input_on_change;
	command_watch(command, &input->watch);
	op_init(&input->op, &input_type, server, 0);
	op_start(&input->op);
	return 0;
}
