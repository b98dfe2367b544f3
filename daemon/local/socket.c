/* Listening Unix sockets. */
#include "config.h"

#include "daemon/local/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/base/service.h"

#define BACKLOG 4096

int socket_listen(const char *path, struct sb_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd CLEANUP_FD = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return sb_fail_errno(err, SB_INTERNAL, ENAMETOOLONG, "%s", path);
	(void)stpcpy(address.sun_path, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	/* Between bind and chmod the directory, which only we may enter, guards it. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0600) < 0 || listen(fd, BACKLOG) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return take_fd(&fd);
}

int socket_serve(const char *dir, const char *name, struct sb_error *err)
{
	CLEANUP_FREE char *path = NULL;
	int fd = service_take_socket(name);

	if (fd >= 0)
		return fd;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return sb_fail_errno(err, SB_INTERNAL, ENOMEM, "%s", name);
	return socket_listen(path, err);
}
