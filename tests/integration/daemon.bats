#!/usr/bin/env bats
# The daemon as a program: its command line, its directories, its signals.
load helpers

setup() {
	make_daemon_dir
}

teardown() {
	[[ -z ${LISTENER_PID-} ]] || kill "$LISTENER_PID"
	if [[ -n ${DAEMON_PID-} ]]; then
		stop_daemon
	else
		rm -rf "$DAEMON_DIR"
	fi
}

sandpoold() {
	run --separate-stderr "$SP_BUILDDIR/sandpoold" "$@"
}

@test "--version and --help" {
	sandpoold --version
	[[ $status == 0 && $output == "sandpoold "[0-9]* ]]
	sandpoold --help
	[[ $status == 0 && $output == *--print-config* ]]
	sandpoold --nonsense
	[[ $status == 2 ]]
	sandpoold argument
	[[ $status == 2 && $stderr == *argument* ]]
}

@test "--check-config names file, line and the nearest key" {
	printf '[daemon]\n# comment\nsockets = /x\n' >"$DAEMON_DIR/c"
	sandpoold -c "$DAEMON_DIR/c" --check-config
	[[ $status == 2 && $stderr == *"$DAEMON_DIR/c:3: "*"did you mean socket?"* ]]
	printf '[daemon]\nsocket = /x\n' >"$DAEMON_DIR/c"
	sandpoold -c "$DAEMON_DIR/c" --check-config
	[[ $status == 0 ]]
}

@test "--print-config prints what is in effect, and it can be read again" {
	sandpoold --socket "$SANDPOOL_SOCKET" --print-config
	[[ $status == 0 && $output == *"socket = $SANDPOOL_SOCKET"* ]]
	echo "$output" >"$DAEMON_DIR/c"
	first=$output
	sandpoold -c "$DAEMON_DIR/c" --print-config
	[[ $status == 0 && $output == "$first" ]]
}

@test "the state directory is ours alone, or refused" {
	start_daemon
	[[ $(stat -c %a "$DAEMON_DIR/state") == 700 ]]
	[[ $(stat -c %a "$SANDPOOL_SOCKET") == 660 ]]
	mkdir -m 755 "$DAEMON_DIR/open"
	sandpoold --socket "$DAEMON_DIR/other.sock" --state-dir "$DAEMON_DIR/open"
	[[ $status == 1 && $stderr == *"chmod 700"* ]]
	ln -s state "$DAEMON_DIR/link"
	sandpoold --socket "$DAEMON_DIR/other.sock" --state-dir "$DAEMON_DIR/link"
	[[ $status == 1 && ! -e $DAEMON_DIR/other.sock ]]
}

@test "a second daemon on the same socket is refused, and the first goes on" {
	start_daemon
	sandpoold --socket "$SANDPOOL_SOCKET" --state-dir "$DAEMON_DIR/state2"
	[[ $status == 1 && $stderr == *"another sandpoold"* ]]
	py <<-E
		Client().call("daemon.hello")
	E
}

@test "a stale socket is replaced, anything else is not" {
	start_daemon
	kill -KILL "$DAEMON_PID"
	wait "$DAEMON_PID" || true
	[[ -S $SANDPOOL_SOCKET ]]
	start_daemon
	py <<-E
		Client().call("daemon.hello")
	E
	echo precious >"$DAEMON_DIR/file"
	sandpoold --socket "$DAEMON_DIR/file" --state-dir "$DAEMON_DIR/state2"
	[[ $status == 1 && $(cat "$DAEMON_DIR/file") == precious ]]
}

@test "a path too long for a socket is named" {
	sandpoold --socket "$DAEMON_DIR/$(printf 'x%.0s' {1..120})" --state-dir "$DAEMON_DIR/state"
	[[ $status == 1 && $stderr == *"at most 107 bytes"* ]]
}

