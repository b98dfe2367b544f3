/*
 * inotify, turned into what the wire tells. Numbers of watches become names by places.c; directories to look into
 * wait in `pending`.
 *
 * Between the moment a new directory is watched and the moment it has been read, a file made in it is both found
 * there and told by the kernel. So names that were found are kept until the kernel's queue has been empty once,
 * and are not told again.
 */
#include "config.h"

#include "daemon/local/agent/watch.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/places.h"

#define READS_PER_TURN 8
#define READS_AT_ONCE                                                                              \
	512 /* more than the kernel's queue holds: who writes without end does not hold us up */
#define CATCH_UP_MAX 4096 /* directories looked into by one watch_catch_up() */
#define FOUND_MAX    4096 /* in a new directory, before it was watched */

#define CHANGES (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB | IN_MODIFY | IN_DELETE)
#define OF_ROOT (IN_DELETE_SELF | IN_MOVE_SELF)

struct pending {
	struct list link;
	bool is_new; /* what is in it is told */
	char name[];
};

struct watch {
	int fd;
	struct event readable;
	struct event *turn; /* looks into pending directories */
	char *root;
	bool is_recursive, is_ready, is_held, has_failed;
	struct places places;
	struct list pending;
	struct strings found;
	uint32_t moved_cookie;
	char *moved; /* a directory that has left its place; where to, the next event tells */
	struct watch_owner *owner;
};

/* ---- telling --------------------------------------------------------------------------------- */

static void fail(struct watch *watch, const struct sb_error *err)
{
	if (watch->has_failed)
		return;
	watch->has_failed = true;
	(void)event_del(&watch->readable);
	(void)event_del(watch->turn);
	watch->owner->on_failure(watch->owner, err);
}

static void fail_overflow(struct watch *watch)
{
	struct sb_error err = {0};

	(void)sb_fail(&err, SB_INTERNAL, "watching '%s': changes came faster than they were read",
		      watch->root);
	fail(watch, &err);
}

static void fail_memory(struct watch *watch)
{
	struct sb_error err = {0};

	(void)sb_fail(&err, SB_INTERNAL, "watching '%s': out of memory", watch->root);
	fail(watch, &err);
}

static char *join(const char *directory, const char *name)
{
	char *joined;

	return asprintf(&joined, "%s%s%s", directory, *directory ? "/" : "", name) < 0 ? NULL
										       : joined;
}

char *watch_path(const struct watch *watch, const char *name)
{
	char *path;

	if (!*name || strcmp(name, ".") == 0)
		return strdup(watch->root);
	return asprintf(&path, "%s/%s", watch->root, name) < 0 ? NULL : path;
}

/* ---- looking into directories ---------------------------------------------------------------- */

static void go_on_later(struct watch *watch)
{
	if (!watch->is_held && !watch->has_failed)
		event_active(watch->turn, EV_TIMEOUT, 0);
}

static void add_pending(struct watch *watch, const char *name, bool is_new)
{
	size_t size = strlen(name) + 1;
	struct pending *pending = malloc(sizeof(*pending) + size);

	if (!pending) {
		fail_memory(watch);
		return;
	}
	pending->is_new = is_new;
	memcpy(pending->name, name, size);
	list_append(&watch->pending, &pending->link);
	go_on_later(watch);
}

