#!/usr/bin/env bats
# Daemon and engine under a service manager: its sockets, what it hears, its watchdog, its journal.
load helpers

setup() {
	make_daemon_dir
	DAEMON_PID=none
}

teardown() {
	local pid
	for pid in $(daemon_helpers); do
		kill -KILL "$pid" 2>/dev/null || true
	done
	wait_until no_daemon_helpers
	rm -rf "$DAEMON_DIR"
}

needs_systemd() {
	grep -q 'define WITH_SYSTEMD' "$SP_BUILDDIR/config.h" || skip "built without systemd"
}

needs_sandboxes() {
	[[ $(id -u) == 0 ]] || skip "needs root: the engine makes sandboxes"
}

# Python that knows manager.py and rpc.py, and how daemon and engine are started.
managed() {
	{
		cat <<-'E'
			import signal, stat
			from manager import Manager
			from rpc import Client, RpcError, os, time
			build, dir = os.environ["SP_BUILDDIR"], os.environ["DAEMON_DIR"]
			sock, log = os.environ["SANDPOOL_SOCKET"], dir + "/log"
			sandpoold = [build + "/sandpoold", "-c", dir + "/more.conf", "--state-dir", dir + "/state"]
			engine = [build + "/daemon/local/sandpool-engine", "--state-dir", dir + "/engine-state",
			          "--run-dir", dir + "/engine-run"]
			def logged():
			    with open(log) as file:
			        return file.read()
		E
		cat
	} >"$DAEMON_DIR/test.py"
	DAEMON_DIR=$DAEMON_DIR PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$SP_SRCDIR/tests/integration" \
		python3 "$DAEMON_DIR/test.py" 3>&- || { cat "$DAEMON_DIR/log" >&2; return 1; }
}

@test "ready is told when clients are answered, stopping before the end" {
	needs_systemd
	managed <<-'E'
		with Manager(sandpoold + ["--socket", sock], log=log) as m:
		    assert sock in m.wait_for("READY=1")["STATUS"]
		    with Client(sock) as c:
		        c.call("daemon.hello")
		    os.kill(m.pid, signal.SIGTERM)
		    m.wait_for("STOPPING=1")
		    assert m.wait() == 0
		assert not os.path.exists(sock)
	E
}

@test "a socket that the manager opened is served, and left where it is" {
	needs_systemd
	managed <<-'E'
		other = dir + "/called-as-it-likes"
		with Manager(sandpoold + ["--socket", sock], {other: "sandpoold.socket"}, log=log) as m:
		    before = os.stat(other)
		    with Client(other) as c: # its queue holds clients until the daemon is there
		        c.call("daemon.hello")
		    assert m.wait_for("READY=1")["STATUS"] == "serving " + other
		    assert not os.path.exists(sock) and not os.path.exists(other + ".lock")
		    assert m.stop() == 0
		    assert os.stat(other).st_ino == before.st_ino
		    with Client(other) as c: # waits in the queue
		        m.start()
		        c.call("daemon.hello")
		        assert m.stop() == 0
	E
}

@test "sockets that are not for the program are refused, not left to wait" {
	needs_systemd
	managed <<-'E'
		import socket
		with Manager(sandpoold, {dir + "/a": "a", dir + "/b": "b"}, log=log) as m:
		    assert m.wait() == 1
		    assert "socket 'b', which is not for us: " + dir + "/b" in logged()
		os.unlink(dir + "/a"), os.unlink(dir + "/b")
		m = Manager(engine, {dir + "/a": "strange"}, log=log)
		with m:
		    assert m.wait() == 1
		    assert "socket 'strange', which is not for us" in logged()
		os.unlink(dir + "/a")
		m = Manager(sandpoold + ["--socket", sock], {dir + "/a": "tcp"}, log=log)
		m.sockets[0].close()
		m.sockets[0] = socket.create_server(("127.0.0.1", 0))
		with m:
		    assert m.wait() == 1
		    assert "no listening Unix socket" in logged()
	E
}

