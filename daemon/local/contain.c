/*
 * The order in which a sandbox is made: the table of contents of this folder. The details of each facility
 * are in its own file; the child's half of the list is in child.c, the agent's in agent/enter.c.
 */
#include "config.h"

#include "daemon/local/contain.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/local/cgroup.h"
#include "daemon/local/child.h"
#include "daemon/local/contain-wire.h"
#include "daemon/local/filter.h"
#include "daemon/local/idmap.h"
#include "daemon/local/link.h"
#include "daemon/local/net.h"
#include "daemon/local/overlay.h"
#include "daemon/local/process.h"
#include "daemon/local/sys.h"

/* One sandbox under construction. */
struct build {
	const struct contain_spec *spec;
	struct layers layers;
	bool is_fresh;
	int agent_fd;
	int child_control_fd;
	int cgroup_fd;
	int home_net_fd; /* while we are in the sandbox's network */
	struct contained contained;
};

/* Made by contain_probe(), the same for all. */
static struct filter filter;

/* A step and what takes it back; undo runs for done steps only, last one first. */
struct step {
	const char *name;
	int (*run)(struct build *build, struct sb_error *err);
	void (*undo)(struct build *build);
};

/* ---- steps ------------------------------------------------------------------------------------- */

static int open_control(struct build *build, struct sb_error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "socketpair");
	build->contained.control_fd = pair[0];
	build->child_control_fd = pair[1];
	return 0;
}

static void close_control(struct build *build)
{
	cleanup_fd(&build->contained.control_fd);
}

static int open_layers(struct build *build, struct sb_error *err)
{
	const struct contain_spec *spec = build->spec;
	char own[4096];

	(void)snprintf(own, sizeof(own), "%s/layer", spec->dir);
	build->is_fresh = access(own, F_OK) < 0;
	return layers_open(spec->dir, spec->template_dir, spec->layers, &build->layers, err);
}

/* A read-only mount of that one file: whatever ids the sandbox has, it cannot write to its agent. */
static int open_agent(struct build *build, struct sb_error *err)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
	const char *path = build->spec->agent_path;

	build->agent_fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (build->agent_fd < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s", path);
	if (mount_setattr(build->agent_fd, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "%s read-only", path);
	return 0;
}

static int create_cgroup(struct build *build, struct sb_error *err)
{
	return cgroup_create(build->spec->id, &build->spec->limits, &build->cgroup_fd, err);
}

static void remove_cgroup(struct build *build)
{
	struct sb_error ignored = {0};

	if (cgroup_remove(build->spec->id, &ignored) < 0)
		sb_clear(&ignored); /* the failure that brought us here is the one to tell */
}

static int enter_network(struct build *build, struct sb_error *err)
{
	return net_enter_new(&build->home_net_fd, err);
}

static int plug_link(struct build *build, struct sb_error *err)
{
	return build->spec->link ? link_plug(build->spec->link, err) : 0;
}

static void leave_network(struct build *build)
{
	net_leave(&build->home_net_fd);
}

static int clone_child(struct build *build, struct sb_error *err)
{
	const uint64_t into_cgroup = build->cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_PIDFD | into_cgroup,
		.pidfd = (uint64_t)(uintptr_t)&build->contained.pid_fd,
		.exit_signal = SIGCHLD,
		.cgroup = into_cgroup ? (unsigned)build->cgroup_fd : 0,
	};
	struct child child = {
		.id = build->spec->id,
		.template_id = build->spec->template_id,
		.layers = &build->layers,
		.control_fd = build->child_control_fd,
		.engine_fd = build->contained.control_fd,
		.listen_fd = build->spec->listen_fd,
		.agent_fd = build->agent_fd,
		.resolver = build->spec->resolver,
		.is_fresh = build->is_fresh,
		.root_fd = -1,
	};
	pid_t pid;
	int sys;

	if (idmap_become_owner(build->spec->id_base, err) < 0)
		return -1;
	pid = sys_clone3(&args);
	if (pid == 0)
		child_run(&child);
	sys = errno;
	idmap_become_engine();
	if (pid < 0)
		return sb_fail_errno(err, SB_UNSUPPORTED, sys, "clone3");
	build->contained.pid = pid;
	return 0;
}

