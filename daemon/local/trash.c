/*
 * Trees made by strangers may be as deep as they like, so nothing here recurses: a directory found inside
 * another is moved up beside it, until each holds files only. Two descriptors and no path are enough.
 */
#include "config.h"

#include "daemon/local/trash.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/base/log.h"

struct trash {
	struct event_base *base;
	int dir_fd;
	int helper_fd; /* pidfd, -1 when none is at work */
	struct event *on_helper;
	bool is_dirty; /* something came since the helper began */
	unsigned long counter;
};

static int next_name(int dir_fd, unsigned long *counter, char *name, size_t size)
{
	struct stat st;

	do {
		(void)snprintf(name, size, "%d-%lu", (int)getpid(), (*counter)++);
	} while (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return errno == ENOENT ? 0 : -1;
}

/* Remove the files of `name` and move its directories up into `dir_fd`; then remove itself. */
static int remove_flat(int dir_fd, const char *name, unsigned long *counter)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char fresh[64];
	int result = 0;

	if (!dir) {
		cleanup_fd(&fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0)
			continue;
		if (next_name(dir_fd, counter, fresh, sizeof(fresh)) < 0 ||
		    renameat(fd, entry->d_name, dir_fd, fresh) < 0)
			result = -1;
	}
	(void)closedir(dir);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		result = -1;
	return result;
}

/* One round over the directory: 1 when it was empty, 0 when something was removed, -1 when nothing could be. */
static int empty_once(int dir_fd, unsigned long *counter)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool is_empty = true, has_progress = false;
	struct dirent *entry;

	if (!dir) {
		cleanup_fd(&fd);
		return -1;
	}
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		is_empty = false;
		if (unlinkat(fd, entry->d_name, 0) == 0 ||
		    remove_flat(dir_fd, entry->d_name, counter) == 0)
			has_progress = true;
	}
	(void)closedir(dir);
	if (is_empty)
		return 1;
	return has_progress ? 0 : -1;
}

int trash_empty(int dir_fd)
{
	unsigned long counter = 0;
	int result;

	do
		result = empty_once(dir_fd, &counter);
	while (result == 0);
	return result < 0 ? -1 : 0;
}

/* The helper: keeps nothing of the engine's open, or peers would never see their connections end. */
static void __attribute__((noreturn)) helper_main(int dir_fd)
{
	(void)dup2(dir_fd, 0);
	(void)close_range(1, ~0u, 0);
	_exit(trash_empty(0) < 0 ? 1 : 0);
}

static void helper_start(struct trash *trash);

static void on_helper_end(evutil_socket_t fd, short what, void *arg)
{
	struct trash *trash = arg;
	siginfo_t info = {0};

	(void)what;
	(void)waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG);
	if (info.si_status != 0)
		log_warning("removing the files of ended sandboxes: some could not be removed");
	event_free(trash->on_helper);
	trash->on_helper = NULL;
	cleanup_fd(&trash->helper_fd);
	if (trash->is_dirty)
		helper_start(trash);
}

static void helper_start(struct trash *trash)
{
	pid_t pid;

	trash->is_dirty = false;
	pid = fork();
	if (pid == 0)
		helper_main(trash->dir_fd);
	if (pid > 0)
		trash->helper_fd = pidfd_open(pid, 0);
	if (trash->helper_fd >= 0)
		trash->on_helper =
			event_new(trash->base, trash->helper_fd, EV_READ, on_helper_end, trash);
	if (!trash->on_helper || event_add(trash->on_helper, NULL) < 0)
		log_error("removing the files of ended sandboxes: %s", strerror(errno));
}

struct trash *trash_new(struct event_base *base, const char *dir, struct sb_error *err)
{
	struct trash *trash = calloc(1, sizeof(*trash));

	if (!trash) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "trash");
		return NULL;
	}
	trash->base = base;
	trash->helper_fd = -1;
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		trash->dir_fd = -1;
	else
		trash->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (trash->dir_fd < 0) {
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", dir);
		return trash_free(trash);
	}
	helper_start(trash);
	return trash;
}

struct trash *trash_free(struct trash *trash)
{
	if (!trash)
		return NULL;
	if (trash->on_helper)
		event_free(trash->on_helper);
	cleanup_fd(&trash->helper_fd);
	cleanup_fd(&trash->dir_fd);
	free(trash);
	return NULL;
}

int trash_add(struct trash *trash, const char *path, struct sb_error *err)
{
	char name[64];

	if (next_name(trash->dir_fd, &trash->counter, name, sizeof(name)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "trash");
	if (renameat(AT_FDCWD, path, trash->dir_fd, name) < 0)
		return errno == ENOENT ? 0 : sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (trash_is_idle(trash))
		helper_start(trash);
	else
		trash->is_dirty = true;
	return 0;
}

bool trash_is_idle(const struct trash *trash)
{
	return trash->helper_fd < 0;
}
