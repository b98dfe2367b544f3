# For tests with sandboxes: the real engine, and nothing left of it afterwards. Load it after helpers.

box_setup() {
	[[ $(id -u) == 0 ]] || skip "needs root: the engine makes namespaces with a uid range"
	[[ -x $SP_BUILDDIR/daemon/local/sandpool-engine ]] || skip "the engine is not built"
	make_daemon_dir
	printf '[daemon]\nruntime-dir = %s/run\n%s\n[engine]\npath = %s\n' "$DAEMON_DIR" \
		"${BOX_CONFIG-}" "$SP_BUILDDIR/daemon/local/sandpool-engine" >"$DAEMON_DIR/box.conf"
	box_start
}

box_start() {
	rm -f "$SANDPOOL_SOCKET"
	"$SP_BUILDDIR/sandpoold" -c "$DAEMON_DIR/box.conf" --socket "$SANDPOOL_SOCKET" \
		--state-dir "$DAEMON_DIR/state" --log-level debug 2>>"$DAEMON_DIR/log" 3>&- 4>&- &
	DAEMON_PID=$!
	wait_until box_is_up
}

box_is_up() {
	[[ -S $SANDPOOL_SOCKET ]]
}

# box_restart SIGNAL: ends the daemon and starts another on the same state.
box_restart() {
	kill "-$1" "$DAEMON_PID"
	wait "$DAEMON_PID" || true
	box_start
}

# A test that failed leaves sandboxes behind: they go before the engine does.
box_teardown() {
	[[ -n ${DAEMON_PID-} ]] || return 0
	py <<-'E'
		with Client() as c:
		    for sandbox in c.call("sandbox.list")["sandboxes"]:
		        c.call("sandbox.kill", {"sandbox_id": sandbox["sandbox_id"]})
	E
	stop_daemon
}

# Descriptors that clients gave the daemon: pipes, terminals, files without a name.
box_foreign_fds() {
	find "/proc/$DAEMON_PID/fd" -type l -printf '%l\n' | grep -cE '^pipe:|^/dev/pts|deleted' || true
}

box_has_foreign_fds() {
	[[ $(box_foreign_fds) == "$1" ]]
}

# box <<E: a Python program with a sandbox `b`, after which the daemon has no descriptor of its any more.
box() {
	local before
	before=$(box_foreign_fds) # its standard streams, perhaps
	{
		printf 'import os, socket, threading, time\nfrom box import *\nwith Box() as b:\n'
		sed 's/^/    /'
	} | py
	wait_until box_has_foreign_fds "$before"
}