# A server that takes connections and says nothing: sets LISTENER_PID and LISTENER_PORT.
py_listener() {
	coproc LISTENER { exec python3 -c '
import signal, socket
s = socket.create_server(("127.0.0.1", 0), backlog=8192)
print(s.getsockname()[1], flush=True)
signal.pause()' 3>&-; }
	read -r -t 20 -u "${LISTENER[0]}" LISTENER_PORT
}

log_has() {
	grep -q "$1" "$DAEMON_DIR/log"
}

@test "SIGHUP takes a good configuration over and leaves a bad one" {
	start_daemon
	printf '[daemon]\nclients-max = 1\n' >"$DAEMON_DIR/sandpoold.conf"
	kill -HUP "$DAEMON_PID"
	wait_until log_has 'configuration read again'
	py <<-E
		with Client() as c, Client() as d:
		    c.call("daemon.hello")
		    assert d.read()["error"]["data"]["kind"] == "overloaded"
	E
	printf '[daemon]\nclients-max = none\n' >"$DAEMON_DIR/sandpoold.conf"
	kill -HUP "$DAEMON_PID"
	wait_until log_has 'sandpoold.conf:2: clients-max: must be a number'
	py <<-E
		Client().call("daemon.hello")
	E
	sed -i '/sandpoold.conf:2/d' "$DAEMON_DIR/log" # the error that was asked for
}

@test "SIGINT and SIGTERM end it cleanly with clients connected" {
	local signal
	for signal in INT TERM; do
		start_daemon
		py <<-E
			import signal
			c = Client()
			c.call("daemon.hello")
			os.kill(int(os.environ["DAEMON_PID"]), signal.SIG$signal)
			assert c.read() is None
		E
		wait "$DAEMON_PID"
		[[ ! -e $SANDPOOL_SOCKET ]]
	done
	start_daemon
}

@test "unfinished long lines take a bounded amount of memory, whoever sends them" {
	skip_with_sanitizers
	start_daemon
	py <<-'E'
		from box import resident
		piece = b'"' + b"x" * (1 << 20)
		clients = [Client() for _ in range(40)]
		for c in clients:
		    for _ in range(12):
		        c.socket.sendall(piece)
		with Client() as other:
		    other.call("daemon.hello")
		    assert resident() < 450 << 10, resident()
		    for c in clients:
		        c.raw(b"")
		    kinds = {c.read()["error"]["data"]["kind"] for c in clients}
		    assert kinds == {"parse_error", "overloaded"}, kinds
		    clients[0].raw(b" " * (10 << 20))
		    assert clients[0].read()["error"]["data"]["kind"] == "parse_error" # there is room again
		    wait_for(lambda: resident() < 200 << 10)
	E
}

@test "calls of one client that pile up are refused when all clients of its user have too many" {
	make_daemon_dir
	printf '%s\n' '[daemon]' 'provider = silent' '[provider "silent"]' 'type = e2b' \
		'api-url = http://127.0.0.1:1' "api-key-file = $DAEMON_DIR/key" >"$DAEMON_DIR/more.conf"
	(umask 077 && echo e2b_0123456789abcdef >"$DAEMON_DIR/key")
	py_listener
	sed -i "s/127.0.0.1:1/127.0.0.1:$LISTENER_PORT/" "$DAEMON_DIR/more.conf"
	start_daemon
	py <<-'E'
		import select
		from rpc import TIMEOUT
		def create(c):
		    return c.send("sandbox.create", {"template": "t"})
		clients = [Client() for _ in range(5)]
		for c in clients:
		    for _ in range(1000):
		        create(c)
		refused = next(c for c in reversed(clients) if select.select([c.socket], [], [], TIMEOUT)[0])
		assert refused.read()["error"]["data"]["kind"] == "overloaded"
		with Client() as other:
		    for _ in range(10):
		        create(other)
		    assert other.call("daemon.hello")
		    assert 3600 <= other.call("daemon.status")["calls"] <= 4096 + 16 * 6
		for c in clients:
		    c.close()
	E
}
