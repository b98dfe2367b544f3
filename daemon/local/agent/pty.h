/* Pseudo-terminals, opened by ioctl alone: no path of the slave is looked up. */
#ifndef SP_PTY_H
#define SP_PTY_H

#include "protocol/error.h"

struct user;
struct wire_pty_size;

/* `size` may be NULL. Both descriptors are the caller's; the master does not block. */
int pty_open(const struct wire_pty_size *size, const struct user *owner, int *ret_master,
	     int *ret_slave, struct sb_error *err) MUST_USE;
int pty_resize(int master, const struct wire_pty_size *size, struct sb_error *err) MUST_USE;

#endif
