/* process.Process served: each procedure is a few lines on top of process.c, input.c and output.c. */
#include "config.h"

#include "daemon/local/agent/rpc-process.h"

#include <signal.h>
#include <string.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/process.h"
#include "daemon/local/agent/pty.h"

/* ---- Start, Connect ------------------------------------------------------------------------- */

static int start(struct rpc *rpc, void *arg, struct sb_error *err)
{
	struct wire_start_request *request = arg;
	struct process *process;

	if (!request->process)
		return sb_fail(err, SB_INVALID_ARGUMENT, "no process to start");
	process = process_start(rpc->agent, &rpc->user, request, rpc->timeout_ms, err);
	if (!process)
		return -1;
	return output_subscribe(&process->output, rpc, process->pid, err);
}

/* The last of a stream that came too late for anything else. */
static void send_end(struct rpc *rpc, const struct process *process)
{
	char text[PROCESS_STATUS_SIZE];
	struct wire_event_start begin = {process->pid};
	struct wire_event_end end;
	struct wire_process_event event = {.start = &begin};
	const struct wire_process_message message = {&event};

	(void)rpc_send(rpc, &message);
	process_describe_end(process, text, &end);
	event = (struct wire_process_event){.end = &end};
	(void)rpc_send(rpc, &message);
	rpc_end(rpc);
}

static int connect_to(struct rpc *rpc, void *arg, struct sb_error *err)
{
	const struct wire_select_request *request = arg;
	struct process *process = process_find(rpc->agent, request->process, true, err);

	if (!process)
		return -1;
	if (!process->is_ended)
		return output_subscribe(&process->output, rpc, process->pid, err);
	send_end(rpc, process);
	return 0;
}

/* ---- List ----------------------------------------------------------------------------------- */

static int copy_string(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -1 : 0;
}

/* What was copied before a failure is the receiver's too, who frees it. */
static int copy_config(const struct wire_process_config *from, struct wire_process_config *to)
{
	for (size_t i = 0; i < from->args.count; i++) {
		if (strings_add(&to->args, from->args.items[i]) < 0)
			return -1;
	}
	if (string_map_copy(&from->envs, &to->envs) < 0 || copy_string(from->cmd, &to->cmd) < 0)
		return -1;
	return copy_string(from->cwd, &to->cwd);
}

static int describe(const struct process *process, struct wire_process_info *info)
{
	info->pid = process->pid;
	info->config = calloc(1, sizeof(*info->config));
	if (!info->config || copy_config(process->config, info->config) < 0)
		return -1;
	return copy_string(process->tag, &info->tag);
}

static int list(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	struct wire_process_list *response = answer;
	struct wire_process_info *infos;
	size_t count = 0;

	(void)arg;
	list_for_each (struct process, process, &rpc->agent->processes, link)
		count += !process->is_ended;
	if (count == 0)
		return 0;
	infos = calloc(count, sizeof(*infos));
	if (!infos)
		return sb_fail(err, SB_INTERNAL, "no memory for a list");
	response->processes = (struct list_value){infos, count};
	list_for_each (struct process, process, &rpc->agent->processes, link) {
		if (!process->is_ended && describe(process, infos++) < 0)
			return sb_fail(err, SB_INTERNAL, "no memory for a list");
	}
	return 0;
}

/* ---- input ---------------------------------------------------------------------------------- */

/* The bytes of an input, if they are of the kind that the process takes. */
static struct bytes *input_bytes(const struct process *process, struct wire_input *input,
				 struct sb_error *err)
{
	if (!input || (!input->in.data && !input->pty.data)) {
		(void)sb_fail(err, SB_UNSUPPORTED, "invalid input type: neither stdin nor pty");
		return NULL;
	}
	if (input->in.data && input->pty.data) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "input is for stdin or for pty");
		return NULL;
	}
	if (process->has_terminal && input->in.data) {
		(void)sb_fail(err, SB_INTERNAL, "error writing to stdin: tty assigned to process");
		return NULL;
	}
	if (!process->has_terminal && input->pty.data) {
		(void)sb_fail(err, SB_INTERNAL,
			      "error writing to tty: tty not assigned to process");
		return NULL;
	}
	return input->in.data ? &input->in : &input->pty;
}

