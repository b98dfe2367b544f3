/* Listing a tree. */
#include "config.h"

#include "daemon/local/agent/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/local/agent/entry.h"

#define ENTRIES_KEPT 1024 /* the memory of longer lists goes back to the system */

struct listing_level {
	int fd;
	char *path;           /* what entries here are called, without the last slash */
	struct strings names; /* sorted */
	size_t names_size;    /* allocated */
	size_t next;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* strings_add() grows by one; a directory may hold a hundred thousand. */
static int add_name(struct listing_level *level, const char *name)
{
	struct strings *names = &level->names;

	if (names->count == level->names_size) {
		size_t size = level->names_size ? level->names_size * 2 : 32;
		char **items = reallocarray(names->items, size, sizeof(*items));

		if (!items)
			return -1;
		names->items = items;
		level->names_size = size;
	}
	names->items[names->count] = strdup(name);
	return names->items[names->count++] ? 0 : -1;
}

static void level_deinit(struct listing_level *level)
{
	for (size_t i = level->next; i < level->names.count; i++)
		free(level->names.items[i]);
	free(level->names.items);
	free(level->path);
	cleanup_fd(&level->fd);
}

static int too_many(const struct listing *listing, struct sb_error *err)
{
	return sb_fail(err, SB_TOO_LARGE, "'%s' has more than %d entries: list fewer levels",
		       listing->root, LISTING_ENTRIES_MAX);
}

static int read_names(struct listing *listing, struct listing_level *level, struct sb_error *err)
{
	int fd = fcntl(level->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int rc = 0;

	if (!dir) {
		cleanup_fd(&fd);
		return sb_fail_errno(err, SB_INTERNAL, errno, "cannot list '%s'", level->path);
	}
	for (errno = 0; rc == 0 && (entry = readdir(dir)); errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (level->names.count + listing->result.entries.count >= LISTING_ENTRIES_MAX)
			rc = too_many(listing, err);
		else if (add_name(level, entry->d_name) < 0)
			rc = sb_fail(err, SB_INTERNAL, "out of memory");
	}
	if (rc == 0 && errno)
		rc = sb_fail_errno(err, SB_INTERNAL, errno, "cannot list '%s'", level->path);
	(void)closedir(dir);
	if (level->names.count > 1)
		qsort(level->names.items, level->names.count, sizeof(char *), compare_names);
	return rc;
}

/* Takes `fd` and `path`. */
static int push(struct listing *listing, int fd, char *path, struct sb_error *err)
{
	struct listing_level level = {.fd = fd, .path = path};

	if (!path || listing->depth == LISTING_DEPTH_MAX) {
		level_deinit(&level);
		return path ? sb_fail(err, SB_INTERNAL, "'%s' is nested too deep", listing->root)
			    : sb_fail(err, SB_INTERNAL, "out of memory");
	}
	listing->levels[listing->depth++] = level;
	return read_names(listing, &listing->levels[listing->depth - 1], err);
}

static int fail_open(const char *path, struct sb_error *err)
{
	switch (errno) {
	case ENOENT:
		return sb_fail(err, SB_FILE_NOT_FOUND, "path not found: %s", path);
	case ENOTDIR:
		return sb_fail(err, SB_INVALID_ARGUMENT, "path is not a directory: %s", path);
	case ELOOP:
		return sb_fail_errno(err, SB_INVALID_REQUEST, ELOOP, "cannot resolve '%s'", path);
	default:
		return sb_fail_errno(err, SB_INTERNAL, errno, "cannot list '%s'", path);
	}
}

int listing_init(struct listing *listing, const char *path, uint32_t depth, struct sb_error *err)
{
	int fd;
	size_t len = strlen(path);

	*listing = (struct listing){.depth_max = depth ? depth : 1};
	while (len > 0 && path[len - 1] == '/')
		len--;
	listing->root = strndup(path, len);
	listing->levels = calloc(LISTING_DEPTH_MAX, sizeof(*listing->levels));
	if (!listing->root || !listing->levels)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail_open(path, err);
	return push(listing, fd, strdup(listing->root), err);
}

static struct wire_entry *next_slot(struct listing *listing)
{
	struct list_value *entries = &listing->result.entries;

	if (entries->count == listing->capacity) {
		size_t capacity = listing->capacity ? listing->capacity * 2 : 16;
		void *items = reallocarray(entries->items, capacity, sizeof(struct wire_entry));

		if (!items)
			return NULL;
		entries->items = items;
		listing->capacity = capacity;
	}
	return (struct wire_entry *)entries->items + entries->count;
}

/* Go down into `name` of the top level if it is (still) a directory. Takes `path`. */
static int descend(struct listing *listing, const char *name, char *path, struct sb_error *err)
{
	const struct listing_level *level = &listing->levels[listing->depth - 1];
	int fd = openat(level->fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return push(listing, fd, path, err);
	free(path);
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return 0;
	return sb_fail_errno(err, SB_INTERNAL, errno, "cannot list '%s/%s'", level->path, name);
}

static int list_one(struct listing *listing, const char *name, struct sb_error *err)
{
	const struct listing_level *level = &listing->levels[listing->depth - 1];
	struct wire_entry *entry = next_slot(listing);
	CLEANUP_FREE char *path = NULL;

	if (!entry || asprintf(&path, "%s/%s", level->path, name) < 0) {
		path = NULL;
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	if (entry_read(level->fd, name, path, &listing->accounts, entry, err) < 0) {
		if (err->code != SB_FILE_NOT_FOUND)
			return -1;
		sb_clear(err); /* gone since its directory was read */
		return 0;
	}
	listing->result.entries.count++;
	if (listing->result.entries.count > LISTING_ENTRIES_MAX)
		return too_many(listing, err);
	if (listing->depth < listing->depth_max && entry->type == WIRE_FILE_DIRECTORY &&
	    !entry->symlink_target)
		return descend(listing, name, take(&path), err);
	return 0;
}

int listing_step(struct listing *listing, unsigned budget, struct sb_error *err)
{
	for (; listing->depth > 0 && budget > 0; budget--) {
		struct listing_level *level = &listing->levels[listing->depth - 1];
		CLEANUP_FREE char *name = NULL;

		if (level->next == level->names.count) {
			level_deinit(level);
			listing->depth--;
			continue;
		}
		name = level->names.items[level->next++];
		if (list_one(listing, name, err) < 0)
			return -1;
	}
	return listing->depth > 0;
}

void listing_deinit(struct listing *listing)
{
	while (listing->depth > 0)
		level_deinit(&listing->levels[--listing->depth]);
	free(listing->levels);
	listing->levels = NULL;
	free(listing->root);
	listing->root = NULL;
	accounts_deinit(&listing->accounts);
	fields_free_list(&wire_entry_type, &listing->result.entries);
	if (listing->capacity > ENTRIES_KEPT)
		(void)malloc_trim(0);
	listing->capacity = 0;
}
