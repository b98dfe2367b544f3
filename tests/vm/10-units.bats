# The units of the system, from the first client on.
load helper

setup_file() {
	usermod --append --groups sandpool plain
	findmnt --kernel --list --noheadings --output TARGET | sort >"$BATS_FILE_TMPDIR/mounts"
}

# Drop-ins are those of one test.
teardown() {
	rm -rf /run/systemd/system/sandpoold.service.d /run/systemd/system/sandpool-engine.service.d
	systemctl daemon-reload
}

# As the user, by the system's daemon.
as() {
	runuser --user "$1" -- "${@:2}"
}

@test "its sockets are enabled and nothing runs yet" {
	systemctl is-enabled sandpoold.socket sandpool-engine.socket
	is_active sandpoold.socket && is_active sandpool-engine.socket
	! is_active sandpoold.service
	! is_active sandpool-engine.service
}

@test "the first client starts the daemon" {
	run -0 python3 - <<-'E'
		import json, socket, time
		def ask():
		    start = time.monotonic()
		    s = socket.socket(socket.AF_UNIX); s.connect("/run/sandpool/sandpool.sock")
		    s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"daemon.hello"}\n')
		    assert "result" in json.loads(s.makefile().readline())
		    return (time.monotonic() - start) * 1000
		print("connect to first answer: %.0f ms when it is to be started, %.1f ms when it runs" % (ask(), ask()))
	E
	echo "# $output" >&3
	is_active sandpoold.service
	! is_active sandpool-engine.service
}

@test "the first sandbox starts the engine" {
	local id
	id=$(sandpool create --timeout 5m)
	is_active sandpool-engine.service
	[ "$(sandpool exec "$id" -- id -un)" = user ]
	sandpool kill "$id"
}

@test "what a sandbox mounts, the machine does not see" {
	findmnt --kernel --list --noheadings --output TARGET | grep -v '^/run/credentials' | sort >"$BATS_TEST_TMPDIR/mounts"
	diff <(grep -v '^/run/credentials' "$BATS_FILE_TMPDIR/mounts") "$BATS_TEST_TMPDIR/mounts"
}

@test "sandpool doctor finds nothing" {
	run -0 sandpool doctor
}

@test "root and a user of group sandpool: create, exec, cp, kill" {
	local who id
	for who in root plain; do
		id=$(as $who sandpool create --timeout 5m)
		[ "$(as $who sandpool exec "$id" -- sh -c 'echo $((6 * 7))')" = 42 ]
		run -3 as $who sandpool exec "$id" -- sh -c 'exit 3'
		as $who sandpool cp /etc/debian_version "$id:version"
		[ "$(as $who sandpool cat "$id:version")" = "$(cat /etc/debian_version)" ]
		[ "$(as $who sandpool exec "$id" -- sudo id -un)" = root ]
		as $who sandpool kill "$id"
		run ! as $who sandpool exec "$id" -- true
	done
}

@test "a user outside the group is refused" {
	run -125 as other sandpool ls
	[[ $output == *"Permission denied"* ]]
}

