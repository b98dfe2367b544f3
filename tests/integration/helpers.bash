# What the tests of the daemon share: a daemon of their own in a directory of its own.
#
#   setup()    { start_daemon; }
#   teardown() { stop_daemon; }      fails on errors in the log and on anything left over
bats_require_minimum_version 1.5.0

: "${SP_SRCDIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}" "${SP_BUILDDIR:=$SP_SRCDIR/build}"
export SP_SRCDIR SP_BUILDDIR

# wait_until COMMAND…: poll a condition, for at most a minute.
wait_until() {
	local i
	for ((i = 0; i < 3000; i++)); do
		"$@" && return 0
		sleep 0.02
	done
	echo "never came true: $*" >&2
	return 1
}

# start_daemon [OPTION…]: sets DAEMON_PID, DAEMON_DIR and SANDPOOL_SOCKET. A test may have put more
# configuration into $DAEMON_DIR/more.conf after make_daemon_dir.
make_daemon_dir() {
	DAEMON_DIR=$(mktemp -d "${TMPDIR:-/tmp}/sandpool-test.XXXXXX")
	export SANDPOOL_SOCKET="$DAEMON_DIR/sandpool.sock"
	: >"$DAEMON_DIR/more.conf"
}

start_daemon() {
	[[ -n ${DAEMON_DIR-} ]] || make_daemon_dir
	cp "$DAEMON_DIR/more.conf" "$DAEMON_DIR/sandpoold.conf"
	touch "$DAEMON_DIR/log"
	DAEMON_LOG_START=$(wc -l <"$DAEMON_DIR/log")
	"$SP_BUILDDIR/sandpoold" -c "$DAEMON_DIR/sandpoold.conf" --socket "$SANDPOOL_SOCKET" \
		--state-dir "$DAEMON_DIR/state" --log-level debug "$@" \
		2>>"$DAEMON_DIR/log" 3>&- 4>&- &
	DAEMON_PID=$!
	wait_until daemon_is_up_or_gone && kill -0 "$DAEMON_PID" && return
	cat "$DAEMON_DIR/log" >&2
	return 1
}

daemon_is_up_or_gone() {
	kill -0 "$DAEMON_PID" 2>/dev/null || return 0
	tail -n "+$((DAEMON_LOG_START + 1))" "$DAEMON_DIR/log" | grep -q 'serving '
}

daemon_fds() {
	local fds=("/proc/$DAEMON_PID/fd/"*)
	echo "${#fds[@]}"
}

daemon_has_fds() {
	[[ $(daemon_fds) == "$1" ]]
}

# Processes that were started with our directory in their arguments, and are not the daemon: the engine.
daemon_helpers() {
	local dir
	for dir in /proc/[0-9]*; do
		[[ ${dir#/proc/} == "$DAEMON_PID" ]] && continue
		tr '\0' '\n' 2>/dev/null <"$dir/cmdline" | grep -qF "$DAEMON_DIR/" && echo "${dir#/proc/}"
	done
	return 0
}

no_daemon_helpers() {
	[[ -z $(daemon_helpers) ]]
}

# Ends the daemon and what it started, and looks whether all went well.
stop_daemon() {
	local status=0 pid
	[[ -n ${DAEMON_PID-} ]] || return 0
	kill -TERM "$DAEMON_PID" 2>/dev/null || true
	wait "$DAEMON_PID" || status=$?
	for pid in $(daemon_helpers); do
		kill -TERM "$pid" 2>/dev/null || true
	done
	wait_until no_daemon_helpers || status=1
	[[ ! -e $SANDPOOL_SOCKET ]] || { echo "the socket was left" >&2; status=1; }
	if grep -nE ' error: |runtime error|Sanitizer|[Aa]ssertion' "$DAEMON_DIR/log" >&2; then
		status=1
	fi
	[[ $status == 0 ]] || tail -n 50 "$DAEMON_DIR/log" >&2
	rm -rf "$DAEMON_DIR"
	unset DAEMON_DIR DAEMON_PID
	return "$status"
}

# For tests that measure memory: sanitizers keep what was freed.
skip_with_sanitizers() {
	grep -q 'define WITH_SANITIZERS' "$SP_BUILDDIR/config.h" && skip "built with sanitizers"
	return 0
}

# py <<E: a Python program that knows rpc.py by heart.
py() {
	{
		echo 'from rpc import *'
		cat
	} >"$DAEMON_DIR/test.py"
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$SP_SRCDIR/tests/integration" DAEMON_PID=$DAEMON_PID \
		python3 "$DAEMON_DIR/test.py"
}
