/*
 * Under a service manager the engine is its own unit, which the manager starts when somebody connects to
 * the socket: as our child it would be bound by all that binds us. Elsewhere it is ours to start: posix_spawn in a session of its own, with nothing of ours but /dev/null and its log
 * file; then its socket is tried until it answers, its process ends, or the patience is over. An engine
 * that is just ending still holds its lock and makes a new one refuse: so an early end is tried again.
 */
#include "config.h"

#include "daemon/engine-start.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/base/timer.h"
#include "daemon/configuration.h"
#include "protocol/values.h"

#define PATIENCE_MS    30000 /* for the first answer: the base template may have to be built */
#define TRY_EVERY_MS   5
#define UNIT_WAIT_MS   2000 /* for the socket of its unit, which may just be made anew */
#define AGAIN_MS       200  /* after an engine that ended at once */
#define AGAIN_MAX      5
#define GONE_MS        1000 /* under a manager: whoever has stopped its units shall see them stopped */
#define LOG_MAX_BYTES  (1 << 20)
#define ARGUMENTS_MAX  24
#define LOG_TAIL_BYTES 300

extern char **environ;

struct engine_start {
	struct event_base *base;
	struct engine_start_events events;
	char *program, *log_path, *api_path, *sandbox_path;
	struct strings arguments; /* of the program, its name first */
	int process_fd;           /* pidfd of the engine we know, or a connection to it, or -1 */
	struct event *on_end;
	struct event *tick;
	int64_t deadline_ms;
	unsigned tries;
	bool is_managed; /* nothing here starts it, and its socket does not tell its process */
	bool is_starting;
	bool is_spawned; /* one runs, or so we must think: without a pidfd nobody tells of its end */
	bool is_up;      /* it has answered, and has not ended since */
	bool is_gone;    /* it has ended, and `gone` is to be told */
};

const char *engine_start_api_path(const struct engine_start *start)
{
	return start->api_path;
}

const char *engine_start_sandbox_path(const struct engine_start *start)
{
	return start->sandbox_path;
}

/* ---- the process ----------------------------------------------------------------------------- */

static void forget_process(struct engine_start *start)
{
	if (start->on_end)
		event_free(start->on_end);
	start->on_end = NULL;
	cleanup_fd(&start->process_fd);
}

static void on_process_end(evutil_socket_t fd, short what, void *arg);

/* `fd` becomes readable when the engine ends. Without one its end shows when it does not answer. */
static void watch(struct engine_start *start, int fd)
{
	forget_process(start);
	start->process_fd = fd;
	if (start->process_fd < 0)
		return;
	start->on_end = event_new(start->base, start->process_fd, EV_READ, on_process_end, start);
	if (!start->on_end || event_add(start->on_end, NULL) < 0)
		forget_process(start);
}

static void watch_process(struct engine_start *start, pid_t pid)
{
	watch(start, (int)syscall(SYS_pidfd_open, pid, 0));
}

/*
 * Whose process is it that serves a connection? Of a manager's socket the kernel would name the manager: there the
 * connection itself is kept. It ends with the engine, to which an idle one is no reason to go on.
 */
