#!/usr/bin/env bats
# The sandpool command, as a person or a script uses it: real daemon, real engine, real sandboxes.
load helpers.bash

setup_file() {
	[[ $(id -u) == 0 ]] || return 0
	export PATH="$SP_BUILDDIR:$PATH"
	start_daemon
	export DAEMON_DIR DAEMON_PID SANDPOOL_SOCKET
	sandpool create --name box --timeout 20m >"$DAEMON_DIR/box-id"
}

teardown_file() {
	[[ -n ${DAEMON_PID-} ]] || return 0
	local left status=0
	sandpool kill box
	left=$(sandpool --json ls | jq -r '.sandboxes[].sandbox_id')
	if [[ -n $left ]]; then
		echo "sandboxes were left over" >&2
		sandpool kill $left
		status=1
	fi
	stop_daemon || status=1
	return "$status"
}

setup() {
	[[ $(id -u) == 0 ]] || skip "sandboxes need root so far"
	export PATH="$SP_BUILDDIR:$PATH"
	WORK=$(mktemp -d)
}

teardown() {
	rm -rf "${WORK-/nonexistent}"
}

# ---- commands ------------------------------------------------------------------------------------

@test "exec gives output, error output and the exit status" {
	run --separate-stderr sandpool exec box -- bash -c 'echo out; echo err >&2; exit 7'
	[ "$status" -eq 7 ]
	[ "$output" = out ]
	[ "$stderr" = err ]
}

@test "exec: 126 when it cannot be executed, 127 when there is no such command" {
	run sandpool exec box -- /etc/passwd
	[ "$status" -eq 126 ]
	run -127 sandpool exec box -- /no/such/program
	run -127 sandpool exec box -- no-such-program
}

@test "exec: 128 and the signal when a signal ended it" {
	run sandpool exec box -- bash -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	run sandpool exec box -- bash -c 'kill -SEGV $$'
	[ "$status" -eq 139 ]
}

@test "exec: every signal that ends a command is told" {
	local n
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 24 25 26 27 29 30 31 34 64; do
		run sandpool exec box -- python3 -c "import os, signal
if $n != 9: signal.signal($n, signal.SIG_DFL)
os.kill(os.getpid(), $n)"
		[ "$status" -eq $((128 + n)) ] || { echo "signal $n: $status" >&2; return 1; }
	done
}

@test "exec: output that cannot be written is an error, closed descriptors too" {
	run --separate-stderr bash -c 'sandpool exec box -- echo lost >/dev/full'
	[ "$status" -eq 125 ]
	[[ $stderr == *"No space left on device"* ]]
	run bash -c 'sandpool exec box -- echo lost >&-'
	[ "$status" -eq 125 ]
	run timeout 20 bash -c 'sandpool exec -i box -- cat <&-'
	[ "$status" -eq 0 ]
}

@test "exec: options behind the sandbox are refused, not executed" {
	run -125 sandpool exec box -w /tmp -- true
	[[ $output == *"-w: options stand before ID"* ]]
}

@test "Ctrl-C ends us by the signal, and the command with us" {
	cat >"$WORK/interrupt.py" <<-'E'
		import signal, subprocess, sys
		p = subprocess.Popen(["sandpool", *sys.argv[1:], "--", "sh", "-c", "echo up; exec sleep 1000"],
		                     stdout=subprocess.PIPE)
		assert p.stdout.readline() == b"up\n"
		p.send_signal(signal.SIGINT)
		assert p.wait(20) == -signal.SIGINT, p.returncode
	E
	python3 "$WORK/interrupt.py" exec box
	python3 "$WORK/interrupt.py" run
	[[ $(sandpool --json ps box) != *sleep* ]]
	[ "$(sandpool --json ls | jq '.sandboxes | length')" -eq 1 ]
}

@test "exec: 125 when sandpool itself fails" {
	run sandpool exec no-such-box -- true
	[ "$status" -eq 125 ]
	[[ $output == *"no-such-box"* ]]
	run sandpool exec box
	[ "$status" -eq 125 ]
	run sandpool --socket /nonexistent/s exec box -- true
	[ "$status" -eq 125 ]
	[[ $output == *"is sandpoold running?"* ]]
	run sandpool no-such-verb
	[ "$status" -eq 125 ]
}

@test "exec: what follows -- is argv, untouched" {
	run sandpool exec box -- printf '[%s]' 'a b' '$HOME' '*' -x ''
	[ "$output" = '[a b][$HOME][*][-x][]' ]
}

