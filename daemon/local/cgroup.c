/* Groups of processes: born in, limited, frozen, killed and counted together. */
#include "config.h"

#include "daemon/local/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "daemon/local/idmap.h"

#define LEAF           "engine"
#define SANDBOXES_UNIT "sandpool-sandboxes.service"

enum controller { MEMORY, PIDS, CPU, CONTROLLER_COUNT };

static const char *const controller_names[CONTROLLER_COUNT] = {"memory", "pids", "cpu"};

/* How this machine is laid out; found once by cgroup_probe(). A path is "" where there is nothing. */
static struct {
	char unified[PATH_MAX];                       /* v2: `…/sandpool` */
	char controllers[CONTROLLER_COUNT][PATH_MAX]; /* where each is: v2's or a v1 hierarchy's */
	bool is_v2[CONTROLLER_COUNT];
} tree;

/* ---- files ------------------------------------------------------------------------------------- */

static int open_file(const char *base, const char *id, const char *file, int flags)
{
	char path[PATH_MAX + 128];

	(void)snprintf(path, sizeof(path), "%s/%s/%s", base, id, file);
	return open(path, flags | O_CLOEXEC);
}

static int write_file(const char *base, const char *id, const char *file, const char *value,
		      struct sb_error *err)
{
	CLEANUP_FD int fd = open_file(base, id, file, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return sb_fail_errno(err, errno == ENOENT ? SB_SANDBOX_NOT_FOUND : SB_INTERNAL,
				     errno, "cgroup %s/%s/%s", base, id, file);
	return 0;
}

static int write_number(const char *base, const char *id, const char *file, int64_t value,
			struct sb_error *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)value);
	return write_file(base, id, file, text, err);
}

/* A small file as text; false when it is not there. */
static bool read_file(const char *base, const char *id, const char *file, char *text, size_t size)
{
	CLEANUP_FD int fd = open_file(base, id, file, O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);

	if (len < 0)
		return false;
	text[len] = '\0';
	return true;
}

/* A number alone in a file, or after `key` at the start of a line; 0 when there is none ("max" too). */
static int64_t read_number(const char *base, const char *id, const char *file, const char *key)
{
	char text[8192];
	const char *line = text;
	size_t len = key ? strlen(key) : 0;

	if (!read_file(base, id, file, text, sizeof(text)))
		return 0;
	for (; key && line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoll(line + len, NULL, 10);
	}
	return key ? 0 : strtoll(text, NULL, 10);
}

/* ---- layout ------------------------------------------------------------------------------------ */

static bool has_word(const char *list, const char *word, char separator)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		if ((at == list || at[-1] == separator) &&
		    (at[len] == '\0' || at[len] == separator))
			return true;
	}
	return false;
}

/* Only root sees the mark that systemd leaves; to a user, what was given away belongs. */
static bool is_delegated(const char *path)
{
	char value[2], procs[PATH_MAX * 2 + 16];

	if (idmap_mode() == IDMAP_OWN)
		return getxattr(path, "trusted.delegate", value, sizeof(value)) == 1 &&
		       value[0] == '1';
	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 &&
	       faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) == 0;
}

/* Our own group in the v2 tree, "/system.slice/sandpool-engine.service"; false when there is no such tree. */
static bool read_own_group(char *ret_path, size_t size)
{
	char line[PATH_MAX];
	CLEANUP_FILE FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0) {
			(void)snprintf(ret_path, size, "%s", line + 3);
			return true;
		}
	}
	return false;
}

/* A group with processes of its own cannot hand controllers on: they go into `engine` below it. */
static void clear_group(const char *group)
{
	char path[PATH_MAX * 2], procs[8192], *save = NULL;
	struct sb_error ignored = {0};

	(void)snprintf(path, sizeof(path), "%.*s/" LEAF, PATH_MAX, group);
	if ((mkdir(path, 0755) < 0 && errno != EEXIST) ||
	    !read_file(group, ".", "cgroup.procs", procs, sizeof(procs)))
		return;
	for (char *pid = strtok_r(procs, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save))
		(void)write_file(group, LEAF, "cgroup.procs", pid, &ignored);
	sb_clear(&ignored);
}

