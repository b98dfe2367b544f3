/* Output of a command on its way to a client. A chunk may end inside a character: the rest waits for the next one. */
#include "config.h"

#include "daemon/subscription.h"

#include <string.h>

#include "daemon/command.h"
#include "daemon/conn.h"
#include "daemon/sandbox.h"
#include "protocol/utf8.h"

#define TAIL_MAX 3 /* bytes of a character that is not whole */

struct subscription {
	struct conn *conn;
	struct conn_stream stream;
	struct command_watch watch;
	struct spool_reader reader;
	unsigned streams;
	/* Bytes that were read and not sent: the beginning of a character. */
	enum spool_stream tail_stream;
	int64_t tail_offset;
	char tail[TAIL_MAX];
	size_t tail_len;
};

static void subscription_free(struct subscription *subscription)
{
	command_unwatch(&subscription->watch);
	spool_detach(&subscription->reader);
	conn_remove_stream(&subscription->stream);
	free(subscription);
}

/* ---- notifications ----------------------------------------------------------------------------- */

static void send_output(struct subscription *subscription, enum spool_stream stream, int64_t offset,
			const char *data, size_t len)
{
	static char names[][8] = {
		[SPOOL_STDOUT] = "stdout", [SPOOL_STDERR] = "stderr", [SPOOL_PTY] = "pty"};
	const struct command *command = subscription->watch.command;

	conn_notify(subscription->conn, "command.output", &command_output_type,
		    &(struct command_output){
			    .sandbox_id = command->sandbox->row.id,
			    .pid = command->pid,
			    .stream = names[stream],
			    .offset = offset,
			    .data = {(char *)(uintptr_t)data, len},
		    });
}

static void send_gap(struct subscription *subscription, const struct spool_chunk *chunk)
{
	static char gap[] = "gap";
	const struct command *command = subscription->watch.command;

	conn_notify(subscription->conn, "command.output", &command_output_type,
		    &(struct command_output){
			    .sandbox_id = command->sandbox->row.id,
			    .pid = command->pid,
			    .stream = gap,
			    .offset = chunk->offset,
			    .lost_bytes = (int64_t)chunk->len,
		    });
}

static void send_tail(struct subscription *subscription)
{
	size_t len = subscription->tail_len;

	if (len == 0)
		return;
	subscription->tail_len = 0;
	send_output(subscription, subscription->tail_stream, subscription->tail_offset,
		    subscription->tail, len);
}

/* Send bytes up to the last whole character; the rest becomes the tail. */
static void send_characters(struct subscription *subscription, enum spool_stream stream,
			    int64_t offset, const char *data, size_t len)
{
	size_t tail_len = utf8_incomplete_tail(data, len);
	size_t whole = len - tail_len;
	char tail[TAIL_MAX];

	memcpy(tail, data + whole, tail_len); /* `data` may be the old tail */
	if (whole > 0)
		send_output(subscription, stream, offset, data, whole);
	memcpy(subscription->tail, tail, tail_len);
	subscription->tail_len = tail_len;
	subscription->tail_stream = stream;
	subscription->tail_offset = offset + (int64_t)whole;
}

/* Give the tail the first bytes of what follows it, until its character is whole or is none. */
static void complete_tail(struct subscription *subscription, struct spool_chunk *chunk)
{
	char text[TAIL_MAX + 1];
	size_t len = subscription->tail_len;

	memcpy(text, subscription->tail, len);
	while (len < sizeof(text) && chunk->len > 0 && utf8_incomplete_tail(text, len) == len) {
		text[len++] = *chunk->data++;
		chunk->len--;
		chunk->offset++;
	}
	send_characters(subscription, subscription->tail_stream, subscription->tail_offset, text,
			len);
}

static void send_chunk(struct subscription *subscription, struct spool_chunk *chunk)
{
	bool continues = chunk->data && chunk->stream == subscription->tail_stream;

	if (!continues)
		send_tail(subscription);
	if (!chunk->data) {
		send_gap(subscription, chunk);
		return;
	}
	if (!(subscription->streams & SUBSCRIPTION_BIT(chunk->stream)))
		return;
	if (subscription->tail_len > 0)
		complete_tail(subscription, chunk);
	if (chunk->len > 0) {
		send_tail(subscription);
		send_characters(subscription, chunk->stream, chunk->offset, chunk->data,
				chunk->len);
	}
}

static void send_exit(struct subscription *subscription)
{
	struct command_exit exit;

	send_tail(subscription);
	command_exit_fill(subscription->watch.command, &exit);
	conn_notify(subscription->conn, "command.exit", &command_exit_type, &exit);
	subscription_free(subscription);
}

/* ---- when to go on ----------------------------------------------------------------------------- */

static void pump(struct subscription *subscription)
{
	struct spool_chunk chunk;

	while (conn_has_room(subscription->conn)) {
		int got = spool_read(&subscription->reader, &chunk);

		if (got < 0) {
			send_exit(subscription);
			return;
		}
		if (got == 0)
			return;
		send_chunk(subscription, &chunk);
	}
}

static void on_ready(struct spool_reader *reader)
{
	pump(container_of(reader, struct subscription, reader));
}

static void on_drain(struct conn_stream *stream)
{
	pump(container_of(stream, struct subscription, stream));
}

static void on_close(struct conn_stream *stream)
{
	subscription_free(container_of(stream, struct subscription, stream));
}

/* The end of the command ends its spool too, and that is what the reader waits for. */
static void on_change(struct command_watch *watch)
{
	(void)watch;
}

/* ---- beginning and ending ---------------------------------------------------------------------- */

static struct subscription *find(const struct conn *conn, const struct command *command)
{
	list_for_each (struct command_watch, watch, &command->watches, link) {
		struct subscription *subscription = container_of(watch, struct subscription, watch);

		if (watch->on_change == on_change && subscription->conn == conn)
			return subscription;
	}
	return NULL;
}

bool subscription_end(struct conn *conn, struct command *command)
{
	struct subscription *subscription = find(conn, command);

	if (!subscription)
		return false;
	subscription_free(subscription);
	return true;
}

int subscription_new(struct conn *conn, struct command *command, int64_t offset, unsigned streams,
		     struct sb_error *err)
{
	struct subscription *subscription = calloc(1, sizeof(*subscription));

	if (!subscription)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	(void)subscription_end(conn, command);
	subscription->conn = conn;
	subscription->streams = streams;
	subscription->stream.on_drain = on_drain;
	subscription->stream.on_close = on_close;
	subscription->watch.on_change = on_change;
	subscription->reader.on_ready = on_ready;
	conn_add_stream(conn, &subscription->stream);
	command_watch(command, &subscription->watch);
	spool_attach(command->spool, &subscription->reader, offset);
	return 0;
}
