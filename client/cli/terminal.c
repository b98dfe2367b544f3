/* The caller's terminal. */
#include "config.h"

#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>

/* What to go back to; the process has one terminal. */
static struct {
	int fd;
	bool is_raw;
	struct termios before;
} terminal = {.fd = -1};

int terminal_make_raw(int fd)
{
	struct termios raw;

	if (tcgetattr(fd, &terminal.before) < 0)
		return -1;
	raw = terminal.before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return -1;
	terminal.fd = fd;
	terminal.is_raw = true;
	return 0;
}

void terminal_restore(void)
{
	if (terminal.is_raw)
		(void)tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
	terminal.is_raw = false;
}

void terminal_size(int fd, int *ret_cols, int *ret_rows)
{
	struct winsize size;

	*ret_cols = 80;
	*ret_rows = 24;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		*ret_cols = size.ws_col;
		*ret_rows = size.ws_row;
	}
}