/*
 * The group that systemd has given away for sandboxes; "" is the root. That is the group of the unit beside
 * ours which is there for them: in our own it could not start us again as long as there are groups with
 * controllers below it. Elsewhere it is our own, or the one above when we have been put aside already.
 */
static void find_delegated(const char *mount_point, char *ret_path, size_t size)
{
	char own[PATH_MAX], path[PATH_MAX * 2];
	size_t len;

	ret_path[0] = '\0';
	if (!read_own_group(own, sizeof(own)))
		return;
	len = strlen(own);
	if (len > strlen("/" LEAF) && strcmp(own + len - strlen("/" LEAF), "/" LEAF) == 0)
		own[len - strlen("/" LEAF)] = '\0';
	(void)snprintf(path, sizeof(path), "%s%.*s" SANDBOXES_UNIT, mount_point,
		       (int)(strrchr(own, '/') + 1 - own), own);
	if (!is_delegated(path)) {
		(void)snprintf(path, sizeof(path), "%s%s", mount_point, own);
		if (!is_delegated(path))
			return;
	}
	clear_group(path);
	(void)snprintf(ret_path, size, "%s", path + strlen(mount_point));
}

/* One line of mountinfo: … mount-point … - type source options. */
static void take_mount(char *line)
{
	char *save = NULL, *mount_point = NULL, *type, *options;
	char *separator = strstr(line, " - ");
	int column = 0;

	if (!separator)
		return;
	*separator = '\0';
	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (++column == 5)
			mount_point = word;
	}
	type = strtok_r(separator + 3, " ", &save);
	(void)strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " \n", &save);
	if (!mount_point || !type || !options)
		return;
	if (strcmp(type, "cgroup2") == 0 && !tree.unified[0]) {
		char delegated[PATH_MAX];

		find_delegated(mount_point, delegated, sizeof(delegated));
		if (idmap_mode() != IDMAP_OWN && !delegated[0])
			return;
		(void)snprintf(tree.unified, sizeof(tree.unified), "%s%s/sandpool", mount_point,
			       delegated);
	}
	/* v1 hierarchies are root's alone */
	if (idmap_mode() != IDMAP_OWN)
		return;
	for (int c = 0; strcmp(type, "cgroup") == 0 && c < CONTROLLER_COUNT; c++) {
		if (has_word(options, controller_names[c], ','))
			(void)snprintf(tree.controllers[c], sizeof(tree.controllers[c]),
				       "%s/sandpool", mount_point);
	}
}

static int find_mounts(struct sb_error *err)
{
	char line[PATH_MAX * 2];
	CLEANUP_FILE FILE *file = fopen("/proc/self/mountinfo", "re");

	if (!file)
		return sb_fail_errno(err, SB_INTERNAL, errno, "/proc/self/mountinfo");
	while (fgets(line, sizeof(line), file))
		take_mount(line);
	return 0;
}

static int make_group(const char *path, struct sb_error *err)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "cgroup %s", path);
	return 0;
}

/*
 * A controller of the v2 tree serves the groups below one when that one hands it on: first the base (where
 * a process of its own forbids it, save in the root), then `sandpool`.
 */
static void take_unified_controller(enum controller c)
{
	char value[32], have[1024];
	struct sb_error ignored = {0};

	(void)snprintf(value, sizeof(value), "+%s", controller_names[c]);
	(void)write_file(tree.unified, "..", "cgroup.subtree_control", value, &ignored);
	sb_clear(&ignored);
	(void)write_file(tree.unified, ".", "cgroup.subtree_control", value, &ignored);
	if (!read_file(tree.unified, ".", "cgroup.subtree_control", have, sizeof(have)))
		return;
	have[strcspn(have, "\n")] = '\0';
	tree.is_v2[c] = has_word(have, controller_names[c], ' ');
	if (tree.is_v2[c])
		memcpy(tree.controllers[c], tree.unified, sizeof(tree.unified));
}

