#!/usr/bin/env bats
# sandbox.*: the real daemon, the real engine, and what either does when the other is killed.
load helpers

setup() {
	[[ $(id -u) == 0 ]] || skip "needs root: the engine makes namespaces with a uid range"
	[[ -x $SP_BUILDDIR/daemon/local/sandpool-engine ]] || skip "the engine is not built"
	make_daemon_dir
	ENGINE="$DAEMON_DIR/engine-program"
	ln -s "$SP_BUILDDIR/daemon/local/sandpool-engine" "$ENGINE"
	printf '[daemon]\nsocket-mode = 0666\n[engine]\npath = %s\n' "$ENGINE" >"$DAEMON_DIR/more.conf"
	chmod 711 "$DAEMON_DIR"
	start_daemon
}

# Every sandbox is killed through the daemon; then nothing of any may be left.
teardown() {
	local status=0
	[[ -n ${DAEMON_PID-} ]] || return 0
	[[ -z ${ENGINE_PID-} ]] || kill -CONT "$ENGINE_PID" 2>/dev/null || true
	py <<-E || status=1
		with Client() as c:
		    while found := c.call("sandbox.list")["sandboxes"]:
		        for s in found:
		            c.call("sandbox.kill", {"sandbox_id": s["sandbox_id"]})
	E
	wait_until engine_is_clean || status=1
	stop_daemon || status=1
	return "$status"
}

engine_is_clean() {
	[[ -z $(ls -A "$DAEMON_DIR"/state/engine/{boxes,trash} "$DAEMON_DIR"/engine/boxes 2>/dev/null |
		grep -v ':$') ]] && ! grep -qF "$DAEMON_DIR" /proc/self/mountinfo
}

engine_pid() {
	local pid
	for pid in $(daemon_helpers); do
		grep -qzx -- "--run-dir" "/proc/$pid/cmdline" && echo "$pid"
	done
	return 0
}

# Ends the daemon as a crash would, and starts it again.
crash_daemon() {
	kill -KILL "$DAEMON_PID"
	wait "$DAEMON_PID" || true
}

restart_daemon() {
	: >"$DAEMON_DIR/log"
	start_daemon
}

# as UID <<E: like py, as somebody else.
as() {
	{
		echo "import os; os.setgroups([]); os.setresgid($1, $1, $1); os.setresuid($1, $1, $1)"
		cat
	} | py
}

@test "create, get, list, is_running, kill" {
	py <<-E
		with Client() as c:
		    made = c.call("sandbox.create", {"name": "ci", "timeout": 100, "metadata": {"a": "b"},
		                                     "envs": {"SECRET": "hush-hush"}})
		    assert len(made["sandbox_id"]) == 21 and made["state"] == "running", made
		    assert made["name"] == "ci" and made["template"] == "base", made
		    assert made["provider"] == "local" and made["uid"] == 0, made
		    assert made["metadata"] == {"a": "b"}, made
		    assert made["started_at"] < made["end_at"], made
		    for which in "ci", made["sandbox_id"]:
		        assert c.call("sandbox.get", {"sandbox_id": which}) == made
		        assert c.call("sandbox.is_running", {"sandbox_id": which}) == {"running": True}
		    assert c.call("sandbox.list")["sandboxes"] == [made]
		    status = c.call("daemon.status")
		    assert status["sandboxes"] == 1 and status["providers"][0]["state"] == "up", status
		    assert c.call("sandbox.kill", {"sandbox_id": "ci"}) == {"killed": True}
		    for which in "ci", made["sandbox_id"]:
		        assert c.call("sandbox.kill", {"sandbox_id": which}) == {"killed": False}
		        assert c.call("sandbox.is_running", {"sandbox_id": which}) == {"running": False}
		        e = error_of(c.call, "sandbox.get", {"sandbox_id": which})
		        assert e.kind == "sandbox_not_found" and which in str(e), e
		    assert c.call("sandbox.list") == {"sandboxes": []}
	E
	! grep -q hush-hush "$DAEMON_DIR/log"
	! grep -q hush-hush "$DAEMON_DIR/state/engine.log"
	! grep -q hush-hush "$DAEMON_DIR/state/"registry*
}

