/* Making, joining and keeping the realm. */
#include "config.h"

#include "daemon/local/rootless.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/program.h"
#include "daemon/local/idmap.h"
#include "daemon/local/process.h"
#include "daemon/local/record.h"
#include "daemon/local/subid.h"

/* ---- why not ----------------------------------------------------------------------------------- */

static long read_number(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	long number;

	return file && fscanf(file, "%ld", &number) == 1 ? number : -1;
}

/* The settings by which machines refuse user namespaces to their users, each with what undoes it. */
static int explain(int sys, const char *what, struct sb_error *err)
{
	static const struct {
		const char *path;
		long forbids;
		const char *text;
	} settings[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", 0,
		 "users may make no user namespaces: sysctl -w kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/user/max_user_namespaces", 0,
		 "there may be no user namespaces: sysctl -w user.max_user_namespaces=15000"},
		{"/proc/sys/user/max_net_namespaces", 0,
		 "there may be no network namespaces: sysctl -w user.max_net_namespaces=15000"},
		{"/proc/sys/user/max_mnt_namespaces", 0,
		 "there may be no mount namespaces: sysctl -w user.max_mnt_namespaces=15000"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		 "AppArmor keeps users from making user namespaces: install sandpool's profile "
		 "(apparmor_parser -r /etc/apparmor.d/sandpool-engine), or "
		 "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (read_number(settings[i].path) == settings[i].forbids)
			return sb_fail_errno(err, SB_UNSUPPORTED, sys, "%s (%s)", settings[i].text,
					     what);
	}
	return sb_fail_errno(err, SB_UNSUPPORTED, sys,
			     "%s: refused to this user here, as in a container: start the engine "
			     "as root, or outside of it",
			     what);
}

/* ---- a new realm ------------------------------------------------------------------------------- */

enum { MAP_TEXT = 16, MAP_WORDS = 2 + 3 * (1 + SUBID_RANGES_MAX) + 1 };

/* The words of `newuidmap PID 0 ID 1 1 FIRST COUNT …`: ourselves, then what the sandboxes get. */
struct map_command {
	char text[MAP_WORDS][MAP_TEXT];
	const char *words[MAP_WORDS];
	size_t count;
};

static void add_number(struct map_command *command, uint32_t number)
{
	char *text = command->text[command->count];

	(void)snprintf(text, MAP_TEXT, "%u", number);
	command->words[command->count++] = text;
}

static int map_ids(const struct outside *outside, const char *program, uint32_t self,
		   const struct subid_ranges *ranges, struct sb_error *err)
{
	struct map_command command = {.words = {program}, .count = 1};
	uint32_t inside = 1;

	add_number(&command, (uint32_t)getpid());
	add_number(&command, 0);
	add_number(&command, self);
	add_number(&command, 1);
	for (unsigned i = 0; i < ranges->count; i++) {
		add_number(&command, inside);
		add_number(&command, ranges->items[i].first);
		add_number(&command, ranges->items[i].count);
		inside += ranges->items[i].count;
	}
	return outside_run(outside, command.words, err);
}

static int write_text(const char *path, const char *text, struct sb_error *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "%s", path);
	return 0;
}

/* Everybody may map the own id, and no other; for the group's sake without the right to change groups. */
static int map_self(uid_t uid, gid_t gid, struct sb_error *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "0 %u 1\n", uid);
	if (write_text("/proc/self/uid_map", text, err) < 0 ||
	    write_text("/proc/self/setgroups", "deny", err) < 0)
		return -1;
	(void)snprintf(text, sizeof(text), "0 %u 1\n", gid);
	return write_text("/proc/self/gid_map", text, err);
}

static void PRINTF_LIKE(3, 4)
	explain_single(struct rootless *rootless, const char *fix, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(rootless->why_single, sizeof(rootless->why_single), fmt, ap);
	va_end(ap);
	(void)snprintf(rootless->fix_single, sizeof(rootless->fix_single), "%s", fix);
}

/* What the user has of other ids; false, with the reason, when it is not enough for a sandbox. */
static bool find_ranges(struct rootless *rootless, struct subid_ranges *uids,
			struct subid_ranges *gids)
{
	char own_name[SUBID_NAME_SIZE];
	const char *name = subid_user_name("/etc/passwd", getuid(), own_name);
	struct sb_error err = {0};
	char fix[sizeof(rootless->fix_single)];
	uint32_t free_id;

