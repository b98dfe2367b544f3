/*
 * An agent for the probes of containment: enters the sandbox as the real one does, then runs what it is told,
 * one connection after another. A request is "UID\nshell command" up to the end of the stream; the answer is the
 * command's output, then a line with its wait status.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/local/agent/enter.h"

static void run_command(int fd, char *request)
{
	char *command = strchr(request, '\n');
	char *environment[] = {(char[]){"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
			       (char[]){"LANG=C.UTF-8"}, (char[]){"TERM=dumb"}, NULL};
	uid_t uid = (uid_t)strtoul(request, NULL, 10);

	if (!command || setsid() < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	/* one of a sandbox's single id is that user already, and can be no other */
	if (uid != geteuid() && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
				 setresuid(uid, uid, uid) < 0))
		_exit(126);
	if (chdir(uid ? "/home/user" : "/root") < 0)
		_exit(126);
	(void)execle("/bin/bash", "bash", "-c", command + 1, (char *)NULL, environment);
	_exit(127);
}

/* PID 1 has everybody's orphans to wait for. */
static int wait_for(pid_t pid)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(-1, &status, 0)) != pid) {
		if (got < 0 && errno != EINTR)
			return 255 << 8;
	}
	return status;
}

static void serve(int fd)
{
	char request[8192];
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	while ((got = read(fd, request + len, sizeof(request) - 1 - len)) > 0)
		len += (size_t)got;
	request[len] = '\0';
	pid = fork();
	if (pid == 0)
		run_command(fd, request);
	(void)dprintf(fd, "\n%d\n", pid < 0 ? 255 << 8 : wait_for(pid));
}

int main(int argc, char **argv)
{
	struct sb_error err = {0};
	int listen_fd = argc == 5 ? atoi(argv[2]) : -1, control_fd = argc == 5 ? atoi(argv[4]) : -1;

	if (listen_fd < 0 || enter_sandbox(control_fd, &err) < 0)
		return 1;
	for (;;) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		/* one process each: a command that hangs must not keep the next out */
		serve(fd);
		(void)close(fd);
	}
}
