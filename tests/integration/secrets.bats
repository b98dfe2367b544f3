#!/usr/bin/env bats
# Secrets stay where they belong, whatever is logged.
load helpers
load box

setup() {
	umask 0
	box_setup
}

teardown() {
	box_teardown
}

# Every process of ours: its arguments and environment.
processes() {
	local pid
	for pid in "$DAEMON_PID" $(daemon_helpers) $(pgrep -f "sandpool-agent" || true); do
		cat "/proc/$pid/cmdline" "/proc/$pid/environ" 2>/dev/null || true
	done | tr '\0' '\n'
}

@test "no value of an environment, input, output, file or token is logged, or is anybody's argument" {
	cat >"$DAEMON_DIR/steps" <<-'E'
		made = c.call("sandbox.create", {"template": "base", "timeout": 300, "metadata": {"m": "SECRET0meta"},
		                                 "envs": {"E": "SECRET1env"}})
		i = made["sandbox_id"]
		assert 3 == (c.call("command.run", {"sandbox_id": i, "cmd": "echo SECRET2cmd; echo SECRET3err >&2; exit 3",
		                             "envs": {"X": "SECRET4env"}})["exit_code"])
		c.call("file.write", {"sandbox_id": i, "path": "/tmp/f", "data": "SECRET5file"})
		c.call("file.read", {"sandbox_id": i, "path": "/tmp/f"})
		for method, params in [("command.run", {"sandbox_id": i, "cmd": "SECRET6nothing", "cwd": "/nowhere"}),
		                       ("file.read", {"sandbox_id": i, "path": "/SECRETpath-is-told"}),
		                       ("file.write", {"sandbox_id": i, "path": "/proc/nope/x", "data": "SECRET7file"}),
		                       ("sandbox.create", {"template": "no-such", "envs": {"E": "SECRET8env"}}),
		                       ("file.write", {"sandbox_id": i, "data": 5, "path": "SECRET9"})]:
		    try:
		        c.call(method, params)
		    except Exception as e:
		        pass
		p = c.call("command.start", {"sandbox_id": i, "cmd": "cat; sleep 100", "stdin": True})
		c.call("command.send_stdin", {"sandbox_id": i, "pid": p["pid"], "data": "SECRETAstdin\n"})
	E
	{ echo 'with Client() as c:'; sed 's/^/    /' "$DAEMON_DIR/steps"; } | py
	run grep -nE 'SECRET[0-9A]' "$DAEMON_DIR/log" "$DAEMON_DIR/state/engine.log"
	echo "$output"
	[ "$status" -eq 1 ]
	run grep -E 'SECRET[0-9A]' <(processes)
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "state and sockets are closed to other users, also with a careless umask" {
	py <<-'E'
		from box import *
		with Box() as b:
		    b.do("command.run", cmd="echo kept")
		    closed = {}
		    top = os.environ["SANDPOOL_SOCKET"].rsplit("/", 1)[0]
		    def look(path):
		        st = os.lstat(path)
		        closed[path] = st.st_mode & 0o007 == 0
		        if os.path.isdir(path) and not closed[path]:
		            for name in os.listdir(path):
		                look(path + "/" + name)
		    for path in ("/state", "/sandpool.sock", "/run/engine"):
		        look(top + path)
		    for path in ("/state/registry.sqlite", "/state/engine", "/state/engine/boxes", "/state/spool",
		                 "/state/engine.log", "/run/engine/api.sock", "/run/engine/sandbox.sock",
		                 "/run/engine/boxes/" + b.id + ".sock", "/state/engine/boxes/" + b.id,
		                 "/state/engine/boxes/" + b.id + "/record.json"):
		        st = os.lstat(top + path)
		        assert st.st_mode & 0o077 == 0, path + ": " + oct(st.st_mode)
		    assert all(closed.values()), closed
	E
}
