/* The helper: takes the words of a command as one packet, each ended by a NUL, and answers with its result. */
#include "config.h"

#include "daemon/local/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { COMMAND_MAX = 16384, WORDS_MAX = 128 };

enum { HELPER_FD = 3 };

extern char **environ;

struct answer {
	int sys;    /* errno when it could not be run */
	int status; /* as of waitpid() */
};

/* ---- the helper -------------------------------------------------------------------------------- */

/* Signals as at birth: the helper itself ignores those that a terminal sends to all its processes. */
static int spawn_program(char *const *argv, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int sys;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	sys = posix_spawnattr_init(&attributes);
	if (sys != 0)
		return sys;
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	sys = posix_spawnp(ret_pid, argv[0], NULL, &attributes, argv, environ);
	(void)posix_spawnattr_destroy(&attributes);
	return sys;
}

static struct answer run(char *command, size_t size)
{
	char *words[WORDS_MAX + 1] = {NULL};
	struct answer answer = {0};
	size_t count = 0;
	pid_t pid;

	for (char *word = command; word < command + size; word += strlen(word) + 1) {
		if (count == WORDS_MAX)
			return (struct answer){.sys = E2BIG};
		words[count++] = word;
	}
	answer.sys = spawn_program(words, &pid);
	while (answer.sys == 0 && waitpid(pid, &answer.status, 0) < 0) {
		if (errno != EINTR)
			answer.sys = errno;
	}
	return answer;
}

static void redirect_to_null(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return;
	(void)dup2(null_fd, STDIN_FILENO);
	(void)dup2(null_fd, STDOUT_FILENO);
}

/* Keeps nothing of the engine's open but its standard error. */
static void __attribute__((noreturn)) helper_main(int fd)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	static char command[COMMAND_MAX + 1];
	ssize_t size;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)prctl(PR_SET_NAME, "sandpool-out");
	redirect_to_null();
	if (dup2(fd, HELPER_FD) < 0 || fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC) < 0 ||
	    close_range(HELPER_FD + 1, ~0U, 0) < 0)
		_exit(1);
	while ((size = recv(HELPER_FD, command, COMMAND_MAX, 0)) > 0) {
		const struct answer answer = run(command, (size_t)size);

		if (send(HELPER_FD, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* ---- the engine -------------------------------------------------------------------------------- */

int outside_start(struct outside *outside, struct sb_error *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "socketpair");
	pid = fork();
	if (pid == 0)
		helper_main(pair[1]);
	(void)close(pair[1]);
	if (pid < 0) {
		int sys = errno;

		(void)close(pair[0]);
		return sb_fail_errno(err, SB_INTERNAL, sys, "fork");
	}
	outside->fd = pair[0];
	return 0;
}

void outside_stop(struct outside *outside)
{
	cleanup_fd(&outside->fd);
}

static int pack(const char *const *argv, char *text, size_t *ret_size, struct sb_error *err)
{
	size_t size = 0;

	for (; *argv; argv++) {
		size_t len = strlen(*argv) + 1;

		if (len > COMMAND_MAX - size)
			return sb_fail(err, SB_TOO_LARGE, "command line");
		memcpy(text + size, *argv, len);
		size += len;
	}
	*ret_size = size;
	return 0;
}

int outside_begin(const struct outside *outside, const char *const *argv, struct sb_error *err)
{
	char text[COMMAND_MAX];
	size_t size = 0;

	if (outside->fd < 0)
		return sb_fail(err, SB_INTERNAL, "%s: no helper outside", argv[0]);
	if (pack(argv, text, &size, err) < 0)
		return -1;
	if (send(outside->fd, text, size, MSG_NOSIGNAL) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s: the helper outside", argv[0]);
	return 0;
}

int outside_end(const struct outside *outside, const char *program, struct sb_error *err)
{
	struct answer answer;
	ssize_t got;

	do
		got = recv(outside->fd, &answer, sizeof(answer), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(answer))
		return sb_fail(err, SB_INTERNAL, "%s: the helper outside has ended", program);
	if (answer.sys != 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, answer.sys, "%s", program);
	if (answer.status != 0)
		return sb_fail(err, SB_UNSUPPORTED, "%s failed", program);
	return 0;
}

int outside_run(const struct outside *outside, const char *const *argv, struct sb_error *err)
{
	if (outside_begin(outside, argv, err) < 0)
		return -1;
	return outside_end(outside, argv[0], err);
}
