/* The listening socket: made or handed over, guarded, served, removed. */
#include "config.h"

#include "daemon/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/base/log.h"
#include "daemon/base/service.h"
#include "daemon/base/timer.h"
#include "daemon/configuration.h"
#include "daemon/conn.h"
#include "daemon/server.h"
#include "daemon/user.h"
#include "protocol/message.h"

#define ACCEPT_BUDGET   64 /* clients taken in one turn of the loop */
#define ACCEPT_PAUSE_MS 1000

struct listener {
	struct server *server;
	int fd;
	int lock; /* -1 with a socket of the service manager: its path is not ours */
	struct sockaddr_un address;
	struct event *readable;
	struct event *later; /* goes on accepting after descriptors ran out */
};

/* ---- accepting -------------------------------------------------------------------------------- */

/* One client too many gets a word before it is closed. */
static void refuse_client(int fd, const struct sb_error *why)
{
	struct buf out CLEANUP_BUF = {0};

	message_add_error(&out, NULL, why);
	buf_add(&out, "\n", 1);
	if (!out.failed)
		(void)send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}

/* Is there room for one more, and for one more of this user? */
static int check_room(const struct server *server, int fd, struct sb_error *err)
{
	const struct user *user;
	struct peer peer;

	if (server->conn_count >= (unsigned)server->config->clients_max)
		return sb_fail(err, SB_OVERLOADED,
			       "the daemon serves %u clients and takes no more (clients-max)",
			       server->conn_count);
	if (peer_of(fd, &peer, err) < 0)
		return -1;
	user = user_find(&server->users, peer.uid);
	if (user &&
	    !user_may_take(user->conns, server->conn_count, (size_t)server->config->clients_max))
		return sb_fail(err, SB_OVERLOADED,
			       "the daemon serves %u clients of uid %u and takes no more of it "
			       "(a share of clients-max)",
			       user->conns, user->uid);
	return 0;
}

static void accept_client(struct listener *listener, int fd)
{
	struct sb_error err = {0};

	if (check_room(listener->server, fd, &err) < 0)
		refuse_client(fd, &err);
	else if (!conn_new(listener->server, fd, &err))
		log_warning("%s", err.text);
}

/* Nobody can be taken until something is closed: look again in a second, and leave the loop in peace. */
static void listener_pause(struct listener *listener, int sys)
{
	log_warning("accept: %s: no new clients for a second", strerror(sys));
	(void)event_del(listener->readable);
	timer_set(listener->later, ACCEPT_PAUSE_MS);
}

static void listener_on_readable(evutil_socket_t socket_fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)what;
	for (unsigned i = 0; i < ACCEPT_BUDGET; i++) {
		int fd = accept4(socket_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			accept_client(listener, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			listener_pause(listener, errno);
		return;
	}
}

static void listener_on_later(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)fd;
	(void)what;
	(void)event_add(listener->readable, NULL);
}

/* ---- making and removing ---------------------------------------------------------------------- */

static int listener_lock(struct listener *listener, struct sb_error *err)
{
	const char *path = listener->address.sun_path;
	char name[sizeof(listener->address.sun_path) + sizeof(".lock")];

	(void)snprintf(name, sizeof(name), "%s.lock", path);
	listener->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (listener->lock < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", name);
	if (flock(listener->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return sb_fail(err, SB_CONFLICT, "%s: another sandpoold serves this socket", path);
	return sb_fail_errno(err, SB_INTERNAL, errno, "%s", name);
}

static int remove_stale(const char *path, struct sb_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return sb_fail(err, SB_CONFLICT, "%s is there and is no socket", path);
	if (unlink(path) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

/* Nobody can connect before listen(), so the mode is right from the first moment on. */
static int listener_bind(struct listener *listener, mode_t mode, struct sb_error *err)
{
	const char *path = listener->address.sun_path;

	if (listener_lock(listener, err) < 0 || remove_stale(path, err) < 0)
		return -1;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "a socket");
	if (bind(listener->fd, (const struct sockaddr *)&listener->address,
		 sizeof(listener->address)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (chmod(path, mode) < 0 || listen(listener->fd, SOMAXCONN) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

/* The one that the service manager has opened there, or our own. */
static int listener_open(struct listener *listener, mode_t mode, struct sb_error *err)
{
	listener->fd = service_take_socket(listener->address.sun_path);
	return listener->fd >= 0 ? 0 : listener_bind(listener, mode, err);
}

struct listener *listener_new(struct server *server, const char *path, mode_t mode,
			      struct sb_error *err)
{
	struct listener *listener;

	if (strlen(path) >= sizeof(listener->address.sun_path)) {
		(void)sb_fail(err, SB_INVALID_ARGUMENT, "%s: a socket's path has at most %zu bytes",
			      path, sizeof(listener->address.sun_path) - 1);
		return NULL;
	}
	listener = calloc(1, sizeof(*listener));
	if (!listener) {
		(void)sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", path);
		return NULL;
	}
	*listener = (struct listener){.server = server, .fd = -1, .lock = -1};
	listener->address.sun_family = AF_UNIX;
	memcpy(listener->address.sun_path, path, strlen(path));
	if (listener_open(listener, mode, err) < 0)
		return listener_free(listener);
	listener->readable = event_new(server->base, listener->fd, EV_READ | EV_PERSIST,
				       listener_on_readable, listener);
	listener->later = event_new(server->base, -1, 0, listener_on_later, listener);
	if (!listener->readable || !listener->later || event_add(listener->readable, NULL) < 0) {
		(void)sb_fail(err, SB_INTERNAL, "%s: cannot be watched", path);
		return listener_free(listener);
	}
	return listener;
}

struct listener *listener_free(struct listener *listener)
{
	if (!listener)
		return NULL;
	if (listener->readable)
		event_free(listener->readable);
	if (listener->later)
		event_free(listener->later);
	if (listener->fd >= 0 && listener->lock >= 0)
		(void)unlink(listener->address.sun_path);
	cleanup_fd(&listener->fd);
	cleanup_fd(&listener->lock); /* the file stays: removing it would race */
	free(listener);
	return NULL;
}
