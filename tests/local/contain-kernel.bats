#!/usr/bin/env bats
# What a sandbox sees of the kernel and can ask of it.
load helper

@test "processes, hosts and cgroups: only its own" {
	sleep 1000 3>&- &
	local outside=$!
	start_sandbox a 1
	start_sandbox b 2
	inside a 1000 "exec -a findme sleep 1000 >/dev/null 2>&1 </dev/null & disown"
	kill -0 $outside
	refused b 0 "ps -e -o args | grep -v grep | grep findme"
	refused a 0 "ps -e -o args | grep -v grep | grep sandpool-probe"
	refused a 0 "kill -0 $outside"
	kill $outside
	[ "$(inside a 0 hostname)" = "${PREFIX}a" ]
	run inside a 0 "cut -d: -f3 /proc/self/cgroup | sort -u | grep -c sandpool"
	[ "$output" = 0 ]
	[ "$(inside a 0 'cat /proc/1/comm')" = sandpool-agent ]
}

@test "mounts: no path of the host, and none can be changed" {
	start_sandbox a 1
	refused a 0 "grep -E '$FILE_STATE|ext4|xfs|btrfs| cgroup' /proc/self/mountinfo"
	refused a 0 "mount -o remount,rw /proc/sys"
	refused a 0 "mount -t tmpfs none /mnt"
	refused a 0 "mount --bind / /mnt"
	refused a 0 "umount /proc/kcore /proc/sys"
	refused a 0 "umount -l /usr"
	refused a 0 "unshare -m true"
	refused a 0 "unshare -U true"
	refused a 1000 "unshare -Ur true"
	refused a 0 "nsenter -t 1 -m true"
	refused a 0 "rmdir /proc || mv /proc /x || rm -rf /dev/null"
}

@test "/proc: settings are read-only, the machine's own files hidden" {
	start_sandbox a 1
	for file in kernel/core_pattern kernel/hostname kernel/modprobe vm/drop_caches fs/file-max \
		net/ipv4/ip_forward user/max_user_namespaces kernel/ns_last_pid kernel/random/boot_id \
		kernel/sysrq vm/overcommit_memory net/ipv4/ip_unprivileged_port_start; do
		refused a 0 "echo 1 >/proc/sys/$file"
	done
	refused a 0 "echo h >/proc/sysrq-trigger"
	refused a 0 "echo 1 >/proc/irq/default_smp_affinity"
	refused a 0 ": >/proc/pressure/cpu" # a write there is a timer in the kernel
	for file in kcore keys kmsg timer_list sched_debug kallsyms iomem vmallocinfo slabinfo interrupts; do
		[ -z "$(inside a 0 "test ! -e /proc/$file || timeout 5 head -c 1 /proc/$file" 2>&1 | grep -v 'Permission denied')" ]
	done
	for directory in acpi scsi asound driver; do
		[ -z "$(inside a 0 "ls /proc/$directory 2>/dev/null")" ]
	done
	[ -z "$(inside a 0 'ls -A /sys')" ]
	[ "$(inside a 0 'cat /proc/sys/user/max_user_namespaces')" = 0 ]
}

@test "/dev: the harmless nodes, and no way to make others" {
	start_sandbox a 1
	[ "$(inside a 0 'cd /dev && for f in * */*; do [ ! -c $f ] || [ -L $f ] || echo -n "$f "; done')" = \
		"full null random tty urandom zero pts/ptmx " ]
	[ -z "$(inside a 0 'find / -xdev -type b; find /dev /run -type b')" ]
	refused a 0 "mknod /tmp/sda b 8 0"
	refused a 0 "mknod /dev/mem c 1 1"
	refused a 0 "mknod /dev/shm/kmsg c 1 11"
	inside a 1000 "mkfifo /tmp/pipe && echo x >/dev/null && head -c 4 /dev/urandom | wc -c && : >/dev/shm/x"
	inside a 1000 "python3 -c 'import pty; pty.spawn([\"tty\"])' </dev/null"
}

