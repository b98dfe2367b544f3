/*
 * The stream of one command: Start or Connect, its events into the spool, and what happens when it
 * breaks: is the sandbox still there? then Connect again, with growing pauses, for some minutes.
 *
 * Nothing a client does holds the stream up; only a spool that waits for the disk does, for a moment.
 */
#include "config.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/timer.h"
#include "daemon/command-private.h"
#include "daemon/e2b/wire.h"
#include "daemon/exit-status.h"
#include "daemon/sandbox.h"
#include "daemon/server.h"

#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS  5000
#define LOST_MOST_MS   (3 * 60 * 1000) /* then it is given up */
#define STEADY_MS      (2 * RETRY_MOST_MS)
#define KILL_AGAIN_MS  1000
#define KILL_LIMIT_MS  10000
#define CLOCK_STEP_MS  20

static void stream_lost(struct command *command, const struct sb_error *why);

static void arm_idle(struct command_private *p)
{
	if (p->idle_ms > 0)
		timer_set(p->idle, p->idle_ms);
}

/* ---- events ------------------------------------------------------------------------------------ */

static void on_start_event(struct command *command, const struct wire_event_start *start)
{
	struct command_private *p = command->private;

	if (command->state == COMMAND_STARTING)
		command_started(command, start->pid);
	else if (command->state == COMMAND_LOST)
		spool_skip(command->spool, 1); /* nobody can say how much was lost meanwhile */
	command_set_state(command, COMMAND_RUNNING);
	p->reached_ms = clock_mono_ms();
	arm_idle(p);
	if (p->wants_kill)
		command_stream_kill(command);
}

static void add_output(struct command *command, enum spool_stream stream, const struct bytes *bytes)
{
	if (bytes->len > 0)
		spool_append(command->spool, stream, bytes->data, bytes->len);
}

static void on_data_event(struct command *command, const struct wire_event_data *data)
{
	add_output(command, SPOOL_STDOUT, &data->out);
	add_output(command, SPOOL_STDERR, &data->err);
	add_output(command, SPOOL_PTY, &data->pty);
	arm_idle(command->private);
	if (spool_is_full(command->spool))
		envd_stream_pause(&command->private->stream);
}

/* The agent's timer goes by a clock that ticks in steps, and so up to one of them before ours. */
static bool is_past_deadline(const struct command_private *p)
{
	return clock_mono_ms() + CLOCK_STEP_MS >= p->deadline_ms;
}

static void on_end_event(struct command *command, struct wire_event_end *end)
{
	struct command_private *p = command->private;
	bool is_clean = end->exited && end->exit_code == 0;

	command->exit_code = end->exit_code;
	command->signal = end->exited ? 0 : exit_status_signal(end->status);
	free(command->error);
	command->error = is_clean ? NULL : end->error ? take(&end->error) : take(&end->status);
	if (p->verdict.code == SB_OK && command->signal == 9 && is_past_deadline(p))
		(void)sb_fail(&p->verdict, SB_TIMEOUT, "the command's timeout passed");
	p->has_end = true;
	command_end(command, p->verdict.code ? &p->verdict : NULL);
}

static void on_event(struct command *command, struct wire_process_event *event)
{
	if (event->start)
		on_start_event(command, event->start);
	else if (command->state != COMMAND_RUNNING)
		return; /* an event ahead of the start: not of a server we know */
	else if (event->data)
		on_data_event(command, event->data);
	else if (event->end)
		on_end_event(command, event->end);
}

static void on_message(struct envd_stream *stream, const char *json, size_t len)
{
	struct command_private *p = container_of(stream, struct command_private, stream);
	struct wire_process_message message = {0};
	struct sb_error err = {0};

	if (fields_parse(&wire_process_message_type, FIELDS_E2B, json, len, "event", &message,
			 &err) < 0) {
		envd_stream_cancel(stream);
		p->is_streaming = false;
		stream_lost(p->command, &err);
		return;
	}
	if (message.event)
		on_event(p->command, message.event);
	fields_free(&wire_process_message_type, &message);
}

static void on_room(void *arg)
{
	struct command *command = arg;

	envd_stream_resume(&command->private->stream);
}

/* ---- the end of the stream, not of the command ------------------------------------------------- */