	if (!name)
		name = getenv("USER"); /* a directory's user; newuidmap asks the directory itself */
	if (!program_is_in_path("newuidmap") || !program_is_in_path("newgidmap")) {
		explain_single(rootless, "apt-get install uidmap", "newuidmap is not installed");
		return false;
	}
	if (subid_read("/etc/subuid", getuid(), name, IDMAP_COUNT, uids, &err) < 0 ||
	    subid_read("/etc/subgid", getuid(), name, IDMAP_COUNT, gids, &err) < 0) {
		explain_single(rootless, "make it readable for all", "%s", err.text);
		return false;
	}
	if (subid_sum(uids) == IDMAP_COUNT && subid_sum(gids) == IDMAP_COUNT)
		return true;
	free_id = subid_first_free("/etc/subuid", "/etc/subgid");
	(void)snprintf(fix, sizeof(fix), "usermod --add-subuids %u-%u --add-subgids %u-%u %s",
		       free_id, free_id + IDMAP_COUNT - 1, free_id, free_id + IDMAP_COUNT - 1,
		       name ? name : "USER");
	explain_single(rootless, fix, "%u ids in /etc/subuid and %u in /etc/subgid, of %d needed",
		       subid_sum(uids), subid_sum(gids), IDMAP_COUNT);
	return false;
}

/* We are in a new namespace that has no ids yet. */
static int give_ids(struct rootless *rootless, uid_t uid, gid_t gid, bool has_ranges,
		    const struct subid_ranges *uids, const struct subid_ranges *gids,
		    struct sb_error *err)
{
	struct sb_error refused = {0};

	if (has_ranges && map_ids(&rootless->outside, "newuidmap", uid, uids, &refused) < 0) {
		explain_single(rootless,
			       "chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap, and start the "
			       "engine without no_new_privs",
			       "%.200s", refused.text);
		has_ranges = false;
	}
	if (!has_ranges)
		return map_self(uid, gid, err);
	if (map_ids(&rootless->outside, "newgidmap", gid, gids, err) < 0)
		return -1;
	/* Those of the user's other groups are not for sandboxes. */
	return setgroups(0, NULL) < 0 ? sb_fail_errno(err, SB_UNSUPPORTED, errno, "setgroups") : 0;
}

static int make_realm(struct rootless *rootless, struct sb_error *err)
{
	struct subid_ranges uids = {.count = 0}, gids = {.count = 0};
	bool has_ranges = find_ranges(rootless, &uids, &gids);
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return explain(errno, "user namespace", err);
	if (give_ids(rootless, uid, gid, has_ranges, &uids, &gids, err) < 0)
		return -1;
	return unshare(CLONE_NEWNET) < 0 ? explain(errno, "network namespace", err) : 0;
}

/* ---- the realm of an earlier engine ------------------------------------------------------------ */

static bool open_keeper(const char *state_dir, int *ret_fd)
{
	char path[PATH_MAX];
	struct sb_error ignored = {0};
	unsigned long long start_time;
	int pid;
	CLEANUP_FILE FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%s/keeper", state_dir);
	file = fopen(path, "re");
	return file && fscanf(file, "%d %llu", &pid, &start_time) == 2 && pid > 0 &&
	       process_open(pid, start_time, ret_fd, &ignored) == 0;
}

/* The parent of a sandbox's user namespace; -1 when there is none. */
static int open_realm_of(const char *box_dir)
{
	CLEANUP_FD int pid_fd = -1, namespace_fd = -1;
	struct record record = {0};
	struct sb_error ignored = {0};
	char path[64];

	if (record_load(box_dir, &record, &ignored) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)record.pid);
	if (record.pid > 0)
		namespace_fd = open(path, O_RDONLY | O_CLOEXEC);
	/* in this order: what was opened is of the process that is looked at now */
	if (namespace_fd >= 0 &&
	    process_open((pid_t)record.pid, (uint64_t)record.start_time, &pid_fd, &ignored) < 0)
		cleanup_fd(&namespace_fd);
	record_deinit(&record);
	return namespace_fd < 0 ? -1 : ioctl(namespace_fd, NS_GET_PARENT);
}

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

static int find_realm(const char *state_dir)
{
	char path[PATH_MAX];
	DIR *boxes CLEANUP(close_directory) = NULL;
	struct dirent *entry;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/boxes", state_dir);
	boxes = opendir(path);
	while (boxes && fd < 0 && (entry = readdir(boxes))) {
		char box_dir[PATH_MAX + NAME_MAX + 2];

		(void)snprintf(box_dir, sizeof(box_dir), "%s/%s", path, entry->d_name);
		if (*entry->d_name != '.')
			fd = open_realm_of(box_dir);
	}
	return fd;
}

