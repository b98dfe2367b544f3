/*
 * The engine's start and end. Nothing it starts depends on it: sandboxes are children that outlive it, and
 * their records let the next engine take them up. So stopping is quick: what is half-built is undone, streams
 * are cut, and everything else is left as it is.
 */
#include "config.h"

#include "daemon/local/engine.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/local/about.h"
#include "daemon/local/adopt.h"
#include "daemon/local/api.h"
#include "daemon/local/box.h"
#include "daemon/local/denials.h"
#include "daemon/local/idmap.h"
#include "daemon/local/limits.h"
#include "daemon/local/proxy.h"
#include "daemon/local/rootless.h"
#include "daemon/local/template.h"
#include "daemon/local/trash.h"
#include "daemon/local/uplink.h"
#include "daemon/local/usage.h"

#define STOP_PATIENCE_S 5
#define RETRY_MS        2000 /* between two looks whether the machine was mended */

char *engine_path(const char *fmt, ...)
{
	char *path;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&path, fmt, ap);
	va_end(ap);
	return len < 0 ? NULL : path;
}

struct box *engine_find_box(struct engine *engine, const char *id)
{
	list_for_each (struct box, box, &engine->boxes, link) {
		if (strcmp(box->record.id, id) == 0)
			return box;
	}
	return NULL;
}

/* ---- directories, lock, seed ----------------------------------------------------------------- */