@test "sandboxes live below the group of their unit, with limits of v2" {
	local id group
	engine_options --memory-limit 128M --pids-limit 64 --cpu-limit 150
	id=$(sandpool create --timeout 5m)
	group=$(sandbox_group "$id")
	[[ $group == */sandpool-sandboxes.service/* ]]
	[ "$(cat "$group/memory.max" "$group/pids.max" "$group/cpu.max" | xargs)" = "134217728 64 150000 100000" ]
	run -137 sandpool exec "$id" -- python3 -c 'b = [bytearray(1 << 20) for _ in range(1000)]'
	grep -q '^oom_kill [1-9]' "$group/memory.events"
	[ "$(sandpool exec "$id" -- echo alive)" = alive ]
	run sandpool exec "$id" -- bash -c 'for i in {1..100}; do sleep 30 & done'
	[[ $output == *"Resource temporarily unavailable"* ]]
	[ "$(cat "$group/pids.peak" 2>/dev/null || cat "$group/pids.current")" -le 64 ]
	is_active sandpool-engine.service
	sandpool kill "$id"
	[ ! -e "$group" ]
	systemctl stop sandpool-engine.service
}

@test "a command goes on while both are restarted, and its exit is seen" {
	local id command daemon engine status=0
	id=$(sandpool create --timeout 10m)
	daemon=$(main_pid sandpoold) engine=$(main_pid sandpool-engine)
	command=$(sandpool exec -d "$id" -- sh -c 'until [ -e go ]; do sleep 0.1; done; exit 7')
	systemctl restart sandpool-engine
	systemctl restart sandpoold
	has_restarted sandpool-engine "$engine"
	has_restarted sandpoold "$daemon"
	sandpool ps "$id" | grep -qw "$command"
	: | sandpool write "$id:go"
	sandpool attach "$id" "$command" || status=$?
	[ "$status" = 7 ]
	sandpool kill "$id"
}

@test "a daemon or an engine that was killed comes again, and finds its sandboxes" {
	local id unit pid
	id=$(sandpool create --timeout 10m)
	for unit in sandpool-engine sandpoold; do
		pid=$(main_pid $unit)
		kill -KILL "$pid"
		wait_until has_restarted $unit "$pid"
		[ "$(sandpool exec "$id" -- echo alive)" = alive ]
	done
	sandpool kill "$id"
}

@test "one that hangs is restarted by the watchdog, and the sandbox lives" {
	local id unit pid
	for unit in sandpoold sandpool-engine; do
		mkdir -p /run/systemd/system/$unit.service.d
		printf '[Service]\nWatchdogSec=5s\nTimeoutStopSec=5s\n' >/run/systemd/system/$unit.service.d/watchdog.conf
	done
	systemctl daemon-reload
	systemctl restart sandpoold sandpool-engine
	id=$(sandpool create --timeout 10m)
	for unit in sandpoold sandpool-engine; do
		pid=$(main_pid $unit)
		kill -STOP "$pid"
		wait_until has_restarted $unit "$pid"
		journalctl --boot --unit $unit | grep -q 'Watchdog timeout'
		[ "$(sandpool exec "$id" -- echo alive)" = alive ]
	done
	sandpool kill "$id"
}

@test "a reload takes effect, and one with a mistake changes nothing" {
	local pid
	sandpool status
	pid=$(main_pid sandpoold)
	mkdir -p /etc/sandpool
	printf '[daemon]\nlog-level = debug\n' >/etc/sandpool/sandpoold.conf
	systemctl reload sandpoold
	[ "$(main_pid sandpoold)" = "$pid" ]
	printf '[daemon]\nlog-leve = debug\n' >/etc/sandpool/sandpoold.conf
	systemctl reload sandpoold || true
	wait_until grep -q 'did you mean log-level' <(journalctl --boot --unit sandpoold --since -2min)
	[ "$(main_pid sandpoold)" = "$pid" ]
	sandpool status
	printf '[daemon]\nlog-level = info\n' >/etc/sandpool/sandpoold.conf
	systemctl reload sandpoold
}

@test "the journal tells no secrets, and no errors but those we made" {
	local id
	id=$(sandpool create --timeout 5m -e TOKEN=hidden-environment)
	sandpool exec -e MORE=hidden-argument "$id" -- sh -c 'echo hidden-$((1 + 1)); echo $TOKEN $MORE'
	sandpool kill "$id"
	journalctl --boot _SYSTEMD_UNIT=sandpoold.service + _SYSTEMD_UNIT=sandpool-engine.service >"$BATS_TEST_TMPDIR/journal"
	! grep -E 'hidden-(environment|argument|2)' "$BATS_TEST_TMPDIR/journal"
	run journalctl --boot --quiet --priority err _SYSTEMD_UNIT=sandpoold.service + _SYSTEMD_UNIT=sandpool-engine.service
	! grep -v 'did you mean' <<<"$output" | grep .
}

@test "systemd finds the daemon well bound, and the engine as well as what it must do allows" {
	local unit
	for unit in sandpoold:1.5 sandpool-engine:5.4; do
		run -0 systemd-analyze security --no-pager "${unit%:*}.service"
		echo "# $(tail -n 1 <<<"$output")" >&3
		awk -v most="${unit#*:}" 'END { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) exit $i > most + 0; exit 1 }' \
			<<<"$output"
	done
}
