/*
 * The file calls of envd. Listing and removing may take long: they run a part at a time, one event of the
 * loop each, as a `struct walk` that lives until its call is over; when the client leaves, it stops.
 */
#include "config.h"

#include "daemon/local/agent/filesystem.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/directory.h"
#include "daemon/local/agent/entry.h"
#include "daemon/local/agent/listing.h"
#include "daemon/local/agent/path.h"
#include "daemon/local/agent/remover.h"

#define NAMES_PER_TURN 256

static int answer_entry(const char *path, void *response, struct sb_error *err)
{
	struct wire_entry_response *answer = response;
	CLEANUP(accounts_deinit) struct accounts accounts = {0};

	answer->entry = calloc(1, sizeof(*answer->entry));
	if (!answer->entry)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	return entry_read(AT_FDCWD, path, path, &accounts, answer->entry, err);
}

static int serve_stat(struct rpc *rpc, void *request, void *response, struct sb_error *err)
{
	const struct wire_path_request *ask = request;
	CLEANUP_FREE char *path = path_resolve(rpc->agent, &rpc->user, ask->path, err);

	return path ? answer_entry(path, response, err) : -1;
}

static int serve_make_dir(struct rpc *rpc, void *request, void *response, struct sb_error *err)
{
	const struct wire_path_request *ask = request;
	CLEANUP_FREE char *path = path_resolve(rpc->agent, &rpc->user, ask->path, err);
	struct stat st;

	if (!path)
		return -1;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return sb_fail(err, SB_CONFLICT, "directory already exists: %s", path);
		return sb_fail(err, SB_INVALID_ARGUMENT,
			       "path already exists but it is not a directory: %s", path);
	}
	if (directory_make(path, &rpc->user, err) < 0)
		return -1;
	return answer_entry(path, response, err);
}

static int serve_move(struct rpc *rpc, void *request, void *response, struct sb_error *err)
{
	const struct wire_move_request *ask = request;
	CLEANUP_FREE char *source = path_resolve(rpc->agent, &rpc->user, ask->source, err);
	CLEANUP_FREE char *destination = NULL;
	struct stat st;

	if (!source)
		return -1;
	destination = path_resolve(rpc->agent, &rpc->user, ask->destination, err);
	if (!destination)
		return -1;
	if (lstat(source, &st) < 0 && errno == ENOENT)
		return sb_fail(err, SB_FILE_NOT_FOUND, "source file not found: %s", source);
	if (directory_make_parents(destination, &rpc->user, err) < 0)
		return -1;
	if (rename(source, destination) < 0)
		return sb_fail_errno(err, errno == ENOENT ? SB_FILE_NOT_FOUND : SB_INTERNAL, errno,
				     "cannot rename '%s' to '%s'", source, destination);
	return answer_entry(destination, response, err);
}

/* ---- work of many turns ---------------------------------------------------------------------- */

struct walk;

struct walk_kind {
	int (*step)(struct walk *walk, struct sb_error *err); /* 1: more to do, 0: done, -1 */
	void (*reply)(struct walk *walk);
	void (*deinit)(struct walk *walk);
};

struct walk {
	struct rpc_handler handler;
	struct rpc *rpc;
	struct event *turn;
	const struct walk_kind *kind;
	union {
		struct listing listing;
		struct remover remover;
	};
};

static void walk_free(struct walk *walk)
{
	walk->kind->deinit(walk);
	if (walk->turn)
		event_free(walk->turn);
	free(walk);
}

static void walk_on_close(struct rpc_handler *handler)
{
	walk_free(container_of(handler, struct walk, handler));
}

static void walk_on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct walk *walk = arg;
	struct sb_error err = {0};
	int rc = walk->kind->step(walk, &err);

	(void)fd;
	(void)what;
	if (rc > 0) {
		event_active(walk->turn, EV_TIMEOUT, 0);
		return;
	}
	if (rc < 0)
		rpc_fail(walk->rpc, &err);
	else
		walk->kind->reply(walk);
	walk->kind->deinit(walk); /* the answer may take long to be read */
}

static struct walk *walk_new(struct rpc *rpc, const struct walk_kind *kind, struct sb_error *err)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	if (walk)
		walk->turn = event_new(rpc->agent->base, -1, 0, walk_on_turn, walk);
	if (!walk || !walk->turn) {
		free(walk);
		(void)sb_fail(err, SB_INTERNAL, "out of memory");
		return NULL;
	}
	walk->handler.on_close = walk_on_close;
	walk->rpc = rpc;
	walk->kind = kind;
	return walk;
}

/* `rc` says whether the walk could begin at all. */
static int walk_start(struct walk *walk, int rc)
{
	if (rc < 0) {
		walk_free(walk);
		return -1;
	}
	walk->rpc->handler = &walk->handler;
	event_active(walk->turn, EV_TIMEOUT, 0);
	return 0;
}

static int list_step(struct walk *walk, struct sb_error *err)
{
	return listing_step(&walk->listing, NAMES_PER_TURN, err);
}

static void list_reply(struct walk *walk)
{
	rpc_reply(walk->rpc, &walk->listing.result);
}

static void list_deinit(struct walk *walk)
{
	listing_deinit(&walk->listing);
}

static int serve_list_dir(struct rpc *rpc, void *request, struct sb_error *err)
{
	static const struct walk_kind kind = {list_step, list_reply, list_deinit};
	const struct wire_path_request *ask = request;
	CLEANUP_FREE char *path = path_resolve(rpc->agent, &rpc->user, ask->path, err);
	struct walk *walk = path ? walk_new(rpc, &kind, err) : NULL;

	if (!walk)
		return -1;
	return walk_start(walk, listing_init(&walk->listing, path, (uint32_t)ask->depth, err));
}

static int remove_step(struct walk *walk, struct sb_error *err)
{
	return remover_step(&walk->remover, NAMES_PER_TURN, err);
}

static void remove_reply(struct walk *walk)
{
	static const struct wire_empty empty = {0};

	rpc_reply(walk->rpc, &empty);
}

static void remove_deinit(struct walk *walk)
{
	remover_deinit(&walk->remover);
}

static int serve_remove(struct rpc *rpc, void *request, struct sb_error *err)
{
	static const struct walk_kind kind = {remove_step, remove_reply, remove_deinit};
	const struct wire_path_request *ask = request;
	CLEANUP_FREE char *path = path_resolve(rpc->agent, &rpc->user, ask->path, err);
	struct walk *walk = path ? walk_new(rpc, &kind, err) : NULL;

	if (!walk)
		return -1;
	return walk_start(walk, remover_init(&walk->remover, path, err));
}

/* ---- the table ------------------------------------------------------------------------------ */

#define SERVICE "filesystem.Filesystem/"

/* clang-format off */
const struct rpc_procedure filesystem_procedures[] = {
	{SERVICE "Stat", &wire_path_request_type, &wire_entry_response_type, .answer = serve_stat},
	{SERVICE "MakeDir", &wire_path_request_type, &wire_entry_response_type, .answer = serve_make_dir},
	{SERVICE "Move", &wire_move_request_type, &wire_entry_response_type, .answer = serve_move},
	{SERVICE "ListDir", &wire_path_request_type, &wire_entry_list_type, .begin = serve_list_dir},
	{SERVICE "Remove", &wire_path_request_type, &wire_empty_type, .begin = serve_remove},
	{.name = NULL},
};
/* clang-format on */