static void on_stream_end(struct envd_stream *stream)
{
	struct command_private *p = container_of(stream, struct command_private, stream);
	struct command *command = p->command;
	struct sb_error err = stream->err;

	p->is_streaming = false;
	if (command->state == COMMAND_ENDED) {
		command_changed(command);
		return;
	}
	if (strcmp(stream->code, "deadline_exceeded") == 0 && is_past_deadline(p)) {
		sb_clear(&err);
		(void)sb_fail(&err, SB_TIMEOUT, "the command's timeout passed");
		command->signal = 9;
		command_end(command, p->verdict.code ? &p->verdict : &err);
		return;
	}
	if (err.code == SB_OK)
		(void)sb_fail(&err, SB_UPSTREAM_UNAVAILABLE,
			      "the output ended without the end of the command");
	stream_lost(command, &err);
}

static int64_t retry_delay_ms(unsigned attempts)
{
	int64_t ms = RETRY_FIRST_MS;

	while (attempts-- > 1 && ms < RETRY_MOST_MS)
		ms *= 2;
	return ms;
}

/* Was it the agent that refused, so that asking again is no use? */
static bool is_final(const struct command_private *p, const struct sb_error *why)
{
	return !p->stream.is_cut && why->code != SB_UPSTREAM_UNAVAILABLE &&
	       why->code != SB_RATE_LIMIT && why->code != SB_OVERLOADED && why->code != SB_TIMEOUT;
}

static void give_up(struct command *command, const struct sb_error *why)
{
	struct sb_error err = *why;

	if (why->code == SB_NOT_FOUND && command->state == COMMAND_LOST)
		(void)sb_wrap(&err, "it ended while its output could not be followed");
	command_end(command, &err);
}

/* A stream that breaks as soon as it is there does not begin the pauses, or the patience, anew. */
static void note_loss(struct command_private *p)
{
	int64_t now = clock_mono_ms();

	if (p->lost_ms > 0 && now - p->reached_ms < STEADY_MS)
		return;
	p->lost_ms = now;
	p->attempts = 0;
}

static void stream_lost(struct command *command, const struct sb_error *why)
{
	struct command_private *p = command->private;

	if (command->state == COMMAND_STARTING) {
		command_end(command, why); /* Start is never repeated: it may have been done */
		return;
	}
	(void)event_del(p->idle);
	if (command->state == COMMAND_RUNNING) {
		note_loss(p);
		command_set_state(command, COMMAND_LOST);
		log_debug("command %" PRId64 ": output interrupted: %s", command->pid, why->text);
	} else if (is_final(p, why)) {
		give_up(command, why);
		return;
	}
	if (clock_mono_ms() - p->lost_ms > LOST_MOST_MS)
		give_up(command, why);
	else
		command_stream_connect(command);
}

/* ---- taking it up again: provider, probe, Connect ---------------------------------------------- */

static void send_connect(struct command *command)
{
	struct command_private *p = command->private;
	struct wire_selector selector = {.pid = command->pid};
	struct wire_select_request request = {.process = &selector};
	struct envd_target target;

	sandbox_target(command->sandbox, NULL, &target);
	p->stream.on_message = on_message;
	p->stream.on_end = on_stream_end;
	p->is_streaming = true;
	envd_stream_start(&target, &p->stream, "process.Process/Connect", &wire_select_request_type,
			  &request, &(struct envd_stream_options){.start_timeout_ms = 30000});
}

static void on_probed(struct envd_probe *probe)
{
	struct command_private *p = container_of(probe, struct command_private, probe);
	struct command *command = p->command;
	struct sb_error err = probe->err;

	switch (probe->health) {
	case ENVD_RUNNING:
		send_connect(command);
		return;
	case ENVD_NOT_RUNNING: /* ended or paused: the provider knows, and commands_lost() tells of an end */
		(void)sb_fail(&err, SB_SANDBOX_NOT_FOUND, "the sandbox does not answer");
		sandbox_recheck(command->sandbox, 0);
		break;
	case ENVD_UNKNOWN:
		break;
	}
	if (clock_mono_ms() - p->lost_ms > LOST_MOST_MS)
		command_end(command, &err);
	else
		command_stream_connect(command);
}

