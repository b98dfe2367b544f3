/*
 * The seccomp policy. It takes the kernel's wide and dangerous doors away, as container runtimes do by default,
 * and leaves what people develop with: ptrace among own processes, chroot and landlock.
 *
 * It is a list of refusals, closed at the top: a call newer than NEWEST, and any call of another ABI
 * (i386, x32), does not exist here. So a new kernel adds nothing that nobody has looked at.
 * User namespaces are refused too: in one, a process has all capabilities over networks and mounts of
 * its own, and most holes of the last years were reached that way.
 */
#include "config.h"

#include "daemon/local/filter.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAMILIES = 64 /* beyond the last there is, with room */ };
enum { NEWEST = 452 /* fchmodat2; numbers from 424 on are the same on every architecture */ };

/* Not allowed, and the caller should know it. */
static const char *const refused[] = {
	/* mounts and namespaces */
	"mount",
	"umount2",
	"pivot_root",
	"open_tree",
	"move_mount",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	"unshare",
	"setns",
	/* the machine */
	"reboot",
	"kexec_load",
	"kexec_file_load",
	"init_module",
	"finit_module",
	"delete_module",
	"create_module",
	"swapon",
	"swapoff",
	"acct",
	"quotactl",
	"quotactl_fd",
	"settimeofday",
	"clock_settime",
	"clock_adjtime",
	"adjtimex",
	"iopl",
	"ioperm",
	"syslog",
	"vhangup",
	"sysfs",
	"_sysctl",
	"uselib",
	"ustat",
	"lookup_dcookie",
	"nfsservctl",
	/* memory placement, which shows and disturbs the neighbours */
	"mbind",
	"migrate_pages",
	"move_pages",
	"set_mempolicy",
	"set_mempolicy_home_node",
	/* objects that no namespace separates */
	"add_key",
	"request_key",
	"keyctl",
	"open_by_handle_at",
	"fanotify_init",
	/* large surfaces with a history */
	"bpf",
	"perf_event_open",
	"userfaultfd",
};

/* Not there, so that the caller uses the older way. */
static const char *const absent[] = {
	"clone3", /* its flags are in memory, where a filter cannot look */
	"io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_secret",
};

struct argument_rule {
	const char *call;
	unsigned argument;
	uint64_t mask, value; /* refused when (argument & mask) == value */
};

static const struct argument_rule refused_arguments[] = {
	/* typing into a terminal that a more trusted process reads */
	{"ioctl", 1, 0xffffffff, TIOCSTI},
	{"ioctl", 1, 0xffffffff, TIOCLINUX},
	/* a namespace more, one rule for each flag */
	{"clone", 0, CLONE_NEWNS, CLONE_NEWNS},
	{"clone", 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
	{"clone", 0, CLONE_NEWUTS, CLONE_NEWUTS},
	{"clone", 0, CLONE_NEWIPC, CLONE_NEWIPC},
	{"clone", 0, CLONE_NEWUSER, CLONE_NEWUSER},
	{"clone", 0, CLONE_NEWPID, CLONE_NEWPID},
	{"clone", 0, CLONE_NEWNET, CLONE_NEWNET},
};

/*
 * Network namespaces hold these back. Of the others vsock reaches the hypervisor and its other guests from any
 * namespace, and alg and the like bring modules of the kernel that nobody needs.
 */
static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static bool is_family(int family)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (families[i] == family)
			return true;
	}
	return false;
}

static int refuse(scmp_filter_ctx context, const char *const *calls, size_t count, int error)
{
	for (size_t i = 0; i < count; i++) {
		int number = seccomp_syscall_resolve_name(calls[i]);

		if (number < 0)
			continue; /* other architectures have other old calls */
		if (seccomp_rule_add(context, SCMP_ACT_ERRNO((unsigned)error), number, 0) < 0)
			return -1;
	}
	return 0;
}

static int refuse_arguments(scmp_filter_ctx context)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_arguments); i++) {
		const struct argument_rule *rule = &refused_arguments[i];

		if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM),
				     seccomp_syscall_resolve_name(rule->call), 1,
				     SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask,
					      rule->value)) < 0)
			return -1;
	}
	return 0;
}

static int refuse_families(scmp_filter_ctx context)
{
	const struct scmp_arg_cmp is_netlink =
		SCMP_CMP(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, AF_NETLINK);
	/* the host's devices as they come and go: told to every network of the host's user namespace */
	const struct scmp_arg_cmp is_uevent =
		SCMP_CMP(2, SCMP_CMP_MASKED_EQ, UINT32_MAX, NETLINK_KOBJECT_UEVENT);

	for (int family = 1; family < FAMILIES; family++) {
		const struct scmp_arg_cmp is_it =
			SCMP_CMP(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint64_t)family);

		if (!is_family(family) && (seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT),
							    SCMP_SYS(socket), 1, is_it) < 0 ||
					   seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT),
							    SCMP_SYS(socketpair), 1, is_it) < 0))
			return -1;
	}
	return seccomp_rule_add(context, SCMP_ACT_ERRNO(EPROTONOSUPPORT), SCMP_SYS(socket), 2,
				is_netlink, is_uevent);
}

static int add_rules(scmp_filter_ctx context)
{
	if (seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) < 0 ||
	    seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		return -1;
	if (refuse(context, refused, ARRAY_SIZE(refused), EPERM) < 0 ||
	    refuse(context, absent, ARRAY_SIZE(absent), ENOSYS) < 0)
		return -1;
	if (refuse_families(context) < 0)
		return -1;
	return refuse_arguments(context);
}

/* libseccomp writes to a descriptor only. */
static int export_program(scmp_filter_ctx context, struct sock_filter *program, size_t room,
			  size_t *ret)
{
	CLEANUP_FD int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	if (fd < 0 || seccomp_export_bpf(context, fd) < 0)
		return -1;
	size = pread(fd, program, room * sizeof(*program), 0);
	if (size <= 0 || (size_t)size % sizeof(*program) || (size_t)size == room * sizeof(*program))
		return -1;
	*ret = (size_t)size / sizeof(*program);
	return 0;
}

int filter_make(struct filter *ret, struct sb_error *err)
{
	/* In front: numbers above NEWEST, x32's among them. The exported program then starts afresh. */
	static const struct sock_filter ceiling[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NEWEST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	size_t count = 0;
	int status = -1;

	if (context) {
		status = add_rules(context);
		if (status == 0)
			status = export_program(context, ret->program + ARRAY_SIZE(ceiling),
						ARRAY_SIZE(ret->program) - ARRAY_SIZE(ceiling),
						&count);
		seccomp_release(context);
	}
	if (status < 0)
		return sb_fail(err, SB_INTERNAL, "seccomp program cannot be made");
	memcpy(ret->program, ceiling, sizeof(ceiling));
	ret->count = ARRAY_SIZE(ceiling) + count;
	return 0;
}
