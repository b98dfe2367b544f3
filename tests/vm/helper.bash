# What the tests of the machine share. They run one after the other, on one boot, as root.
bats_require_minimum_version 1.5.0

cgroups=/sys/fs/cgroup

# wait_until COMMAND…: poll a condition, for at most a minute.
wait_until() {
	local deadline=$((SECONDS + 60))
	while ! "$@"; do
		((SECONDS < deadline)) || { echo "never came true: $*" >&2; return 1; }
		sleep 0.1
	done
}

is_active() {
	systemctl --quiet is-active "$1"
}

main_pid() {
	systemctl show --value --property MainPID "$1"
}

# The unit runs, by another process than PID.
has_restarted() {
	is_active "$1" && [ "$(main_pid "$1")" != "$2" ]
}

# The group that holds a sandbox's own, in the v2 tree.
sandbox_group() {
	find "$cgroups" -type d -path "*/sandpool/$1" -print -quit
}

# engine_options OPTION…: the engine's unit with more options, until the drop-in is removed; it is stopped.
engine_options() {
	mkdir -p /run/systemd/system/sandpool-engine.service.d
	{
		echo '[Service]'
		echo 'ExecStart='
		systemctl cat sandpool-engine.service | sed -n 's/^ExecStart=[^ ].*/& '"$*/p" | head -n 1
	} >/run/systemd/system/sandpool-engine.service.d/options.conf
	systemctl daemon-reload
	systemctl stop sandpool-engine.service
}
