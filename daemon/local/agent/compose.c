/*
 * Joining files: the sources are appended, a piece in each turn of the loop, to a partial file beside the
 * destination, which then takes its place. When anything fails or the client leaves, that file goes away
 * and the sources stay.
 */
#include "config.h"

#include "daemon/local/agent/compose.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "daemon/base/httpd.h"
#include "daemon/base/list.h"
#include "daemon/e2b/wire.h"
#include "daemon/local/agent/access.h"
#include "daemon/local/agent/agent.h"
#include "daemon/local/agent/directory.h"
#include "daemon/local/agent/entry.h"
#include "daemon/local/agent/path.h"

#define BODY_MAX       ((size_t)1 << 20)
#define BYTES_PER_TURN ((size_t)1 << 20)

struct compose {
	struct httpd_handler handler;
	struct httpd_request *request;
	struct event *turn;
	struct user user;
	struct wire_compose ask;
	struct strings sources; /* resolved */
	char *destination;
	char *partial; /* name of the file being made; NULL once it is no more */
	int out;
	int in;       /* the source being read, or -1 */
	size_t index; /* of it */
};

static void compose_free(struct compose *compose)
{
	if (compose->turn)
		event_free(compose->turn);
	if (compose->partial)
		(void)unlink(compose->partial);
	cleanup_fd(&compose->out);
	cleanup_fd(&compose->in);
	user_deinit(&compose->user);
	fields_free(&wire_compose_type, &compose->ask);
	strings_free(&compose->sources);
	free(compose->destination);
	free(compose->partial);
	free(compose);
}

static void compose_on_close(struct httpd_handler *handler, enum httpd_close why)
{
	(void)why;
	compose_free(container_of(handler, struct compose, handler));
}

static int fail_write(struct sb_error *err)
{
	int sys = errno;

	if (directory_error_code(sys) == SB_NOT_ENOUGH_SPACE)
		return sb_fail(err, SB_NOT_ENOUGH_SPACE, "not enough disk space available");
	return sb_fail_errno(err, SB_INTERNAL, sys, "error composing files");
}

/* ---- the work ------------------------------------------------------------------------------- */

