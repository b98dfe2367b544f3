# The machine is what the other tests think it is.
load helper

@test "it is a booted Debian 12 with systemd and pure cgroup v2" {
	. /etc/os-release
	[ "$ID $VERSION_ID" = "debian 12" ]
	[ "$(cat /proc/1/comm)" = systemd ]
	[ "$(stat -f -c %T $cgroups)" = cgroup2fs ]
	! grep -q ' cgroup cgroup ' /proc/self/mountinfo
}

@test "nothing failed at boot" {
	true
	systemctl --failed --plain --no-legend | tee /dev/stderr
	[ -z "$(systemctl --failed --plain --no-legend)" ]
}
