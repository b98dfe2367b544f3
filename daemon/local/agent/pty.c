/* Pseudo-terminals. */
#include "config.h"

#include "daemon/local/agent/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "daemon/e2b/wire.h"
#include "daemon/local/agent/passwd.h"

static unsigned short cells(int64_t count)
{
	return (unsigned short)(count > UINT16_MAX ? UINT16_MAX : count);
}

int pty_resize(int master, const struct wire_pty_size *size, struct sb_error *err)
{
	const struct winsize window = {.ws_row = cells(size->rows), .ws_col = cells(size->cols)};

	if (ioctl(master, TIOCSWINSZ, &window) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error resizing tty");
	return 0;
}

int pty_open(const struct wire_pty_size *size, const struct user *owner, int *ret_master,
	     int *ret_slave, struct sb_error *err)
{
	CLEANUP_FD int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FD int slave = -1;
	int unlock = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error opening a terminal");
	if (fchown(slave, owner->uid, (gid_t)-1) < 0 && errno != EPERM)
		return sb_fail_errno(err, SB_INTERNAL, errno, "error giving away a terminal");
	if (size && pty_resize(master, size, err) < 0)
		return -1;
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}
