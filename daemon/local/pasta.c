/* One pasta: found or started, watched, started again. */
#include "config.h"

#include "daemon/local/pasta.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/program.h"
#include "daemon/base/timer.h"

#define DEVICE         "uplink"
#define TUN            "/dev/net/tun"
#define FIRST_DELAY_MS 250
#define MOST_DOUBLINGS 8 /* about a minute */
#define SOUND_MS       60000

const char *pasta_missing(const char **ret_fix)
{
	if (!program_is_in_path("pasta")) {
		*ret_fix = "apt-get install passt";
		return "pasta is not installed";
	}
	if (access(TUN, R_OK | W_OK) < 0) {
		*ret_fix = errno == ENOENT ? "modprobe tun" : "chmod 666 " TUN;
		return errno == ENOENT ? TUN " is not there" : TUN " is not open to this user";
	}
	*ret_fix = NULL;
	return NULL;
}

/* ---- which process it is --------------------------------------------------------------------- */

/* Its command line names our pid file: no other process is taken for it, whatever the number's fate. */
static bool is_ours(pid_t pid, const char *pid_path)
{
	char path[64], text[4096];
	int fd CLEANUP_FD = -1;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return len > 0 && memmem(text, (size_t)len, pid_path, strlen(pid_path) + 1);
}

/* A pidfd of the process that the file names, or -1. */
static int find_process(const char *pid_path)
{
	CLEANUP_FILE FILE *file = fopen(pid_path, "re");
	int fd CLEANUP_FD = -1;
	int pid;

	if (!file || fscanf(file, "%d", &pid) != 1 || pid <= 0)
		return -1;
	fd = pidfd_open(pid, 0);
	return fd >= 0 && is_ours(pid, pid_path) ? take_fd(&fd) : -1;
}

static void forget_process(struct pasta *pasta)
{
	if (pasta->on_exit)
		event_free(pasta->on_exit);
	pasta->on_exit = NULL;
	cleanup_fd(&pasta->pid_fd);
}

static void kill_process(struct pasta *pasta)
{
	if (pasta->pid_fd >= 0)
		(void)pidfd_send_signal(pasta->pid_fd, SIGKILL, NULL, 0);
	(void)unlink(pasta->pid_path);
}

/* ---- its life -------------------------------------------------------------------------------- */

static void start_later(struct pasta *pasta)
{
	unsigned doublings = pasta->failures < MOST_DOUBLINGS ? pasta->failures : MOST_DOUBLINGS;

	pasta->state = PASTA_OFF;
	pasta->failures++;
	timer_set(pasta->timer, (int64_t)FIRST_DELAY_MS << doublings);
}

static void on_exit_of_pasta(evutil_socket_t fd, short what, void *arg)
{
	struct pasta *pasta = arg;

	(void)fd;
	(void)what;
	forget_process(pasta);
	if (clock_mono_ms() - pasta->since_ms >= SOUND_MS)
		pasta->failures = 0;
	log_warning("pasta has ended: sandboxes have no internet until it is there again");
	start_later(pasta);
}

static int watch(struct pasta *pasta, struct sb_error *err)
{
	pasta->pid_fd = find_process(pasta->pid_path);
	if (pasta->pid_fd < 0)
		return sb_fail(err, SB_INTERNAL, "pasta ended at once");
	pasta->on_exit = event_new(pasta->base, pasta->pid_fd, EV_READ, on_exit_of_pasta, pasta);
	if (!pasta->on_exit || event_add(pasta->on_exit, NULL) < 0)
		return sb_fail(err, SB_INTERNAL, "pasta: event loop");
	pasta->state = PASTA_ON;
	pasta->since_ms = clock_mono_ms();
	return 0;
}

static void on_started(evutil_socket_t fd, short what, void *arg)
{
	struct pasta *pasta = arg;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	if (outside_end(pasta->outside, "pasta", &err) == 0 && watch(pasta, &err) == 0) {
		log_info("sandboxes have internet, by pasta");
		return;
	}
	if (pasta->failures == 0)
		log_warning("sandboxes have no internet: %s", err.text);
	forget_process(pasta);
	start_later(pasta);
}

/* It goes into the background when all is in place, and ends with an error else. */
static int start(struct pasta *pasta, struct sb_error *err)
{
	char user[64], net[64];
	const char *const argv[] = {"pasta",
				    "--quiet",
				    "--pid",
				    pasta->pid_path,
				    "-t",
				    "none",
				    "-u",
				    "none",
				    "-T",
				    "none",
				    "-U",
				    "none",
				    "--no-map-gw",
				    "--config-net",
				    "--no-netns-quit",
				    "--ns-ifname",
				    DEVICE,
				    "--userns",
				    user,
				    "--netns",
				    net,
				    NULL};

	(void)snprintf(user, sizeof(user), "/proc/%d/ns/user", (int)getpid());
	(void)snprintf(net, sizeof(net), "/proc/%d/ns/net", (int)getpid());
	if (outside_begin(pasta->outside, argv, err) < 0)
		return -1;
	pasta->state = PASTA_STARTING;
	return event_add(pasta->on_started, NULL) < 0
		       ? sb_fail(err, SB_INTERNAL, "pasta: event loop")
		       : 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pasta *pasta = arg;
	struct sb_error err = {0};

	(void)fd;
	(void)what;
	if (start(pasta, &err) < 0)
		log_warning("sandboxes have no internet: %s", err.text);
}

/* ---- the object ------------------------------------------------------------------------------ */

/* One whose realm is gone, with the device in it, is of no use to this one. */
static void take_up(struct pasta *pasta)
{
	struct sb_error none = {0};

	if (watch(pasta, &none) < 0)
		return;
	if (if_nametoindex(DEVICE) != 0)
		return;
	kill_process(pasta);
	forget_process(pasta);
	pasta->state = PASTA_OFF;
}

struct pasta *pasta_new(struct event_base *base, const struct outside *outside,
			const char *state_dir, struct sb_error *err)
{
	struct pasta *pasta = calloc(1, sizeof(*pasta));
	char *real CLEANUP_FREE = realpath(state_dir, NULL);

	if (!pasta || !real || asprintf(&pasta->pid_path, "%s/pasta.pid", real) < 0) {
		free(pasta);
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", state_dir);
		return NULL;
	}
	pasta->base = base;
	pasta->outside = outside;
	pasta->pid_fd = -1;
	pasta->timer = evtimer_new(base, on_timer, pasta);
	pasta->on_started = event_new(base, outside->fd, EV_READ, on_started, pasta);
	if (!pasta->timer || !pasta->on_started) {
		(void)sb_fail(err, SB_INTERNAL, "pasta: event loop");
		return pasta_free(pasta, false);
	}
	take_up(pasta);
	if (pasta->state == PASTA_OFF)
		timer_set(pasta->timer, 0);
	return pasta;
}

struct pasta *pasta_free(struct pasta *pasta, bool is_last)
{
	struct sb_error ignored = {0};

	if (!pasta)
		return NULL;
	if (is_last && pasta->state == PASTA_STARTING &&
	    outside_end(pasta->outside, "pasta", &ignored) == 0)
		pasta->pid_fd = find_process(pasta->pid_path);
	if (is_last)
		kill_process(pasta);
	forget_process(pasta);
	if (pasta->on_started)
		event_free(pasta->on_started);
	if (pasta->timer)
		event_free(pasta->timer);
	free(pasta->pid_path);
	free(pasta);
	return NULL;
}