@test "a reload is told, and how it went" {
	needs_systemd
	managed <<-'E'
		with Manager(sandpoold + ["--socket", sock], log=log) as m:
		    m.wait_for("READY=1")
		    before = time.monotonic_ns() // 1000
		    os.kill(m.pid, signal.SIGHUP)
		    assert int(m.wait_for("RELOADING=1")["MONOTONIC_USEC"]) >= before
		    assert m.wait_for("READY=1")["STATUS"] == "serving " + sock
		    with open(dir + "/more.conf", "w") as file:
		        file.write("[daemon]\nclients-max = none\n")
		    os.kill(m.pid, signal.SIGHUP)
		    m.wait_for("RELOADING=1")
		    status = m.wait_for("READY=1")["STATUS"]
		    assert "more.conf:2: clients-max" in status, status
		    assert m.stop() == 0
	E
}

@test "the watchdog hears from a loop that turns, and nothing from one that does not" {
	needs_systemd
	managed <<-'E'
		for argv in (sandpoold + ["--socket", sock], engine):
		    with Manager(argv, watchdog_ms=200, log=log) as m:
		        m.wait_for("READY=1")
		        last = time.monotonic()
		        for _ in range(5):
		            m.wait_for("WATCHDOG=1")
		        assert time.monotonic() - last >= 0.3 # not all at once
		        os.kill(m.pid, signal.SIGSTOP)
		        os.waitpid(m.pid, os.WUNTRACED)
		        m.silence()
		        try:
		            m.hear(0.6)
		            raise SystemExit("it is stopped, and was heard")
		        except AssertionError:
		            pass
		        os.kill(m.pid, signal.SIGCONT)
		        m.wait_for("WATCHDOG=1")
		        assert m.stop() == 0
		    with Manager(argv, log=log) as m:
		        m.wait_for("READY=1")
		        try:
		            raise SystemExit("a watchdog that is not there was told %r" % m.hear(0.3))
		        except AssertionError:
		            assert m.stop() == 0
	E
}

@test "another's watchdog, sockets and journal are none of ours" {
	needs_systemd
	managed <<-'E'
		env = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "WATCHDOG_PID": "1", "WATCHDOG_USEC": "1000",
		       "JOURNAL_STREAM": "8:1"}
		with Manager(sandpoold + ["--socket", sock], env=env, log=log) as m:
		    m.wait_for("READY=1")
		    assert m.stop() == 0
		assert "WATCHDOG" not in repr(m.heard)
		assert logged().startswith("sandpoold: info: ")
	E
}

@test "lines for the journal have a priority, and neither time nor name" {
	needs_systemd
	managed <<-'E'
		open(log, "w").close()
		st = os.stat(log)
		env = {"JOURNAL_STREAM": "%d:%d" % (st.st_dev, st.st_ino)}
		with Manager(sandpoold + ["--socket", sock], env=env, log=log) as m:
		    m.wait_for("READY=1")
		    os.kill(m.pid, signal.SIGHUP)
		    m.wait_for("READY=1")
		    assert m.stop() == 0
		lines = logged().splitlines()
		assert "<6>serving " + sock in lines, lines
		assert all(line.startswith(("<3>", "<4>", "<6>")) for line in lines), lines
	E
}

@test "under a manager the daemon starts no engine, and says which unit is missing" {
	needs_systemd
	managed <<-'E'
		with Manager(sandpoold + ["--socket", sock], log=log) as m:
		    with_error = None
		    m.wait_for("READY=1")
		    with Client(sock) as c:
		        try:
		            c.call("sandbox.create")
		        except RpcError as error:
		            with_error = error
		    assert with_error.kind == "upstream_unavailable", with_error
		    assert dir + "/engine/api.sock: systemctl restart sandpool-engine.socket" in str(with_error)
		    assert not os.path.exists(dir + "/state/engine.log")
		    assert m.stop() == 0
	E
}