static void watch_server(struct engine_start *start, int *connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (start->is_managed)
		watch(start, take_fd(connection));
	else if (getsockopt(*connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		watch_process(start, peer.pid);
}

/* Unix sockets answer at once or not at all. */
static bool try_socket(struct engine_start *start)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(start->api_path) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, start->api_path, strlen(start->api_path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN; /* its queue is full: it is there */
	watch_server(start, &fd);
	return true;
}

void engine_start_doubt(struct engine_start *start)
{
	start->is_up = false;
}

bool engine_start_answers(struct engine_start *start)
{
	if (start->is_up && start->process_fd >= 0)
		return true; /* its end would have been told */
	if (!try_socket(start))
		return false;
	start->is_up = true;
	return true;
}

/* A log of its own, since it outlives whatever our stderr is. One old one is kept. */
static int open_log(const struct engine_start *start, struct sb_error *err)
{
	int fd =
		open(start->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	CLEANUP_FREE char *old = NULL;
	struct stat st;

	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", start->log_path);
	if (fstat(fd, &st) == 0 && st.st_size > LOG_MAX_BYTES &&
	    asprintf(&old, "%s.old", start->log_path) > 0 && rename(start->log_path, old) == 0) {
		(void)close(fd);
		fd = open(start->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		if (fd < 0)
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s", start->log_path);
	}
	return fd;
}

/* All of our environment but the address of a service manager, who is to hear of us alone. */
static char **make_environment(void)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		if (strncmp(environ[i], "NOTIFY_SOCKET=", strlen("NOTIFY_SOCKET=")) != 0)
			copy[kept++] = environ[i];
	return copy;
}

static int spawn_with(struct engine_start *start, posix_spawn_file_actions_t *files,
		      posix_spawnattr_t *attributes, int log_fd, pid_t *ret_pid)
{
	char *argv[ARGUMENTS_MAX + 1] = {NULL};
	CLEANUP_FREE char **environment = make_environment();
	sigset_t none, all;
	int rc;

	assert(start->arguments.count <= ARGUMENTS_MAX);
	memcpy(argv, start->arguments.items, start->arguments.count * sizeof(*argv));
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (!environment)
		return ENOMEM;
	rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							  POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawnattr_setsigmask(attributes, &none);
	rc = rc ? rc : posix_spawnattr_setsigdefault(attributes, &all);
	rc = rc ? rc : posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(files, log_fd, 1);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(files, log_fd, 2);
	rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(files, 3);
	rc = rc ? rc : posix_spawn_file_actions_addchdir_np(files, "/");
	return rc ? rc : posix_spawn(ret_pid, start->program, files, attributes, argv, environment);
}

static int spawn_engine(struct engine_start *start, struct sb_error *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	CLEANUP_FD int log_fd = open_log(start, err);
	pid_t pid = 0;
	int rc;

	if (log_fd < 0)
		return -1;
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attributes);
	rc = spawn_with(start, &files, &attributes, log_fd, &pid);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	if (rc != 0)
		return sb_fail_errno(err, SB_UPSTREAM_UNAVAILABLE, rc,
				     "the sandbox engine cannot be started: %s", start->program);
	start->is_spawned = true;
	log_info("engine: started, pid %d, log %s", (int)pid, start->log_path);
	watch_process(start, pid);
	return 0;
}

/* ---- the start ------------------------------------------------------------------------------- */

/* The last lines it wrote, on one line, so that the error tells what was the matter. */
static void read_tail(const struct engine_start *start, char *text, size_t size)
{
	CLEANUP_FD int fd = open(start->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t count = 0;

	if (fd >= 0) {
		if (lseek(fd, -(off_t)(size - 1), SEEK_END) < 0)
			(void)lseek(fd, 0, SEEK_SET);
		count = read(fd, text, size - 1);
	}
	text[count > 0 ? count : 0] = '\0';
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
}

static void tell_gone(struct engine_start *start)
{
	start->is_gone = false;
	start->events.gone(start->events.arg);
}

static void finish(struct engine_start *start, const struct sb_error *err)
{
	start->is_starting = false;
	(void)event_del(start->tick);
	start->events.done(start->events.arg, err);
	if (start->is_gone)
		tell_gone(start);
}

/* The socket of its unit is not there, or its unit fails again and again so that the socket was closed. */
static void fail_unit(struct engine_start *start)
{
	struct sb_error err = {0};

	(void)sb_fail(
		&err, SB_UPSTREAM_UNAVAILABLE,
		"nobody listens at %s: systemctl restart sandpool-engine.socket (with --user for a "
		"daemon of your own); journalctl -u sandpool-engine",
		start->api_path);
	finish(start, &err);
}

static void fail(struct engine_start *start, const char *what)
{
	struct sb_error err = {0};
	char tail[LOG_TAIL_BYTES];

	read_tail(start, tail, sizeof(tail));
	(void)sb_fail(&err, SB_UPSTREAM_UNAVAILABLE, "the sandbox engine %s; %s: %s", what,
		      start->log_path, *tail ? tail : "(empty)");
	finish(start, &err);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct engine_start *start = arg;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	if (!start->is_starting)
		tell_gone(start);
	else if (engine_start_answers(start))
		finish(start, &err);
	else if (clock_mono_ms() >= start->deadline_ms)
		start->is_managed ? fail_unit(start) : fail(start, "does not answer");
	else if (!start->is_managed && !start->is_spawned && spawn_engine(start, &err) < 0)
		finish(start, &err);
	else
		timer_set(start->tick, TRY_EVERY_MS);
}

static void on_process_end(evutil_socket_t fd, short what, void *arg)
{
	struct engine_start *start = arg;
	siginfo_t info = {0};
	bool was_up = start->is_up;

	(void)what;
	/* Reaps it when it is our child; that of an earlier daemon is not, nor is a connection. */
	(void)waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG);
	forget_process(start);
	start->is_spawned = false;
	start->is_up = false;
	if (!start->is_starting) {
		log_info("engine: has ended");
		if (was_up) {
			start->is_gone = true;
			timer_set(start->tick, start->is_managed ? GONE_MS : 0);
		}
	} else if (++start->tries > AGAIN_MAX) {
		fail(start, "ended at once");
	} else {
		timer_set(start->tick, AGAIN_MS);
	}
}

void engine_start(struct engine_start *start)
{
	if (start->is_starting)
		return;
	start->is_starting = true;
	start->is_spawned = start->process_fd >= 0;
	start->is_up = false;
	start->tries = 0;
	start->deadline_ms = clock_mono_ms() + (start->is_managed ? UNIT_WAIT_MS : PATIENCE_MS);
	timer_set(start->tick, 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int add_option(struct engine_start *start, const char *option, const char *value)
{
	if (strings_add(&start->arguments, option) < 0)
		return -1;
	return strings_add(&start->arguments, value);
}

static int add_number(struct engine_start *start, const char *option, int64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, number);
	return number == CONFIG_AUTO ? 0 : add_option(start, option, text);
}

static int add_arguments(struct engine_start *start, const struct config *config)
{
	CLEANUP_FREE char *state_dir = NULL;

	if (asprintf(&state_dir, "%s/engine", config->state_dir) < 0)
		return -1;
	if (strings_add(&start->arguments, config->engine_path) < 0 ||
	    add_option(start, "--state-dir", state_dir) < 0 ||
	    add_option(start, "--run-dir", config->engine_dir) < 0 ||
	    add_number(start, "--idle-exit", config->engine_idle_exit_s) < 0 ||
	    add_number(start, "--memory-limit", config->engine_memory_bytes) < 0 ||
	    add_number(start, "--pids-limit", config->engine_pids) < 0 ||
	    add_number(start, "--cpu-limit", config->engine_cpu_percent) < 0)
		return -1;
	if (!config->engine_subnet)
		return 0;
	return add_option(start, "--network-subnet", config->engine_subnet);
}

static int name_paths(struct engine_start *start, const struct config *config)
{
	start->program = strdup(config->engine_path);
	if (!start->program || asprintf(&start->log_path, "%s/engine.log", config->state_dir) < 0 ||
	    asprintf(&start->api_path, "%s/api.sock", config->engine_dir) < 0 ||
	    asprintf(&start->sandbox_path, "%s/sandbox.sock", config->engine_dir) < 0)
		return -1;
	return add_arguments(start, config);
}

struct engine_start *engine_start_new(struct event_base *base, const struct config *config,
				      const struct engine_start_events *events,
				      struct sb_error *err)
{
	struct engine_start *start = calloc(1, sizeof(*start));

	if (start) {
		start->base = base;
		start->events = *events;
		start->process_fd = -1;
		start->is_managed = service_is_managed();
		start->tick = evtimer_new(base, on_tick, start);
	}
	if (start && start->tick && name_paths(start, config) == 0)
		return start;
	(void)sb_fail(err, SB_INTERNAL, "out of memory");
	return engine_start_free(start);
}

struct engine_start *engine_start_free(struct engine_start *start)
{
	if (!start)
		return NULL;
	forget_process(start);
	if (start->tick)
		event_free(start->tick);
	free(start->program);
	strings_free(&start->arguments);
	free(start->log_path);
	free(start->api_path);
	free(start->sandbox_path);
	free(start);
	return NULL;
}
