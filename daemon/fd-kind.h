/* What sort of descriptor a client gave us, which decides how to use it without ever waiting in the loop. */
#ifndef SP_FD_KIND_H
#define SP_FD_KIND_H

enum fd_kind {
	FD_SOCKET, /* epoll tells when, MSG_DONTWAIT makes sure */
	FD_STREAM, /* pipe or terminal: epoll tells when, the kernel may or may not be able to make sure */
	FD_FILE, /* always ready, and yet every call may wait for a disk: for workers */
};

enum fd_kind fd_kind_of(int fd);

/*
 * Most bytes that can be written, after poll() said that some can, with little risk of waiting: a pipe has a
 * page then, a terminal some bytes.
 */
unsigned fd_step(int fd);

#endif