@test "exec: user, directory and environment" {
	run sandpool exec -u root -w /tmp -e A=1 -e "B=x y" box -- bash -c 'id -un; pwd; echo "$A$B"'
	[ "${lines[0]}" = root ]
	[ "${lines[1]}" = /tmp ]
	[ "${lines[2]}" = "1x y" ]
	run sandpool exec box -- bash -c 'id -un; pwd'
	[ "${lines[0]}" = user ]
	[ "${lines[1]}" = /home/user ]
	run sandpool exec -u nobody-here box -- true
	[ "$status" -eq 125 ]
	run sandpool exec -w /no/such/dir box -- true
	[ "$status" -eq 125 ]
}

@test "exec -i forwards standard input to its end, whatever is in it" {
	head -c 3000000 /dev/urandom >"$WORK/in"
	sandpool exec -i box -- cat <"$WORK/in" >"$WORK/out"
	cmp "$WORK/in" "$WORK/out"
	run sandpool exec -i box -- wc -c </dev/null
	[ "$output" = 0 ]
}

@test "exec without -i gives the command an empty standard input" {
	run sandpool exec box -- cat <<<"not for it"
	[ "$status" -eq 0 ]
	[ "$output" = "" ]
}

@test "exec: large output is complete and in order" {
	sandpool exec box -- seq 1000000 >"$WORK/out"
	seq 1000000 | cmp - "$WORK/out"
}

@test "exec: a reader that leaves ends the command" {
	sandpool exec box -- yes leaver | head -n 1 >"$WORK/out"
	[ "$(cat "$WORK/out")" = leaver ]
	wait_until no_process_in_box "yes leaver"
}

no_process_in_box() {
	! sandpool exec box -- pgrep -f "^$1" >/dev/null
}

@test "exec: SIGINT and SIGTERM reach the command" {
	sandpool exec box -- bash -c 'trap "echo stopped; exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
		>"$WORK/out" 3>&- &
	local pid=$!
	wait_until grep -q ready "$WORK/out"
	kill -INT "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
	grep -q stopped "$WORK/out"
}

@test "exec -d prints a pid; ps, attach and stop work on it" {
	run sandpool exec -d box -- bash -c 'echo first; while :; do sleep 0.1; done'
	[ "$status" -eq 0 ]
	local pid=$output
	[[ $pid =~ ^[0-9]+$ ]]
	sandpool ps box | grep -qE "^$pid +kept +bash -c"
	sandpool attach box "$pid" >"$WORK/out" 3>&- &
	local attached=$! status=0
	wait_until grep -q first "$WORK/out"
	sandpool stop box "$pid"
	wait "$attached" || status=$?
	[ "$status" -eq 137 ]
	run sandpool stop box "$pid"
	[ "$status" -eq 125 ]
}

@test "exec -d: output and status can be had after the end" {
	local pid
	pid=$(sandpool exec -d box -- bash -c 'echo late; exit 3')
	run sandpool attach box "$pid"
	[ "$status" -eq 3 ]
	[ "$output" = late ]
	run sandpool attach -o 2 box "$pid"
	[ "$output" = te ]
}

@test "exec --json prints the method's result" {
	run sandpool --json exec box -- bash -c 'echo hi; exit 4'
	[ "$status" -eq 4 ]
	[ "$(jq -r .stdout <<<"$output")" = hi ]
	[ "$(jq -r .exit_code <<<"$output")" = 4 ]
}

# ---- terminals -----------------------------------------------------------------------------------

# in_terminal ROWS COLS INPUT COMMAND…: run it on a terminal, type INPUT, print what it showed.
in_terminal() {
	python3 - "$@" <<-'E'
		import fcntl, os, pty, select, struct, sys, termios
		rows, cols, typed, argv = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
		    os.execvp(argv[0], argv)
		shown = b""
		sent = False
		while select.select([fd], [], [], 30)[0]:
		    try:
		        data = os.read(fd, 65536)
		    except OSError:
		        break
		    if not data:
		        break
		    shown += data
		    if not sent and (b"$ " in shown or b"ready" in shown):
		        os.write(fd, typed.encode().decode("unicode_escape").encode())
		        sent = True
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
		sys.exit(status)
	E
}

@test "shell: a login bash on a terminal of our size" {
	run in_terminal 33 101 'stty size; id -un; exit 5\n' sandpool shell box
	[ "$status" -eq 5 ]
	[[ $output == *"33 101"* ]]
	[[ $output == *$'\nuser\n'* ]]
}

