/* Life of one process: start, exit, end, removal. */
#include "config.h"

#include "daemon/local/agent/process.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/environ.h"
#include "daemon/local/agent/passwd.h"
#include "daemon/local/agent/path.h"
#include "daemon/local/agent/pty.h"
#include "daemon/local/agent/spawn.h"

#define RETAINED_S 30

static void set_timer(struct process *process, int64_t wait_ms)
{
	const struct timeval wait = {(time_t)(wait_ms / 1000),
				     (suseconds_t)(wait_ms % 1000 * 1000)};

	(void)evtimer_add(&process->timer, &wait);
}

static void process_free(struct process *process)
{
	list_remove(&process->link);
	if (event_initialized(&process->timer))
		(void)evtimer_del(&process->timer);
	output_deinit(&process->output);
	input_deinit(&process->input);
	if (process->config) {
		fields_free(&wire_process_config_type, process->config);
		free(process->config);
	}
	free(process->tag);
	free(process);
}

/* ---- its end -------------------------------------------------------------------------------- */

/* As Go names signals, which is what clients of envd see; it knows no names beyond these. */
static const char *signal_name(int signo)
{
	static const char *const names[] = {
		[SIGHUP] = "hangup",
		[SIGINT] = "interrupt",
		[SIGQUIT] = "quit",
		[SIGILL] = "illegal instruction",
		[SIGTRAP] = "trace/breakpoint trap",
		[SIGABRT] = "aborted",
		[SIGBUS] = "bus error",
		[SIGFPE] = "floating point exception",
		[SIGKILL] = "killed",
		[SIGUSR1] = "user defined signal 1",
		[SIGSEGV] = "segmentation fault",
		[SIGUSR2] = "user defined signal 2",
		[SIGPIPE] = "broken pipe",
		[SIGALRM] = "alarm clock",
		[SIGTERM] = "terminated",
	};

	return (size_t)signo < ARRAY_SIZE(names) ? names[signo] : NULL;
}

void process_describe_end(const struct process *process, char *text, struct wire_event_end *ret_end)
{
	bool is_exit = WIFEXITED(process->status);
	int number = is_exit ? WEXITSTATUS(process->status) : WTERMSIG(process->status);
	const char *name = is_exit ? NULL : signal_name(number);

	if (is_exit)
		(void)snprintf(text, PROCESS_STATUS_SIZE, "exit status %d", number);
	else if (name)
		(void)snprintf(text, PROCESS_STATUS_SIZE, "signal: %s%s", name,
			       WCOREDUMP(process->status) ? " (core dumped)" : "");
	else
		(void)snprintf(text, PROCESS_STATUS_SIZE, "signal: signal %d%s", number,
			       WCOREDUMP(process->status) ? " (core dumped)" : "");
	*ret_end = (struct wire_event_end){
		.exit_code = is_exit ? number : -1,
		.exited = is_exit,
		.status = text,
		.error = is_exit && number == 0 ? NULL : text,
	};
}

/* Exited, and its output is complete or nobody waits for the rest. */
static void process_end(struct process *process)
{
	char text[PROCESS_STATUS_SIZE];
	struct wire_event_end end;

	process->is_ended = true;
	process_describe_end(process, text, &end);
	output_end(&process->output, &end);
	set_timer(process, RETAINED_S * 1000);
}

static void on_eof(struct output *output)
{
	struct process *process = container_of(output, struct process, output);

	if (process->is_exited && !process->is_ended)
		process_end(process);
}

static void on_exit_status(struct process *process, int status)
{
	process->is_exited = true;
	process->status = status;
	input_fail(&process->input, "the process has exited");
	if (process->is_killed || !output_is_open(&process->output))
		process_end(process);
}

int process_signal(struct process *process, int signo, struct sb_error *err)
{
	if (process->is_exited)
		return sb_fail(err, SB_INTERNAL, "error sending signal: process already finished");
	process->is_killed = true;
	if (kill(process->pid, signo) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error sending signal");
	return 0;
}

/* The client's deadline, or the end of the time that an ended process is remembered. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;

	(void)fd;
	(void)what;
	if (process->is_ended) {
		process_free(process);
	} else if (process->is_exited) {
		process_end(process);
	} else {
		process->is_killed = true;
		(void)kill(process->pid, SIGKILL);
	}
}

static struct process *find_child(struct agent *agent, pid_t pid)
{
	list_for_each (struct process, process, &agent->processes, link) {
		if (process->pid == pid && !process->is_exited)
			return process;
	}
	return NULL;
}

/* Signals merge: one may stand for many children, and for orphans that are ours as PID 1. */
static void on_sigchld(evutil_socket_t signo, short what, void *arg)
{
	struct agent *agent = arg;
	int status;
	pid_t pid;

	(void)signo;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct process *process = find_child(agent, pid);

		if (process)
			on_exit_status(process, status);
	}
}