static int open_source(struct compose *compose, struct sb_error *err)
{
	const char *path = compose->sources.items[compose->index];
	struct stat st;

	compose->in = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (compose->in < 0 && errno == ENOENT)
		return sb_fail(err, SB_FILE_NOT_FOUND, "path '%s' does not exist", path);
	if (compose->in < 0 || fstat(compose->in, &st) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening file '%s'", path);
	if (!S_ISREG(st.st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path '%s' is not a regular file", path);
	return 0;
}

/* 1 when there is more to copy, 0 when all is there, -1 on an error. */
static int copy_some(struct compose *compose, struct sb_error *err)
{
	ssize_t len;

	if (compose->in < 0) {
		if (compose->index == compose->sources.count)
			return 0;
		if (open_source(compose, err) < 0)
			return -1;
	}
	len = sendfile(compose->out, compose->in, NULL, BYTES_PER_TURN);
	if (len < 0 && errno != EINTR)
		return fail_write(err);
	if (len == 0) {
		cleanup_fd(&compose->in);
		compose->index++;
	}
	return 1;
}

static void reply(struct compose *compose)
{
	static const struct httpd_header headers[] = {{"Content-Type", "application/json"},
						      {NULL, NULL}};
	static char type[] = "file";
	CLEANUP_FREE char *name = entry_base_name(compose->destination);
	const struct wire_written written = {
		.name = name, .path = compose->destination, .type = type};
	CLEANUP_BUF struct buf body = {0};

	fields_encode(&wire_written_type, FIELDS_E2B, &written, &body);
	if (body.failed)
		httpd_reply_error(compose->request, 500, "out of memory");
	else
		httpd_reply(compose->request, 200, headers, body.data, body.len);
}

static int finish(struct compose *compose, struct sb_error *err)
{
	if (fchmod(compose->out, 0644) < 0 || directory_give(compose->out, &compose->user) < 0 ||
	    rename(compose->partial, compose->destination) < 0)
		return fail_write(err);
	free(take(&compose->partial));
	for (size_t i = 0; i < compose->sources.count; i++)
		(void)unlink(compose->sources.items[i]);
	reply(compose);
	return 0;
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct compose *compose = arg;
	struct sb_error err = {0};
	int rc = copy_some(compose, &err);

	(void)fd;
	(void)what;
	if (rc == 0)
		rc = finish(compose, &err);
	if (rc > 0)
		event_active(compose->turn, EV_TIMEOUT, 0);
	else if (rc < 0)
		access_reply_error(compose->request, &err);
}

/* ---- the request ---------------------------------------------------------------------------- */

static int check_source(const char *path, const char *destination, struct sb_error *err)
{
	struct stat st;

	if (strcmp(path, destination) == 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "source path '%s' is the destination",
			       path);
	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return sb_fail(err, SB_FILE_NOT_FOUND, "path '%s' does not exist", path);
		return sb_fail_errno(err, SB_INTERNAL, errno, "error checking path '%s'", path);
	}
	if (!S_ISREG(st.st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path '%s' is not a regular file", path);
	return 0;
}

static int resolve(const struct agent *agent, struct compose *compose, struct sb_error *err)
{
	const struct wire_compose *ask = &compose->ask;
	const char *username =
		ask->username && *ask->username ? ask->username : agent->default_user;

	if (ask->source_paths.count == 0)
		return sb_fail(err, SB_INVALID_ARGUMENT, "source_paths must not be empty");
	if (!ask->destination || !*ask->destination)
		return sb_fail(err, SB_INVALID_ARGUMENT, "destination must not be empty");
	if (user_find(username, &compose->user, err) < 0)
		return sb_wrap(err, "error looking up user '%s'", username);
	compose->destination = path_resolve(agent, &compose->user, ask->destination, err);
	if (!compose->destination)
		return -1;
	for (size_t i = 0; i < ask->source_paths.count; i++) {
		CLEANUP_FREE char *path =
			path_resolve(agent, &compose->user, ask->source_paths.items[i], err);

		if (!path || check_source(path, compose->destination, err) < 0)
			return -1;
		if (strings_add(&compose->sources, path) < 0)
			return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	return 0;
}

/* The partial file stands beside the destination, so that rename() can put it there. */
static int open_partial(struct compose *compose, struct sb_error *err)
{
	const char *slash = strrchr(compose->destination, '/');
	struct stat st;

	if (stat(compose->destination, &st) == 0 && S_ISDIR(st.st_mode))
		return sb_fail(err, SB_INVALID_ARGUMENT, "path is a directory: %s",
			       compose->destination);
	if (directory_make_parents(compose->destination, &compose->user, err) < 0)
		return -1;
	if (asprintf(&compose->partial, "%.*s/.compose-XXXXXX", (int)(slash - compose->destination),
		     compose->destination) < 0) {
		compose->partial = NULL;
		return sb_fail(err, SB_INTERNAL, "out of memory");
	}
	compose->out = mkostemp(compose->partial, O_CLOEXEC);
	if (compose->out >= 0)
		return 0;
	free(take(&compose->partial));
	return fail_write(err);
}

static int begin(struct agent *agent, struct compose *compose, const char *body, size_t len,
		 struct sb_error *err)
{
	if (fields_parse(&wire_compose_type, FIELDS_E2B, body, len, "body", &compose->ask, err) <
	    0) {
		err->http_status = 400;
		return -1;
	}
	if (resolve(agent, compose, err) < 0 || open_partial(compose, err) < 0)
		return -1;
	compose->turn = event_new(agent->base, -1, 0, on_turn, compose);
	if (!compose->turn)
		return sb_fail(err, SB_INTERNAL, "out of memory");
	event_active(compose->turn, EV_TIMEOUT, 0);
	return 0;
}

static void compose_on_request(void *arg, struct httpd_request *request, const char *body,
			       size_t len)
{
	struct agent *agent = arg;
	struct compose *compose = calloc(1, sizeof(*compose));
	struct sb_error err = {0};

	if (!compose) {
		httpd_reply_error(request, 500, "out of memory");
		return;
	}
	compose->handler.on_close = compose_on_close;
	compose->request = request;
	compose->in = compose->out = -1;
	httpd_handle(request, &compose->handler);
	if (begin(agent, compose, body, len, &err) < 0)
		access_reply_error(request, &err);
}

void compose_serve(struct agent *agent, struct httpd_request *request)
{
	httpd_collect(request, BODY_MAX, compose_on_request, agent);
}