@test "exec -i -t: a command on a terminal, control characters included" {
	run in_terminal 24 80 '\x03' sandpool exec -i -t box -- bash -c 'tty; trap "echo got-int; exit 6" INT; echo ready; while :; do sleep 0.1; done'
	[ "$status" -eq 6 ]
	[[ $output == */dev/pts/* ]]
	[[ $output == *got-int* ]]
}

# ---- files ---------------------------------------------------------------------------------------

@test "write and cat" {
	echo "hello there" | sandpool write box:dir/note.txt
	[ "$(sandpool cat box:dir/note.txt)" = "hello there" ]
	[ "$(sandpool exec box -- cat /home/user/dir/note.txt)" = "hello there" ]
	run sandpool cat box:no-such-file
	[ "$status" -eq 125 ]
	run sandpool cat box:dir
	[ "$status" -eq 125 ]
	: | sandpool write box:empty
	[ "$(sandpool cat box:empty | wc -c)" = 0 ]
}

@test "cp: both ways, bytes and modes" {
	head -c 5000000 /dev/urandom >"$WORK/in"
	chmod 755 "$WORK/in"
	sandpool cp "$WORK/in" box:copied
	sandpool cp box:copied "$WORK/out"
	cmp "$WORK/in" "$WORK/out"
	[ "$(stat -c %a "$WORK/out")" = 755 ]
	[ "$(sandpool exec box -- stat -c '%a %U' copied)" = "755 user" ]
	sandpool exec box -- mkdir -p into
	sandpool cp "$WORK/in" box:into
	sandpool exec box -- cmp copied into/in
	sandpool cp box:copied box:twice
	sandpool exec box -- cmp copied twice
}

@test "cp -r: a tree there and back" {
	mkdir -p "$WORK/tree/a/b" "$WORK/tree/empty"
	echo 1 >"$WORK/tree/a/one"
	echo 2 >"$WORK/tree/a/b/two words"
	run sandpool cp "$WORK/tree" box:tree
	[ "$status" -eq 125 ]
	sandpool cp -r "$WORK/tree" box:tree
	sandpool cp -r box:tree "$WORK/back"
	diff -r "$WORK/tree" "$WORK/back"
}

@test "cp: what cannot be copied says so" {
	run sandpool cp "$WORK/none" box:x
	[ "$status" -eq 125 ]
	[[ $output == *"$WORK/none"* ]]
	run sandpool cp box:none "$WORK/x"
	[ "$status" -eq 125 ]
	run sandpool cp "$WORK/a" "$WORK/b"
	[ "$status" -eq 125 ]
	run sandpool cp no-such-box:x "$WORK/x"
	[ "$status" -eq 125 ]
	[ ! -e "$WORK/x" ]
}

@test "files: ls, stat, mkdir, mv, rm" {
	sandpool files mkdir box:work/sub
	echo x | sandpool write box:work/sub/file
	sandpool files ls box:work | grep -q 'drwxr-xr-x.*sub$'
	sandpool files ls -R box:work | grep -q '/home/user/work/sub/file$'
	sandpool files stat box:work/sub/file | grep -qE '^size +2$'
	sandpool files mv box:work/sub/file work/moved
	[ "$(sandpool cat box:work/moved)" = x ]
	sandpool files rm box:work
	run sandpool files stat box:work
	[ "$status" -eq 125 ]
	sandpool files rm box:work
	run sandpool files rm box:
	[ "$status" -eq 125 ]
	sandpool files stat box:
}

@test "run, interrupted while its sandbox is being made, leaves none" {
	local seconds
	for seconds in 0.002 0.005 0.01 0.02 0.04; do
		timeout -s INT "$seconds" sandpool run -- sleep 1000 || true
	done
	only_the_box() { [ "$(sandpool --json ls | jq '.sandboxes | length')" -eq 1 ]; }
	wait_until only_the_box
}

# ---- sandboxes -----------------------------------------------------------------------------------

@test "create, ls, info, timeout, connect, kill" {
	local id
	id=$(sandpool create --name other -m job=7 -e GREETING=hi --timeout 90s)
	[[ $id =~ ^i[a-z0-9]{20}$ ]]
	sandpool ls | grep -qE "^$id +other +running +base"
	[ "$(sandpool ls -m job=7 | wc -l)" = 2 ]
	[ "$(sandpool ls -m job=8 | wc -l)" = 1 ]
	[ "$(sandpool --json ls | jq '.sandboxes | length')" = 2 ]
	sandpool info other | grep -qE '^label +job=7$'
	[ "$(sandpool exec other -- printenv GREETING)" = hi ]
	local before after
	before=$(sandpool --json info other | jq -r .end_at)
	sandpool connect other >/dev/null
	[ "$(sandpool --json info other | jq -r .end_at)" = "$before" ]
	sandpool timeout other 10m
	after=$(sandpool --json info other | jq -r .end_at)
	[[ $after > $before ]]
	run sandpool create --name other
	[ "$status" -eq 125 ]
	sandpool kill other
	run sandpool kill other
	[ "$status" -eq 125 ]
	run sandpool info other
	[ "$status" -eq 125 ]
}

@test "run: makes a sandbox, gives the command's status, leaves nothing" {
	run sandpool run --timeout 60 -e X=y -- bash -c 'echo $X; exit 3'
	[ "$status" -eq 3 ]
	[ "$output" = y ]
	[ "$(sandpool ls | wc -l)" = 2 ]
	run sandpool run -i -- cat <<<"through"
	[ "$output" = through ]
	run -127 sandpool run -- /no/such/program
	[ "$(sandpool ls | wc -l)" = 2 ]
}

@test "bad options and durations are refused with words" {
	run sandpool create --timeout soon
	[ "$status" -eq 125 ]
	[[ $output == *soon* ]]
	run sandpool create --nonsense
	[ "$status" -eq 125 ]
	run sandpool create -e =x
	[ "$status" -eq 125 ]
	run sandpool timeout box
	[ "$status" -eq 125 ]
	run sandpool create --timeout 0
	[ "$status" -eq 125 ]
	[[ $output == *"params.timeout"* ]]
}

# ---- the rest ------------------------------------------------------------------------------------

@test "call: any method, notifications as lines" {
	run sandpool call daemon.hello
	[ "$(jq -r .server <<<"$output")" = sandpool ]
	run sandpool call no.such.method
	[ "$status" -eq 125 ]
	run sandpool call sandbox.get 'not json'
	[ "$status" -eq 125 ]
	run sandpool call -f command.start '{"sandbox_id":"box","cmd":"echo hi"}'
	[ "$(jq -r .pid <<<"${lines[0]}")" -gt 1 ]
	[ "$(jq -r .params.data <<<"${lines[1]}")" = hi ]
	[ "$(jq -r .method <<<"${lines[2]}")" = command.exit ]
}

@test "status tells of daemon and provider" {
	run sandpool status
	[[ $output == *"provider   local (local) is up"* ]]
	[ "$(sandpool --json status | jq -r .sandboxes)" = 1 ]
}

@test "doctor goes the whole way, and names the step that fails" {
	run sandpool doctor
	[ "$status" -eq 0 ]
	[ "$(grep -c '^ok' <<<"$output")" -ge 7 ]
	run sandpool --socket "$WORK/none" doctor
	[ "$status" -eq 125 ]
	[[ $output == FAIL*"is sandpoold running?"* ]]
}

@test "every verb has help, and --help lists it" {
	local verb
	run sandpool --help
	[ "$status" -eq 0 ]
	for verb in create ls info kill connect timeout run exec shell ps attach stop cp cat write files \
		call status doctor; do
		[[ $output == *"  $verb "* ]]
		sandpool "$verb" --help | grep -q "^usage: sandpool $verb"
	done
	sandpool files watch --help | grep -q '^usage: sandpool files'
	sandpool git clone -h | grep -q '^usage: sandpool git'
	! LC_ALL=C.UTF-8 grep -E '.{81}' <<<"$output"
}

@test "the README's example in Python works" {
	sed -n '/^```python$/,/^```$/p' "$SP_SRCDIR/README.md" | sed '1d;$d' |
		sed "s|/run/sandpool/sandpool.sock|$SANDPOOL_SOCKET|" >"$WORK/first.py"
	run python3 "$WORK/first.py"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 42 ]
}

@test "the manual's examples in C work" {
	local examples="$SP_BUILDDIR/docs/manual/examples"
	run "$examples/easy"
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
	run "$examples/call"
	[ "$status" -eq 0 ]
	[[ $output =~ ^i[a-z0-9]+$ ]]
	run "$examples/error"
	[ "$output" = "there is none" ]
	run "$examples/note"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[ "${lines[3]}" = "status 0" ]
	run "$examples/result"
	[[ $output == *" box"* ]]
	run "$examples/connection"
	[ "$status" -eq 0 ]
	[ "$(jq -s length <<<"$output")" -eq 2 ]
	echo text | sandpool write box:/tmp/example
	run "$examples/descriptor" box /tmp/example
	[ "$output" = text ]
}