int processes_watch(struct agent *agent, struct sb_error *err)
{
	agent->sigchld = evsignal_new(agent->base, SIGCHLD, on_sigchld, agent);
	if (!agent->sigchld || evsignal_add(agent->sigchld, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "cannot watch for children");
	return 0;
}

void processes_free(struct agent *agent)
{
	list_for_each_safe (struct process, process, &agent->processes, link) {
		input_fail(&process->input, "the agent is ending");
		process_free(process);
	}
	if (agent->sigchld)
		event_free(agent->sigchld);
}

/* ---- its start ------------------------------------------------------------------------------ */

/* The descriptors on both sides of a start. */
struct plumbing {
	int child[3];
	int in;     /* to the child; -1 when it has no input */
	int out[2]; /* from the child: stdout and stderr, or the terminal and -1 */
};

static void plumbing_deinit(struct plumbing *plumbing)
{
	for (int i = 0; i < 3; i++)
		cleanup_fd(&plumbing->child[i]);
	cleanup_fd(&plumbing->in);
	cleanup_fd(&plumbing->out[0]);
	cleanup_fd(&plumbing->out[1]);
}

/* A pipe whose end number `ours` is the agent's, and does not block. */
static int make_pipe(int ours, int *ret_ours, int *ret_theirs, struct sb_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[ours], F_SETFL, O_NONBLOCK) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error creating a pipe");
	*ret_ours = fds[ours];
	*ret_theirs = fds[!ours];
	return 0;
}

static int plumb_pipes(struct plumbing *plumbing, bool has_stdin, struct sb_error *err)
{
	if (make_pipe(0, &plumbing->out[0], &plumbing->child[1], err) < 0 ||
	    make_pipe(0, &plumbing->out[1], &plumbing->child[2], err) < 0)
		return -1;
	if (has_stdin)
		return make_pipe(1, &plumbing->in, &plumbing->child[0], err);
	plumbing->child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (plumbing->child[0] < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening /dev/null");
	return 0;
}

static int plumb_terminal(struct plumbing *plumbing, const struct wire_pty *pty,
			  const struct user *user, struct sb_error *err)
{
	if (pty_open(pty->size, user, &plumbing->out[0], &plumbing->child[0], err) < 0)
		return -1;
	plumbing->in = fcntl(plumbing->out[0], F_DUPFD_CLOEXEC, 3);
	plumbing->child[1] = fcntl(plumbing->child[0], F_DUPFD_CLOEXEC, 3);
	plumbing->child[2] = fcntl(plumbing->child[0], F_DUPFD_CLOEXEC, 3);
	if (plumbing->in < 0 || plumbing->child[1] < 0 || plumbing->child[2] < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening a terminal");
	return 0;
}

/* Returns new: the existing directory to start in. */
static char *find_cwd(const struct agent *agent, const struct user *user, const char *cwd,
		      struct sb_error *err)
{
	char *path = path_resolve(agent, user, cwd, err);
	struct stat st;

	if (path && stat(path, &st) < 0) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "cwd '%s' does not exist", path);
		free(path);
		path = NULL;
	}
	return path;
}

/* The program in front of its arguments; the strings stay the config's. */
static char **make_args(const struct wire_process_config *config)
{
	static char nothing[] = "";
	char **args = calloc(config->args.count + 2, sizeof(*args));

	if (!args)
		return NULL;
	args[0] = config->cmd ? config->cmd : nothing;
	for (size_t i = 0; i < config->args.count; i++)
		args[i + 1] = config->args.items[i];
	return args;
}

