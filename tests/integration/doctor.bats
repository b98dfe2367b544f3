#!/usr/bin/env bats
# sandpool doctor: the whole way, what stands in it, and nothing left behind.
load helpers

setup() {
	make_daemon_dir
	PATH="$SP_BUILDDIR:$PATH"
}

teardown() {
	if [[ -n ${DAEMON_PID-} ]]; then
		stop_daemon
	else
		rm -rf "$DAEMON_DIR"
	fi
}

needs_root() {
	[[ $(id -u) == 0 ]] || skip "sandboxes need root so far"
}

@test "every step is told with its time, and nothing is left" {
	needs_root
	start_daemon
	run sandpool doctor
	[[ $status == 0 && $output == *"a command runs in it"*" ms"* && $output != *FAILED* ]]
	[[ $output == *"mode is root"* ]]
	[[ $(sandpool --json ls) == *'"sandboxes":[]'* ]]
	! grep -E '.{81}' <<<"$output"
}

@test "without a daemon: what to type, and what the machine can do" {
	run sandpool doctor
	[[ $status == 125 && $output == *FAILED*"fix: "*" $SP_BUILDDIR/sandpoold --socket $SANDPOOL_SOCKET"* ]]
	[[ $output == *"sandboxes can be had (mode "* ]]
	: >"$DAEMON_DIR/file"
	run sandpool --socket "$DAEMON_DIR/file" doctor
	[[ $status == 125 && $output == *"this is no socket"* ]]
}

@test "without a daemon: directories that a daemon could not take" {
	needs_root
	mkdir -m 755 "$DAEMON_DIR/sandpool"
	chmod 755 "$DAEMON_DIR"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/ XDG_STATE_HOME="$DAEMON_DIR" \
		XDG_RUNTIME_DIR= "$SP_BUILDDIR/sandpool" doctor
	[[ $output == *"chown -R 65534 $DAEMON_DIR/sandpool"* && $output == *"XDG_RUNTIME_DIR is not set"* ]]
	chown 65534 "$DAEMON_DIR/sandpool"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/ XDG_STATE_HOME="$DAEMON_DIR" \
		XDG_RUNTIME_DIR= "$SP_BUILDDIR/sandpool" doctor
	[[ $output == *"chmod 700 $DAEMON_DIR/sandpool"* ]]
}

@test "an engine that cannot be started is named, and the machine is looked at" {
	printf '[engine]\npath = %s/no-engine\n' "$DAEMON_DIR" >"$DAEMON_DIR/more.conf"
	start_daemon
	run sandpool doctor
	[[ $status == 125 && $output == *FAILED*"$DAEMON_DIR/no-engine: No such file"* ]]
	[[ $output == *"This machine"* ]]
}

doctor_has_sandbox() {
	[[ $(sandpool --json ls) == *sandbox_id* ]]
}

@test "interrupted, it leaves no sandbox" {
	needs_root
	start_daemon
	sandpool create --name warm >/dev/null
	sandpool kill warm
	for signal in INT TERM HUP; do
		(trap - INT; exec sandpool doctor) >"$DAEMON_DIR/out" 3>&- &
		doctor=$!
		wait_until doctor_is_working_or_done
		kill -"$signal" "$doctor" 2>/dev/null || true
		wait "$doctor" || true
		! doctor_has_sandbox
	done
}

doctor_is_working_or_done() {
	[[ -s $DAEMON_DIR/out ]] || ! kill -0 "$doctor" 2>/dev/null || doctor_has_sandbox
}

@test "sandpool-engine --check tells what is missing, and makes nothing" {
	run --separate-stderr "$SP_BUILDDIR/daemon/local/sandpool-engine" --check --agent /no/agent
	[[ $status == 1 ]]
	[[ $output == FAILED*"fix: "* ]]
	[[ $output == *"/no/agent: No such file"* || $(id -u) != 0 ]]
}
