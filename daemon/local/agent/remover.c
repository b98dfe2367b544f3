/*
 * Removing a tree. Only the lowest LEVELS_OPEN directories are held open; one above them is found again
 * through "..", and is recognised by device and inode number, so that a directory moved away at the same
 * time cannot lead the work out of the tree.
 */
#include "config.h"

#include "daemon/local/agent/remover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define LEVELS_OPEN 32
#define RETRIES_MAX 1000 /* directories found filled again by somebody else */

struct remover_level {
	DIR *dir; /* NULL while it is closed for being far above */
	dev_t dev;
	ino_t ino;
	char *name;        /* in the level above */
	bool has_progress; /* something went since the last rewind: look once more */
};

static struct remover_level *top(struct remover *remover)
{
	return &remover->levels[remover->depth - 1];
}

static int fail_at(struct sb_error *err, const char *name)
{
	return sb_fail_errno(err, SB_INTERNAL, errno, "cannot remove '%s'", name);
}

static int push(struct remover *remover, int fd, const char *name)
{
	CLEANUP_FD int owned = fd;
	struct remover_level level = {0};
	struct stat st;

	if (remover->depth == remover->size) {
		size_t size = remover->size ? remover->size * 2 : 8;
		void *levels = reallocarray(remover->levels, size, sizeof(level));

		if (!levels)
			return -1;
		remover->levels = levels;
		remover->size = size;
	}
	if (fstat(fd, &st) < 0)
		return -1;
	level.dev = st.st_dev;
	level.ino = st.st_ino;
	level.name = strdup(name);
	level.dir = level.name ? fdopendir(fd) : NULL;
	if (!level.dir) {
		free(level.name);
		return -1;
	}
	(void)take_fd(&owned);
	remover->levels[remover->depth++] = level;
	if (remover->depth > LEVELS_OPEN) {
		struct remover_level *far = &remover->levels[remover->depth - 1 - LEVELS_OPEN];

		if (far->dir)
			(void)closedir(far->dir);
		far->dir = NULL;
	}
	return 0;
}

/*
 * Remove `name` in directory `fd` if it is no directory: 0 when it is gone, -1 with errno set when not.
 * A directory is entered: 1. Somebody may swap one for the other in between: try again.
 */
static int remove_or_enter(struct remover *remover, int fd, const char *name)
{
	for (int tries = 0; tries < 3; tries++) {
		int child;

		if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return -1;
		child = openat(fd, name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (child >= 0)
			return push(remover, child, name) < 0 ? -1 : 1;
		if (errno == ENOENT)
			return 0;
		if (errno != ENOTDIR && errno != ELOOP)
			return -1;
	}
	return -1;
}

/* Splits at the last name; false when there is none that could be removed. */
static bool split(char *path, const char **ret_parent, const char **ret_name)
{
	size_t len = strlen(path);
	char *slash;

	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	*ret_parent = !slash ? "." : slash == path ? "/" : path;
	if (slash)
		*slash = '\0';
	return **ret_name && strcmp(*ret_name, ".") != 0 && strcmp(*ret_name, "..") != 0;
}

int remover_init(struct remover *remover, const char *path, struct sb_error *err)
{
	CLEANUP_FREE char *copy = strdup(path);
	const char *parent;
	const char *name;
	int rc;

	*remover = (struct remover){.parent_fd = -1, .retries_left = RETRIES_MAX};
	if (!copy)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	if (!split(copy, &parent, &name))
		return sb_fail(err, SB_INTERNAL, "cannot remove '%s'", path);
	remover->parent_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (remover->parent_fd < 0)
		return errno == ENOENT ? 0 : fail_at(err, path);
	rc = remove_or_enter(remover, remover->parent_fd, name);
	return rc < 0 ? fail_at(err, path) : rc;
}

static void pop(struct remover *remover)
{
	struct remover_level *level = top(remover);

	if (level->dir)
		(void)closedir(level->dir);
	free(level->name);
	remover->depth--;
}

void remover_deinit(struct remover *remover)
{
	while (remover->depth > 0)
		pop(remover);
	free(remover->levels);
	remover->levels = NULL;
	cleanup_fd(&remover->parent_fd);
}

/* Open the level above the top again, if it was closed. */
static int reopen_above(struct remover *remover)
{
	struct remover_level *above = top(remover) - 1;
	CLEANUP_FD int fd = -1;
	struct stat st;

	if (above->dir)
		return 0;
	fd = openat(dirfd(top(remover)->dir), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (st.st_dev != above->dev || st.st_ino != above->ino) {
		errno = ESTALE;
		return -1;
	}
	above->dir = fdopendir(fd);
	if (!above->dir)
		return -1;
	(void)take_fd(&fd);
	return 0;
}

/* The top directory is empty: remove it from the one above. */
static int leave(struct remover *remover, struct sb_error *err)
{
	struct remover_level *level = top(remover);
	int fd = remover->parent_fd;

	if (remover->depth > 1) {
		if (reopen_above(remover) < 0)
			return fail_at(err, level->name);
		fd = dirfd(level[-1].dir);
		level[-1].has_progress = true;
	}
	if (unlinkat(fd, level->name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		if (errno != ENOTEMPTY || remover->retries_left-- == 0)
			return fail_at(err, level->name);
		level->has_progress = true; /* filled again since we looked */
		return 0;
	}
	pop(remover);
	return 0;
}

int remover_step(struct remover *remover, unsigned budget, struct sb_error *err)
{
	for (; remover->depth > 0 && budget > 0; budget--) {
		struct remover_level *level = top(remover);
		const struct dirent *entry;

		errno = 0;
		entry = readdir(level->dir);
		if (!entry && errno)
			return fail_at(err, level->name);
		if (!entry && level->has_progress) {
			rewinddir(level->dir);
			level->has_progress = false;
		} else if (!entry) {
			if (leave(remover, err) < 0)
				return -1;
		} else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			level->has_progress = true;
			if (remove_or_enter(remover, dirfd(level->dir), entry->d_name) < 0)
				return fail_at(err, entry->d_name);
		}
	}
	return remover->depth > 0;
}