/* It waits for us and holds nothing: this does not block for longer than a process takes to die. */
static void kill_child(struct build *build)
{
	siginfo_t info;

	(void)pidfd_send_signal(build->contained.pid_fd, SIGKILL, NULL, 0);
	while (waitid(P_PIDFD, (id_t)build->contained.pid_fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	cleanup_fd(&build->contained.pid_fd);
}

static int return_home(struct build *build, struct sb_error *err)
{
	(void)err;
	leave_network(build);
	return 0;
}

static int name_process(struct build *build, struct sb_error *err);

static int write_ids(struct build *build, struct sb_error *err)
{
	return idmap_write(build->contained.pid, build->spec->id_base, err);
}

static int map_layers(struct build *build, struct sb_error *err)
{
	CLEANUP_FD int user_namespace = -1;

	if (idmap_open_namespace(build->contained.pid, &user_namespace, err) < 0)
		return -1;
	return layers_idmap(&build->layers, user_namespace, err);
}

static int join_cgroups(struct build *build, struct sb_error *err)
{
	return cgroup_add(build->spec->id, build->contained.pid, err);
}

static int send_go(struct build *build, struct sb_error *err)
{
	const struct contain_go go = {.is_go = 1};
	int fd = build->contained.control_fd;

	if (send(fd, &go, sizeof(go), MSG_NOSIGNAL) < 0 ||
	    send(fd, filter.program, filter.count * sizeof(filter.program[0]), MSG_NOSIGNAL) < 0)
		return sb_fail_errno(err, SB_INTERNAL, errno, "control socket");
	return 0;
}

static const struct step steps[] = {
	/* First, since the child inherits its end. */
	{"control socket", open_control, close_control},
	/* Before the child is born: it inherits the descriptors, and nothing needs to be sent. */
	{"layers", open_layers, NULL},
	{"agent", open_agent, NULL},
	/* Before the child too: it is born in the v2 group, so there is no moment outside. */
	{"cgroup", create_cgroup, remove_cgroup},
	/*
	 * A namespace made together with the user namespace would belong to it, and so would its
	 * rules. So we go there ourselves, and the child is born into it.
	 */
	{"network", enter_network, leave_network},
	/* From inside too, where its other end goes. It ends with the network namespace. */
	{"link", plug_link, NULL},
	{"process", clone_child, kill_child},
	{"home network", return_home, NULL},
	/* Needs the process; as early as that, so that its owner can find it again after a crash. */
	{"start time", name_process, NULL},
	/* The user namespace exists with the child, and only its parent may write the maps. */
	{"ids", write_ids, NULL},
	/* Needs the maps: an idmapped mount copies them. */
	{"idmapped layers", map_layers, NULL},
	/* Before go, because after it the child takes its present groups for the root of all groups. */
	{"limits", join_cgroups, NULL},
	{"go", send_go, NULL},
};

/* ---- start ------------------------------------------------------------------------------------- */

static void undo_steps(struct build *build, size_t done)
{
	while (done-- > 0) {
		if (steps[done].undo)
			steps[done].undo(build);
	}
}

/* What only the building needs, on success as on failure. */
static void close_build(struct build *build)
{
	layers_close(&build->layers);
	cleanup_fd(&build->agent_fd);
	cleanup_fd(&build->child_control_fd);
	cleanup_fd(&build->cgroup_fd);
}

/* It becomes a host name, and a name of directories. */
static bool is_id(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789");

	return len > 0 && len < 64 && id[len] == '\0';
}

int contain_start(const struct contain_spec *spec, struct contained *ret, struct sb_error *err)
{
	struct build build = {
		.spec = spec,
		.layers = LAYERS_EMPTY,
		.agent_fd = -1,
		.child_control_fd = -1,
		.cgroup_fd = -1,
		.home_net_fd = -1,
		.contained = {.pid_fd = -1, .control_fd = -1},
	};

	if (!is_id(spec->id))
		return sb_fail(err, SB_INVALID_ARGUMENT, "not a sandbox id: [a-z0-9]{1,63}");
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].run(&build, err) == 0)
			continue;
		undo_steps(&build, i);
		close_build(&build);
		return sb_wrap(err, "sandbox %s: %s", spec->id, steps[i].name);
	}
	close_build(&build);
	*ret = build.contained;
	return 0;
}