@test "bad parameters are refused with their path" {
	py <<-E
		with Client() as c:
		    for path, params in [
		        ("params.timeout", {"timeout": 0}),
		        ("params.timeout", {"timeout": -5}),
		        ("params.timeout", {"timeout": "300"}),
		        ("params.timeout", {"timeout": 1e12}),
		        ("params.name", {"name": ""}),
		        ("params.name", {"name": "1a"}),
		        ("params.name", {"name": "a b"}),
		        ("params.name", {"name": "a/b"}),
		        ("params.name", {"name": "x" * 65}),
		        ("params.template", {"template": 7}),
		        ("params.provider", {"provider": "nowhere"}),
		        ("params.metadata.a", {"metadata": {"a": 1}}),
		        ("params.metadata.sandpool.create", {"metadata": {"sandpool.create": "x"}}),
		        ("params.envs.A", {"envs": {"A": None}}),
		        ("params.secure", {"secure": "yes"}),
		        ("params.allow_internet_access", {"allow_internet_access": 1}),
		        ("params.nonsense", {"nonsense": 1}),
		        ("params.request_timeout", {"request_timeout": -1}),
		    ]:
		        e = error_of(c.call, "sandbox.create", params)
		        assert e.kind == "invalid_params" and path in str(e), (path, e)
		    for method, path, params in [
		        ("get", "params.sandbox_id", {}),
		        ("kill", "params.sandbox_id", {"sandbox_id": ""}),
		        ("connect", "params.timeout", {"sandbox_id": "x", "timeout": -0.5}),
		        ("set_timeout", "params.timeout", {"sandbox_id": "x"}),
		        ("list", "params.limit", {"limit": 0}),
		        ("list", "params.limit", {"limit": 1001}),
		        ("list", "params.state", {"state": "dead"}),
		        ("list", "params.next_token", {"next_token": "x"}),
		        ("list", "params.next_token", {"next_token": "YmVmb3JlOjAx"}),
		    ]:
		        e = error_of(c.call, "sandbox." + method, params)
		        assert e.kind == "invalid_params" and path in str(e), (method, path, e)
		    e = error_of(c.call, "sandbox.create", {"template": "no-such-template"})
		    assert e.kind == "template", e
		    assert c.call("sandbox.list") == {"sandboxes": []}
	E
}

@test "a name belongs to one sandbox at a time" {
	py <<-E
		with Client() as c:
		    ids = [c.send("sandbox.create", {"name": "ci", "timeout": 60}) for _ in range(5)]
		    made, kinds = [], []
		    for id in ids:
		        try:
		            made.append(c.answer(id))
		        except RpcError as e:
		            kinds.append(e.kind)
		    assert len(made) == 1 and kinds == ["conflict"] * 4, (made, kinds)
		    assert c.call("sandbox.kill", {"sandbox_id": "ci"})["killed"]
		    again = c.call("sandbox.create", {"name": "ci", "timeout": 60})
		    assert again["sandbox_id"] != made[0]["sandbox_id"]
	E
}

@test "list filters, and pages that do not shift" {
	py <<-E
		with Client() as c:
		    def make(**labels):
		        return c.call("sandbox.create", {"timeout": 60, "metadata": labels})["sandbox_id"]
		    ids = [make(n=str(i), kind="odd" if i % 2 else "even") for i in range(5)]
		    def page(**params):
		        r = c.call("sandbox.list", params)
		        return [s["sandbox_id"] for s in r["sandboxes"]], r.get("next_token")
		    assert page() == (ids[::-1], None)
		    assert page(limit=5) == (ids[::-1], None)
		    assert page(metadata={"kind": "odd"}) == ([ids[3], ids[1]], None)
		    assert page(metadata={"kind": "odd", "n": "3"}) == ([ids[3]], None)
		    assert page(metadata={"kind": "odd", "n": "2"}) == ([], None)
		    assert page(state="running") == (ids[::-1], None)
		    assert page(state="paused") == ([], None)
		    first, token = page(limit=2)
		    assert first == [ids[4], ids[3]] and token
		    new = make(kind="new")
		    c.call("sandbox.kill", {"sandbox_id": ids[3]})
		    second, token = page(limit=2, next_token=token)
		    assert second == [ids[2], ids[1]] and token
		    assert page(limit=2, next_token=token) == ([ids[0]], None)
		    assert page(limit=1)[0] == [new]
	E
}

