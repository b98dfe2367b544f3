/* Between clone3 and exec of the agent. */
#include "config.h"

#include "daemon/local/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/contain-wire.h"
#include "daemon/local/idmap.h"
#include "daemon/local/mount.h"
#include "daemon/local/sys.h"

/* Where mounts under construction hang: needs nothing but to exist, and disappears with the old root. */
#define BUILDING_SITE "/tmp"

/* Each step returns 0, or -1 with errno; *ret_what may name the object in trouble. */
struct child_step {
	const char *name;
	int (*run)(struct child *child, const char **ret_what);
};

/* The end of the engine, before or after, ends the child: recv() says 0. */
static int wait_for_go(struct child *child, const char **ret_what)
{
	struct contain_go go;
	ssize_t size;

	(void)ret_what;
	cleanup_fd(&child->engine_fd); /* or we would keep the engine's end open ourselves */
	size = recv(child->control_fd, &go, sizeof(go), 0);
	if (size == (ssize_t)sizeof(go))
		return 0;
	if (size >= 0)
		errno = EPIPE;
	return -1;
}

/* Signals as at birth; whatever the engine blocks or ignores is not for the agent. */
static int reset_process(struct child *child, const char **ret_what)
{
	sigset_t none;

	(void)child;
	*ret_what = "signals";
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL); /* EINVAL for KILL, STOP and the C library's own */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return -1;
	(void)umask(022);
	return setsid() < 0 && errno != EPERM ? -1 : 0;
}

/* The engine may be protected from the OOM killer; a sandbox is not. The agent makes its commands go before it. */
static int set_oom_score(struct child *child, const char **ret_what)
{
	CLEANUP_FD int fd = open(*ret_what = "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	(void)child;
	/* EACCES: a user's programs may be marked as the first to go, and only root takes that back. */
	return (fd < 0 || write(fd, "0", 1) != 1) && errno != EACCES ? -1 : 0;
}

/* Hard limits cannot be raised above the engine's own without a capability, so those stand. */
static int set_limits(struct child *child, const char **ret_what)
{
	static const struct {
		int resource; /* an enum in glibc's C++-minded headers */
		rlim_t soft, hard;
	} limits[] = {
		{RLIMIT_NOFILE, 65536, 1048576},
		{RLIMIT_CORE, 0, RLIM_INFINITY},
		{RLIMIT_STACK, 8 << 20, RLIM_INFINITY},
		{RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY}, /* the pids cgroup counts */
	};

	(void)child;
	*ret_what = "setrlimit";
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		__rlimit_resource_t resource = (__rlimit_resource_t)limits[i].resource;
		struct rlimit limit;

		if (getrlimit(resource, &limit) < 0)
			return -1;
		if (limits[i].hard < limit.rlim_max)
			limit.rlim_max = limits[i].hard;
		limit.rlim_cur = limits[i].soft < limit.rlim_max ? limits[i].soft : limit.rlim_max;
		if (setrlimit(resource, &limit) < 0)
			return -1;
	}
	return 0;
}

static int become_root(struct child *child, const char **ret_what)
{
	(void)child;
	(void)ret_what;
	return idmap_become_root();
}

static int own_cgroup_view(struct child *child, const char **ret_what)
{
	(void)child;
	(void)ret_what;
	return unshare(CLONE_NEWCGROUP);
}

static int name_host(struct child *child, const char **ret_what)
{
	(void)ret_what;
	return sethostname(child->id, strlen(child->id));
}

static int mount_layers(struct child *child, const char **ret_what)
{
	return overlay_mount(child->layers, BUILDING_SITE, &child->root_fd, ret_what);
}

static int mount_kernel_files(struct child *child, const char **ret_what)
{
	if (mount_proc(child->root_fd, ret_what) < 0 || mount_dev(child->root_fd, ret_what) < 0 ||
	    mount_run(child->root_fd, ret_what) < 0)
		return -1;
	return mount_masks(child->root_fd, ret_what);
}

/* A file in a directory of the new tree; where an earlier owner of the layers left a link, the file replaces it. */
static int write_text(int dir_fd, const char *name, const char *text)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
	CLEANUP_FD int fd = openat(dir_fd, name, flags, 0644);

	if (fd < 0 && errno == ELOOP && unlinkat(dir_fd, name, 0) == 0)
		fd = openat(dir_fd, name, flags, 0644);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* By these, programs learn that they are in a sandbox, and in which (wire §4.5). */