static int send_input(struct rpc *rpc, void *arg, struct sb_error *err)
{
	struct wire_input_request *request = arg;
	struct process *process = process_find(rpc->agent, request->process, false, err);
	struct bytes *bytes = process ? input_bytes(process, request->input, err) : NULL;
	struct writer *writer;
	int result;

	if (!bytes)
		return -1;
	writer = writer_new(rpc, false);
	if (!writer)
		return sb_fail(err, SB_INTERNAL, "no memory for input");
	result = input_write(&process->input, writer, bytes, err);
	if (result == 0)
		rpc_reply(rpc, &(const struct wire_empty){0});
	return result < 0 ? -1 : 0;
}

static int begin_stream_input(struct rpc *rpc, const struct wire_select_request *request,
			      struct sb_error *err)
{
	struct process *process = process_find(rpc->agent, request->process, false, err);
	struct writer *writer = rpc->state;

	if (!process)
		return -1;
	if (!writer)
		writer = rpc->state = writer_new(rpc, true);
	if (!writer)
		return sb_fail(err, SB_INTERNAL, "no memory for input");
	writer->pid = process->pid;
	return 0;
}

static int stream_input(struct rpc *rpc, void *arg, struct sb_error *err)
{
	struct wire_stream_input *message = arg;
	struct writer *writer = rpc->state;
	struct process *process;
	struct bytes *bytes;

	if (message->start)
		return begin_stream_input(rpc, message->start, err);
	if (!writer)
		return sb_fail(err, SB_INVALID_ARGUMENT, "the first message must be start");
	if (!message->data)
		return message->keepalive ? 0 : sb_fail(err, SB_UNSUPPORTED, "invalid event type");
	process = process_find(rpc->agent, &(const struct wire_selector){.pid = writer->pid}, false,
			       err);
	bytes = process ? input_bytes(process, message->data->input, err) : NULL;
	return bytes ? input_write(&process->input, writer, bytes, err) : -1;
}

static int close_stdin(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	const struct wire_select_request *request = arg;
	struct process *process = process_find(rpc->agent, request->process, false, err);

	(void)answer;
	if (!process)
		return -1;
	if (process->has_terminal)
		return sb_fail(err, SB_SANDBOX,
			       "cannot close stdin of a terminal; send Ctrl+D (0x04) instead");
	input_close(&process->input);
	return 0;
}

/* ---- SendSignal, Update --------------------------------------------------------------------- */

static int send_signal(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	const struct wire_signal_request *request = arg;
	struct process *process = process_find(rpc->agent, request->process, false, err);

	(void)answer;
	if (!process)
		return -1;
	switch ((enum wire_signal)request->signal) {
	case WIRE_SIGNAL_TERM:
		return process_signal(process, SIGTERM, err);
	case WIRE_SIGNAL_KILL:
		return process_signal(process, SIGKILL, err);
	case WIRE_SIGNAL_UNSPECIFIED:
		break;
	}
	return sb_fail(err, SB_UNSUPPORTED, "invalid signal");
}

static int update(struct rpc *rpc, void *arg, void *answer, struct sb_error *err)
{
	const struct wire_update_request *request = arg;
	struct process *process = process_find(rpc->agent, request->process, false, err);

	(void)answer;
	if (!process)
		return -1;
	if (!request->pty || !request->pty->size)
		return 0;
	if (!process->has_terminal || process->input.fd < 0)
		return sb_fail(err, SB_INTERNAL, "error resizing tty: tty not assigned to process");
	return pty_resize(process->input.fd, request->pty->size, err);
}

/* ---- the service ---------------------------------------------------------------------------- */

static struct wire_empty empty;
static struct wire_process_event keepalive_event = {.keepalive = &empty};
static const struct wire_process_message keepalive = {.event = &keepalive_event};

const struct rpc_procedure process_procedures[] = {
	{"process.Process/Start", &wire_start_request_type, &wire_process_message_type,
	 .stream = start, .keepalive = &keepalive},
	{"process.Process/Connect", &wire_select_request_type, &wire_process_message_type,
	 .stream = connect_to, .keepalive = &keepalive},
	{"process.Process/List", &wire_empty_type, &wire_process_list_type, .answer = list},
	{"process.Process/SendInput", &wire_input_request_type, &wire_empty_type,
	 .begin = send_input},
	{"process.Process/StreamInput", &wire_stream_input_type, &wire_empty_type,
	 .message = stream_input},
	{"process.Process/CloseStdin", &wire_select_request_type, &wire_empty_type,
	 .answer = close_stdin},
	{"process.Process/SendSignal", &wire_signal_request_type, &wire_empty_type,
	 .answer = send_signal},
	{"process.Process/Update", &wire_update_request_type, &wire_empty_type, .answer = update},
	{.name = NULL},
};
