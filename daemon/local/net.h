/* The network namespace of a sandbox. It belongs to the engine's user namespace: rules are out of reach. */
#ifndef SP_NET_H
#define SP_NET_H

#include "protocol/error.h"

/*
 * Move the calling process (one thread) into a new network namespace with loopback up, where the next
 * child will be born; net_leave() brings it back. *ret_home is the way back, a descriptor.
 */
int net_enter_new(int *ret_home, struct sb_error *err) MUST_USE;
void net_leave(int *home);

/* Move into the network namespace of the process behind `pid_fd`; net_leave() brings it back. */
int net_enter(int pid_fd, int *ret_home, struct sb_error *err) MUST_USE;

/* socket(2) in the network namespace of the process behind `pid_fd`; the caller's thread must be the only one. */
int net_socket(int pid_fd, int family, int type, int protocol);

#endif