@test "deadlines move, and what is over is gone" {
	py <<-E
		from datetime import datetime
		def left(info):
		    end = datetime.fromisoformat(info["end_at"].replace("Z", "+00:00"))
		    return end.timestamp() - time.time()
		with Client() as c:
		    made = c.call("sandbox.create", {"name": "a", "timeout": 10})
		    assert 9 < left(made) < 11
		    moved = c.call("sandbox.set_timeout", {"sandbox_id": "a", "timeout": 99.5})
		    assert 99 < left(moved) < 101, moved
		    assert c.call("sandbox.get", {"sandbox_id": "a"})["end_at"] == moved["end_at"]
		    c.call("sandbox.set_timeout", {"sandbox_id": "a", "timeout": 50})
		    assert 49 < left(c.call("sandbox.connect", {"sandbox_id": "a"})) < 51
		    assert 49 < left(c.call("sandbox.connect", {"sandbox_id": "a", "timeout": 5})) < 51
		    assert 69 < left(c.call("sandbox.connect", {"sandbox_id": "a", "timeout": 70})) < 71
		    # two ways to end by time: shortened, and as it was made
		    short = c.call("sandbox.create", {"name": "b", "timeout": 1})
		    c.call("sandbox.set_timeout", {"sandbox_id": "a", "timeout": 1})
		    start = time.monotonic()
		    wait_for(lambda: not c.call("sandbox.list")["sandboxes"], "the end of both")
		    assert 0.5 < time.monotonic() - start < 3, time.monotonic() - start
		    c.call("sandbox.create", {"name": "b", "timeout": 60})
		    c.call("sandbox.set_timeout", {"sandbox_id": "b", "timeout": 0})
		    wait_for(lambda: not c.call("sandbox.list")["sandboxes"], "the end at once")
		    e = error_of(c.call, "sandbox.set_timeout", {"sandbox_id": "b", "timeout": 5})
		    assert e.kind == "sandbox_not_found", e
	E
	grep -q 'running -> ended: timeout' "$DAEMON_DIR/log"
	! grep -q 'ended: provider' "$DAEMON_DIR/log"
}

# engine_create: a sandbox that somebody else makes at the same provider; prints its id.
engine_create() {
	curl -s --unix-socket "$DAEMON_DIR/engine/api.sock" -H 'X-API-KEY: e2b_00' \
		-H 'Content-Type: application/json' http://engine/sandboxes \
		-d "{\"templateID\":\"base\",\"timeout\":60${1-}}" |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["sandboxID"])'
}

@test "connect and kill reach sandboxes that somebody else made" {
	local one two
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "ours"})
	E
	one=$(engine_create ',"metadata":{"who":"them"},"secure":true')
	two=$(engine_create)
	py <<-E
		with Client() as c:
		    assert len(c.call("sandbox.list")["sandboxes"]) == 1
		    e = error_of(c.call, "sandbox.get", {"sandbox_id": "$one"})
		    assert e.kind == "sandbox_not_found", e
		    met = c.call("sandbox.connect", {"sandbox_id": "$one"})
		    assert met["sandbox_id"] == "$one" and met["metadata"] == {"who": "them"}, met
		    assert c.call("sandbox.is_running", {"sandbox_id": "$one"})["running"]
		    assert [s["sandbox_id"] for s in c.call("sandbox.list")["sandboxes"]][0] == "$one"
		    assert c.call("sandbox.kill", {"sandbox_id": "$two"}) == {"killed": True}
		    assert c.call("sandbox.kill", {"sandbox_id": "$two"}) == {"killed": False}
		    for unknown in "iaaaaaaaaaaaaaaaaaaaa", "nobody":
		        e = error_of(c.call, "sandbox.connect", {"sandbox_id": unknown})
		        assert e.kind == "sandbox_not_found", e
	E
	two=$(engine_create)
	as 65534 <<-E
		with Client() as c:
		    e = error_of(c.call, "sandbox.connect", {"sandbox_id": "$two"})
		    assert e.kind == "permission", e
		    assert c.call("sandbox.kill", {"sandbox_id": "$two"}) == {"killed": False}
	E
	py <<-E
		Client().call("sandbox.connect", {"sandbox_id": "$two"})
	E
}