static void on_provider_ready(struct provider_wait *wait)
{
	struct command_private *p = container_of(wait, struct command_private, provider);
	struct envd_target target;

	if (wait->err.code) {
		stream_lost(p->command, &wait->err);
		return;
	}
	sandbox_target(p->command->sandbox, NULL, &target);
	p->probe.done = on_probed;
	envd_probe_start(&target, &p->probe, 0);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct command_private *p = arg;

	(void)fd;
	(void)what;
	if (p->command->sandbox->state == SANDBOX_PAUSED) {
		p->lost_ms = clock_mono_ms(); /* it may stay so, and to be asked might wake it */
		command_stream_connect(p->command);
		return;
	}
	p->provider = (struct provider_wait){.done = on_provider_ready};
	provider_ready(p->command->sandbox->provider, &p->provider);
}

void command_stream_connect(struct command *command)
{
	struct command_private *p = command->private;

	if (command->state == COMMAND_STARTING)
		send_connect(command);
	else
		timer_set(p->retry, p->attempts++ ? retry_delay_ms(p->attempts) : 0);
}

void command_stream_start(struct command *command, const char *user,
			  const struct wire_start_request *request, int64_t timeout_ms)
{
	struct command_private *p = command->private;
	struct envd_target target;

	sandbox_target(command->sandbox, user, &target);
	p->stream.on_message = on_message;
	p->stream.on_end = on_stream_end;
	p->is_streaming = true;
	envd_stream_start(&target, &p->stream, "process.Process/Start", &wire_start_request_type,
			  request, &(struct envd_stream_options){.timeout_ms = timeout_ms});
}

void command_stream_stop(struct command *command)
{
	struct command_private *p = command->private;

	if (!p->has_end) {
		envd_stream_cancel(&p->stream);
		p->is_streaming = false;
	}
	envd_probe_cancel(&p->probe);
	provider_wait_cancel(&p->provider);
	envd_unary_cancel(&p->kill);
	(void)event_del(p->retry);
	(void)event_del(p->idle);
	(void)event_del(p->kill_again);
}

/* ---- ending it --------------------------------------------------------------------------------- */

static void on_killed(struct envd_call *call)
{
	struct command_private *p = container_of(call, struct command_private, kill);

	/* When there is no such process, its end is on the way, or Connect will say so. */
	if (call->err.code != SB_OK && call->err.code != SB_NOT_FOUND)
		timer_set(p->kill_again, KILL_AGAIN_MS);
}

void command_stream_kill(struct command *command)
{
	struct command_private *p = command->private;
	struct wire_selector selector = {.pid = command->pid};
	struct wire_signal_request request = {.process = &selector, .signal = WIRE_SIGNAL_KILL};
	struct envd_target target;

	p->wants_kill = true;
	if (command->state != COMMAND_RUNNING)
		return; /* when it runs, or is reached again */
	envd_unary_cancel(&p->kill);
	sandbox_target(command->sandbox, NULL, &target);
	p->kill = (struct envd_call){.done = on_killed};
	envd_unary_start(&target, &p->kill, "process.Process/SendSignal", &wire_signal_request_type,
			 &request, &wire_empty_type, &p->kill_answer, KILL_LIMIT_MS);
}

static void on_kill_again(evutil_socket_t fd, short what, void *arg)
{
	struct command_private *p = arg;

	(void)fd;
	(void)what;
	command_stream_kill(p->command);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct command_private *p = arg;

	(void)fd;
	(void)what;
	if (p->verdict.code == SB_OK)
		(void)sb_fail(&p->verdict, SB_TIMEOUT, "no output for %" PRId64 " ms", p->idle_ms);
	command_stream_kill(p->command);
}

/* ---- birth and death --------------------------------------------------------------------------- */

int command_stream_init(struct command *command)
{
	struct command_private *p = command->private;
	struct event_base *base = command->server->base;

	p->retry = event_new(base, -1, 0, on_retry, p);
	p->idle = event_new(base, -1, 0, on_idle, p);
	p->kill_again = event_new(base, -1, 0, on_kill_again, p);
	spool_set_on_room(command->spool, on_room, command);
	return p->retry && p->idle && p->kill_again ? 0 : -1;
}

void command_stream_deinit(struct command *command)
{
	struct command_private *p = command->private;
	struct event *timers[] = {p->retry, p->idle, p->kill_again};

	if (p->retry && p->idle && p->kill_again)
		command_stream_stop(command);
	envd_stream_cancel(&p->stream);
	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i])
			event_free(timers[i]);
}