static int write_marks(struct child *child, const char **ret_what)
{
	CLEANUP_FD int run_fd = -1;

	*ret_what = "/run/e2b";
	run_fd = sys_openat2(child->root_fd, "run/e2b", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
	if (run_fd < 0 || write_text(run_fd, *ret_what = ".E2B_SANDBOX", "true") < 0 ||
	    write_text(run_fd, *ret_what = ".E2B_SANDBOX_ID", child->id) < 0)
		return -1;
	return write_text(run_fd, *ret_what = ".E2B_TEMPLATE_ID", child->template_id);
}

/* The name server may be another each time the sandbox comes up. */
static int write_resolver(struct child *child, const char **ret_what)
{
	CLEANUP_FD int etc_fd = -1;
	uint32_t address = child->resolver;
	char text[64];

	if (!address)
		return 0;
	*ret_what = "/etc";
	etc_fd = sys_openat2(child->root_fd, "etc", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
	if (etc_fd < 0)
		return -1;
	(void)snprintf(text, sizeof(text), "nameserver %u.%u.%u.%u\n", address >> 24,
		       address >> 16 & 255, address >> 8 & 255, address & 255);
	return write_text(etc_fd, *ret_what = "resolv.conf", text);
}

/* What says on disk which machine this is. A fork or snapshot brings its parent's: a new layer, new names. */
static int write_identity(struct child *child, const char **ret_what)
{
	CLEANUP_FD int etc_fd = -1;
	unsigned char bytes[16];
	char text[256];

	if (!child->is_fresh)
		return 0;
	*ret_what = "/etc";
	etc_fd = sys_openat2(child->root_fd, "etc", O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT);
	if (etc_fd < 0 || getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(text + 2 * i, 4, "%02x\n", bytes[i]);
	if (write_text(etc_fd, *ret_what = "machine-id", text) < 0)
		return -1;
	(void)snprintf(text, sizeof(text), "%s\n", child->id);
	if (write_text(etc_fd, *ret_what = "hostname", text) < 0)
		return -1;
	(void)snprintf(text, sizeof(text),
		       "127.0.0.1\tlocalhost\n"
		       "::1\tlocalhost ip6-localhost ip6-loopback\n"
		       "127.0.1.1\t%s\n",
		       child->id);
	return write_text(etc_fd, *ret_what = "hosts", text);
}

/* Move `fd` to `number` and let it through exec. */
static int place_fd(int fd, int number)
{
	if (fd == number)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, number) < 0 ? -1 : 0;
}

/*
 * The agent's few descriptors at their numbers, all else closed by exec. The three are first moved out of
 * the way of those numbers.
 */
static int arrange_descriptors(struct child *child, const char **ret_what)
{
	int null_fd = open(*ret_what = "/dev/null", O_RDWR | O_CLOEXEC);
	int listen_fd = fcntl(child->listen_fd, F_DUPFD_CLOEXEC, CONTAIN_CONTROL_FD + 1);
	int control_fd = fcntl(child->control_fd, F_DUPFD_CLOEXEC, CONTAIN_CONTROL_FD + 1);

	child->agent_fd = fcntl(child->agent_fd, F_DUPFD_CLOEXEC, CONTAIN_CONTROL_FD + 1);
	child->root_fd = fcntl(child->root_fd, F_DUPFD_CLOEXEC, CONTAIN_CONTROL_FD + 1);
	if (null_fd < 0 || listen_fd < 0 || control_fd < 0 || child->agent_fd < 0 ||
	    child->root_fd < 0)
		return -1;
	if (place_fd(null_fd, STDIN_FILENO) < 0 || place_fd(null_fd, STDOUT_FILENO) < 0 ||
	    place_fd(listen_fd, CONTAIN_LISTEN_FD) < 0 ||
	    place_fd(control_fd, CONTAIN_CONTROL_FD) < 0)
		return -1;
	child->control_fd = control_fd;
	return close_range(CONTAIN_CONTROL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* The agent finds the new root as its working directory (agent/enter.c). */
static int execute_agent(struct child *child, const char **ret_what)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = {path, NULL};
	char listen_fd[12], control_fd[12];
	char name[] = "sandpool-agent", listen_option[] = "--listen-fd",
	     control_option[] = "--control-fd";
	char *const arguments[] = {name,           listen_option, listen_fd,
				   control_option, control_fd,    NULL};

	(void)snprintf(listen_fd, sizeof(listen_fd), "%d", CONTAIN_LISTEN_FD);
	(void)snprintf(control_fd, sizeof(control_fd), "%d", CONTAIN_CONTROL_FD);
	if (fchdir(child->root_fd) < 0)
		return -1;
	return execveat(child->agent_fd, *ret_what = "", arguments, environment, AT_EMPTY_PATH);
}

/* Before become_root() the child is still the engine's user outside, and may write what that user owns. */
static const struct child_step steps[] = {
	/* The parent writes our id maps, limits and layers' ids meanwhile; nothing below works without. */
	{"wait", wait_for_go},
	{"process", reset_process},
	/* /proc/self belongs to the engine's user until we change: not later. */
	{"oom score", set_oom_score},
	{"resource limits", set_limits},
	/* From here on everything is made by, and belongs to, the sandbox's root. */
	{"root", become_root},
	/* After the parent has put us into every cgroup: the present one becomes the visible root. */
	{"cgroup namespace", own_cgroup_view},
	{"host name", name_host},
	/* Before the old root goes: the layers are known by descriptors, /dev's nodes by the host's paths. */
	{"layers", mount_layers},
	/* In the new tree, which has to be there; masks need /dev/null, /proc needs the host's to be visible. */
	{"kernel files", mount_kernel_files},
	{"marks", write_marks},
	{"identity", write_identity},
	{"resolver", write_resolver},
	/* Last: up to here descriptors are looked up under /proc/self/fd. */
	{"descriptors", arrange_descriptors},
	{"agent", execute_agent},
};

static void report_failure(int control_fd, const char *step, const char *what, int sys)
{
	struct contain_message message = {.kind = CONTAIN_SAYS_FAILED, .sys = sys};

	(void)snprintf(message.step, sizeof(message.step), "%s", step);
	(void)snprintf(message.what, sizeof(message.what), "%s", what);
	(void)send(control_fd, &message, sizeof(message), MSG_NOSIGNAL);
}

void child_run(struct child *child)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const char *what = "";

		if (steps[i].run(child, &what) < 0) {
			report_failure(child->control_fd, steps[i].name, what, errno);
			break;
		}
	}
	_exit(1);
}