@test "users do not see each other's sandboxes; root sees all" {
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "roots"})
	E
	as 65534 <<-E
		with Client() as c:
		    made = c.call("sandbox.create", {"timeout": 60, "name": "mine"})
		    assert made["uid"] == 65534
		    assert [s["name"] for s in c.call("sandbox.list")["sandboxes"]] == ["mine"]
		    for method, params in [("get", {}), ("kill", {}), ("connect", {}), ("is_running", {}),
		                           ("set_timeout", {"timeout": 1})]:
		        e = error_of(c.call, "sandbox." + method, {"sandbox_id": "roots", **params})
		        assert e.kind == "permission", (method, e)
		    e = error_of(c.call, "sandbox.create", {"name": "roots"})
		    assert e.kind == "conflict", e
	E
	as 65533 <<-E
		with Client() as c:
		    assert c.call("sandbox.list") == {"sandboxes": []}
		    assert error_of(c.call, "sandbox.get", {"sandbox_id": "mine"}).kind == "permission"
	E
	py <<-E
		with Client() as c:
		    assert len(c.call("sandbox.list")["sandboxes"]) == 2
		    assert c.call("sandbox.kill", {"sandbox_id": "mine"}) == {"killed": True}
	E
}

@test "20 creates at once" {
	py <<-E
		clients = [Client() for _ in range(20)]
		ids = [c.send("sandbox.create", {"timeout": 60, "name": f"n{i}"}) for i, c in enumerate(clients)]
		made = [c.answer(id)["sandbox_id"] for c, id in zip(clients, ids)]
		assert len(set(made)) == 20
		assert sorted(made) == sorted(s["sandbox_id"] for s in clients[0].call("sandbox.list")["sandboxes"])
		ids = [c.send("sandbox.kill", {"sandbox_id": m}) for c, m in zip(clients, made)]
		assert all(c.answer(id)["killed"] for c, id in zip(clients, ids))
	E
	[[ $(engine_pid | wc -l) == 1 ]]
}

@test "a daemon that crashed knows its sandboxes again" {
	py <<-E
		with Client() as c:
		    c.call("sandbox.create", {"timeout": 60, "name": "stays", "metadata": {"a": "b"}})
		    c.call("sandbox.create", {"timeout": 60, "name": "goes"})
		    c.call("sandbox.create", {"timeout": 2, "name": "expires"})
		    open("$DAEMON_DIR/before", "w").write(json.dumps(c.call("sandbox.get", {"sandbox_id": "stays"})))
		    open("$DAEMON_DIR/goes", "w").write(c.call("sandbox.get", {"sandbox_id": "goes"})["sandbox_id"])
	E
	crash_daemon
	curl -s --unix-socket "$DAEMON_DIR/engine/api.sock" -H 'X-API-KEY: e2b_00' -X DELETE \
		"http://engine/sandboxes/$(cat "$DAEMON_DIR/goes")"
	restart_daemon
	py <<-E
		with Client() as c:
		    before = json.load(open("$DAEMON_DIR/before"))
		    after = c.call("sandbox.get", {"sandbox_id": "stays"})
		    for key in "sandbox_id", "metadata", "uid", "name", "template":
		        assert after[key] == before[key], (before, after)
		    assert c.call("sandbox.is_running", {"sandbox_id": "stays"})["running"]
		    wait_for(lambda: len(c.call("sandbox.list")["sandboxes"]) == 1, "the others' end")
		    c.call("sandbox.create", {"timeout": 60, "name": "goes"})
	E
	grep -q 'sandbox goes: running -> ended: provider' "$DAEMON_DIR/log"
	[[ $(engine_pid | wc -l) == 1 ]]
}

@test "an engine that crashed is started again, and its sandboxes live on" {
	local before
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "stays"})
	E
	before=$(engine_pid)
	kill -KILL "$before"
	py <<-E
		with Client() as c:
		    def runs():
		        try:
		            return c.call("sandbox.is_running", {"sandbox_id": "stays"})["running"]
		        except RpcError as e:
		            assert e.kind == "upstream_unavailable", e
		    wait_for(runs, "the sandbox answering again")
		    c.call("sandbox.create", {"timeout": 60, "name": "another"})
	E
	[[ $(engine_pid | wc -l) == 1 && $(engine_pid) != "$before" ]]
	# at once, with nobody watching: the next call finds out by itself
	kill -KILL "$(engine_pid)"
	py <<-E
		with Client() as c:
		    c.call("sandbox.create", {"timeout": 60, "name": "third"})
		    assert len(c.call("sandbox.list")["sandboxes"]) == 3
	E
}