@test "system calls that reach past the sandbox are refused" {
	start_sandbox a 1
	put a <<'PY'
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
EPERM, ENOSYS = errno.EPERM, errno.ENOSYS
calls = {  # x86_64 numbers: name: (number, arguments, expected)
    "add_key": (248, (b"user", b"x", b"y", 1, -3), EPERM), "keyctl": (250, (0, -3, 0), EPERM),
    "request_key": (249, (b"user", b"x", 0, -3), EPERM),
    "bpf": (321, (0, 0, 0), EPERM), "perf_event_open": (298, (0, 0, -1, -1, 0), EPERM),
    "userfaultfd": (323, (0,), EPERM), "io_uring_setup": (425, (1, 0), ENOSYS),
    "open_by_handle_at": (304, (0, 0, 0), EPERM), "kexec_load": (246, (0, 0, 0, 0), EPERM),
    "finit_module": (313, (0, b"", 0), EPERM), "init_module": (175, (0, 0, b""), EPERM),
    "delete_module": (176, (b"x", 0), EPERM), "reboot": (169, (0xfee1dead, 672274793, 0x1234567, 0), EPERM),
    "mount": (165, (0, 0, 0, 0, 0), EPERM), "umount2": (166, (b"/proc", 2), EPERM),
    "pivot_root": (155, (b"/", b"/"), EPERM), "open_tree": (428, (-100, b"/", 1), EPERM),
    "move_mount": (429, (0, 0, 0, 0, 0), EPERM), "fsopen": (430, (b"tmpfs", 0), EPERM),
    "mount_setattr": (442, (0, 0, 0, 0, 0), EPERM), "setns": (308, (0, 0), EPERM),
    "unshare": (272, (0x10000000,), EPERM), "clone3": (435, (0, 0), ENOSYS),
    "clone NEWUSER": (56, (0x10000011, 0, 0, 0, 0), EPERM), "clone NEWNS": (56, (0x20011, 0, 0, 0, 0), EPERM),
    "clone NEWNET and others": (56, (0x70000011, 0, 0, 0, 0), EPERM),
    "syslog": (103, (3, 0, 0), EPERM), "settimeofday": (164, (0, 0), EPERM),
    "clock_settime": (227, (0, 0), EPERM), "adjtimex": (159, (0,), EPERM), "acct": (163, (0,), EPERM),
    "swapon": (167, (0, 0), EPERM), "quotactl": (179, (0, 0, 0, 0), EPERM), "iopl": (172, (3,), EPERM),
    "TIOCSTI": (16, (0, 0x5412, b"x"), EPERM), "TIOCSTI, high bits": (16, (0, 0x100005412, b"x"), EPERM),
    "TIOCLINUX": (16, (0, 0x541C, b"x"), EPERM),
    "x32 getpid": (0x40000000 + 39, (), ENOSYS), "one of the future": (467, (0, 0, 0, 0, 0), ENOSYS),
}
bad = 0
for name, (number, arguments, expected) in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number),
                          *(ctypes.c_char_p(a) if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments))
    if result == 0 and name.startswith("clone"):
        os._exit(0)
    if result != -1 or ctypes.get_errno() != expected:
        print(name, "gave", result, errno.errorcode.get(ctypes.get_errno()))
        bad = 1
sys.exit(bad)
PY
	run inside a 0 "python3 /tmp/put"
	echo "$output"
	[ "$status" -eq 0 ]
	inside a 1000 "python3 /tmp/put"
}

@test "clocks, modules and the host's name are out of reach" {
	start_sandbox a 1
	refused a 0 "date -s 2001-01-01"
	refused a 0 "hostname evil"
	refused a 0 "cat /proc/modules | grep . "
	refused a 0 "dmesg"
}

@test "two sandboxes have different boot ids and machine ids, and not the host's" {
	start_sandbox a 1
	start_sandbox b 2
	for file in /proc/sys/kernel/random/boot_id /etc/machine-id; do
		local one two
		one=$(inside a 1000 "cat $file")
		two=$(inside b 1000 "cat $file")
		[ "${#one}" -ge 32 ]
		[ "$one" != "$two" ]
		[ "$one" != "$(cat $file 2>/dev/null)" ]
		[ "$one" = "$(inside a 0 "cat $file")" ]
	done
}
