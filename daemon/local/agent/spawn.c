/*
 * vfork and exec. Until the exec the child borrows the agent's memory while the agent stands still:
 * nothing is copied, and a step that fails is simply written down where the agent will look. The price:
 * the child's part, between the two lines below, may only make system calls. It makes them without glibc's
 * wrappers where those would speak to other threads.
 */
#include "config.h"

#include "daemon/local/agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/local/agent/passwd.h"

#define OOM_SCORE_ADJ       "100" /* commands go before the agent does */
#define EXIT_NOT_FOUND      127
#define EXIT_NOT_EXECUTABLE 126

struct child {
	const struct spawn *spawn;
	char **shell_args; /* room for "sh", then the args: for scripts without "#!" */
	const char *volatile failed_step; /* NULL when exec was reached */
	volatile int failed_errno;
};

/* ---- in the child --------------------------------------------------------------------------- */

/* By the kernel's own call: glibc refuses two signals of its own, which somebody above us may have ignored. */
static void reset_signals(void)
{
	static const unsigned long
		standard[4]; /* the kernel's sigaction: SIG_DFL, no flags, no mask */
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)syscall(SYS_rt_sigaction, i, standard, NULL, sizeof(unsigned long));
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Neither is worth failing for: both may be refused to us. */
static void set_priority(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t n = write(fd, OOM_SCORE_ADJ, sizeof(OOM_SCORE_ADJ) - 1);

		(void)n;
		(void)close(fd);
	}
	(void)setpriority(PRIO_PROCESS, 0, 0);
}

static int become(const struct user *user)
{
	if (geteuid() != 0 && user->uid == geteuid())
		return 0; /* an agent without privileges serves its own user */
	if (syscall(SYS_setgroups, user->group_count, user->groups) < 0 ||
	    syscall(SYS_setresgid, user->gid, user->gid, user->gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid, user->uid, user->uid, user->uid);
}

static int wire_fds(const struct spawn *spawn)
{
	for (int i = 0; i < 3; i++) {
		if (dup2(spawn->fds[i], i) < 0)
			return -1;
	}
	return spawn->has_terminal ? ioctl(0, TIOCSCTTY, 0) : 0;
}

/* Returns only when this file cannot be executed, with errno. */
static void try_exec(const struct child *child, const char *file)
{
	const struct spawn *spawn = child->spawn;

	(void)execve(file, spawn->args, spawn->environ);
	if (errno != ENOEXEC)
		return;
	child->shell_args[1] = (char *)(uintptr_t)file;
	(void)execve("/bin/sh", child->shell_args, spawn->environ);
}

/* As execvp, but in the PATH of the new process. Returns with errno. */
static void exec_program(const struct child *child)
{
	const char *program = child->spawn->args[0];
	const char *dir = child->spawn->path;
	bool is_denied = false;
	char file[PATH_MAX];

	if (strchr(program, '/')) {
		try_exec(child, program);
		return;
	}
	errno = ENOENT;
	while (*program) {
		size_t len = strcspn(dir, ":");
		int n = snprintf(file, sizeof(file), "%.*s%s%s", (int)len, dir, len ? "/" : "",
				 program);

		if (n > 0 && (size_t)n < sizeof(file))
			try_exec(child, file);
		is_denied |= errno == EACCES;
		if (dir[len] == '\0')
			break;
		dir += len + 1;
	}
	if (is_denied)
		errno = EACCES;
}

/* What a shell would say and return. */
static _Noreturn void report_unexecutable(const char *program, int sys)
{
	bool is_missing = sys == ENOENT || sys == ENOTDIR;

	(void)dprintf(STDERR_FILENO, "exec: %s: %s\n", program,
		      is_missing ? "not found" : strerror(sys));
	_exit(is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static _Noreturn void run_child(struct child *child)
{
	const struct spawn *spawn = child->spawn;
	const char *step = NULL;

	reset_signals();
	set_priority();
	/* A session of its own, terminal or not: "kill 0" in a command must not reach its siblings. */
	if (setsid() < 0)
		step = "session";
	else if (wire_fds(spawn) < 0)
		step = "standard streams";
	else if (become(spawn->user) < 0)
		step = "user";
	else if (chdir(spawn->cwd) < 0)
		step = "chdir";
	if (step) {
		child->failed_errno = errno;
		child->failed_step = step;
		_exit(EXIT_NOT_FOUND);
	}
	exec_program(child);
	report_unexecutable(spawn->args[0], errno);
}

/* ---- in the agent --------------------------------------------------------------------------- */

/* Apart, so that nothing of the caller's is in registers that the child may change. */
static __attribute__((noinline)) pid_t start_child(struct child *child)
{
	pid_t pid = vfork();

	if (pid == 0)
		run_child(child);
	return pid;
}

/* No handler of ours may run in the child: signals wait until they mean nothing there any more. */
static pid_t start_unsignalled(struct child *child)
{
	sigset_t all;
	sigset_t before;
	int dumpable, sys;
	pid_t pid;

	/*
	 * The child's change of user makes the memory it borrows as dumpable as fs.suid_dumpable says; the
	 * agent stays hidden (enter.c).
	 */
	dumpable = prctl(PR_GET_DUMPABLE);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = start_child(child);
	sys = errno;
	if (dumpable == 0)
		(void)prctl(PR_SET_DUMPABLE, 0);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = sys;
	return pid;
}

pid_t spawn_start(const struct spawn *spawn, struct sb_error *err)
{
	static char shell[] = "sh";
	CLEANUP_FREE char **shell_args = NULL;
	struct child child = {.spawn = spawn};
	size_t count = 0;
	pid_t pid;

	while (spawn->args[count])
		count++;
	shell_args = calloc(count + 2, sizeof(*shell_args));
	if (!shell_args)
		return sb_fail(err, SB_INTERNAL, "no memory for arguments");
	shell_args[0] = shell;
	memcpy(&shell_args[1], spawn->args, count * sizeof(*shell_args));
	child.shell_args = shell_args;
	pid = start_unsignalled(&child);
	if (pid < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error starting process '%s'",
				     spawn->args[0]);
	if (child.failed_step) {
		(void)waitpid(pid, NULL, 0); /* it has ended: this does not wait */
		return sb_fail_errno(err, SB_INVALID_ARGUMENT, child.failed_errno,
				     "error starting process '%s': %s", spawn->args[0],
				     child.failed_step);
	}
	return pid;
}
