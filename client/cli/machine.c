/* The machine, without a daemon. */
#include "config.h"

#include "client/cli/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

extern char **environ;

/* ---- the engine ------------------------------------------------------------------------------ */

/* Built beside us (libtool runs what it built from a directory further down), or installed. */
static void find_program(char *path, size_t size, const char *built, const char *installed)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 2 && (slash = strrchr(own, '/')); i++) {
		*slash = '\0';
		(void)snprintf(path, size, "%s/%s", own, built);
		if (access(path, X_OK) == 0)
			return;
	}
	(void)snprintf(path, size, "%s", installed);
}

void machine_find_daemon(char *path, size_t size)
{
	find_program(path, size, "sandpoold", SP_SBINDIR "/sandpoold");
}

/* Its standard error goes nowhere: what it has to say is in its answer, on our standard output. */
static int start_engine(char *program, pid_t *ret_pid)
{
	char check[] = "--check";
	char *argv[] = {program, check, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int rc;

	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attributes);
	rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	rc = rc ? rc : posix_spawnattr_setsigmask(&attributes, &none);
	rc = rc ? rc : posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	rc = rc ? rc : posix_spawn(ret_pid, program, &files, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return rc;
}

/* Until it has ended; not for ever. */
static int wait_for(pid_t pid)
{
	int fd CLEANUP_FD = pidfd_open(pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	int status = 0;

	if (fd >= 0 && poll(&ended, 1, PATIENCE_MS) != 1)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int machine_ask_engine(struct sb_error *err)
{
	char program[PATH_MAX + 64];
	pid_t pid = 0;
	int rc, status;

	find_program(program, sizeof(program), "daemon/local/sandpool-engine",
		     SP_LIBEXECDIR "/sandpool-engine");
	(void)fflush(stdout);
	rc = start_engine(program, &pid);
	if (rc)
		return sb_fail_errno(err, SB_INTERNAL, rc, "%s", program);
	status = wait_for(pid);
	if (status == 0 || status == 1)
		return 0;
	return sb_fail(err, SB_INTERNAL, "%s --check gave no answer", program);
}

/* ---- directories ----------------------------------------------------------------------------- */

static bool is_fit(struct machine_directory *ret, mode_t forbidden)
{
	struct stat st;

	if (lstat(ret->path, &st) < 0 && errno == ENOENT)
		return true; /* the daemon makes it */
	if (access(ret->path, F_OK) < 0) {
		(void)snprintf(ret->why, sizeof(ret->why), "%s", strerror(errno));
		(void)snprintf(ret->fix, sizeof(ret->fix), "ls -ld %s", ret->path);
	} else if (!S_ISDIR(st.st_mode)) {
		(void)snprintf(ret->why, sizeof(ret->why), "it is no directory");
		(void)snprintf(ret->fix, sizeof(ret->fix), "mv %s %s.old", ret->path, ret->path);
	} else if (st.st_uid != geteuid()) {
		(void)snprintf(ret->why, sizeof(ret->why), "it belongs to uid %u, not to us, %u",
			       st.st_uid, geteuid());
		(void)snprintf(ret->fix, sizeof(ret->fix), "sudo chown -R %u %s", geteuid(),
			       ret->path);
	} else if (st.st_mode & forbidden) {
		(void)snprintf(ret->why, sizeof(ret->why), "others may use it (mode %04o)",
			       st.st_mode & 07777);
		(void)snprintf(ret->fix, sizeof(ret->fix), "chmod %s %s",
			       forbidden == 0077 ? "700" : "go-w", ret->path);
	} else {
		return true;
	}
	return false;
}

/* The places that the daemon takes without a configuration. */
bool machine_check_state(struct machine_directory *ret)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	*ret = (struct machine_directory){0};
	if (geteuid() == 0)
		(void)snprintf(ret->path, sizeof(ret->path), "%s/lib/sandpool", SP_LOCALSTATEDIR);
	else if (state && *state == '/')
		(void)snprintf(ret->path, sizeof(ret->path), "%s/sandpool", state);
	else if (home && *home == '/')
		(void)snprintf(ret->path, sizeof(ret->path), "%s/.local/state/sandpool", home);
	else {
		(void)snprintf(ret->why, sizeof(ret->why), "HOME is not set");
		(void)snprintf(ret->fix, sizeof(ret->fix), "export HOME=…");
		return false;
	}
	return is_fit(ret, 0077);
}

bool machine_check_runtime(struct machine_directory *ret)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	*ret = (struct machine_directory){0};
	if (geteuid() == 0)
		(void)snprintf(ret->path, sizeof(ret->path), "%s/sandpool", SP_RUNSTATEDIR);
	else if (runtime && *runtime == '/')
		(void)snprintf(ret->path, sizeof(ret->path), "%s", runtime);
	else {
		(void)snprintf(ret->why, sizeof(ret->why), "XDG_RUNTIME_DIR is not set");
		(void)snprintf(ret->fix, sizeof(ret->fix),
			       "log in as this user (ssh, machinectl shell), not by su; or give "
			       "sandpoold a --socket");
		return false;
	}
	return is_fit(ret, 0022);
}