@test "the engine is waked by the first client, may end when idle, and is waked again" {
	needs_systemd
	needs_sandboxes
	managed <<-'E'
		import select
		os.mkdir(dir + "/engine")
		sockets = {dir + "/engine/api.sock": "engine", dir + "/engine/sandbox.sock": "engine"}
		daemon = Manager(sandpoold, {sock: "sandpoold.socket"}, log=log)
		engines = Manager(engine + ["--idle-exit", "1"], sockets, log=log)
		def wake(c):
		    id = c.send("sandbox.create")
		    assert select.select([engines.sockets[0]], [], [], 60)[0] # somebody knocks
		    engines.start()
		    engines.wait_for("READY=1")
		    return c.answer(id)["sandbox_id"]
		with daemon:
		    with Client(sock) as c:
		        for _ in range(2):
		            sandbox = wake(c)
		            out = c.call("command.run", {"sandbox_id": sandbox, "argv": ["echo", "hello"]})
		            assert out["stdout"] == "hello\n", out
		            c.call("sandbox.kill", {"sandbox_id": sandbox})
		            engines.wait_for("STOPPING=1") # idle
		            assert engines.wait() == 0
		            assert all(os.path.exists(path) for path in sockets)
		    assert daemon.stop() == 0
	E
}

@test "a restart of the engine's unit leaves a command running, and the daemon takes it up again" {
	needs_systemd
	needs_sandboxes
	managed <<-'E'
		os.mkdir(dir + "/engine")
		sockets = {dir + "/engine/api.sock": "engine", dir + "/engine/sandbox.sock": "engine"}
		with Manager(sandpoold, {sock: "sandpoold.socket"}, log=log) as daemon, \
		     Manager(engine, sockets, log=log) as engines, Client(sock) as c:
		    sandbox = c.call("sandbox.create")["sandbox_id"]
		    pid = c.call("command.start", {"sandbox_id": sandbox, "cmd": "read line; echo got $line",
		                                   "stdin": True})["pid"]
		    assert engines.stop() == 0
		    engines.start()
		    c.call("command.send_stdin", {"sandbox_id": sandbox, "pid": pid, "data": "it\n"})
		    end = c.call("command.wait", {"sandbox_id": sandbox, "pid": pid})
		    assert end["exit_code"] == 0, end
		    c.call("sandbox.kill", {"sandbox_id": sandbox})
		    gone = c.call("sandbox.create")["sandbox_id"]
		    os.kill(engines.pid, signal.SIGKILL)
		    engines.wait()
		    for pid in filter(str.isdigit, os.listdir("/proc")): # as with the unit of all sandboxes
		        try:
		            with open("/proc/%s/cgroup" % pid) as file:
		                if gone in file.read():
		                    os.kill(int(pid), signal.SIGKILL)
		        except (FileNotFoundError, ProcessLookupError):
		            pass
		    engines.start()
		    while gone in [s["sandbox_id"] for s in c.call("sandbox.list")["sandboxes"]]:
		        time.sleep(0.02) # nobody asked for it: the end of the engine was noticed
		    assert daemon.stop() == 0 and engines.stop() == 0
	E
}

@test "systemd-socket-activate starts it, too" {
	needs_systemd
	type systemd-socket-activate || skip "no systemd-socket-activate here"
	systemd-socket-activate -l "$SANDPOOL_SOCKET" "$SP_BUILDDIR/sandpoold" -c "$DAEMON_DIR/more.conf" \
		--state-dir "$DAEMON_DIR/state" 2>"$DAEMON_DIR/log" 3>&- 4>&- &
	local pid=$!
	wait_until test -S "$SANDPOOL_SOCKET"
	DAEMON_PID=$pid py <<-E
		Client().call("daemon.hello")
	E
	kill -TERM "$pid"
	wait "$pid"
	[[ -S $SANDPOOL_SOCKET ]]
}

@test "built without systemd, a manager's environment changes nothing" {
	grep -q 'define WITH_SYSTEMD' "$SP_BUILDDIR/config.h" && skip "built with systemd"
	managed <<-'E'
		with Manager(sandpoold + ["--socket", sock], {dir + "/other": "x"}, log=log) as m:
		    while not os.path.exists(sock):
		        assert os.waitpid(m.pid, os.WNOHANG) == (0, 0)
		        time.sleep(0.02)
		    with Client(sock) as c:
		        c.call("daemon.hello")
		    assert m.stop() == 0
		    assert m.heard == []
	E
}
