# Without its units: a daemon that root starts in some delegated group, with the engine as its child.
load helper

setup_file() {
	mkdir -p /run/by-hand
	systemd-run --quiet --unit=by-hand -p Delegate=yes -p KillMode=process \
		sh -c 'sandpoold --socket /run/by-hand/sandpool.sock --state-dir /var/lib/by-hand & wait'
	export SANDPOOL_SOCKET=/run/by-hand/sandpool.sock
	wait_until sandpool status
}

teardown_file() {
	systemctl stop by-hand
	pkill -f /var/lib/by-hand || true
}

@test "the daemon's own engine puts them aside, and has limits" {
	local id group
	id=$(sandpool create --timeout 5m)
	[ "$(sandpool exec "$id" -- sh -c 'echo $((6 * 7))')" = 42 ]
	group=$(sandbox_group "$id")
	[[ $group == */by-hand.service/sandpool/* ]]
	[ "$(cat "$group/memory.max")" -gt 0 ]
	[ "$(cat "$group/pids.max")" -gt 0 ]
	[ -e "$group/cpu.max" ]
	sandpool kill "$id"
	[ ! -e "$group" ]
}
