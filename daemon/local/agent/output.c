/* Fan-out of a process's output. A subscriber lives until its call closes, which may be after the process. */
#include "config.h"

#include "daemon/local/agent/output.h"

#include <errno.h>
#include <event2/event.h>

#include "daemon/base/httpd.h"
#include "daemon/e2b/envelope.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/connect.h"
#include "protocol/buf.h"

#define PIPE_PIECE  ((size_t)32 << 10)
#define PTY_PIECE   ((size_t)16 << 10)
#define LAST_PIECES 64 /* read after a kill: more than a pipe holds, and yet an end */

struct subscriber {
	struct list link; /* output.subscribers, until the process has ended */
	struct rpc_handler handler;
	struct rpc *rpc;
	struct output *output; /* NULL after the process has ended */
	bool is_full;          /* holds the process back */
};

/* ---- reading -------------------------------------------------------------------------------- */

static void send_all(struct output *output, struct wire_process_event *event)
{
	const struct wire_process_message message = {.event = event};
	CLEANUP_BUF struct buf payload = {0};
	CLEANUP_BUF struct buf envelope = {0};

	fields_encode(&wire_process_message_type, FIELDS_E2B, &message, &payload);
	envelope_add(&envelope, 0, payload.data, payload.len);
	if (payload.failed || envelope.failed)
		abort(); /* output lost in silence would be worse */
	list_for_each (struct subscriber, subscriber, &output->subscribers, link) {
		if (rpc_send_envelope(subscriber->rpc, &envelope) > HTTPD_STREAM_HIGH)
			subscriber->is_full = true;
	}
}

static void send_data(struct output_source *source, char *data, size_t len)
{
	const struct bytes bytes = {data, len};
	struct wire_event_data piece = {0};
	struct wire_process_event event = {.data = &piece};

	if (list_is_empty(&source->output->subscribers))
		return;
	switch (source->kind) {
	case OUTPUT_STDOUT:
		piece.out = bytes;
		break;
	case OUTPUT_STDERR:
		piece.err = bytes;
		break;
	case OUTPUT_PTY:
		piece.pty = bytes;
		break;
	}
	send_all(source->output, &event);
}

static bool is_held(const struct output *output)
{
	list_for_each (struct subscriber, subscriber, &output->subscribers, link) {
		if (subscriber->is_full)
			return true;
	}
	return false;
}

/* Read or rest, as the subscribers allow. */
static void update_events(struct output *output)
{
	bool held = is_held(output);

	for (unsigned i = 0; i < output->source_count; i++) {
		struct output_source *source = &output->sources[i];

		if (source->fd < 0)
			continue;
		if (held)
			(void)event_del(&source->event);
		else
			(void)event_add(&source->event, NULL);
	}
}

static void source_close(struct output_source *source)
{
	if (source->fd >= 0)
		(void)event_del(&source->event);
	cleanup_fd(&source->fd);
}

/* Pass one piece on. False when there is none now, or never again. */
static bool source_read(struct output_source *source)
{
	char data[PIPE_PIECE];
	size_t max = source->kind == OUTPUT_PTY ? PTY_PIECE : sizeof(data);
	ssize_t n = read(source->fd, data, max);

	if (n > 0) {
		send_data(source, data, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) /* a terminal ends with EIO */
		source_close(source);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct output_source *source = arg;
	struct output *output = source->output;

	(void)fd;
	(void)what;
	if (source_read(source))
		update_events(output);
	else if (!output_is_open(output))
		output->on_eof(output);
}

/* ---- subscribers ---------------------------------------------------------------------------- */

static void subscriber_on_drain(struct rpc_handler *handler)
{
	struct subscriber *subscriber = container_of(handler, struct subscriber, handler);

	subscriber->is_full = false;
	if (subscriber->output)
		update_events(subscriber->output);
}

static void subscriber_on_close(struct rpc_handler *handler)
{
	struct subscriber *subscriber = container_of(handler, struct subscriber, handler);

	list_remove(&subscriber->link);
	if (subscriber->output)
		update_events(subscriber->output);
	free(subscriber);
}

int output_subscribe(struct output *output, struct rpc *rpc, pid_t pid, struct sb_error *err)
{
	struct wire_event_start start = {pid};
	struct wire_process_event event = {.start = &start};
	const struct wire_process_message message = {&event};
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));

	if (!subscriber)
		return sb_fail(err, SB_INTERNAL, "no memory for a stream");
	subscriber->handler.on_drain = subscriber_on_drain;
	subscriber->handler.on_close = subscriber_on_close;
	subscriber->rpc = rpc;
	subscriber->output = output;
	list_append(&output->subscribers, &subscriber->link);
	rpc->handler = &subscriber->handler;
	(void)rpc_send(rpc, &message);
	return 0;
}

/* ---- the object ----------------------------------------------------------------------------- */

void output_init(struct output *output, struct event_base *base,
		 void (*on_eof)(struct output *output))
{
	*output = (struct output){.base = base, .on_eof = on_eof};
	list_init(&output->subscribers);
}

void output_add(struct output *output, enum output_kind kind, int fd)
{
	struct output_source *source = &output->sources[output->source_count++];

	source->output = output;
	source->kind = kind;
	source->fd = fd;
	(void)event_assign(&source->event, output->base, fd, EV_READ | EV_PERSIST, on_readable,
			   source);
	(void)event_add(&source->event, NULL);
}

bool output_is_open(const struct output *output)
{
	for (unsigned i = 0; i < output->source_count; i++) {
		if (output->sources[i].fd >= 0)
			return true;
	}
	return false;
}

static void read_the_rest(struct output *output)
{
	for (unsigned i = 0; i < output->source_count; i++) {
		struct output_source *source = &output->sources[i];

		for (int n = 0; n < LAST_PIECES && source->fd >= 0; n++) {
			if (!source_read(source))
				break;
		}
		source_close(source);
	}
}

void output_end(struct output *output, struct wire_event_end *end)
{
	struct wire_process_event event = {.end = end};

	read_the_rest(output);
	send_all(output, &event);
	list_for_each_safe (struct subscriber, subscriber, &output->subscribers, link) {
		list_remove(&subscriber->link);
		subscriber->output = NULL;
		rpc_end(subscriber->rpc);
	}
}

void output_deinit(struct output *output)
{
	for (unsigned i = 0; i < output->source_count; i++)
		source_close(&output->sources[i]);
	list_for_each_safe (struct subscriber, subscriber, &output->subscribers, link) {
		list_remove(&subscriber->link);
		subscriber->output = NULL;
	}
}
