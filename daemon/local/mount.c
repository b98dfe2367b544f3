/*
 * /proc, /dev, /run. Targets are found below the new root with RESOLVE_NO_SYMLINKS: the layers come from
 * sandboxes, and a link in one must lead nowhere. Sources are the host's paths, still there before
 * pivot_root.
 */
#include "config.h"

#include "daemon/local/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/local/idmap.h"
#include "daemon/local/sys.h"

struct mount_option {
	const char *key, *value;
};

static int open_below(int root_fd, const char *path)
{
	return sys_openat2(root_fd, path, O_PATH, 0, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
}

/* A new file system as a detached mount. `options` ends with {NULL}. */
static int new_mount(const char *type, const struct mount_option *options, unsigned attributes)
{
	CLEANUP_FD int context = fsopen(type, FSOPEN_CLOEXEC);

	if (context < 0)
		return -1;
	for (; options->key; options++) {
		if (fsconfig(context, FSCONFIG_SET_STRING, options->key, options->value, 0) < 0)
			return -1;
	}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(context, FSMOUNT_CLOEXEC, attributes);
}

static int attach(int mount_fd, int root_fd, const char *path)
{
	CLEANUP_FD int target = open_below(root_fd, path);

	if (target < 0)
		return -1;
	return move_mount(mount_fd, "", target, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Mount a new file system on a directory, made when the layers have none; returns its descriptor. */
static int mount_new(int root_fd, const char *path, const char *type,
		     const struct mount_option *options, unsigned attributes)
{
	CLEANUP_FD int fd = new_mount(type, options, attributes);

	if (fd < 0)
		return -1;
	if (mkdirat(root_fd, path, 0755) < 0 && errno != EEXIST)
		return -1;
	if (attach(fd, root_fd, path) < 0)
		return -1;
	return take_fd(&fd);
}

/* Show what `source_fd`, `source` names at `target` too. */
static int bind_at(int source_fd, const char *source, int root_fd, const char *target)
{
	CLEANUP_FD int fd =
		open_tree(source_fd, source,
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*source ? 0U : AT_EMPTY_PATH));

	return fd < 0 ? -1 : attach(fd, root_fd, target);
}

static int set_read_only(int mount_fd)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	return mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* ---- /proc ------------------------------------------------------------------------------------- */

int mount_proc(int root_fd, const char **ret_what)
{
	static const struct mount_option none[] = {{NULL, NULL}};
	CLEANUP_FD int fd = -1;

	*ret_what = "/proc";
	fd = mount_new(root_fd, "proc", "proc", none,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -1 : 0;
}

static int write_setting(int root_fd, const char *path, const char *value)
{
	CLEANUP_FD int fd = openat(root_fd, path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -1 : 0;
}

/*
 * Sandboxes make no user namespaces (filter.c); here the kernel is told the same a second time. The sandboxes of a
 * user share that user's inotify instances (128), so none gets more than some.
 */
static int limit_by_user(int root_fd)
{
	if (write_setting(root_fd, "proc/sys/user/max_user_namespaces", "0") < 0)
		return -1;
	if (idmap_mode() == IDMAP_OWN)
		return 0;
	return write_setting(root_fd, "proc/sys/user/max_inotify_instances", "32");
}

/* What OCI runtimes make read-only: these belong to the machine, whatever their modes say. */
static int make_proc_read_only(int root_fd, const char **ret_what)
{
	static const char *const paths[] = {"proc/bus",      "proc/fs",  "proc/irq",
					    "proc/pressure", "proc/sys", "proc/sysrq-trigger"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP_FD int fd = open_tree(root_fd, *ret_what = paths[i],
					      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || set_read_only(fd) < 0 || attach(fd, root_fd, paths[i]) < 0)
			return -1;
	}
	return 0;
}

static int hide_files(int root_fd, const char **ret_what)
{
	static const char *const paths[] = {
		"proc/kcore",       "proc/keys",         "proc/key-users",   "proc/kmsg",
		"proc/kpagecount",  "proc/kpageflags",   "proc/kpagecgroup", "proc/latency_stats",
		"proc/sched_debug", "proc/slabinfo",     "proc/timer_list",  "proc/timer_stats",
		"proc/vmallocinfo", "proc/pagetypeinfo", "proc/interrupts",  "proc/modules",
		"proc/kallsyms",    "proc/iomem",        "proc/ioports",     "proc/cmdline",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		*ret_what = paths[i];
		if (bind_at(root_fd, "dev/null", root_fd, paths[i]) < 0 && errno != ENOENT)
			return -1;
	}
	return 0;
}

static int hide_directories(int root_fd, const char **ret_what)
{
	static const struct mount_option options[] = {
		{"mode", "555"}, {"nr_inodes", "1"}, {NULL, NULL}};
	static const char *const paths[] = {"proc/acpi", "proc/asound", "proc/scsi", "proc/driver",
					    "proc/dynamic_debug"};
	CLEANUP_FD int empty = -1;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		*ret_what = paths[i];
		if (faccessat(root_fd, paths[i], F_OK, 0) < 0)
			continue;
		if (empty < 0) {
			empty = mount_new(root_fd, paths[i], "tmpfs", options,
					  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
						  MOUNT_ATTR_NOEXEC);
			if (empty < 0)
				return -1;
		} else if (bind_at(empty, "", root_fd, paths[i]) < 0) {
			return -1;
		}
	}
	return 0;
}

/* The machine's boot id would tell two sandboxes that they are neighbours. */
static int bind_boot_id(int root_fd)
{
	static const char hidden[] = "dev/.boot_id", target[] = "proc/sys/kernel/random/boot_id";
	CLEANUP_FD int file = -1, clone = -1;
	unsigned char b[16];
	char line[40];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return -1;
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(line, sizeof(line),
		       "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
		       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
		       b[12], b[13], b[14], b[15]);
	file = openat(root_fd, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (file < 0 || write(file, line, strlen(line)) < 0)
		return -1;
	clone = open_tree(root_fd, hidden, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (clone < 0 || set_read_only(clone) < 0 || attach(clone, root_fd, target) < 0)
		return -1;
	return unlinkat(root_fd, hidden, 0);
}

int mount_masks(int root_fd, const char **ret_what)
{
	*ret_what = "/proc/sys/user";
	if (limit_by_user(root_fd) < 0)
		return -1;
	if (make_proc_read_only(root_fd, ret_what) < 0)
		return -1;
	if (hide_files(root_fd, ret_what) < 0 || hide_directories(root_fd, ret_what) < 0)
		return -1;
	*ret_what = "/proc/sys/kernel/random/boot_id";
	return bind_boot_id(root_fd);
}

/* ---- /dev and /run ----------------------------------------------------------------------------- */

static int bind_device_nodes(int root_fd, int dev_fd, const char **ret_what)
{
	static const char *const paths[] = {"/dev/null", "/dev/zero",    "/dev/full",
					    "/dev/tty",  "/dev/urandom", "/dev/random"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP_FD int file = -1;

		*ret_what = paths[i];
		file = openat(dev_fd, paths[i] + strlen("/dev/"), O_CREAT | O_EXCL | O_CLOEXEC,
			      0666);
		if (file < 0 || bind_at(AT_FDCWD, paths[i], root_fd, paths[i] + 1) < 0)
			return -1;
	}
	return 0;
}

static int make_device_links(int dev_fd, const char **ret_what)
{
	static const struct mount_option links[] = {
		{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
		{"ptmx", "pts/ptmx"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (symlinkat(links[i].value, dev_fd, *ret_what = links[i].key) < 0)
			return -1;
	}
	return 0;
}

int mount_dev(int root_fd, const char **ret_what)
{
	static const struct mount_option dev[] = {{"mode", "755"}, {"size", "64k"}, {NULL, NULL}};
	static const struct mount_option pts[] = {
		{"gid", "5"}, {"mode", "620"}, {"ptmxmode", "666"}, {NULL, NULL}};
	static const struct mount_option shm[] = {{"mode", "1777"}, {NULL, NULL}};
	CLEANUP_FD int dev_fd = -1, pts_fd = -1, shm_fd = -1;

	*ret_what = "/dev";
	dev_fd = mount_new(root_fd, "dev", "tmpfs", dev, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (dev_fd < 0)
		return -1;
	*ret_what = "/dev/pts";
	pts_fd = mount_new(root_fd, "dev/pts", "devpts", idmap_has_groups() ? pts : pts + 1,
			   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (pts_fd < 0)
		return -1;
	*ret_what = "/dev/shm";
	shm_fd = mount_new(root_fd, "dev/shm", "tmpfs", shm, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (shm_fd < 0)
		return -1;
	if (bind_device_nodes(root_fd, dev_fd, ret_what) < 0)
		return -1;
	return make_device_links(dev_fd, ret_what);
}

int mount_run(int root_fd, const char **ret_what)
{
	static const struct mount_option run[] = {{"mode", "755"}, {NULL, NULL}};
	static const struct {
		const char *name;
		mode_t mode;
	} directories[] = {{"lock", 01777}, {"e2b", 0755}, {"user", 0755}};
	CLEANUP_FD int fd = -1;

	*ret_what = "/run";
	fd = mount_new(root_fd, "run", "tmpfs", run, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		*ret_what = directories[i].name;
		if (mkdirat(fd, directories[i].name, 0755) < 0 ||
		    fchmodat(fd, directories[i].name, directories[i].mode, 0) < 0)
			return -1;
	}
	return 0;
}