int cgroup_probe(struct contain_abilities *ret, struct sb_error *err)
{
	memset(&tree, 0, sizeof(tree));
	if (find_mounts(err) < 0)
		return -1;
	if (!tree.unified[0] && idmap_mode() != IDMAP_OWN)
		return 0; /* sandboxes do without */
	if (!tree.unified[0])
		return sb_fail(
			err, SB_UNSUPPORTED,
			"no cgroup v2 tree: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
	if (make_group(tree.unified, err) < 0) {
		if (idmap_mode() == IDMAP_OWN)
			return -1;
		sb_clear(err);
		tree.unified[0] = '\0';
		return 0;
	}
	for (enum controller c = 0; c < CONTROLLER_COUNT; c++) {
		if (tree.controllers[c][0] && make_group(tree.controllers[c], err) < 0)
			return -1;
		if (!tree.controllers[c][0])
			take_unified_controller(c);
	}
	ret->has_freezer = true;
	ret->has_memory = tree.controllers[MEMORY][0] != '\0';
	ret->has_pids = tree.controllers[PIDS][0] != '\0';
	ret->has_cpu = tree.controllers[CPU][0] != '\0';
	return 0;
}

/* ---- one sandbox ------------------------------------------------------------------------------- */

static int make_sandbox_group(const char *base, const char *id, struct sb_error *err)
{
	char path[PATH_MAX + 128];

	(void)snprintf(path, sizeof(path), "%s/%s", base, id);
	return make_group(path, err);
}

/* In v2 a limit is of memory alone: what is above it must not go on in swap. No swap in the kernel, no file. */
static int forbid_swap(const char *id, struct sb_error *err)
{
	CLEANUP_FD int fd = open_file(tree.controllers[MEMORY], id, "memory.swap.max", O_WRONLY);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || write(fd, "0", 1) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "cgroup %s/%s/memory.swap.max",
				     tree.controllers[MEMORY], id);
	return 0;
}

static int limit_memory(const char *id, int64_t bytes, struct sb_error *err)
{
	if (!tree.is_v2[MEMORY])
		return write_number(tree.controllers[MEMORY], id, "memory.limit_in_bytes", bytes,
				    err);
	if (write_number(tree.controllers[MEMORY], id, "memory.max", bytes, err) < 0)
		return -1;
	return forbid_swap(id, err);
}

/* Quota within a period of 100 ms, in µs: a percent of a core is 1000 of them. */
static int limit_cpu(const char *id, int64_t percent, struct sb_error *err)
{
	char value[64];

	if (!tree.is_v2[CPU])
		return write_number(tree.controllers[CPU], id, "cpu.cfs_quota_us", percent * 1000,
				    err);
	(void)snprintf(value, sizeof(value), "%lld 100000", (long long)percent * 1000);
	return write_file(tree.controllers[CPU], id, "cpu.max", value, err);
}

/* A limit that was asked for and cannot be had is an error, not a surprise later. */
static int set_limits(const char *id, const struct contain_limits *limits, struct sb_error *err)
{
	const int64_t wanted[CONTROLLER_COUNT] = {limits->memory_bytes, limits->pids_max,
						  limits->cpu_percent};

	for (enum controller c = 0; c < CONTROLLER_COUNT; c++) {
		if (wanted[c] && !tree.controllers[c][0])
			return sb_fail(err, SB_UNSUPPORTED, "this machine has no %s controller",
				       controller_names[c]);
	}
	if (limits->memory_bytes && limit_memory(id, limits->memory_bytes, err) < 0)
		return -1;
	if (limits->pids_max &&
	    write_number(tree.controllers[PIDS], id, "pids.max", limits->pids_max, err) < 0)
		return -1;
	return limits->cpu_percent ? limit_cpu(id, limits->cpu_percent, err) : 0;
}

static int make_groups(const char *id, const struct contain_limits *limits, int *ret_fd,
		       struct sb_error *err)
{
	int fd;

	if (make_sandbox_group(tree.unified, id, err) < 0)
		return -1;
	for (enum controller c = 0; c < CONTROLLER_COUNT; c++) {
		if (tree.controllers[c][0] && !tree.is_v2[c] &&
		    make_sandbox_group(tree.controllers[c], id, err) < 0)
			return -1;
	}
	if (set_limits(id, limits, err) < 0)
		return -1;
	fd = open_file(tree.unified, id, "", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "cgroup %s/%s", tree.unified, id);
	*ret_fd = fd;
	return 0;
}

