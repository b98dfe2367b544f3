/* Users of a sandbox: maps, idmapped mounts, and who the child is while it builds. */
#include "config.h"

#include "daemon/local/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/local/sys.h"

/* An id inside that nobody is given and no package's file has: "nobody" itself owns files on some hosts. */
enum { READER_ID = 65533 };

/* Below every range the engine allots. */
enum { PROBE_ID_BASE = 0x6fff0000 };

/* The one user of a sandbox that has one: it is who the API takes when nobody is named. */
enum { SINGLE_ID = 1000 };

/* In the namespace of a rootless engine: 0 is the engine's user, the ids from here on are the sandboxes'. */
enum { SHARED_BASE = 1 };

static enum idmap_mode mode = IDMAP_OWN;

void idmap_set_mode(enum idmap_mode new_mode)
{
	mode = new_mode;
}

enum idmap_mode idmap_mode(void)
{
	return mode;
}

uint32_t idmap_shared_base(void)
{
	return mode == IDMAP_SHARED ? SHARED_BASE : 0;
}

uint32_t idmap_on_disk(uint32_t id)
{
	switch (mode) {
	case IDMAP_OWN:
		return id;
	case IDMAP_SHARED:
		return SHARED_BASE + id;
	case IDMAP_SINGLE:
		return 0;
	}
	abort();
}

uint32_t idmap_of_host(uint32_t id)
{
	return mode == IDMAP_OWN ? id : idmap_on_disk(0);
}

uint32_t idmap_largest(void)
{
	switch (mode) {
	case IDMAP_OWN:
		return INT32_MAX;
	case IDMAP_SHARED:
		return SHARED_BASE + IDMAP_COUNT - 1;
	case IDMAP_SINGLE:
		return 0;
	}
	abort();
}

bool idmap_has_groups(void)
{
	return mode != IDMAP_SINGLE;
}

static int write_map(pid_t pid, const char *name, uint32_t id_base, struct sb_error *err)
{
	char path[64], line[64];
	CLEANUP_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (mode == IDMAP_SINGLE)
		(void)snprintf(line, sizeof(line), "%d 0 1\n", SINGLE_ID);
	else
		(void)snprintf(line, sizeof(line), "0 %u %d\n", id_base, IDMAP_COUNT);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

int idmap_write(pid_t pid, uint32_t id_base, struct sb_error *err)
{
	if (write_map(pid, "uid_map", id_base, err) < 0)
		return -1;
	return write_map(pid, "gid_map", id_base, err);
}

int idmap_open_namespace(pid_t pid, int *ret_fd, struct sb_error *err)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	*ret_fd = fd;
	return 0;
}

int idmap_mount(int mount_fd, int user_namespace_fd, struct sb_error *err)
{
	/*
	 * A copy of a mount that is shared, as all of them are under systemd, is shared too: what the sandbox
	 * mounts on it would show up on the host.
	 */
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE};

	if (mode == IDMAP_OWN) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)user_namespace_fd;
	}
	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "idmapped mount");
	return 0;
}

/* ---- owner ------------------------------------------------------------------------------------- */

/* A new effective user has lost the effective capabilities, not the permitted ones. */
static int raise_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (sys_capget(&header, data) < 0)
		return -1;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	return sys_capset(&header, data);
}

/* Files are still opened as the engine's user: the child does so before it becomes root (child.c). */
int idmap_become_owner(uint32_t id_base, struct sb_error *err)
{
	uid_t self = geteuid();

	if (setresuid((uid_t)-1, id_base, (uid_t)-1) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "user %u", id_base);
	(void)setfsuid(self);
	if (raise_capabilities() < 0) {
		int sys = errno;

		idmap_become_engine();
		return sb_fail_errno(err, SB_INTERNAL, sys, "capabilities");
	}
	/* Or the child's files in /proc, its maps among them, would be the machine's root's. */
	if (mode != IDMAP_OWN)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}

/* The kernel takes a process that changed its user for one with secrets; the engine's have not changed. */
void idmap_become_engine(void)
{
	if (setresuid((uid_t)-1, getuid(), (uid_t)-1) < 0)
		abort(); /* nothing else would be done by the right user */
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* ---- probe ------------------------------------------------------------------------------------- */

/* With a child that has a user namespace and does nothing else. */
static int try_with(pid_t pid, const char *path, struct sb_error *err)
{
	CLEANUP_FD int user_namespace = -1, mount_fd = -1;

	if (idmap_write(pid, PROBE_ID_BASE, err) < 0 ||
	    idmap_open_namespace(pid, &user_namespace, err) < 0)
		return -1;
	mount_fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mount_fd < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "%s", path);
	return idmap_mount(mount_fd, user_namespace, err);
}

int idmap_probe(const char *path, struct sb_error *err)
{
	struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	pid_t pid;
	int status;

	if (mode != IDMAP_OWN)
		return 0;
	pid = sys_clone3(&args);
	if (pid < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno,
				     "no user namespaces (sysctl user.max_user_namespaces)");
	if (pid == 0) {
		for (;;)
			(void)pause();
	}
	status = try_with(pid, path, err);
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (status < 0)
		return sb_wrap(err, "%s cannot be shown under other ids", path);
	return 0;
}

/* ---- child ------------------------------------------------------------------------------------- */

/* No root to become, so capabilities must outlive exec in another way: the agent drops them (agent/enter.c). */
static int keep_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (sys_capget(&header, data) < 0)
		return -1;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (sys_capset(&header, data) < 0)
		return -1;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (data[cap / 32].permitted >> (cap % 32) & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	}
	return 0;
}

int idmap_become_root(void)
{
	if (mode == IDMAP_SINGLE)
		return keep_capabilities();
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0)
		return -1;
	return setresuid(0, 0, 0);
}

/* Leaving fsuid 0 takes the file capabilities out of the effective set; going back restores them. */
void idmap_be_nobody(void)
{
	(void)setfsgid(READER_ID);
	(void)setfsuid(READER_ID);
}

void idmap_be_root_again(void)
{
	(void)setfsuid(0);
	(void)setfsgid(0);
}
