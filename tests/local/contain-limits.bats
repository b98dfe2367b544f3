#!/usr/bin/env bats
# A sandbox takes no more than it was given, and nothing when it has ended.
load helper

hungry='python3 -c "b = []
while True: b.append(bytearray(1 << 20))"'

@test "memory: the OOM killer stays inside" {
	need_cgroups
	start_sandbox a 1 memory=134217728
	start_sandbox b 2
	run inside a 1000 "$hungry"
	[ "$status" -eq 137 ]
	[ "$(inside a 1000 'echo alive')" = alive ]
	[ "$(inside b 1000 'echo alive')" = alive ]
	tell a usage
	[[ $ANSWER =~ memory\ ([0-9]+)\ limit\ 134217728\ pids\ [1-9].*oom\ [1-9] ]]
	[ "${BASH_REMATCH[1]}" -le 134217728 ]
}

@test "processes: a fork bomb ends at the limit" {
	need_cgroups
	start_sandbox a 1 pids=50
	run inside a 1000 'for i in $(seq 200); do sleep 100 >/dev/null 2>&1 & done; wait -n; exit 0'
	[[ $output == *"Resource temporarily unavailable"* ]]
	tell a usage
	[[ $ANSWER =~ pids\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -le 50 ]
	stop_sandbox a
}

@test "what the kernel counts by user is counted for each sandbox alone" {
	start_sandbox a 1
	start_sandbox b 2
	local greedy='import ctypes, os, sys
libc, n = ctypes.CDLL(None), 0
while libc.inotify_init() >= 0: n += 1
print(n, flush=True)
'
	inside a 1000 "python3 -c '${greedy}os.kill(os.getpid(), 19)' >/tmp/n 2>&1 </dev/null & disown; until [ -s /tmp/n ]; do :; done"
	[ "$(inside a 1000 "python3 -c '$greedy'")" -lt 2 ]
	[ "$(inside b 1000 "python3 -c '$greedy'")" -gt 16 ]
	[ "$(python3 -c "$greedy")" -gt 16 ]
}

@test "cpu: a share of a core" {
	need_cgroups
	start_sandbox a 1 cpu=20
	# 20 % of a core: a second of work takes several
	run inside a 1000 "python3 -c 'import time
w, c = time.monotonic(), time.process_time()
while time.process_time() - c < 0.3: pass
print(int((time.monotonic() - w) / 0.3))'"
	[ "$output" -ge 3 ]
}

@test "freezing stops every process, also against a kill from inside, and thawing goes on" {
	need_cgroups
	start_sandbox a 1
	inside a 1000 "(while :; do date +%N >/tmp/clock; done) >/dev/null 2>&1 </dev/null & disown; until [ -s /tmp/clock ]; do :; done"
	tell a freeze
	[ "$ANSWER" = done ]
	local before after
	before=$(stat -c %y "$(layer a)/root/tmp/clock")
	after=$(timeout 1 tail -f --pid=$$ /dev/null || stat -c %y "$(layer a)/root/tmp/clock")
	[ "$before" = "$after" ]
	tell a thaw
	[ "$(inside a 1000 'echo alive')" = alive ]
}

@test "kill ends frozen and busy sandboxes, and leaves no process, mount, group or namespace" {
	local mounts namespaces
	mounts=$(wc -l </proc/self/mountinfo)
	start_sandbox a 1
	inside a 0 "sleep 1000 >/dev/null 2>&1 </dev/null & setsid sleep 1000 >/dev/null 2>&1 </dev/null & disown -a"
	[ "$MODE" != root ] || tell a freeze
	local pid=${PID[a]}
	[ -e "/proc/$pid/stat" ]
	stop_sandbox a
	[ ! -e "/proc/$pid/stat" ]
	! compgen -G "/sys/fs/cgroup/*/sandpool/${PREFIX}a"
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
	[ -z "$(ps -e -o uid= | awk -v first=$((0x70000000 + (FIRST_RANGE + 1) * 65536)) '$1 >= first && $1 < first + 65536')" ]
}

@test "forty sandboxes one after another leave the host as it was" {
	local mounts
	mounts=$(wc -l </proc/self/mountinfo)
	"$RUN" bench "$FILE_STATE" 40
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts" ]
	! compgen -G "/sys/fs/cgroup/*/sandpool/bench"
	rm -rf "$FILE_STATE/bench" "$FILE_STATE/bench.sock"
}

@test "a failed start says which step and leaves nothing" {
	PROBE_AGENT=/etc/passwd run "$RUN" start "$FILE_STATE" "${PREFIX}x" 3
	[ "$status" -ne 0 ]
	[[ $output == *"in the sandbox: agent"*"Permission denied"* ]]
	PROBE_AGENT=/bin/true run "$RUN" start "$FILE_STATE" "${PREFIX}x" 3
	[[ $output == *"ended before it was ready"* ]]
	PROBE_AGENT=/nowhere run "$RUN" start "$FILE_STATE" "${PREFIX}x" 3
	[[ $output == *"/nowhere: No such file"* ]]
	! compgen -G "/sys/fs/cgroup/*/sandpool/${PREFIX}x"
	rm -rf "$FILE_STATE/${PREFIX}x" "$FILE_STATE/${PREFIX}x.sock"
}

@test "a sandbox outlives the engine and is taken up again" {
	start_sandbox a 1
	inside a 1000 "(sleep 1000; echo never) >/dev/null 2>&1 </dev/null & disown"
	local pid=${PID[a]} start=${START[a]} to=${TO[a]} from=${FROM[a]}
	kill -9 "${DRIVER[a]}"
	wait "${DRIVER[a]}" || true
	exec {to}>&- {from}<&-
	[ -e "/proc/$pid/stat" ]
	run "$RUN" adopt "$FILE_STATE" "${PREFIX}a" "$pid" "$((start + 1))" </dev/null
	[ "$status" -ne 0 ]
	[[ $output == *"is another now"* ]]
	drive a adopt "$FILE_STATE" "${PREFIX}a" "$pid" "$start"
	if [ "$MODE" = root ]; then
		tell a usage
		[[ $ANSWER == *"pids 3"* || $ANSWER == *"pids 2"* ]]
	fi
	stop_sandbox a
	# gone, but for the entry that its new parent has yet to collect
	! grep -s ') [^ZX] ' "/proc/$pid/stat"
}