int cgroup_create(const char *id, const struct contain_limits *limits, int *ret_fd,
		  struct sb_error *err)
{
	struct sb_error ignored = {0};

	if (!tree.unified[0])
		return set_limits(id, limits, err);
	if (make_groups(id, limits, ret_fd, err) == 0)
		return 0;
	if (cgroup_remove(id, &ignored) < 0)
		sb_clear(&ignored); /* the first failure is the one to tell */
	return -1;
}

int cgroup_add(const char *id, pid_t pid, struct sb_error *err)
{
	for (enum controller c = 0; c < CONTROLLER_COUNT; c++) {
		if (tree.controllers[c][0] && !tree.is_v2[c] &&
		    write_number(tree.controllers[c], id, "cgroup.procs", pid, err) < 0)
			return -1;
	}
	return 0;
}

static int check_tree(struct sb_error *err)
{
	return tree.unified[0] ? 0
			       : sb_fail(err, SB_UNSUPPORTED,
					 "this engine has no control group of its own");
}

int cgroup_kill(const char *id, struct sb_error *err)
{
	if (check_tree(err) < 0)
		return -1;
	return write_file(tree.unified, id, "cgroup.kill", "1", err);
}

int cgroup_freeze(const char *id, bool frozen, struct sb_error *err)
{
	if (check_tree(err) < 0)
		return -1;
	return write_file(tree.unified, id, "cgroup.freeze", frozen ? "1" : "0", err);
}

int cgroup_is_frozen(const char *id, struct sb_error *err)
{
	char text[256];

	if (check_tree(err) < 0)
		return -1;
	if (!read_file(tree.unified, id, "cgroup.events", text, sizeof(text)))
		return sb_fail_errno(err, SB_SANDBOX_NOT_FOUND, errno, "cgroup %s/%s", tree.unified,
				     id);
	return strstr(text, "frozen 1") != NULL;
}

/* 1 gone, 0 busy */
static int remove_group(const char *base, const char *id, struct sb_error *err)
{
	char path[PATH_MAX + 128];

	(void)snprintf(path, sizeof(path), "%s/%s", base, id);
	if (rmdir(path) == 0 || errno == ENOENT)
		return 1;
	if (errno == EBUSY)
		return 0;
	return sb_fail_errno(err, SB_INTERNAL, errno, "rmdir %s", path);
}

/* The v2 group last: as long as it is there, what is left can be killed again. */
int cgroup_remove(const char *id, struct sb_error *err)
{
	for (enum controller c = 0; c < CONTROLLER_COUNT; c++) {
		int status = 1;

		if (tree.controllers[c][0] && !tree.is_v2[c])
			status = remove_group(tree.controllers[c], id, err);
		if (status <= 0)
			return status;
	}
	return tree.unified[0] ? remove_group(tree.unified, id, err) : 1;
}

static void read_memory(const char *id, struct contain_usage *usage)
{
	const char *base = tree.controllers[MEMORY];
	bool v2 = tree.is_v2[MEMORY];

	usage->memory_bytes =
		read_number(base, id, v2 ? "memory.current" : "memory.usage_in_bytes", NULL);
	usage->memory_cache_bytes = read_number(base, id, "memory.stat", v2 ? "file" : "cache");
	usage->memory_limit_bytes =
		read_number(base, id, v2 ? "memory.max" : "memory.limit_in_bytes", NULL);
	usage->oom_kills =
		read_number(base, id, v2 ? "memory.events" : "memory.oom_control", "oom_kill");
	if (usage->memory_limit_bytes >= INT64_MAX - 65536)
		usage->memory_limit_bytes = 0; /* v1's way to say none */
}

int cgroup_usage(const char *id, struct contain_usage *ret, struct sb_error *err)
{
	struct contain_usage usage = {0};

	if (cgroup_is_frozen(id, err) < 0) /* is it there at all? */
		return -1;
	usage.cpu_us = read_number(tree.unified, id, "cpu.stat", "usage_usec");
	if (tree.controllers[MEMORY][0])
		read_memory(id, &usage);
	if (tree.controllers[PIDS][0])
		usage.pids = read_number(tree.controllers[PIDS], id, "pids.current", NULL);
	*ret = usage;
	return 0;
}