enum contain_state contain_report(const struct contained *contained, struct sb_error *err)
{
	struct contain_message message = {0};
	ssize_t size = recv(contained->control_fd, &message, sizeof(message), MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return CONTAIN_BUILDING;
	if (size == (ssize_t)sizeof(message) && message.kind == CONTAIN_SAYS_READY)
		return CONTAIN_READY;
	if (size == (ssize_t)sizeof(message) && message.kind == CONTAIN_SAYS_FAILED) {
		message.step[sizeof(message.step) - 1] = '\0';
		message.what[sizeof(message.what) - 1] = '\0';
		(void)sb_fail_errno(err, SB_INTERNAL, message.sys, "in the sandbox: %s%s%s",
				    message.step, message.what[0] ? ": " : "", message.what);
	} else {
		(void)sb_fail(err, SB_INTERNAL, "in the sandbox: ended before it was ready");
	}
	return CONTAIN_FAILED;
}

/* ---- a process that is there ------------------------------------------------------------------- */

static int name_process(struct build *build, struct sb_error *err)
{
	return process_start_time(build->contained.pid, &build->contained.start_time, err);
}

int contain_adopt(const char *id, pid_t pid, uint64_t start_time, struct contained *ret,
		  struct sb_error *err)
{
	int pid_fd;

	if (process_open(pid, start_time, &pid_fd, err) < 0)
		return sb_wrap(err, "sandbox %s", id);
	*ret = (struct contained){
		.pid = pid, .pid_fd = pid_fd, .control_fd = -1, .start_time = start_time};
	return 0;
}

int contain_kill(const char *id, const struct contained *contained, struct sb_error *err)
{
	if (cgroup_kill(id, err) == 0)
		return 0;
	if (idmap_mode() == IDMAP_OWN)
		return -1;
	/* Without a group of its own: the kernel ends a pid namespace with its first process. */
	sb_clear(err);
	if (contained->pid_fd < 0)
		return sb_fail(err, SB_SANDBOX_NOT_FOUND, "no process of it is known");
	if (pidfd_send_signal(contained->pid_fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return sb_fail_errno(err, SB_INTERNAL, errno, "kill");
	return 0;
}

int contain_freeze(const char *id, bool frozen, struct sb_error *err)
{
	return cgroup_freeze(id, frozen, err);
}

int contain_is_frozen(const char *id, struct sb_error *err)
{
	return cgroup_is_frozen(id, err);
}

/* An adopted sandbox is not our child: somebody else reaps it, and we see that by its descriptor alone. */
static bool has_ended(int pid_fd)
{
	struct pollfd poller = {.fd = pid_fd, .events = POLLIN};
	siginfo_t info;

	if (waitid(P_PIDFD, (id_t)pid_fd, &info, WEXITED | WNOHANG) < 0 && errno != ECHILD)
		return false;
	return poll(&poller, 1, 0) == 1;
}

const char *contain_end_text(const struct contained *contained, char text[CONTAIN_END_SIZE])
{
	siginfo_t info = {0};

	if (waitid(P_PIDFD, (id_t)contained->pid_fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_pid == 0)
		return "it is not known how";
	(void)snprintf(text, CONTAIN_END_SIZE, "%s %d",
		       info.si_code == CLD_EXITED ? "exit status" : "signal", info.si_status);
	return text;
}

int contain_clean(const char *id, struct contained *contained, struct sb_error *err)
{
	if (contained->pid_fd >= 0 && !has_ended(contained->pid_fd))
		return 0;
	cleanup_fd(&contained->pid_fd);
	cleanup_fd(&contained->control_fd);
	return cgroup_remove(id, err);
}

int contain_usage(const char *id, struct contain_usage *ret, struct sb_error *err)
{
	return cgroup_usage(id, ret, err);
}

/* ---- the machine ------------------------------------------------------------------------------- */

int contain_probe(struct contain_abilities *ret, struct sb_error *err)
{
	struct contain_abilities abilities = {0};

	if (geteuid() != 0)
		return sb_fail(err, SB_INTERNAL, "neither root nor in a realm (rootless.h)");
	if (cgroup_probe(&abilities, err) < 0 || idmap_probe("/usr", err) < 0)
		return -1;
	if (filter_make(&filter, err) < 0)
		return -1;
	*ret = abilities;
	return 0;
}