static pid_t launch(const struct agent *agent, struct user *user,
		    const struct wire_process_config *config, const struct plumbing *plumbing,
		    bool has_terminal, struct sb_error *err)
{
	CLEANUP_FREE char *cwd = find_cwd(agent, user, config->cwd, err);
	CLEANUP_FREE char **args = make_args(config);
	CLEANUP(strings_free) struct strings env = {0};

	if (!cwd)
		return -1;
	if (!args || environ_build(agent, user, &config->envs, &env) < 0)
		return sb_fail(err, SB_INTERNAL, "no memory for a process");
	if (user_load_groups(user, err) < 0)
		return -1;

	const struct spawn spawn = {
		.user = user,
		.args = args,
		.environ = env.items,
		.path = environ_path(&env),
		.cwd = cwd,
		.fds = {plumbing->child[0], plumbing->child[1], plumbing->child[2]},
		.has_terminal = has_terminal,
	};
	return spawn_start(&spawn, err);
}

/* Whoever has this pid or tag now is the one to be found by it. */
static void forget_namesakes(struct agent *agent, pid_t pid, const char *tag)
{
	list_for_each_safe (struct process, process, &agent->processes, link) {
		bool is_namesake = process->pid == pid ||
				   (tag && process->tag && strcmp(process->tag, tag) == 0);

		if (process->is_ended && is_namesake)
			process_free(process);
	}
}

static void adopt(struct process *process, struct plumbing *plumbing,
		  struct wire_start_request *request)
{
	struct event_base *base = process->agent->base;

	process->has_terminal = request->pty != NULL;
	process->config = take(&request->process);
	process->tag = take(&request->tag);
	(void)evtimer_assign(&process->timer, base, on_timer, process);
	input_init(&process->input, base, take_fd(&plumbing->in));
	output_init(&process->output, base, on_eof);
	output_add(&process->output, process->has_terminal ? OUTPUT_PTY : OUTPUT_STDOUT,
		   take_fd(&plumbing->out[0]));
	if (!process->has_terminal)
		output_add(&process->output, OUTPUT_STDERR, take_fd(&plumbing->out[1]));
	list_append(&process->agent->processes, &process->link);
}

struct process *process_start(struct agent *agent, struct user *user,
			      struct wire_start_request *request, int64_t timeout_ms,
			      struct sb_error *err)
{
	CLEANUP(plumbing_deinit) struct plumbing plumbing = {{-1, -1, -1}, -1, {-1, -1}};
	CLEANUP_FREE struct process *process = calloc(1, sizeof(*process));
	int plumbed;

	if (!process) {
		(void)sb_fail(err, SB_INTERNAL, "no memory for a process");
		return NULL;
	}
	process->agent = agent;
	plumbed = request->pty ? plumb_terminal(&plumbing, request->pty, user, err)
			       : plumb_pipes(&plumbing, request->stdin_open, err);
	if (plumbed < 0)
		return NULL;
	process->pid = launch(agent, user, request->process, &plumbing, request->pty != NULL, err);
	if (process->pid < 0)
		return NULL;
	forget_namesakes(agent, process->pid, request->tag);
	adopt(process, &plumbing, request);
	if (timeout_ms > 0)
		set_timer(process, timeout_ms);
	return take(&process);
}

/* ---- finding one ---------------------------------------------------------------------------- */

static bool is_selected(const struct process *process, const struct wire_selector *selector)
{
	if (selector->tag)
		return process->tag && strcmp(process->tag, selector->tag) == 0;
	return process->pid == selector->pid;
}

struct process *process_find(struct agent *agent, const struct wire_selector *selector,
			     bool or_ended, struct sb_error *err)
{
	if (!selector || (!selector->tag && selector->pid == WIRE_UNSET)) {
		(void)sb_fail(err, SB_UNSUPPORTED, "invalid input type: no process selected");
		return NULL;
	}
	if (selector->tag && selector->pid != WIRE_UNSET) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "a process is selected by pid or by tag");
		return NULL;
	}
	for (int want_ended = 0; want_ended <= or_ended; want_ended++) {
		list_for_each (struct process, process, &agent->processes, link) {
			if (process->is_ended == want_ended && is_selected(process, selector))
				return process;
		}
	}
	if (selector->tag)
		(void)sb_fail(err, SB_NOT_FOUND, "process with tag %s not found", selector->tag);
	else
		(void)sb_fail(err, SB_NOT_FOUND, "process with pid %lld not found",
			      (long long)selector->pid);
	return NULL;
}