static bool is_directory(int at, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(at, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void take_entry(struct watch *watch, int at, const struct dirent *entry,
		       const struct pending *in)
{
	CLEANUP_FREE char *name = NULL;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return;
	if (watch->found.count >= FOUND_MAX) {
		fail_overflow(watch);
		return;
	}
	name = join(in->name, entry->d_name);
	if (!name || (in->is_new && strings_add(&watch->found, name) < 0)) {
		fail_memory(watch);
		return;
	}
	if (in->is_new)
		watch->owner->on_change(watch->owner, WIRE_CHANGE_CREATE, name);
	if (is_directory(at, entry))
		add_pending(watch, name, in->is_new);
}

static void read_directory(struct watch *watch, const char *path, const struct pending *pending)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (*pending->name ? O_NOFOLLOW : 0);
	CLEANUP_FD int fd = open(path, flags);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return; /* it went while we looked */
	fd = -1;
	while (!watch->has_failed && (entry = readdir(dir)))
		take_entry(watch, dirfd(dir), entry, pending);
	(void)closedir(dir);
}

/* -1 when it is gone (or is none) and, for anything else, when the whole watch cannot be kept: then `err` says why. */
static int add_watch(struct watch *watch, const char *path, const char *name, struct sb_error *err)
{
	uint32_t mask = CHANGES | IN_ONLYDIR | (*name ? IN_DONT_FOLLOW : OF_ROOT);
	int wd = inotify_add_watch(watch->fd, path, mask);

	if (wd < 0 && (errno == ENOSPC || errno == ENOMEM))
		return sb_fail_errno(
			err, SB_INTERNAL, errno,
			"watching '%s': no more inotify watches (fs.inotify.max_user_watches)",
			path);
	if (wd < 0)
		return -1;
	if (places_put(&watch->places, wd, name) < 0)
		return sb_fail(err, SB_INTERNAL, "watching '%s': out of memory", path);
	return 0;
}

static void look_into(struct watch *watch, const struct pending *pending)
{
	CLEANUP_FREE char *path = watch_path(watch, pending->name);
	struct sb_error err = {0};

	if (!path)
		fail_memory(watch);
	else if (add_watch(watch, path, pending->name, &err) == 0)
		read_directory(watch, path, pending);
	else if (err.code != SB_OK)
		fail(watch, &err);
}

/* False when there was nothing to look into. */
static bool look_into_next(struct watch *watch)
{
	struct pending *pending = list_first(&watch->pending, struct pending, link);

	if (!pending || watch->has_failed)
		return false;
	list_remove(&pending->link);
	look_into(watch, pending);
	free(pending);
	return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void forget(int wd, void *arg)
{
	struct watch *watch = arg;

	(void)inotify_rm_watch(watch->fd, wd);
}

/* Whether this event says where the directory that moved went; else it went out of the tree. */
static void settle_move(struct watch *watch, const struct inotify_event *event, const char *name)
{
	CLEANUP_FREE char *from = take(&watch->moved);

	if (!from)
		return;
	if (!(event->mask & IN_MOVED_TO) || event->cookie != watch->moved_cookie)
		places_drop(&watch->places, from, forget, watch);
	else if (places_rename(&watch->places, from, name) < 0)
		fail_memory(watch);
}

/* Found when its directory was read, and told then. */
static bool was_found(struct watch *watch, const char *name)
{
	for (size_t i = 0; i < watch->found.count; i++) {
		char *found = watch->found.items[i];

		if (!found || strcmp(found, name) != 0)
			continue;
		free(found);
		watch->found.items[i] = watch->found.items[--watch->found.count];
		return true;
	}
	return false;
}

/* One event of the kernel may be several changes, which are told in this order. */
static void tell(struct watch *watch, uint32_t mask, const char *name)
{
	static const struct {
		uint32_t mask;
		enum wire_change type;
	} order[] = {
		{IN_CREATE | IN_MOVED_TO, WIRE_CHANGE_CREATE},
		{IN_MOVED_FROM | IN_MOVE_SELF, WIRE_CHANGE_RENAME},
		{IN_ATTRIB, WIRE_CHANGE_CHMOD},
		{IN_MODIFY, WIRE_CHANGE_WRITE},
		{IN_DELETE | IN_DELETE_SELF, WIRE_CHANGE_REMOVE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (mask & order[i].mask)
			watch->owner->on_change(watch->owner, (int)order[i].type, name);
	}
}

/* One that moved is looked through again: below it there may be some that were never reached. */
static void follow_directory(struct watch *watch, const struct inotify_event *event,
			     const char *name)
{
	if (event->mask & IN_MOVED_FROM) {
		watch->moved = strdup(name);
		watch->moved_cookie = event->cookie;
		if (!watch->moved)
			fail_memory(watch);
	} else if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
		add_pending(watch, name, (event->mask & IN_CREATE) != 0);
	}
}

static void take_named(struct watch *watch, const struct inotify_event *event, const char *in)
{
	CLEANUP_FREE char *name = join(in, event->name);

	if (!name) {
		fail_memory(watch);
		return;
	}
	settle_move(watch, event, name);
	if (event->mask & (IN_CREATE | IN_MOVED_TO) && was_found(watch, name))
		return;
	tell(watch, event->mask, name);
	if (watch->is_recursive && event->mask & IN_ISDIR)
		follow_directory(watch, event, name);
}

static void take_event(struct watch *watch, const struct inotify_event *event)
{
	const char *in;

	if (event->mask & IN_Q_OVERFLOW) {
		fail_overflow(watch);
		return;
	}
	/* A directory that left comes back by the very next event, or never. */
	if (watch->moved && !(event->mask & IN_MOVED_TO))
		settle_move(watch, event, NULL);
	in = places_find(&watch->places, event->wd);
	if (event->mask & IN_IGNORED)
		places_remove(&watch->places, event->wd);
	else if (in && event->len > 0)
		take_named(watch, event, in);
	else if (in &&
		 !*in) /* what happens to another directory itself, its parent's watch tells */
		tell(watch, event->mask, ".");
}

/* 1 when there may be more, 0 when the queue is empty. */
static int read_events(struct watch *watch)
{
	_Alignas(struct inotify_event) char data[16 << 10];
	ssize_t size = read(watch->fd, data, sizeof(data));

	if (size <= 0)
		return 0;
	for (char *at = data; at < data + size && !watch->has_failed;) {
		const struct inotify_event *event = (const void *)at;

		take_event(watch, event);
		at += sizeof(*event) + event->len;
	}
	return 1;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < READS_PER_TURN && !watch->is_held && !watch->has_failed; i++) {
		if (read_events(watch) == 0) {
			strings_free(&watch->found);
			return;
		}
	}
}

/* Tell all that had happened when this was called. What was found is told by then, and not again. */
static void read_queue(struct watch *watch)
{
	for (int i = 0; i < READS_AT_ONCE && !watch->has_failed; i++) {
		if (read_events(watch) == 0)
			break;
	}
	strings_free(&watch->found);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	(void)fd;
	(void)what;
	if (watch->is_held)
		return;
	(void)look_into_next(watch);
	if (watch->found.count > 0)
		read_queue(watch);
	if (watch->has_failed)
		return;
	if (!list_is_empty(&watch->pending)) {
		go_on_later(watch);
	} else if (!watch->is_ready) {
		watch->is_ready = true;
		(void)event_add(&watch->readable, NULL);
		watch->owner->on_ready(watch->owner);
	}
}

void watch_catch_up(struct watch *watch)
{
	int looked = 0;

	if (watch->has_failed)
		return;
	do {
		read_queue(watch);
	} while (looked++ < CATCH_UP_MAX && look_into_next(watch));
}

void watch_hold(struct watch *watch, bool is_held)
{
	if (watch->is_held == is_held || watch->has_failed)
		return;
	watch->is_held = is_held;
	if (is_held) {
		(void)event_del(&watch->readable);
		return;
	}
	if (watch->is_ready)
		(void)event_add(&watch->readable, NULL);
	if (!list_is_empty(&watch->pending))
		go_on_later(watch);
}

/* ---- the object ------------------------------------------------------------------------------ */

/* Changes that others make there are not told by the kernel (wire §5.5). */
static bool is_network_mount(long type)
{
	static const long types[] = {0x6969, 0xFF534D42, 0x517B, 0xFE534D42, 0x65735546};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] == type)
			return true;
	}
	return false;
}