# stop_engine: it takes requests, and answers none until it is continued.
stop_engine() {
	ENGINE_PID=$(engine_pid)
	kill -STOP "$ENGINE_PID"
}

# log_counts N TEXT: so many lines have it.
log_counts() {
	[[ $(grep -c -- "$2" "$DAEMON_DIR/log") == "$1" ]]
}

# engine_made N: it has said of so many that they run.
engine_made() {
	[[ $(grep -c ': running' "$DAEMON_DIR/state/engine.log") == "$1" ]]
}

no_boxes_but() {
	(($(ls "$DAEMON_DIR/state/engine/boxes" | wc -l) == $1))
}

@test "a create that outlives its daemon is taken up by the next" {
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "first"})
	E
	stop_engine
	py <<-E
		Client().send("sandbox.create", {"timeout": 60, "name": "lost", "metadata": {"a": "b"}})
	E
	wait_until log_counts 2 'ask -> asked'
	kill -STOP "$DAEMON_PID" # it never reads the answer
	kill -CONT "$ENGINE_PID"
	wait_until engine_made 2
	crash_daemon
	restart_daemon
	py <<-E
		with Client() as c:
		    def there():
		        return [s for s in c.call("sandbox.list")["sandboxes"] if s.get("name") == "lost"]
		    wait_for(there, "the lost sandbox")
		    lost = there()[0]
		    assert lost["metadata"] == {"a": "b"} and lost["uid"] == 0, lost
		    assert c.call("sandbox.is_running", {"sandbox_id": "lost"})["running"]
	E
}

@test "a client that leaves gets its sandbox all the same" {
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "first"})
	E
	stop_engine
	py <<-E
		c = Client()
		c.send("sandbox.create", {"timeout": 60, "name": "later"})
		wait_for(lambda: open("$DAEMON_DIR/log").read().count("ask -> asked") == 2)
		c.close()
	E
	kill -CONT "$ENGINE_PID"
	py <<-E
		with Client() as c:
		    wait_for(lambda: len(c.call("sandbox.list")["sandboxes"]) == 2)
		    c.call("sandbox.get", {"sandbox_id": "later"})
	E
}

@test "who gives a create up, by deadline, cancel or kill, leaves nothing" {
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "first"})
	E
	stop_engine
	py <<-E
		def log(text):
		    return open("$DAEMON_DIR/log").read().count(text)
		with Client() as c:
		    e = error_of(c.call, "sandbox.create", {"name": "slow", "request_timeout": 0.2})
		    assert e.kind == "timeout", e
		    id = c.send("sandbox.create", {"name": "cancelled"})
		    wait_for(lambda: log("ask -> asked") == 3)
		    c.notify("\$/cancel", {"id": id})
		    assert error_of(c.answer, id).kind == "cancelled"
		    id = c.send("sandbox.create", {"name": "killed"})
		    wait_for(lambda: log("ask -> asked") == 4)
		    e = error_of(c.call, "sandbox.get", {"sandbox_id": "killed"})
		    assert e.kind == "conflict", e
		    killing = c.send("sandbox.kill", {"sandbox_id": "killed"})
		    wait_for(lambda: log("killed: creating -> killing"))
		    os.kill($ENGINE_PID, 18)
		    assert error_of(c.answer, id).kind == "cancelled"
		    assert c.answer(killing) == {"killed": True}
		    assert len(c.call("sandbox.list")["sandboxes"]) == 1
		    for name in "slow", "cancelled", "killed":
		        wait_for(lambda: log(f"sandbox {name}: killing -> ended: killed"))
	E
	wait_until no_boxes_but 1
}

