/* Under systemd. */
#include "config.h"

#include "daemon/base/service.h"

#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/base/clock.h"

#define SOCKETS_MAX 8
#define STATUS_SIZE 512

struct service_socket {
	int fd;     /* -1 when it has been taken */
	char *name; /* FileDescriptorName= */
	struct sockaddr_un address;
};

static struct {
	struct service_socket sockets[SOCKETS_MAX];
	int count; /* that were passed; those above SOCKETS_MAX are nobody's */
	struct event *watchdog;
} service;

bool service_is_managed(void)
{
	const char *pid = getenv("SYSTEMD_EXEC_PID");

	return pid && strtoll(pid, NULL, 10) == getpid();
}

/* ---- sockets ----------------------------------------------------------------------------------- */

/* A socket of another kind keeps an empty path, and so will be nobody's. */
static void note_socket(struct service_socket *socket, int fd, char *name)
{
	socklen_t size = sizeof(socket->address) - 1;

	*socket = (struct service_socket){.fd = fd, .name = name};
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&socket->address, &size) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		socket->address.sun_path[0] = '\0';
}

void service_init(void)
{
	char **names = NULL;

	service.count = sd_listen_fds_with_names(0, &names);
	for (int i = 0; i < service.count && i < SOCKETS_MAX; i++)
		note_socket(&service.sockets[i], SD_LISTEN_FDS_START + i, names[i]);
	for (int i = SOCKETS_MAX; i < service.count; i++)
		free(names[i]);
	free(names);
}

const char *service_next_socket(void)
{
	for (int i = 0; i < service.count && i < SOCKETS_MAX; i++) {
		const struct service_socket *socket = &service.sockets[i];

		if (socket->fd >= 0 && socket->address.sun_path[0])
			return socket->address.sun_path;
	}
	return NULL;
}

static bool is_called(const struct service_socket *socket, const char *name)
{
	const char *path = socket->address.sun_path, *slash = strrchr(path, '/');

	return *path && (strcmp(path, name) == 0 || strcmp(socket->name, name) == 0 ||
			 (slash && strcmp(slash + 1, name) == 0));
}

int service_take_socket(const char *name)
{
	for (int i = 0; i < service.count && i < SOCKETS_MAX; i++) {
		if (service.sockets[i].fd >= 0 && is_called(&service.sockets[i], name))
			return take_fd(&service.sockets[i].fd);
	}
	return -1;
}

int service_check_sockets(struct sb_error *err)
{
	for (int i = 0; i < service.count && i < SOCKETS_MAX; i++) {
		const struct service_socket *socket = &service.sockets[i];
		const char *path = socket->address.sun_path;

		if (socket->fd >= 0)
			return sb_fail(
				err, SB_INVALID_ARGUMENT,
				"the service manager passes socket '%s', which is not for us: %s",
				socket->name, *path ? path : "no listening Unix socket");
	}
	if (service.count > SOCKETS_MAX)
		return sb_fail(err, SB_INVALID_ARGUMENT, "the service manager passes %d sockets",
			       service.count);
	return 0;
}

/* ---- words ------------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 0)))
tell(const char *state, const char *fmt, va_list ap)
{
	char status[STATUS_SIZE];

	(void)vsnprintf(status, sizeof(status), fmt, ap);
	status[strcspn(status, "\n")] = '\0';
	(void)sd_notifyf(0, "%s\nSTATUS=%s", state, status);
}

void service_ready(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell("READY=1", fmt, ap);
	va_end(ap);
}

void service_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_us());
}

void service_stopping(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell("STOPPING=1", fmt, ap);
	va_end(ap);
}

/* ---- watchdog ---------------------------------------------------------------------------------- */

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	(void)sd_notify(0, "WATCHDOG=1");
}

int service_watchdog_start(struct event_base *base, struct sb_error *err)
{
	struct timeval interval;
	uint64_t us;

	if (sd_watchdog_enabled(0, &us) <= 0)
		return 0;
	us = us / 2 + 1; /* none of its ticks may be 0 apart */
	interval = (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
	service.watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
	if (!service.watchdog || event_add(service.watchdog, &interval) < 0)
		return sb_fail(err, SB_INTERNAL, "no timer for the watchdog");
	return 0;
}

void service_watchdog_stop(void)
{
	if (service.watchdog)
		event_free(service.watchdog);
	service.watchdog = NULL;
}
