/* One command and its output, collected. */
#include "config.h"

#include "daemon/runner.h"

#include "daemon/base/list.h"
#include "protocol/types.h"

static void truncated(struct runner *runner, int64_t offset)
{
	if (runner->truncated_offset == TYPES_UNSET)
		runner->truncated_offset = offset;
}

static void keep(struct runner *runner, const struct spool_chunk *chunk)
{
	struct buf *to = chunk->stream == SPOOL_STDERR ? &runner->err : &runner->out;
	size_t room = RUN_OUTPUT_MAX - to->len;
	size_t len = chunk->len < room ? chunk->len : room;

	if (!chunk->data)
		len = 0;
	else
		buf_add(to, chunk->data, len);
	if (len < chunk->len)
		truncated(runner, chunk->offset + (int64_t)len);
}

static void on_output(struct spool_reader *reader)
{
	struct runner *runner = container_of(reader, struct runner, reader);
	struct spool_chunk chunk;
	int got;

	while ((got = spool_read(reader, &chunk)) > 0)
		keep(runner, &chunk);
	if (got == 0)
		return;
	runner->is_read = true;
	spool_detach(reader);
	runner->on_change(runner);
}

static void on_change(struct command_watch *watch)
{
	struct runner *runner = container_of(watch, struct runner, watch);

	runner->on_change(runner);
}

int runner_start(struct runner *runner, struct server *server, struct sandbox *sandbox,
		 const struct command_spec *spec, struct sb_error *err)
{
	runner->truncated_offset = TYPES_UNSET;
	runner->command = command_start(server, sandbox, spec, err);
	if (!runner->command)
		return -1;
	runner->watch.on_change = on_change;
	command_watch(runner->command, &runner->watch);
	runner->reader.on_ready = on_output;
	spool_attach(runner->command->spool, &runner->reader, 0);
	return 0;
}

bool runner_is_begun(const struct runner *runner)
{
	return runner->command->state != COMMAND_STARTING;
}

bool runner_is_over(const struct runner *runner)
{
	return runner->command->state == COMMAND_ENDED && runner->is_read;
}

int runner_check(const struct runner *runner, struct sb_error *err)
{
	if (runner->command->err.code != SB_OK) {
		*err = runner->command->err;
		return -1;
	}
	if (runner->out.failed || runner->err.failed)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return 0;
}

struct bytes runner_bytes(const struct buf *buf)
{
	static char none[] = "";

	return buf->data ? (struct bytes){buf->data, buf->len} : (struct bytes){none, 0};
}

void runner_release(struct runner *runner)
{
	struct command *command = runner->command;

	spool_detach(&runner->reader);
	if (command && (command->state != COMMAND_ENDED || runner->truncated_offset == TYPES_UNSET))
		command_discard(command);
	command_unwatch(&runner->watch);
	buf_deinit(&runner->out);
	buf_deinit(&runner->err);
	*runner = (struct runner){.on_change = runner->on_change};
}