@test "a kill is kept when the provider is away" {
	py <<-E
		Client().call("sandbox.create", {"timeout": 60, "name": "doomed"})
	E
	mv "$ENGINE" "$ENGINE.away"
	kill -KILL "$(engine_pid)"
	py <<-E
		with Client() as c:
		    e = error_of(c.call, "sandbox.kill", {"sandbox_id": "doomed"})
		    assert e.kind == "upstream_unavailable" and "engine" in str(e), e
		    assert c.call("sandbox.list") == {"sandboxes": []}
		    e = error_of(c.call, "sandbox.create", {})
		    assert e.kind == "upstream_unavailable" and "$ENGINE" in str(e), e
		    assert c.call("daemon.status")["providers"][0]["state"] == "down"
	E
	crash_daemon
	mv "$ENGINE.away" "$ENGINE"
	restart_daemon
	wait_until no_boxes_but 0
	py <<-E
		assert Client().call("sandbox.list") == {"sandboxes": []}
	E
}

@test "an engine that ends at once is told with its own words" {
	rm "$ENGINE"
	printf '#!/bin/sh\necho "no such luck today" >&2\nexit 3\n' >"$ENGINE"
	chmod 755 "$ENGINE"
	py <<-E
		with Client() as c:
		    e = error_of(c.call, "sandbox.create", {})
		    assert e.kind == "upstream_unavailable", e
		    assert "no such luck today" in str(e) and "engine.log" in str(e), e
		    assert e.data["retryable"] is True
	E
}

@test "sandbox.metrics gives samples in the time asked for" {
	py <<-E
		with Client() as c:
		    id = c.call("sandbox.create", {"name": "m"})["sandbox_id"]
		    sample = c.call("sandbox.metrics", {"sandbox_id": "m"})["metrics"][-1]
		    assert sample["mem_total"] > 0 and 0 <= sample["cpu_used_pct"] <= 100, sample
		    found = c.call("sandbox.metrics", {"sandbox_id": id, "start": sample["timestamp"]})["metrics"]
		    assert all(s["timestamp"] >= sample["timestamp"] for s in found), found
		    assert c.call("sandbox.metrics", {"sandbox_id": id, "end": "2001-01-01T00:00:00Z"})["metrics"] == []
		    for bad in {"start": "now"}, {"end": "1"}, {"start": "2002-01-01T00:00:00Z", "end": "2001-01-01T00:00:00Z"}:
		        assert error_of(c.call, "sandbox.metrics", {"sandbox_id": id, **bad}).kind == "invalid_params"
		    c.call("sandbox.kill", {"sandbox_id": id})
		    assert error_of(c.call, "sandbox.metrics", {"sandbox_id": id}).kind == "sandbox_not_found"
	E
}

@test "daemon.status tells what is under way, and what ends next" {
	py <<-E
		with Client() as c, Client() as d:
		    a = c.call("sandbox.create", {"name": "a", "timeout": 500})["sandbox_id"]
		    b = c.call("sandbox.create", {"timeout": 300})["sandbox_id"]
		    c.send("command.run", {"sandbox_id": "a", "argv": ["sleep", "3600"], "request_timeout": 0}, id=7)
		    works = lambda: [o for o in d.call("daemon.status")["operations"] if o["name"] == "command.run"]
		    wait_for(works)
		    work = works()[0]
		    assert work["uid"] == os.getuid() and work["age"] >= 0 and work["step"], work
		    status = d.call("daemon.status")
		    assert [e["sandbox_id"] for e in status["deadlines"]] == [b, a], status
		    assert status["sandbox_states"]["running"] == 2
		    user = [u for u in status["users"] if u["uid"] == os.getuid()][0]
		    assert user["clients"] == 2 and user["calls"] == 2, user
		    assert status["providers"][0]["engine"]["mode"] == "root"
		    c.notify("\$/cancel", {"id": 7})
		    wait_for(lambda: not works())
	E
	"$SP_BUILDDIR/sandpool" status >"$DAEMON_DIR/out"
	! grep -E '.{81}' "$DAEMON_DIR/out"
	grep -q '2 running' "$DAEMON_DIR/out"
	grep -q 'a ends in' "$DAEMON_DIR/out"
}

@test "limits in the configuration reach the engine" {
	stop_daemon
	make_daemon_dir
	printf '[engine]\nmemory-limit = 256M\npids-limit = 40\ncpu-limit = 100\n' >"$DAEMON_DIR/more.conf"
	start_daemon
	py <<-E
		with Client() as c:
		    id = c.call("sandbox.create")["sandbox_id"]
		    sample = c.call("sandbox.metrics", {"sandbox_id": id})["metrics"][-1]
		    assert sample["mem_total"] == 256 << 20 and sample["cpu_count"] == 1, sample
	E
}
