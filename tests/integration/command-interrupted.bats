# Commands whose stream breaks while the sandbox says that it is not running: what counts is what the provider says.
bats_require_minimum_version 1.5.0
load helpers

setup() {
	make_daemon_dir
	(umask 077 && printf e2b_0123 >"$DAEMON_DIR/key")
	python3 "$SP_SRCDIR/tests/integration/scripted.py" "$DAEMON_DIR/port" 3>&- 4>&- &
	PROVIDER_PID=$!
	wait_until test -s "$DAEMON_DIR/port"
	url=http://127.0.0.1:$(cat "$DAEMON_DIR/port")
	printf '[daemon]\nprovider = scripted\n[provider "scripted"]\ntype = e2b\napi-url = %s\nsandbox-url = %s\napi-key-file = %s\n' \
		"$url" "$url" "$DAEMON_DIR/key" >"$DAEMON_DIR/more.conf"
	export PROVIDER_URL=$url
	start_daemon
}

teardown() {
	kill "$PROVIDER_PID" && wait "$PROVIDER_PID" || true
	stop_daemon
}

# interrupted <<E: with a command whose stream has broken off after its first line.
interrupted() {
	{
		cat <<-'E'
			import urllib.request
			from box import Box
			def script(**state):
			    body = json.dumps(state).encode()
			    with urllib.request.urlopen(os.environ["PROVIDER_URL"] + "/script", body) as answer:
			        return json.load(answer)
			b = Box()
			pid = b.do("command.start", cmd="x")["pid"]
			assert b.output(pid, until=6)[0]["stdout"] == b"first\n"
			wait_for(lambda: script()["probes"] > 2)
		E
		cat
	} | py
}

@test "a sandbox that is not there for a moment keeps its commands" {
	interrupted <<-'E'
		script(health=204)
		out, end = b.output(pid)
		assert out["stdout"] == b"last\n" and end["exit_code"] == 3, (out, end)
	E
}

@test "a paused sandbox keeps its commands, and is not woken by asking" {
	interrupted <<-'E'
		script(state="paused")
		wait_for(lambda: b.do("sandbox.get")["state"] == "paused")
		script(probes=0)
		end = time.monotonic() + 3 # in which one that is not known to be paused is asked several times
		while time.monotonic() < end:
		    assert script()["probes"] <= 1 # that one was under way
		    time.sleep(0.05)
		script(state="running", health=204)
		assert b.do("sandbox.connect")["state"] == "running"
		out, end = b.output(pid)
		assert out["stdout"] == b"last\n" and end["exit_code"] == 3, (out, end)
	E
}

@test "a sandbox that has ended ends its commands" {
	interrupted <<-'E'
		script(state="ended")
		out, end = b.output(pid)
		assert "sandbox has ended" in end["error"], end
	E
}
