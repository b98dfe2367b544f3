/* The daemon's life: parts started in order, signals, parts stopped in reverse order. */
#include "config.h"

#include "daemon/server.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/resource.h>

#include "daemon/base/clock.h"
#include "daemon/base/http.h"
#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/command.h"
#include "daemon/configuration.h"
#include "daemon/conn.h"
#include "daemon/directory.h"
#include "daemon/listener.h"
#include "daemon/op.h"
#include "daemon/provider.h"
#include "daemon/reconcile.h"
#include "daemon/registry.h"
#include "daemon/spool.h"
#include "daemon/store.h"
#include "daemon/worker.h"

#define WORKER_THREADS 4
#define DISK_THREADS   2

#define WORKERS_PATIENCE_MS 5000 /* at the end, for files that do not answer */

/* ---- signals ---------------------------------------------------------------------------------- */

static void server_apply_level(const struct config *config)
{
	enum log_level level;

	if (log_level_from_string(config->log_level, &level) == 0)
		log_set_level(level);
}

static void server_reload(struct server *server)
{
	struct sb_error err = {0};

	service_reloading();
	if (config_reload(server->config, &err) < 0) {
		log_error("the configuration stays as it is: %s", err.text);
		service_ready("serving %s; the configuration stayed as it was: %s",
			      server->config->socket_path, err.text);
		return;
	}
	server_apply_level(server->config);
	log_info("configuration read again");
	service_ready("serving %s", server->config->socket_path);
}

static void server_on_signal(evutil_socket_t number, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	if (number == SIGHUP) {
		server_reload(server);
		return;
	}
	log_info("stopping on signal %d", (int)number);
	(void)event_base_loopbreak(server->base);
}

static int server_watch_signals(struct server *server, struct sb_error *err)
{
	static const int numbers[ARRAY_SIZE(server->signals)] = {SIGTERM, SIGINT, SIGHUP};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		server->signals[i] =
			evsignal_new(server->base, numbers[i], server_on_signal, server);
		if (!server->signals[i] || event_add(server->signals[i], NULL) < 0)
			return sb_fail(err, SB_INTERNAL, "signals cannot be watched");
	}
	return 0;
}

/* ---- start ------------------------------------------------------------------------------------ */

/* A client is a descriptor, and so is much else: take all that the system grants. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int server_make_directories(const struct config *config, struct sb_error *err)
{
	if (directory_make_private(config->state_dir, err) < 0)
		return sb_wrap(err, "state-dir");
	if (directory_make_shared(config->runtime_dir, err) < 0)
		return sb_wrap(err, "runtime-dir");
	return 0;
}

static int server_listen(struct server *server, struct sb_error *err)
{
	const struct config *config = server->config;

	server->listener = listener_new(server, config->socket_path,
					(mode_t)strtoul(config->socket_mode, NULL, 8), err);
	return server->listener ? service_check_sockets(err) : -1;
}

static int server_open_store(struct server *server, struct sb_error *err)
{
	CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/registry.sqlite", server->config->state_dir) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "the registry");
	server->store = store_open(server->base, path, err);
	return server->store ? 0 : -1;
}

static int server_open_spools(struct server *server, struct sb_error *err)
{
	const struct config *config = server->config;
	CLEANUP_FREE char *path = NULL;

	if (asprintf(&path, "%s/spool", config->state_dir) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "the spool");
	server->spools = spools_new(server->base, path, server->disk, config->spool_command_bytes,
				    config->spool_total_bytes, err);
	return server->spools ? 0 : -1;
}

/* What there is, as far as we remember; then what the providers say to that. */
static int server_load_sandboxes(struct server *server, struct sb_error *err)
{
	if (http_global_init(err) < 0)
		return -1;
	server->providers = providers_new(server->base, server->config, err);
	if (!server->providers)
		return -1;
	server->registry = registry_new(server->base, server->store, server->providers, err);
	if (!server->registry)
		return -1;
	server->reconcile = reconcile_new(server, err);
	if (!server->reconcile)
		return -1;
	registry_events(server->registry)->ended = commands_lost;
	return commands_load(server, err);
}

/* Each part may use those before it. */
static int server_start(struct server *server, struct sb_error *err)
{
	if (server_make_directories(server->config, err) < 0)
		return -1;
	if (server_watch_signals(server, err) < 0)
		return -1;
	server->workers = workers_new(server->base, WORKER_THREADS, err);
	if (!server->workers)
		return -1;
	server->disk = workers_new(server->base, DISK_THREADS, err);
	if (!server->disk)
		return -1;
	if (server_open_store(server, err) < 0 || server_open_spools(server, err) < 0)
		return -1;
	if (server_load_sandboxes(server, err) < 0)
		return -1;
	if (server_listen(server, err) < 0)
		return -1;
	return service_watchdog_start(server->base, err);
}

static struct event_base *make_base(void)
{
	struct event_config *options = event_config_new();
	struct event_base *base = NULL;

	/* One thread; and the time is asked for when a timer is set, not in every turn. */
	if (options && event_config_set_flag(options, EVENT_BASE_FLAG_NOLOCK) == 0 &&
	    event_config_set_flag(options, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
		base = event_base_new_with_config(options);
	if (options)
		event_config_free(options);
	return base;
}

struct server *server_new(struct config *config, struct sb_error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		(void)config_free(config);
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "the server");
		return NULL;
	}
	server->config = config;
	server->started_us = clock_wall_us();
	server->started_ms = clock_mono_ms();
	server->uid = geteuid();
	server->pid = getpid();
	list_init(&server->conns);
	list_init(&server->users);
	list_init(&server->ops);
	list_init(&server->commands);
	list_init(&server->watches);
	server_apply_level(config);
	raise_descriptor_limit();
	server->base = make_base();
	if (!server->base) {
		(void)sb_fail(err, SB_INTERNAL, "no event loop");
		return server_free(server);
	}
	if (server_start(server, err) < 0)
		return server_free(server);
	return server;
}

/* ---- life and end ----------------------------------------------------------------------------- */

void server_run(struct server *server)
{
	log_info("serving %s", server->config->socket_path);
	service_ready("serving %s", server->config->socket_path);
	(void)event_base_dispatch(server->base);
	service_stopping("stopping");
}

/* Everybody who waits is told; then all clients are let go. */
static void server_dismiss_clients(struct server *server)
{
	struct sb_error err = {0};
	struct conn *conn;

	(void)sb_fail(&err, SB_CANCELLED, "the daemon is stopping");
	ops_stop(server, &err);
	while ((conn = conns_next(server, NULL))) {
		conn_flush(conn);
		(void)conn_free(conn);
	}
}

struct server *server_free(struct server *server)
{
	if (!server)
		return NULL;
	service_watchdog_stop();
	server->listener = listener_free(server->listener);
	server_dismiss_clients(server);
	commands_unload(server);
	server->reconcile = reconcile_free(server->reconcile);
	server->registry = registry_free(server->registry);
	server->providers = providers_free(server->providers);
	server->workers = workers_free(server->workers, WORKERS_PATIENCE_MS);
	server->disk = workers_free(server->disk, WORKERS_PATIENCE_MS);
	server->spools = spools_free(server->spools);
	server->store = store_close(server->store);
	for (size_t i = 0; i < ARRAY_SIZE(server->signals); i++) {
		if (server->signals[i])
			event_free(server->signals[i]);
	}
	if (server->base)
		event_base_free(server->base);
	(void)config_free(server->config);
	free(server);
	return NULL;
}
