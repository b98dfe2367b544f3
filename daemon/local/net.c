/* A new network namespace, ready for a sandbox. */
#include "config.h"

#include "daemon/local/net.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/local/idmap.h"

static int bring_loopback_up(struct sb_error *err)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "loopback");
	return 0;
}

/* These files speak of the network namespace of who opens them. */
static int write_sysctl(const char *path, const char *value, struct sb_error *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

/* The sandbox's root has no capability over this namespace, so what root expects to do is open to all. */
static int set_up(struct sb_error *err)
{
	char groups[16];

	if (bring_loopback_up(err) < 0)
		return -1;
	/* Devices to come have no IPv6, which nothing here forwards. */
	if (access("/proc/sys/net/ipv6", F_OK) == 0 &&
	    write_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", err) < 0)
		return -1;
	if (write_sysctl("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0", err) < 0)
		return -1;
	(void)snprintf(groups, sizeof(groups), "0 %u", idmap_largest());
	return write_sysctl("/proc/sys/net/ipv4/ping_group_range", groups, err);
}

int net_enter_new(int *ret_home, struct sb_error *err)
{
	CLEANUP_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "/proc/self/ns/net");
	if (unshare(CLONE_NEWNET) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "network namespace");
	if (set_up(err) < 0) {
		net_leave(&home);
		return -1;
	}
	*ret_home = take_fd(&home);
	return 0;
}

int net_enter(int pid_fd, int *ret_home, struct sb_error *err)
{
	CLEANUP_FD int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || setns(pid_fd, CLONE_NEWNET) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "network namespace of a sandbox");
	*ret_home = take_fd(&home);
	return 0;
}

void net_leave(int *home)
{
	if (*home < 0)
		return;
	if (setns(*home, CLONE_NEWNET) < 0)
		abort(); /* going on would give the engine's sockets to a sandbox's network */
	cleanup_fd(home);
}

int net_socket(int pid_fd, int family, int type, int protocol)
{
	CLEANUP(net_leave) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || setns(pid_fd, CLONE_NEWNET) < 0)
		return -1;
	return socket(family, type, protocol);
}