bool rootless_is_alive(const char *state_dir)
{
	CLEANUP_FD int fd = find_realm(state_dir);

	return fd >= 0;
}

/* Sandboxes whose keeper has been killed: their realm is there, but the network that led to them went with it. */
static int join_realm_of_boxes(const char *state_dir, struct sb_error *err)
{
	CLEANUP_FD int fd = find_realm(state_dir);

	if (fd < 0)
		return 0;
	if (setns(fd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNET) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno,
				     "the user namespace of the sandboxes that run here");
	return 1;
}

/* 1 when there was one, 0 when not. */
static int join_realm(const char *state_dir, struct sb_error *err)
{
	CLEANUP_FD int keeper_fd = -1;

	if (!open_keeper(state_dir, &keeper_fd))
		return join_realm_of_boxes(state_dir, err);
	if (setns(keeper_fd, CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, errno, "the keeper's namespaces");
	return 1;
}

/* ---- the engine's way -------------------------------------------------------------------------- */

/* What a realm is, its map says: the first line is the engine's user, the others are for sandboxes. */
static enum idmap_mode read_mode(void)
{
	char line[64];
	unsigned inside, outside, count, sum = 0;
	CLEANUP_FILE FILE *file = fopen("/proc/self/uid_map", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%u %u %u", &inside, &outside, &count) == 3)
			sum += count;
	}
	return sum > IDMAP_COUNT ? IDMAP_SHARED : IDMAP_SINGLE;
}

static int enter(const char *state_dir, struct rootless *rootless, struct sb_error *err)
{
	int joined;

	if (outside_start(&rootless->outside, err) < 0)
		return -1;
	joined = join_realm(state_dir, err);
	if (joined < 0 || (joined == 0 && make_realm(rootless, err) < 0))
		return -1;
	if (unshare(CLONE_NEWNS) < 0)
		return explain(errno, "mount namespace", err);
	idmap_set_mode(read_mode());
	if (idmap_mode() == IDMAP_SINGLE && !rootless->why_single[0])
		explain_single(rootless, "end all sandboxes and start the engine again",
			       "the sandboxes that run here were made so");
	return 0;
}

void rootless_enter(const char *state_dir, struct rootless *ret)
{
	*ret = (struct rootless){.outside = OUTSIDE_EMPTY};
	if (geteuid() == 0)
		return;
	ret->is_rootless = true;
	if (enter(state_dir, ret, &ret->unable) < 0)
		(void)sb_wrap(&ret->unable, "rootless");
}

/* ---- the keeper -------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) keeper_main(void)
{
	(void)setsid();
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_IGN);
	(void)prctl(PR_SET_NAME, "sandpool-keeper");
	if (chdir("/") < 0 || close_range(0, ~0U, 0) < 0)
		_exit(1);
	for (;;)
		(void)pause();
}

static int write_keeper(const char *path, pid_t pid, struct sb_error *err)
{
	char fresh[PATH_MAX + 4];
	uint64_t start_time;
	CLEANUP_FD int fd = -1;

	if (process_start_time(pid, &start_time, err) < 0)
		return -1;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || dprintf(fd, "%d %llu\n", (int)pid, (unsigned long long)start_time) < 0 ||
	    rename(fresh, path) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	return 0;
}

int rootless_keep(const struct rootless *rootless, const char *state_dir, struct sb_error *err)
{
	CLEANUP_FD int present = -1;
	char path[PATH_MAX];
	pid_t pid;

	if (!rootless->is_rootless || rootless->unable.code != SB_OK ||
	    open_keeper(state_dir, &present))
		return 0;
	pid = fork();
	if (pid == 0)
		keeper_main();
	if (pid < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "keeper");
	(void)snprintf(path, sizeof(path), "%s/keeper", state_dir);
	if (write_keeper(path, pid, err) < 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return -1;
	}
	return 0;
}

void rootless_leave(struct rootless *rootless, const char *state_dir, bool is_last)
{
	CLEANUP_FD int keeper_fd = -1;
	char path[PATH_MAX];

	outside_stop(&rootless->outside);
	if (!is_last || !rootless->is_rootless || !open_keeper(state_dir, &keeper_fd))
		return;
	(void)snprintf(path, sizeof(path), "%s/keeper", state_dir);
	(void)unlink(path);
	(void)pidfd_send_signal(keeper_fd, SIGKILL, NULL, 0);
}
