#!/usr/bin/env bats
# Who is who in a sandbox: root is root there, PID 1 is out of reach, people can work.
load helper

@test "sudo makes root, setuid and file capabilities work" {
	need_root_inside
	start_sandbox a 1
	[ "$(inside a 1000 'id -u; sudo -n id -u')" = $'1000\n0' ]
	[ -z "$(inside a 1000 'sudo -n true' 2>&1)" ]
	inside a 0 "cp /bin/cat /tmp/cat; chmod 4755 /tmp/cat; echo secret >/root/s; chmod 600 /root/s"
	[ "$(inside a 1000 '/tmp/cat /root/s')" = secret ]
	refused a 1000 "cat /root/s"
	[ "$(inside a 0 'su user -c id\ -un; sudo -u user id -un')" = $'user\nuser' ]
	inside a 0 "useradd -m someone && chown someone:someone /tmp/cat && chgrp 12345 /tmp/cat"
}

@test "capabilities, no_new_privs and seccomp are as designed" {
	need_root_inside
	start_sandbox a 1
	# chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot audit_write setfcap
	local bounding=00000000a00425fb
	for pid in 1 self; do
		[ "$(inside a 0 "sed -n 's/^CapBnd:.//p' /proc/$pid/status")" = "$bounding" ]
		[ "$(inside a 0 "sed -n 's/^CapPrm:.//p' /proc/$pid/status")" = "$bounding" ]
		[ "$(inside a 0 "sed -n 's/^CapInh:.//p' /proc/$pid/status")" = 0000000000000000 ]
		[ "$(inside a 0 "sed -n 's/^NoNewPrivs:.//p' /proc/$pid/status")" = 0 ]
		[ "$(inside a 0 "sed -n 's/^Seccomp:.//p' /proc/$pid/status")" = 2 ]
	done
	[ "$(inside a 1000 "sed -n 's/^CapEff:.//p' /proc/self/status")" = 0000000000000000 ]
	[ "$(inside a 1000 "sudo sed -n 's/^CapEff:.//p' /proc/self/status")" = "$bounding" ]
}

@test "PID 1 cannot be read, traced, entered or ended" {
	start_sandbox a 1
	for file in environ mem maps auxv stack syscall io pagemap; do
		refused a 0 "dd if=/proc/1/$file of=/dev/null bs=1 count=1 2>&1 && exit 0; exit 1"
	done
	for link in exe root cwd fd/0 fd/3 ns/mnt ns/net; do
		refused a 0 "readlink /proc/1/$link"
		refused a 0 "stat -L /proc/1/$link"
	done
	refused a 0 "ls /proc/1/root/ /proc/1/map_files/"
	refused a 0 "cp /bin/true /proc/1/exe"
	refused a 0 "strace -p 1 -o /dev/null"
	refused a 0 "gdb -batch -p 1 2>&1 | grep -qv 'not permitted\|ptrace'; test -r /proc/1/mem && dd if=/proc/1/mem bs=1 count=1"
	inside a 0 "kill -9 1; kill -STOP 1; kill -HUP 1"
	[ "$(inside a 0 'echo alive')" = alive ]
	inside a 0 "python3 - <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(8)
here = (ctypes.c_ulong * 2)(ctypes.addressof(buffer), 8)
line = next(l for l in open('/proc/self/maps') if 'rw-p' in l)
there = (ctypes.c_ulong * 2)(int(line.split('-')[0], 16), 8)
def refused(number, *arguments):
    if libc.syscall(number, *arguments) != -1:
        sys.exit(f'{number} worked')
me = libc.syscall(310, os.getpid(), here, ctypes.c_long(1), there, ctypes.c_long(1), ctypes.c_long(0))
if me != 8:
    sys.exit('the probe itself is wrong')
refused(310, 1, here, ctypes.c_long(1), there, ctypes.c_long(1), ctypes.c_long(0))
if os.strerror(ctypes.get_errno()) != 'Operation not permitted':
    sys.exit('process_vm_readv: ' + os.strerror(ctypes.get_errno()))
refused(438, os.pidfd_open(1), 0, 0)
refused(101, 16, 1, ctypes.c_long(0), ctypes.c_long(0))
refused(312, 1, os.getpid(), 1, ctypes.c_long(0), ctypes.c_long(0))
PY"
}

@test "developers' tools work: ptrace of own processes, git, python, chroot" {
	start_sandbox a 1
	if command -v strace >/dev/null; then inside a 1000 "strace -f -o /tmp/trace /bin/true && grep -q execve /tmp/trace"; fi
	if command -v gdb >/dev/null; then inside a 1000 "gdb -batch -ex run -ex 'info proc' /bin/true 2>&1 | grep -q 'exited normally'"; fi
	inside a 1000 "git init -q repo && cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && git log --oneline | grep -q x"
	inside a 1000 "python3 -c 'import threading, subprocess, multiprocessing as m; threading.Thread(target=print).start(); subprocess.run([\"true\"], check=True); m.Process(target=print).start()'"
	[ "$MODE" = single ] || inside a 0 "chroot / true"
	inside a 0 "dpkg -l bash | grep -q ^ii && apt-cache policy bash | grep -q Installed"
	if command -v node >/dev/null; then inside a 1000 "node -e 'require(\"fs\").readFile(\"/etc/passwd\", () => console.log(1))' | grep -q 1"; fi
}

@test "a package is installed by apt's own tools" {
	need_root_inside
	start_sandbox a 1
	inside a 0 "mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin /tmp/p/etc && cd /tmp &&
		printf 'Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n' >p/DEBIAN/control &&
		printf '#!/bin/sh\nadduser --system --group probe >/dev/null\n' >p/DEBIAN/postinst && chmod 755 p/DEBIAN/postinst &&
		echo 'echo probed' >p/usr/bin/probe && chmod 755 p/usr/bin/probe && dpkg-deb -b p p.deb >/dev/null"
	run inside a 1000 "sudo apt-get install -y --no-install-recommends /tmp/p.deb"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(inside a 1000 'sh /usr/bin/probe; id -un probe')" = $'probed\nprobe' ]
	[ ! -e /usr/bin/probe ]
}
