#!/usr/bin/env bats
# process.Process against a real agent. Section numbers are those of the wire reference.

load agent.bash

setup() {
	agent_start
}

teardown() {
	agent_stop
}

# ---- ends (wire §4.6) ----------------------------------------------------------------------------

@test "exit 0: the exit code is left out" {
	run stream Start "$(script 'exit 0')"
	[ "${lines[1]}" = '{"event":{"end":{"exited":true,"status":"exit status 0"}}}' ]
	[ "${lines[2]}" = 'EOS {}' ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "exit N carries code and error" {
	run stream Start "$(script 'exit 3')"
	[ "${lines[1]}" = '{"event":{"end":{"exitCode":3,"exited":true,"status":"exit status 3","error":"exit status 3"}}}' ]
}

@test "death by signal is exit code -1" {
	run stream Start "$(script 'kill -KILL $$')"
	[ "${lines[1]}" = '{"event":{"end":{"exitCode":-1,"status":"signal: killed","error":"signal: killed"}}}' ]
	run stream Start "$(script 'kill -TERM $$')"
	[[ "${lines[1]}" == *'"status":"signal: terminated"'* ]]
	run stream Start "$(script 'kill -34 $$')"
	[[ "${lines[1]}" == *'"status":"signal: signal 34"'* ]]
}

@test "a natural end waits for the pipes" {
	stream_to out Start "$(script 'sleep 1000 & echo $!; exit 4')" --text
	pid=$(pid_of out)
	wait_until has_line out stdout
	sleeper=$(sed -n 's/^stdout //p' "$dir/out")
	wait_until test ! -e "/proc/$pid"
	is_listed "$pid"
	! has_line out '"end"'
	[[ "$(unary SendSignal "{\"process\":{\"pid\":$pid},\"signal\":\"SIGNAL_SIGKILL\"}")" == 500*internal* ]]
	kill "$sleeper"
	wait "$out_pid"
	has_line out '"exitCode":4'
}

@test "a killed process does not wait for its pipes, and its children live on" {
	stream_to out Start "$(script 'sleep 1000 & echo $!; wait')" --text
	pid=$(pid_of out)
	wait_until has_line out stdout
	sleeper=$(sed -n 's/^stdout //p' "$dir/out")
	[ "$(unary SendSignal "{\"process\":{\"pid\":$pid},\"signal\":\"SIGNAL_SIGKILL\"}")" = '200 {}' ]
	wait "$out_pid"
	has_line out 'signal: killed'
	kill -0 "$sleeper"
	kill "$sleeper"
	is_not_listed "$pid"
}

@test "what was written before a kill is not lost" {
	stream_to out Start "$(script 'echo before; exec sleep 1000')" --text
	pid=$(pid_of out)
	wait_until has_line out 'stdout before'
	[ "$(unary SendSignal "{\"process\":{\"pid\":$pid},\"signal\":15}")" = '200 {}' ]
	wait "$out_pid"
	has_line out 'signal: terminated'
}

@test "the deadline kills, and ends the stream with deadline_exceeded" {
	run stream Start "$(script 'echo $$; exec sleep 1000')" --text -H 'Connect-Timeout-Ms: 300'
	[ "${lines[-1]}" = 'EOS {"error":{"code":"deadline_exceeded","message":"context deadline exceeded"}}' ]
	! grep -q '"end"' <<<"$output"
	pid=$(sed -n 's/^stdout //p' <<<"$output")
	wait_until test ! -e "/proc/$pid"
}

@test "the deadline kills also after its client has left" {
	run stream Start "$(script 'exec sleep 1000')" --stop-after 1 -H 'Connect-Timeout-Ms: 3000'
	pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' <<<"$output")
	is_listed "$pid"
	wait_until is_not_listed "$pid"
	run stream Connect "{\"process\":{\"pid\":$pid}}"
	[[ "${lines[1]}" == *'signal: killed'* ]]
}

@test "a deadline of Connect ends only that stream" {
	stream_to out Start "$(script 'exec sleep 1000')"
	pid=$(pid_of out)
	run stream Connect "{\"process\":{\"pid\":$pid}}" -H 'Connect-Timeout-Ms: 100.0'
	[[ "${lines[1]}" == *deadline_exceeded* ]]
	is_listed "$pid"
}

@test "an end is remembered for who connects late, until its tag is used again" {
	stream Start "$(script 'exit 7' '{"tag":"t"}')"
	run stream Connect '{"process":{"tag":"t"}}'
	[[ "${lines[0]}" == *'"start"'* ]]
	[[ "${lines[1]}" == *'"exitCode":7'* ]]
	[ "${lines[2]}" = 'EOS {}' ]
	stream_to out Start "$(script 'exec sleep 1000' '{"tag":"t"}')"
	pid=$(pid_of out)
	run stream Connect '{"process":{"tag":"t"}}' --stop-after 1
	[ "$output" = "{\"event\":{\"start\":{\"pid\":$pid}}}" ]
}

# ---- starting (wire §4.4) ------------------------------------------------------------------------

@test "127 for what is missing, 126 for what cannot be executed" {
	run stream Start '{"process":{"cmd":"no-such-program"}}' --text
	[ "${lines[1]}" = 'stderr exec: no-such-program: not found' ]
	[[ "$output" == *'"exitCode":127'* ]]
	run stream Start '{"process":{"cmd":"/no/such/program"}}' --text
	[[ "$output" == *'"exitCode":127'* ]]
	run stream Start '{"process":{"cmd":"/etc/passwd"}}' --text
	[ "${lines[1]}" = 'stderr exec: /etc/passwd: Permission denied' ]
	[[ "$output" == *'"exitCode":126'* ]]
	run stream Start '{"process":{}}'
	[[ "$output" == *'"exitCode":127'* ]]
}

@test "a script without #! is run by sh" {
	printf 'echo "$0 $1"\n' >"$dir/tool"
	chmod +x "$dir/tool"
	run stream Start "{\"process\":{\"cmd\":\"tool\",\"args\":[\"a b\"],\"envs\":{\"PATH\":\"/nowhere:$dir:/bin\"}}}" --text
	[ "${lines[1]}" = "stdout $dir/tool a b" ]
}

@test "cwd: absolute, from home, missing, not a directory" {
	run stream Start "$(script pwd '{"process":{"cwd":"/usr"}}')" --text
	[ "${lines[1]}" = 'stdout /usr' ]
	run stream Start "$(script pwd '{"process":{"cwd":"~/.."}}')" --text
	[ "${lines[1]}" = "stdout $(cd ~/.. && pwd)" ]
	run stream Start "$(script pwd)" --text
	[ "${lines[1]}" = "stdout $HOME" ]
	run stream Start "$(script pwd '{"process":{"cwd":"/nope"}}')"
	[ "$output" = "EOS {\"error\":{\"code\":\"invalid_argument\",\"message\":\"cwd '/nope' does not exist\"}}" ]
	run stream Start "$(script pwd '{"process":{"cwd":"/etc/passwd"}}')"
	[[ "$output" == 'EOS {"error":{"code":"invalid_argument"'* ]]
	run stream Start "$(script pwd '{"process":{"cwd":"~other"}}')"
	[[ "$output" == 'EOS {"error":{"code":"invalid_argument"'* ]]
}

@test "a command is alone in its session and starts with no signal blocked or ignored" {
	run stream Start "$(script 'ps -o pid=,sid= -p $$; grep -E "^Sig(Blk|Ign)" /proc/self/status')" --text
	read -r pid sid <<<"$(sed -n 's/^stdout *//p' <<<"$output" | head -n 1)"
	[ "$pid" = "$sid" ]
	[[ "$output" == *$'SigBlk:\t0000000000000000'* ]]
	[[ "$output" == *$'SigIgn:\t0000000000000000'* ]]
}

@test "nothing of the agent leaks into a command" {
	run stream Start "$(script 'ls /proc/$$/fd; true')" --text # no pipe: the shell would hold its ends
	[ "${lines[1]} ${lines[2]} ${lines[3]}" = 'stdout 0 1 2' ]
	run stream Start "$(script 'cat /proc/self/oom_score_adj; nice')" --text
	[[ "$output" == *100* ]]
}

# ---- environment (wire §4.5) ---------------------------------------------------------------------

@test "nothing is inherited but PATH" {
	run stream Start '{"process":{"cmd":"/usr/bin/env"}}' --out "$dir/env"
	[ "$(sed 's/=.*//' "$dir/env.stdout" | sort | tr '\n' ' ')" = 'E2B_SANDBOX E2B_SANDBOX_ID HOME LOGNAME PATH USER ' ]
	grep -qx "HOME=$HOME" "$dir/env.stdout"
	grep -qx "USER=$(id -un)" "$dir/env.stdout"
}

@test "request over globals over the user's own; ours are not overridden by /init" {
	http /init -d '{"envVars":{"A":"init","B":"init","HOME":"/h","E2B_SANDBOX_ID":"fake"}}'
	run stream Start '{"process":{"cmd":"/usr/bin/env","envs":{"A":"request"}}}' --out "$dir/env"
	grep -qx A=request "$dir/env.stdout"
	grep -qx B=init "$dir/env.stdout"
	grep -qx HOME=/h "$dir/env.stdout"
	grep -qx E2B_SANDBOX_ID=itest "$dir/env.stdout"
	http /init -d '{"envVars":{"C":"3"}}'
	[ "$(http /envs)" = '{"C":"3","E2B_SANDBOX":"true","E2B_SANDBOX_ID":"itest"}' ]
}

# ---- output (wire §4.7) --------------------------------------------------------------------------

@test "stdout and stderr arrive apart and complete" {
	stream Start "$(script 'head -c 100000 /dev/urandom | tee '"$dir/sent"'; echo oops >&2')" --out "$dir/got"
	cmp "$dir/sent" "$dir/got.stdout"
	[ "$(cat "$dir/got.stderr")" = oops ]
}

@test "50 MB of output" {
	stream Start "$(script 'head -c 50000000 /dev/zero')" --out "$dir/got"
	[ "$(stat -c %s "$dir/got.stdout")" -eq 50000000 ]
}

@test "two subscribers see the same; the second from when it came" {
	mkfifo "$dir/go"
	stream_to one Start "$(script "echo early; read x <$dir/go; echo late")" --text
	pid=$(pid_of one)
	wait_until has_line one 'stdout early'
	stream_to two Connect "{\"process\":{\"pid\":$pid}}" --text
	[ "$(pid_of two)" = "$pid" ]
	echo >"$dir/go"
	wait "$one_pid" "$two_pid"
	has_line one 'stdout late'
	has_line two 'stdout late'
	! has_line two 'stdout early'
	has_line one 'EOS {}'
	has_line two 'EOS {}'
}

# The number of bytes that the process has written, by its own account in a file.
written() {
	cat "$dir/written" 2>/dev/null || echo 0
}

is_stalled() {
	local before

	before=$(written)
	sleep 0.3 # stalled means: nothing happens in some time
	[ "$before" -gt 0 ] && [ "$(written)" -eq "$before" ]
}

@test "a slow reader holds the process back, and memory stays bounded" {
	mkfifo "$dir/pause"
	exec 9<>"$dir/pause"
	python3 "$SP_SRCDIR/tests/integration/connect.py" "$sock" stream $P/Start --pause --out "$dir/got" \
		"$(script "i=0; while [ \$i -lt 500 ]; do head -c 40000 /dev/zero; i=\$((i+1)); echo \$((i*40000)) >$dir/written; done")" \
		<"$dir/pause" >"$dir/slow" &
	client=$!
	wait_until is_stalled
	[ "$(written)" -lt 5000000 ]
	[ "$(sed -n 's/VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$agent_pid/status")" -lt 16384 ] ||
		grep -q asan "/proc/$agent_pid/maps"
	echo >&9
	wait "$client"
	has_line slow '"exited":true'
	[ "$(stat -c %s "$dir/got.stdout")" -eq 20000000 ]
}

@test "a slow reader that leaves lets the process go on, unread" {
	mkfifo "$dir/pause"
	exec 9<>"$dir/pause"
	python3 "$SP_SRCDIR/tests/integration/connect.py" "$sock" stream $P/Start --pause --out "$dir/got" \
		"$(script "i=0; while [ \$i -lt 250 ]; do head -c 40000 /dev/zero; i=\$((i+1)); echo \$((i*40000)) >$dir/written; done; echo done >$dir/end")" \
		<"$dir/pause" >"$dir/slow" 2>&1 &
	client=$!
	wait_until is_stalled
	kill -KILL "$client"
	wait_until test -e "$dir/end"
}

@test "a client that leaves does not take its process along" {
	mkfifo "$dir/go"
	stream_to one Start "$(script "read x <$dir/go; echo later")" --stop-after 1
	pid=$(pid_of one)
	wait "$one_pid"
	is_listed "$pid"
	stream_to two Connect "{\"process\":{\"pid\":$pid}}" --text
	[ "$(pid_of two)" = "$pid" ]
	echo >"$dir/go"
	wait "$two_pid"
	has_line two 'stdout later'
	has_line two '"exited":true'
}

@test "silence is filled with keepalives" {
	stream_to out Start "$(script 'exec sleep 1000')" -H 'Keepalive-Ping-Interval: 1'
	wait_until has_line out '{"event":{"keepalive":{}}}'
}

# ---- input ---------------------------------------------------------------------------------------

@test "stdin: off, absent, on, closed" {
	run stream Start '{"process":{"cmd":"cat"},"stdin":false}'
	[[ "$output" == *'exit status 0'* ]]
	stream_to out Start '{"process":{"cmd":"cat"}}' --text
	pid=$(pid_of out)
	[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"stdin\":\"$(base64_of $'one\ntwo')\"}}")" = '200 {}' ]
	[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"stdin\":\"\"}}")" = '200 {}' ]
	wait_until has_line out 'two'
	[ "$(unary CloseStdin "{\"process\":{\"pid\":$pid}}")" = '200 {}' ]
	wait "$out_pid"
	has_line out 'exit status 0'
}

@test "large input waits for the process to read, in order" {
	mkfifo "$dir/go"
	stream_to out Start "{\"process\":{\"cmd\":\"/bin/sh\",\"args\":[\"-c\",\"read x <$dir/go; sha256sum\"]}}" --text
	pid=$(pid_of out)
	head -c 2000000 /dev/urandom >"$dir/data"
	python3 -c 'import base64, json, sys
json.dump({"process": {"pid": int(sys.argv[1])}, "input": {"stdin": base64.b64encode(open(sys.argv[2], "rb").read()).decode()}}, sys.stdout)' \
		"$pid" "$dir/data" >"$dir/request"
	http "/$P/SendInput" -H 'Content-Type: application/json' -d "@$dir/request" >"$dir/answer" &
	client=$!
	run timeout 0.3 tail --pid="$client" -f /dev/null
	[ "$status" -eq 124 ] # not answered
	echo >"$dir/go"
	wait "$client"
	[ "$(cat "$dir/answer")" = '{}' ]
	unary CloseStdin "{\"process\":{\"pid\":$pid}}"
	wait "$out_pid"
	has_line out "$(sha256sum <"$dir/data" | cut -d' ' -f1)"
}

@test "input that waits is refused when the process exits" {
	mkfifo "$dir/go"
	stream_to out Start "{\"process\":{\"cmd\":\"/bin/sh\",\"args\":[\"-c\",\"read x <$dir/go\"]}}"
	pid=$(pid_of out)
	head -c 300000 /dev/zero | base64 -w 0 >"$dir/data"
	{ printf '{"process":{"pid":%d},"input":{"stdin":"' "$pid"; cat "$dir/data"; printf '"}}'; } >"$dir/request"
	http "/$P/SendInput" -H 'Content-Type: application/json' -d "@$dir/request" >"$dir/answer" &
	client=$!
	run timeout 0.3 tail --pid="$client" -f /dev/null
	[ "$status" -eq 124 ]
	echo >"$dir/go"
	wait "$client" "$out_pid"
	grep -q '"code":"internal"' "$dir/answer"
}

@test "StreamInput writes piece by piece" {
	stream_to out Start '{"process":{"cmd":"cat"}}' --text
	pid=$(pid_of out)
	run stream StreamInput --client-stream "[{\"start\":{\"process\":{\"pid\":$pid}}},{\"keepalive\":{}},{\"data\":{\"input\":{\"stdin\":\"$(base64_of ab)\"}}},{\"data\":{\"input\":{\"stdin\":\"$(base64_of $'cd\n')\"}}}]"
	[ "${lines[0]}" = '{}' ]
	[ "${lines[1]}" = 'EOS {}' ]
	wait_until has_line out cd
	run stream StreamInput --client-stream '[{"data":{"input":{"stdin":""}}}]'
	[[ "$output" == *invalid_argument* ]]
}

# ---- terminals (wire §9.6) -----------------------------------------------------------------------

@test "a terminal has its size, and follows Update" {
	stream_to out Start '{"process":{"cmd":"/bin/bash","args":["-i"],"envs":{"TERM":"dumb","PS1":"$ "}},"pty":{"size":{"cols":91,"rows":33}}}' --out "$dir/tty"
	pid=$(pid_of out)
	unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"pty\":\"$(base64_of $'stty size; tty\n')\"}}"
	wait_until grep -q '33 91' "$dir/tty.pty"
	wait_until grep -q '/dev/pts/' "$dir/tty.pty"
	[ "$(unary Update "{\"process\":{\"pid\":$pid},\"pty\":{\"size\":{\"cols\":50,\"rows\":20}}}")" = '200 {}' ]
	unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"pty\":\"$(base64_of $'stty size\n')\"}}"
	wait_until grep -q '20 50' "$dir/tty.pty"
	unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"pty\":\"$(base64_of $'exit\n')\"}}"
	wait "$out_pid"
	has_line out 'exit status 0'
	! grep -q 'job control' "$dir/tty.pty"
}

@test "a terminal is taken up again after its client left" {
	run stream Start '{"process":{"cmd":"/bin/cat"},"pty":{"size":{"cols":80,"rows":24}}}' --stop-after 1
	pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' <<<"$output")
	stream_to two Connect "{\"process\":{\"pid\":$pid}}" --out "$dir/tty"
	[ "$(pid_of two)" = "$pid" ]
	unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"pty\":\"$(base64_of $'hello\n\x04')\"}}"
	wait "$two_pid"
	grep -q hello "$dir/tty.pty"
	has_line two 'exit status 0'
}

# ---- errors (wire §4.9) --------------------------------------------------------------------------

@test "unknown pid, unknown tag, no selector, two" {
	for method in SendInput CloseStdin SendSignal Update; do
		[ "$(unary $method '{"process":{"pid":999999}}')" = '404 {"code":"not_found","message":"process with pid 999999 not found"}' ]
		[ "$(unary $method '{"process":{"tag":"x"}}')" = '404 {"code":"not_found","message":"process with tag x not found"}' ]
		[[ "$(unary $method '{}')" == '501 {"code":"unimplemented"'* ]]
		[[ "$(unary $method '{"process":{"pid":1,"tag":"x"}}')" == '400 {"code":"invalid_argument"'* ]]
	done
	[ "$(stream Connect '{"process":{"pid":999999}}')" = 'EOS {"error":{"code":"not_found","message":"process with pid 999999 not found"}}' ]
}

@test "input of the wrong kind, or after the end of input" {
	stream_to out Start "$(script 'exec sleep 1000')"
	pid=$(pid_of out)
	[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"stdin\":\"YQ\"}}")" = '500 {"code":"internal","message":"error writing to stdin: stdin not enabled or closed"}' ]
	[[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"pty\":\"YQ==\"}}")" == '500 {"code":"internal"'* ]]
	[[ "$(unary SendInput "{\"process\":{\"pid\":$pid}}")" == '501 '* ]]
	[ "$(unary CloseStdin "{\"process\":{\"pid\":$pid}}")" = '200 {}' ]
	[ "$(unary CloseStdin "{\"process\":{\"pid\":$pid}}")" = '200 {}' ]
	[[ "$(unary Update "{\"process\":{\"pid\":$pid},\"pty\":{\"size\":{\"cols\":1,\"rows\":1}}}")" == '500 {"code":"internal"'* ]]
	[ "$(unary Update "{\"process\":{\"pid\":$pid}}")" = '200 {}' ]
	[[ "$(unary SendSignal "{\"process\":{\"pid\":$pid}}")" == '501 {"code":"unimplemented"'* ]]
}

@test "input to a process that has closed its stdin" {
	stream_to out Start '{"process":{"cmd":"/bin/sh","args":["-c","exec <&-; echo closed; exec sleep 1000"]}}' --text
	pid=$(pid_of out)
	wait_until has_line out 'stdout closed'
	[[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"stdin\":\"YQ==\"}}")" == '500 {"code":"internal"'* ]]
}

@test "stdin of a terminal cannot be written or closed" {
	stream_to out Start '{"process":{"cmd":"/bin/cat"},"pty":{"size":{"cols":80,"rows":24}}}'
	pid=$(pid_of out)
	[[ "$(unary SendInput "{\"process\":{\"pid\":$pid},\"input\":{\"stdin\":\"YQ==\"}}")" == '500 {"code":"internal"'* ]]
	[[ "$(unary CloseStdin "{\"process\":{\"pid\":$pid}}")" == '500 {"code":"unknown"'* ]]
}

@test "List shows what runs, as it was asked for" {
	[ "$(unary List '{}')" = '200 {}' ]
	stream_to out Start "$(script 'exec sleep 1000' '{"tag":"my tag","process":{"cwd":"/usr","envs":{"A":"1"}}}')"
	pid=$(pid_of out)
	[ "$(unary List '{}')" = "200 {\"processes\":[{\"config\":{\"cmd\":\"/bin/sh\",\"args\":[\"-c\",\"exec sleep 1000\"],\"envs\":{\"A\":\"1\"},\"cwd\":\"/usr\"},\"pid\":$pid,\"tag\":\"my tag\"}]}" ]
	[ "$(unary SendSignal '{"process":{"tag":"my tag"},"signal":"SIGNAL_SIGKILL"}')" = '200 {}' ]
	wait "$out_pid"
	[ "$(unary List '{}')" = '200 {}' ]
}

@test "many processes at once, every status its own" {
	for i in $(seq 1 20); do
		stream_to "p$i" Start "$(script "exit $i")"
	done
	wait $(for i in $(seq 1 20); do eval "echo \$p${i}_pid"; done)
	for i in $(seq 1 20); do
		has_line "p$i" "\"exitCode\":$i,"
	done
	[ -z "$(pgrep -P "$agent_pid")" ]
}
