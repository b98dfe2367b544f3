/*
 * Capabilities. They count in the sandbox's user namespace only; this list is the second line, against
 * the parts of the kernel that take a namespaced capability for enough. Not in it, among others:
 * SYS_ADMIN (mounts, namespaces), SYS_PTRACE (PID 1 and the engine's secrets in it), NET_ADMIN, MKNOD, SYS_RESOURCE.
 */
#include "config.h"

#include "daemon/local/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "daemon/local/sys.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

static const uint64_t kept =
	CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL) | CAP(SETGID) |
	CAP(SETUID) | CAP(SETPCAP) | CAP(SYS_CHROOT) | CAP(NET_BIND_SERVICE) |
	CAP(NET_RAW) | /* void, but a `ping` with this file capability would not start without it */
	CAP(SETFCAP) | /* packages set file capabilities */
	CAP(AUDIT_WRITE); /* void, sudo and login ask for it */

/* Beyond the last capability that this kernel knows PR_CAPBSET_DROP says EINVAL. */
static int drop_bounding(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (kept & (UINT64_C(1) << cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -1;
	}
	return 0;
}

int caps_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
		{.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
	};

	if (drop_bounding() < 0)
		return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	return sys_capset(&header, data);
}
