# Watched directories of real sandboxes: streamed to a connection, or asked.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

# The helpers of the programs below.
watching() {
	{
		cat <<-'E'
			def events(client, count=1, until=None):
			    """Parameters of watch.event: so many of them, or up to the one that `until` takes."""
			    got = []
			    while len(got) < count if until is None else not (got and until(got[-1])):
			        while not client.notifications:
			            client.pump()
			        name, params = client.notifications.pop(0)
			        assert name == "watch.event", name
			        got.append(params)
			    return got
			def kinds(events):
			    return [(e["type"], e["name"]) for e in events]
		E
		cat
	} | box
}

@test "changes are streamed to whoever watches, in order" {
	watching <<-'E'
		b.do("file.mkdir", path="d")
		w = b.do("watch.start", path="d")["watch_id"]
		with Client() as other:
		    other.call("file.write", {"sandbox_id": b.id, "path": "d/f", "data": "x"})
		    other.call("file.rename", {"sandbox_id": b.id, "old_path": "d/f", "new_path": "d/g"})
		    other.call("file.remove", {"sandbox_id": b.id, "path": "d/g"})
		got = events(b, 6)
		assert kinds(got) == [("create", "f"), ("chmod", "f"), ("write", "f"), ("rename", "f"), ("create", "g"), ("remove", "g")], got
		assert all(e["watch_id"] == w and e["sandbox_id"] == b.id and "entry" not in e for e in got)
		b.do("watch.stop", watch_id=w)
		assert b.refused("watch.stop", watch_id=w) == "not_found"
		b.do("file.write", path="d/h", data="x")
		assert not b.notifications
	E
}

@test "trees and entries" {
	watching <<-'E'
		b.do("file.mkdir", path="t/a")
		b.do("watch.start", path="t", recursive=True, include_entry=True)
		b.do("command.run", cmd="mkdir -p t/b/c && echo x > t/b/c/f && echo y > t/a/g")
		got = [] # what is found in a new directory may come after what is told of an older one
		while not {("create", "b/c/f"), ("write", "a/g")} <= set(kinds(got)):
		    got += events(b)
		write = next(e for e in got if (e["type"], e["name"]) == ("write", "a/g"))
		assert write["entry"]["path"] == "/home/user/t/a/g" and write["entry"]["type"] == "file" and write["entry"]["size"] == 2
	E
}

@test "a watch that is asked has all that came before the call" {
	watching <<-'E'
		b.do("file.mkdir", path="d")
		w = b.do("watch.start", path="d", stream=False)["watch_id"]
		assert b.do("watch.events", watch_id=w) == {"events": []}
		b.do("file.write", path="d/f", data="x")
		with Client() as other: # it is nobody's own
		    got = other.call("watch.events", {"sandbox_id": b.id, "watch_id": w})["events"]
		assert kinds(got) == [("create", "f"), ("chmod", "f"), ("write", "f")], got
		assert b.do("watch.events", watch_id=w) == {"events": []}
		b.do("watch.stop", watch_id=w)
		assert b.refused("watch.events", watch_id=w) == "not_found"
		assert b.refused("watch.stop", watch_id="s77") == "not_found"
	E
}

@test "what cannot be watched is refused" {
	watching <<-'E'
		b.do("file.write", path="file", data="x")
		for stream in (True, False):
		    assert b.refused("watch.start", path="none", stream=stream) == "file_not_found"
		    assert b.refused("watch.start", path="file", stream=stream) == "invalid_argument"
		assert b.refused("watch.start", path="/tmp", user="nobody-such") in ("authentication", "invalid_argument")
	E
}

@test "a watch ends with its time, its sandbox, its client" {
	watching <<-'E'
		w = b.do("watch.start", path="/tmp", timeout=0.3)["watch_id"]
		end = events(b)[0]
		assert (end["type"], end["error"], end["watch_id"]) == ("end", "timeout", w), end
		with Client() as leaver:
		    leaver.call("watch.start", {"sandbox_id": b.id, "path": "/tmp"})
		with Client() as starter: # leaves while its watch begins
		    starter.send("watch.start", {"sandbox_id": b.id, "path": "/usr", "recursive": True})
		with Box() as c:
		    c.do("watch.start", path="/tmp")
		    b.call("sandbox.kill", {"sandbox_id": c.id})
		    end = events(c)[0]
		    assert (end["type"], end["error"]) == ("end", "sandbox_not_found"), end
	E
}

@test "a client that does not read is told that it lagged, and costs little" {
	skip_with_sanitizers
	watching <<-'E'
		with Client() as slow:
		    slow.call("watch.start", {"sandbox_id": b.id, "path": "/tmp"})
		    before = resident()
		    b.do("command.run", cmd="cd /tmp; for n in $(seq 150); do for i in $(seq 100); do : >x$i; done; done")
		    b.do("command.run", cmd="sleep 0")
		    assert resident() - before < 16 << 10, resident() - before
		    got = events(slow, until=lambda e: e["type"] == "end")
		    assert got[-1]["error"] in ("lagged", "sandbox"), got[-1]
		    assert len(got) > 1000
	E
}

@test "sandpool files watch prints changes as they happen" {
	id=$("$SP_BUILDDIR/sandpool" create --timeout 300)
	"$SP_BUILDDIR/sandpool" files watch -R "$id:/tmp" >"$DAEMON_DIR/seen" 2>"$DAEMON_DIR/said" 3>&- &
	watcher=$!
	is_watched() { # the watch begins at its own time
		"$SP_BUILDDIR/sandpool" exec "$id" -- sh -c 'mkdir -p /tmp/d && echo x >/tmp/d/begin'
		grep -q begin "$DAEMON_DIR/seen"
	}
	wait_until is_watched
	"$SP_BUILDDIR/sandpool" exec "$id" -- sh -c 'printf x >"/tmp/d/a
b"; rm -r /tmp/d'
	is_told() { grep -qxF 'remove  d' "$DAEMON_DIR/seen"; }
	wait_until is_told
	grep -qxF 'create  d/a\x0ab' "$DAEMON_DIR/seen"
	"$SP_BUILDDIR/sandpool" kill "$id"
	status=0
	wait "$watcher" || status=$?
	[[ $status == 125 ]]
	grep -q 'the watch has ended' "$DAEMON_DIR/said"
	run -125 "$SP_BUILDDIR/sandpool" files watch "$id:/tmp"
}
