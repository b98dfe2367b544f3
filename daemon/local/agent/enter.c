/* From the host's root into the sandbox's own; what comes after cannot go back. */
#include "config.h"

#include "daemon/local/agent/enter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/local/caps.h"
#include "daemon/local/contain-wire.h"
#include "daemon/local/sys.h"

struct entry {
	struct sock_filter program[CONTAIN_FILTER_MAX];
	unsigned short count;
	int control_fd;
};

static int receive_filter(struct entry *entry)
{
	ssize_t size = recv(entry->control_fd, entry->program, sizeof(entry->program), 0);

	if (size < 0)
		return -1;
	if (size == 0 || (size_t)size % sizeof(entry->program[0]) != 0) {
		errno = EPROTO;
		return -1;
	}
	entry->count = (unsigned short)((size_t)size / sizeof(entry->program[0]));
	return 0;
}

/* The old root is stacked on the new one, and taken off. No directory for it is needed. */
static int change_root(struct entry *entry)
{
	(void)entry;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return -1;
	return chdir("/");
}

/* /proc/1 is closed to all without CAP_SYS_PTRACE over us, and nobody here has that (caps.c). */
static int hide_process(struct entry *entry)
{
	(void)entry;
	(void)prctl(PR_SET_NAME, "sandpool-agent", 0, 0, 0);
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Without no_new_privs, or sudo would not work. That takes CAP_SYS_ADMIN, so before the capabilities go. */
static int load_filter(struct entry *entry)
{
	struct sock_fprog program = {.len = entry->count, .filter = entry->program};

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int drop_capabilities(struct entry *entry)
{
	(void)entry;
	return caps_drop();
}

static int report_ready(struct entry *entry)
{
	const struct contain_message message = {.kind = CONTAIN_SAYS_READY};

	return send(entry->control_fd, &message, sizeof(message), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*run)(struct entry *entry);
} steps[] = {
	{"receive filter", receive_filter},  {"root directory", change_root},
	{"hide process", hide_process},      {"seccomp", load_filter},
	{"capabilities", drop_capabilities}, {"report", report_ready},
};

static void report_failure(int control_fd, const char *step, int sys)
{
	struct contain_message message = {.kind = CONTAIN_SAYS_FAILED, .sys = sys};

	(void)snprintf(message.step, sizeof(message.step), "%s", step);
	(void)send(control_fd, &message, sizeof(message), MSG_NOSIGNAL);
}

int enter_sandbox(int control_fd, struct sb_error *err)
{
	struct entry entry = {.control_fd = control_fd};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].run(&entry) == 0)
			continue;
		(void)sb_fail_errno(err, SB_INTERNAL, errno, "%s", steps[i].name);
		report_failure(control_fd, steps[i].name, err->sys);
		(void)close(control_fd);
		return -1;
	}
	(void)close(control_fd);
	return 0;
}