/* Whose directory it is may put into it what he likes: records, templates, sockets. */
static int make_dir(const char *dir, const char *part, struct sb_error *err)
{
	char *path CLEANUP_FREE = engine_path("%s/%s", dir, part);
	struct stat st;

	if (!path)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", dir);
	if ((mkdir(path, 0700) < 0 && errno != EEXIST) || stat(path, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (st.st_uid != geteuid())
		return sb_fail(err, SB_PERMISSION, "%s: belongs to another user", path);
	if (chmod(path, 0700) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

/* A record lock: unlike flock(), children that have not executed their program yet do not hold it. */
static int lock_dir(const char *dir, int *ret_fd, struct sb_error *err)
{
	char *path CLEANUP_FREE = engine_path("%s/lock", dir);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd CLEANUP_FD = -1;

	if (path)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s/lock", dir);
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if ((errno != EACCES && errno != EAGAIN) || fcntl(fd, F_GETLK, &lock) < 0)
			return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
		return sb_fail(err, SB_CONFLICT, "%s: in use by another engine (pid %d)", dir,
			       (int)lock.l_pid);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Tokens are made from it, so it must outlive every restart: synced before its first use. */
static int make_seed(struct engine *engine, const char *path, struct sb_error *err)
{
	char *fresh CLEANUP_FREE = NULL;
	int fd CLEANUP_FD = -1;

	if (getrandom(engine->seed, sizeof(engine->seed), 0) != (ssize_t)sizeof(engine->seed))
		return sb_fail_errno(err, SB_INTERNAL, errno, "random bytes");
	if (asprintf(&fresh, "%s.new", path) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 ||
	    write(fd, engine->seed, sizeof(engine->seed)) != (ssize_t)sizeof(engine->seed) ||
	    fsync(fd) < 0 || rename(fresh, path) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

static int load_seed(struct engine *engine, struct sb_error *err)
{
	char *path CLEANUP_FREE = engine_path("%s/seed", engine->options.state_dir);
	int fd CLEANUP_FD = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (!path)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "seed");
	if (fd < 0 && errno == ENOENT)
		return make_seed(engine, path, err);
	if (fd < 0 || read(fd, engine->seed, sizeof(engine->seed)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (lseek(fd, 0, SEEK_CUR) != (off_t)sizeof(engine->seed))
		return sb_fail(err, SB_INTERNAL, "%s: cut short", path);
	return 0;
}

/* The longest name of a socket below the run directory must fit an address. */
static int check_run_dir(const char *run_dir, struct sb_error *err)
{
	size_t room =
		sizeof(((struct sockaddr_un *)0)->sun_path) - strlen("/boxes/.sock") - IDS_SIZE;

	if (strlen(run_dir) > room)
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "%s: too long for sockets in it, at most %zu characters", run_dir,
			       room);
	return 0;
}

static int prepare_dirs(struct engine *engine, struct sb_error *err)
{
	const char *state = engine->options.state_dir, *run = engine->options.run_dir;
	struct statvfs disk;

	if (check_run_dir(run, err) < 0 || make_dir(state, "", err) < 0 ||
	    make_dir(run, "", err) < 0)
		return -1;
	if (lock_dir(state, &engine->state_lock_fd, err) < 0 ||
	    lock_dir(run, &engine->run_lock_fd, err) < 0)
		return -1;
	if (rootless_keep(engine->options.rootless, state, err) < 0)
		return -1;
	if (make_dir(state, "boxes", err) < 0 || make_dir(state, "templates", err) < 0 ||
	    make_dir(run, "boxes", err) < 0)
		return -1;
	if (statvfs(state, &disk) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", state);
	engine->disk_mib = (int64_t)(disk.f_blocks * (disk.f_frsize / 1024) / 1024);
	return load_seed(engine, err);
}

/* ---- abilities ------------------------------------------------------------------------------- */

/* What keeps sandboxes from being had here, all but the template; -1 with engine->unable. */
static int probe(struct engine *engine, struct contain_abilities *ret)
{
	struct sb_error *err = &engine->unable;

	if (engine->options.rootless->unable.code != SB_OK) {
		*err = engine->options.rootless->unable;
		return -1;
	}
	if (access(engine->options.agent_path, X_OK) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", engine->options.agent_path);
	return contain_probe(ret, err) < 0 ? -1 : template_check_host(err);
}

/* A machine that can have no sandbox still serves: every create then says why. */
static int prepare_sandboxes(struct engine *engine, struct sb_error *ret_err)
{
	char *templates CLEANUP_FREE = engine_path("%s/templates", engine->options.state_dir);
	struct contain_abilities abilities;
	struct sb_error *err = &engine->unable;

	if (!templates)
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "templates");
	else if (probe(engine, &abilities) == 0 &&
		 template_prepare_base(templates, &engine->template_dir, err) == 0) {
		limits_resolve(&engine->options.limits, &abilities);
		return about_fill(engine, &abilities, ret_err);
	}
	log_error("no sandbox can be made here: %s", err->text);
	return about_fill(engine, NULL, ret_err);
}

bool engine_is_able(struct engine *engine)
{
	int64_t now_ms = clock_mono_ms();
	struct sb_error ignored = {0};

	if (engine->unable.code == SB_OK)
		return true;
	if (now_ms < engine->retry_ms)
		return false;
	fields_free(&engine_about_type, &engine->about);
	sb_clear(&engine->unable);
	if (prepare_sandboxes(engine, &ignored) < 0 && engine->unable.code == SB_OK)
		engine->unable = ignored;
	engine->retry_ms = clock_mono_ms() + RETRY_MS;
	if (engine->unable.code == SB_OK)
		log_info("sandboxes can be made now");
	return engine->unable.code == SB_OK;
}

int engine_check(const struct engine_options *options, FILE *out, struct sb_error *err)
{
	struct engine engine = {.options = *options};
	struct contain_abilities abilities;
	bool is_able = probe(&engine, &abilities) == 0;
	int result = about_fill(&engine, is_able ? &abilities : NULL, err);

	if (result == 0)
		about_print(&engine.about, out);
	fields_free(&engine_about_type, &engine.about);
	return result < 0 ? -1 : is_able;
}

/* ---- removal --------------------------------------------------------------------------------- */

int engine_remove_state(const struct engine_options *options, struct sb_error *err)
{
	const char *path = options->state_dir;
	int lock_fd CLEANUP_FD = -1;
	int dir_fd CLEANUP_FD = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (faccessat(dir_fd, "seed", F_OK, 0) < 0 || faccessat(dir_fd, "templates", F_OK, 0) < 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "%s: not the state of an engine", path);
	if (lock_dir(path, &lock_fd, err) < 0)
		return -1;
	rootless_leave(options->rootless, path, true);
	if (trash_empty(dir_fd) < 0)
		return sb_fail(err, SB_INTERNAL, "%s: not all of it can be removed", path);
	return rmdir(path) < 0 ? sb_fail_errno(err, SB_INTERNAL, errno, "%s", path) : 0;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool is_anything_ending(const struct engine *engine)
{
	list_for_each (struct box, box, &engine->boxes, link) {
		if (box->state == BOX_ENDING)
			return true;
	}
	return false;
}

/* Stopping waits for what is dying, so that nothing half-dead stays; but not for ever. */
static void on_stop_tick(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	const struct timeval tick = {.tv_usec = 10000};

	(void)fd;
	(void)what;
	if (!is_anything_ending(engine) || engine->idle_s++ >= STOP_PATIENCE_S * 100)
		(void)event_base_loopbreak(engine->base);
	else
		(void)evtimer_add(engine->on_stop, &tick);
}

static void engine_stop(struct engine *engine, const char *cause)
{
	const struct timeval now = {0};

	if (engine->is_stopping)
		return;
	log_info("stopping: %s", cause);
	service_stopping("stopping: %s", cause);
	engine->is_stopping = true;
	engine->idle_s = 0;
	engine->api = api_free(engine->api);
	engine->proxy = proxy_free(engine->proxy);
	(void)evtimer_add(engine->on_stop, &now);
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	(void)what;
	engine_stop(arg, signal == SIGTERM ? "SIGTERM" : "SIGINT");
}

static bool is_idle(const struct engine *engine)
{
	return list_is_empty(&engine->boxes) && api_request_count(engine->api) == 0 &&
	       proxy_request_count(engine->proxy) == 0 && trash_is_idle(engine->trash);
}

static void on_idle_tick(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;

	(void)fd;
	(void)what;
	if (engine->is_stopping)
		return;
	engine->idle_s = is_idle(engine) ? engine->idle_s + 1 : 0;
	/* What a realm lacks can be had in a new one only: let the next engine make it. */
	if (engine->idle_s >= engine->options.idle_exit_s ||
	    (engine->idle_s > 0 && engine->options.rootless->unable.code != SB_OK))
		engine_stop(engine, "idle");
}

static int events_start(struct engine *engine, struct sb_error *err)
{
	const struct timeval second = {.tv_sec = 1};
	struct event_base *base = engine->base;

	engine->on_term = evsignal_new(base, SIGTERM, on_signal, engine);
	engine->on_int = evsignal_new(base, SIGINT, on_signal, engine);
	engine->on_idle = event_new(base, -1, EV_PERSIST, on_idle_tick, engine);
	engine->on_stop = evtimer_new(base, on_stop_tick, engine);
	if (!engine->on_term || !engine->on_int || !engine->on_idle || !engine->on_stop ||
	    evsignal_add(engine->on_term, NULL) < 0 || evsignal_add(engine->on_int, NULL) < 0 ||
	    (engine->options.idle_exit_s >= 0 && evtimer_add(engine->on_idle, &second) < 0))
		return sb_fail(err, SB_INTERNAL, "event loop");
	return 0;
}

/* ---- the object ------------------------------------------------------------------------------ */

static int engine_open(struct engine *engine, struct sb_error *err)
{
	char *trash CLEANUP_FREE = engine_path("%s/trash", engine->options.state_dir);

	if (prepare_dirs(engine, err) < 0)
		return -1;
	engine->base = event_base_new();
	if (!engine->base || !trash)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "event loop");
	engine->ranges.is_shared = idmap_mode() != IDMAP_OWN;
	engine->ranges.shared_base = idmap_shared_base();
	engine->trash = trash_new(engine->base, trash, err);
	if (!engine->trash)
		return -1;
	if (prepare_sandboxes(engine, err) < 0)
		return -1;
	if (network_init(&engine->network, engine->options.state_dir, &engine->options.subnet,
			 err) < 0)
		return -1;
	engine->uplink = uplink_new(engine, err);
	if (!engine->uplink)
		return -1;
	engine->denials = denials_new(engine, err);
	if (!engine->denials)
		return -1;
	engine->usage_timer = usage_timer_new(engine, err);
	if (!engine->usage_timer)
		return -1;
	if (events_start(engine, err) < 0 || adopt_all(engine, err) < 0)
		return -1;
	network_adopt(&engine->network, engine);
	engine->proxy = proxy_new(engine, err);
	if (!engine->proxy)
		return -1;
	engine->api = api_new(engine, err);
	if (!engine->api || service_check_sockets(err) < 0)
		return -1;
	return service_watchdog_start(engine->base, err);
}

struct engine *engine_new(const struct engine_options *options, struct sb_error *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "engine");
		return NULL;
	}
	engine->options = *options;
	engine->state_lock_fd = -1;
	engine->run_lock_fd = -1;
	list_init(&engine->boxes);
	if (engine_open(engine, err) < 0)
		return engine_free(engine);
	return engine;
}

int engine_run(struct engine *engine, struct sb_error *err)
{
	log_info("ready: %s/api.sock", engine->options.run_dir);
	if (engine->unable.code)
		service_ready("no sandbox can be made here: %s", engine->unable.text);
	else
		service_ready("serving");
	if (event_base_dispatch(engine->base) < 0)
		return sb_fail(err, SB_INTERNAL, "event loop");
	return 0;
}

static void event_drop(struct event *event)
{
	if (event)
		event_free(event);
}

struct engine *engine_free(struct engine *engine)
{
	if (!engine)
		return NULL;
	service_watchdog_stop();
	api_free(engine->api);
	proxy_free(engine->proxy);
	uplink_free(engine->uplink, list_is_empty(&engine->boxes));
	denials_free(engine->denials);
	network_deinit(&engine->network, list_is_empty(&engine->boxes));
	if (engine->run_lock_fd >= 0)
		rootless_leave(engine->options.rootless, engine->options.state_dir,
			       list_is_empty(&engine->boxes));
	list_for_each_safe (struct box, box, &engine->boxes, link)
		box_free(box);
	trash_free(engine->trash);
	usage_timer_free(engine->usage_timer);
	event_drop(engine->on_term);
	event_drop(engine->on_int);
	event_drop(engine->on_idle);
	event_drop(engine->on_stop);
	if (engine->base)
		event_base_free(engine->base);
	cleanup_fd(&engine->state_lock_fd);
	cleanup_fd(&engine->run_lock_fd);
	free(engine->template_dir);
	fields_free(&engine_about_type, &engine->about);
	free(engine);
	return NULL;
}
