/* Users of a sandbox: maps, idmapped mounts, and who the child is while it builds. */
#include "config.h"

#include "daemon/local/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <unistd.h>

/* An id inside that nobody is given and no package's file has: "nobody" itself owns files on some hosts. */
enum { READER_ID = 65533 };

static int write_map(pid_t pid, const char *name, uint32_t id_base, struct sb_error *err)
{
	char path[64], line[64];
	CLEANUP_FD int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
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
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NODEV,
		.userns_fd = (unsigned)user_namespace_fd,
	};

	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "idmapped mount");
	return 0;
}

int idmap_become_root(void)
{
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