static int check_root(const char *path, const struct watch_options *options, struct sb_error *err)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return sb_fail(err, SB_FILE_NOT_FOUND, "path %s not found", path);
		return sb_fail_errno(err, SB_INTERNAL, errno, "cannot watch '%s'", path);
	}
	if (!S_ISDIR(st.st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path %s not a directory", path);
	if (!options->allows_network_mounts && statfs(path, &fs) == 0 &&
	    is_network_mount(fs.f_type))
		return sb_fail(
			err, SB_INVALID_ARGUMENT,
			"cannot watch '%s': it is on a network mount; allow network mounts to try",
			path);
	return 0;
}

static int start(struct watch *watch, struct event_base *base, const char *path,
		 struct sb_error *err)
{
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno,
				     "cannot watch '%s' (fs.inotify.max_user_instances)", path);
	watch->root = strdup(path);
	watch->turn = event_new(base, -1, 0, on_turn, watch);
	if (!watch->root || !watch->turn)
		return sb_fail(err, SB_INTERNAL, "watching '%s': out of memory", path);
	(void)event_assign(&watch->readable, base, watch->fd, EV_READ | EV_PERSIST, on_readable,
			   watch);
	if (add_watch(watch, path, "", err) < 0)
		return err->code != SB_OK
			       ? -1
			       : sb_fail_errno(err, SB_INTERNAL, errno, "cannot watch '%s'", path);
	if (watch->is_recursive)
		add_pending(watch, "", false);
	else
		go_on_later(watch);
	return 0;
}

struct watch *watch_new(struct event_base *base, const char *path,
			const struct watch_options *options, struct watch_owner *owner,
			struct sb_error *err)
{
	struct watch *watch;

	if (check_root(path, options, err) < 0)
		return NULL;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		(void)sb_fail(err, SB_INTERNAL, "watching '%s': out of memory", path);
		return NULL;
	}
	watch->fd = -1;
	list_init(&watch->pending);
	watch->owner = owner;
	watch->is_recursive = options->is_recursive;
	return start(watch, base, path, err) < 0 ? watch_free(watch) : watch;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	if (watch->turn)
		event_free(watch->turn);
	if (watch->fd >= 0 && event_initialized(&watch->readable))
		(void)event_del(&watch->readable);
	cleanup_fd(&watch->fd);
	list_for_each_safe (struct pending, pending, &watch->pending, link)
		free(pending);
	places_deinit(&watch->places);
	strings_free(&watch->found);
	free(watch->moved);
	free(watch->root);
	free(watch);
	return NULL;
}
