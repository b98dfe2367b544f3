#!/usr/bin/env bats
# The examples of docs/examples do what they say, with a real daemon and real sandboxes, and leave nothing.
load helpers.bash

setup_file() {
	[[ $(id -u) == 0 ]] || return 0
	export PATH="$SP_BUILDDIR:$PATH"
	start_daemon
	export DAEMON_DIR DAEMON_PID SANDPOOL_SOCKET
}

teardown_file() {
	[[ -n ${DAEMON_PID-} ]] || return 0
	stop_daemon
}

setup() {
	[[ $(id -u) == 0 ]] || skip "sandboxes need root so far"
	EXAMPLES=$SP_SRCDIR/docs/examples
	export PYTHONDONTWRITEBYTECODE=1
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ -z ${DAEMON_PID-} || $(sandpool --json ls | jq '.sandboxes | length') == 0 ]]
}

@test "run-tests.c: files go in, output and status come out" {
	local program=$SP_BUILDDIR/docs/examples/run-tests
	echo 'ANSWER = 42' >module.py
	cat >test.py <<-'END'
		import sys, module
		print("answer", module.ANSWER)
		print("to stderr", file=sys.stderr)
		sys.exit(7)
	END
	run --separate-stderr "$program" test.py module.py -- python3 test.py
	[ "$status" -eq 7 ]
	[ "$output" = "answer 42" ]
	[ "$stderr" = "to stderr" ]
	run "$program" -- bash -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	run "$program" no-such-file -- true
	[ "$status" -eq 125 ]
	[[ $output == *"no-such-file cannot be read" ]]
	run "$program" test.py
	[ "$status" -eq 125 ]
	SANDPOOL_SOCKET=$PWD/nobody run "$program" -- true
	[ "$status" -eq 125 ]
	[[ $output == *nobody* ]]
}

@test "run-tests.c: output is shown while the command runs" {
	mkfifo out
	timeout 60 "$SP_BUILDDIR/docs/examples/run-tests" -- bash -c 'echo first; exec tail -f /dev/null' >out &
	local pid=$! line box
	read -r line <out
	[ "$line" = first ]
	box=$(sandpool --json ls | jq -r '.sandboxes[].sandbox_id')
	sandpool kill "$box"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -gt 0 ]
	[ "$status" -ne 124 ]
}

@test "matrix.py: commands side by side, each in a sandbox of its own" {
	echo 'import sys; print("with", sys.argv[1])' >tests.py
	run "$EXAMPLES/matrix.py" -j 3 --with tests.py 'python3 tests.py one' 'python3 tests.py two' \
		'test ! -e mine && touch mine' 'test ! -e mine && touch mine'
	[ "$status" -eq 0 ]
	[[ $output == *"| with one"* && $output == *"| with two"* ]]
	[ "$(grep -c '^ok ' <<<"$output")" -eq 4 ]
	run "$EXAMPLES/matrix.py" 'exit 3' 'printf "\\xff"'
	[ "$status" -eq 1 ]
	[[ $output == *"exit 3"* && $output == *"| �"* ]]
}

@test "shared.mjs: one sandbox for several programs, by its name" {
	command -v node >/dev/null || skip "node is not installed"
	local first second
	node "$EXAMPLES/shared.mjs" lab 'echo one >>file' &
	first=$!
	node "$EXAMPLES/shared.mjs" lab 'echo two >>file' &
	second=$!
	wait "$first" "$second"
	run --separate-stderr node "$EXAMPLES/shared.mjs" lab 'sort file; echo ü >&2; exit 3'
	[ "$status" -eq 3 ]
	[ "$output" = $'one\ntwo' ]
	[ "$stderr" = ü ]
	node "$EXAMPLES/shared.mjs" --end lab
	run node "$EXAMPLES/shared.mjs" --end lab
	[ "$status" -eq 125 ]
	SANDPOOL_SOCKET=$PWD/nobody run node "$EXAMPLES/shared.mjs" lab true
	[ "$status" -eq 125 ]
}

@test "ci.sh: a directory goes in, artifacts come out" {
	mkdir -p "my project/src"
	echo text >"my project/src/file"
	run "$EXAMPLES/ci.sh" "my project" bash -c 'mkdir artifacts; tr a-z A-Z <src/file >artifacts/FILE; exit 4'
	[ "$status" -eq 4 ]
	[ "$(cat "my project/artifacts/FILE")" = TEXT ]
	run "$EXAMPLES/ci.sh" "my project" cat src/file
	[ "$status" -eq 0 ]
	[ "$output" = text ]
}
