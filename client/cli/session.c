/*
 * Forwarding between the caller's descriptors and a command. One loop over three descriptors: the
 * connection, standard input, and a signalfd. Only one piece of input is under way at a time, so a command
 * that does not read holds us back, and nothing is buffered here.
 */
#include "config.h"

#include "client/cli/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/cli/terminal.h"

#define INPUT_SIZE 32768

int session_status(int64_t exit_code, int64_t signal_number)
{
	return signal_number > 0 ? EXIT_SIGNAL + (int)signal_number : (int)(exit_code & 255);
}

/* ---- calls beside the command's own: input, sizes, signals ------------------------------------ */

struct session_call {
	struct session_call *next; /* session.calls */
	struct session *session;
	struct sandpool_call *call;
	bool is_input;
};

static void call_free(struct session_call *it)
{
	struct session_call **at = &it->session->calls;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	sandpool_call_free(it->call);
	free(it);
}

static void on_done(void *arg, struct sandpool_call *call, const struct sandpool_error *err)
{
	struct session_call *it = arg;

	(void)call;
	if (it->is_input) {
		it->session->is_sending = false;
		if (err)
			it->session->input_ended =
				true; /* it reads no more: its end will tell why */
	}
	call_free(it);
}

/* Takes `call`. Nobody waits for it; what is still under way when the session ends is given up. */
static void start_call(struct session *s, struct sandpool_call *call, bool is_input)
{
	struct session_call *it = calloc(1, sizeof(*it));

	if (!it) {
		sandpool_call_free(call);
		return;
	}
	*it = (struct session_call){s->calls, s, call, is_input};
	s->calls = it;
	if (sandpool_start(s->cli->sp, call, on_done, it, NULL) < 0)
		call_free(it);
	else if (is_input)
		s->is_sending = true;
}

static struct sandpool_call *new_call(struct session *s, const char *method)
{
	struct sandpool_call *call = cli_new_for(method, s->sandbox);

	sandpool_set_int(call, "pid", s->pid);
	return call;
}

static void kill_command(struct session *s, const char *signal_name)
{
	struct sandpool_call *call = new_call(s, "command.kill");

	sandpool_set_string(call, "signal", signal_name);
	start_call(s, call, false);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void on_output(struct session *s, struct sandpool_note *note)
{
	const char *stream = sandpool_note_string(note, "stream");
	const void *data;
	size_t len;

	if (!stream || s->output_errno)
		return;
	if (strcmp(stream, "gap") == 0) {
		(void)cli_fail("%lld bytes of output are lost",
			       (long long)sandpool_note_int(note, "lost_bytes"));
		return;
	}
	data = sandpool_note_bytes(note, "data", &len);
	if (data &&
	    write_all(strcmp(stream, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO, data, len) < 0)
		s->output_errno = errno; /* told from the loop, when the pid is known */
}

static void on_note(void *arg, struct sandpool_note *note)
{
	struct session *s = arg;
	const char *method = sandpool_note_method(note);

	if (strcmp(method, "command.output") == 0) {
		on_output(s, note);
	} else if (strcmp(method, "command.exit") == 0) {
		s->has_ended = true;
		s->status = session_status(sandpool_note_int(note, "exit_code"),
					   sandpool_note_int(note, "signal"));
	}
}

/* ---- input ----------------------------------------------------------------------------------- */

static void send_input(struct session *s, const char *data, size_t len)
{
	struct sandpool_call *call =
		new_call(s, s->is_pty ? "pty.send_input" : "command.send_stdin");

	sandpool_set_bytes(call, "data", data, len);
	start_call(s, call, true);
}

static void end_input(struct session *s)
{
	s->input_ended = true;
	if (!s->is_pty)
		start_call(s, new_call(s, "command.close_stdin"), false);
}

static void take_input(struct session *s)
{
	char data[INPUT_SIZE];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n > 0)
		send_input(s, data, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_input(s);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void fill_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGWINCH);
}

int session_hold_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_signals(void)
{
	sigset_t set;

	fill_signals(&set);
	if (session_hold_signals() < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void send_size(struct session *s)
{
	struct sandpool_call *call = new_call(s, "pty.resize");
	int cols, rows;

	terminal_size(STDIN_FILENO, &cols, &rows);
	sandpool_set_int(call, "cols", cols);
	sandpool_set_int(call, "rows", rows);
	start_call(s, call, false);
}

static void take_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (s->is_pty)
			send_size(s);
		return;
	}
	kill_command(s, s->told_signal ? "KILL" : "TERM");
	s->told_signal = (int)info.ssi_signo;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* One turn: wait for any of the three, and serve what is ready. */
static int session_turn(struct session *s, struct sandpool_error *err)
{
	bool takes_input = s->has_input && !s->input_ended && !s->is_sending;
	struct pollfd fds[] = {
		{.fd = sandpool_fd(s->cli->sp),
		 .events = (short)(POLLIN | (sandpool_wants_write(s->cli->sp) ? POLLOUT : 0))},
		{.fd = s->signal_fd, .events = POLLIN},
		{.fd = takes_input ? STDIN_FILENO : -1, .events = POLLIN},
	};

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return 0; /* interrupted: look again */
	if (fds[2].revents)
		take_input(s);
	if (fds[1].revents)
		take_signal(s);
	return sandpool_dispatch(s->cli->sp, err);
}

/* A command that we ended because of a signal ended by that signal, as our caller sees it. */
static int session_end(struct session *s)
{
	if (s->output_errno == EPIPE)
		return EXIT_SIGNAL + SIGPIPE;
	if (s->output_errno)
		return cli_fail("cannot write the output: %s", strerror(s->output_errno));
	if (s->told_signal &&
	    (s->status == EXIT_SIGNAL + SIGTERM || s->status == EXIT_SIGNAL + SIGKILL))
		s->status = EXIT_SIGNAL + (s->cli->ended_by = s->told_signal);
	return s->status;
}

static int session_forward(struct session *s)
{
	struct sandpool_error err;
	bool was_killed = false;

	while (!s->has_ended) {
		if (s->output_errno && !was_killed) {
			kill_command(s, "KILL"); /* nobody reads it any more */
			was_killed = true;
		}
		if (session_turn(s, &err) < 0)
			return cli_fail_with(&err);
	}
	return session_end(s);
}

/* Signals wait, and the terminal is raw, before the command can write its first byte. */
static int session_begin(struct session *s)
{
	s->signal_fd = open_signals();
	if (s->signal_fd < 0)
		return cli_fail("signalfd: %s", strerror(errno));
	if (s->is_pty && s->has_input && isatty(STDIN_FILENO) &&
	    terminal_make_raw(STDIN_FILENO) < 0)
		return cli_fail("the terminal cannot be made raw: %s", strerror(errno));
	return 0;
}

int session_run(struct session *s, struct sandpool_call *call)
{
	struct sandpool_call *owned CLEANUP_CALL = call;
	int status;

	if (cli_connect(s->cli) < 0)
		return EXIT_OURS;
	status = session_begin(s);
	if (status)
		return status;
	sandpool_on_note(s->cli->sp, on_note, s);
	status = cli_call(s->cli, owned);
	if (status == 0) {
		s->pid = sandpool_get_int(owned, "pid");
		status = session_forward(s);
	}
	while (s->calls)
		call_free(s->calls);
	terminal_restore();
	cleanup_fd(&s->signal_fd);
	sandpool_on_note(s->cli->sp, NULL, NULL);
	return status;
}
