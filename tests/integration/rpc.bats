#!/usr/bin/env bats
# The local protocol on the real daemon, spoken well and badly. After each test the daemon goes on, and holds
# no descriptor more than before.
load helpers

setup() {
	start_daemon
	FDS_BEFORE=$(daemon_fds)
}

teardown() {
	py <<-E && wait_until daemon_has_fds "$FDS_BEFORE" && stop_daemon && return
		with Client() as c:
		    assert c.call("daemon.hello")["server"] == "sandpool"
	E
	echo "descriptors: $FDS_BEFORE before, $(daemon_fds) now" >&2
	stop_daemon
	return 1
}

# The start of most tests: one connection, and a function that sends a raw line and wants an error.
PRELUDE='
c = Client()
def refused(line, kind, id=None, fds=()):
    c.raw(line, fds)
    m = c.read()
    assert m["jsonrpc"] == "2.0" and m["id"] == id and m["error"]["data"]["kind"] == kind, m
    assert c.call("daemon.hello")["server"] == "sandpool"
    return m["error"]["message"]
HELLO = b"""{"jsonrpc":"2.0","id":"h","method":"daemon.hello"}"""
'

@test "daemon.hello tells the limits" {
	py <<-E
		$PRELUDE
		h = c.call("daemon.hello", {"client": "test/1"})
		assert h["protocol"] == 1 and h["line_max"] == 16 << 20 and h["fds_max"] == 16, h
		assert h["pid"] == int(os.environ["DAEMON_PID"])
	E
}

@test "daemon.status counts clients" {
	py <<-E
		$PRELUDE
		before = c.call("daemon.status")["clients"]
		with Client() as d:
		    s = d.call("daemon.status")
		    assert s["clients"] == before + 1 and s["calls"] == 1, s
		wait_for(lambda: c.call("daemon.status")["clients"] == before)
	E
}

@test "rpc.discover describes exactly what is served" {
	py <<-E
		$PRELUDE
		import re
		d = c.call("rpc.discover")
		assert d["openrpc"].startswith("1."), d["openrpc"]
		names = {m["name"] for m in d["methods"]}
		assert {"daemon.hello", "daemon.status", "rpc.discover"} <= names
		every = re.findall(r'^METHOD\("([^"]*)"', open(os.environ["SP_SRCDIR"] + "/protocol/methods.def").read(), re.M)
		assert len(every) > 20 and names <= set(every)
		for name in every:
		    c.send(name, {"surely_unknown": 1}, id=name)
		    kind = error_of(c.answer, name).kind
		    assert kind == ("invalid_params" if name in names else "method_not_found"), (name, kind)
		references = set(re.findall(r'"\\\$ref": "([^"]*)"', json.dumps(d)))
		assert references
		for r in references:
		    where = d
		    for part in r.removeprefix("#/").split("/"):
		        where = where[part]
		for m in d["methods"]:
		    assert m["summary"] and m["result"]["schema"], m["name"]
		    for p in m["params"]:
		        assert p["description"] and p["schema"], (m["name"], p)
	E
}

@test "what is not JSON is refused, and the connection goes on" {
	py <<-E
		$PRELUDE
		for line in b"", b"hello", b"{", b"{'id':1}", b'{"a":1,"a":2}', b"NaN", b"[1,]", b'"\x01"', b'{"id":1}{"id":2}':
		    refused(line, "parse_error")
	E
}

@test "what is not UTF-8 is refused" {
	py <<-E
		$PRELUDE
		for text in b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80":
		    refused(b'{"jsonrpc":"2.0","id":1,"method":"' + text + b'"}', "parse_error")
		refused(b"\x00" * 100, "parse_error")
	E
}

@test "nesting is bounded" {
	py <<-E
		$PRELUDE
		refused(b"[" * 10000, "parse_error")
		refused(b"[" * 10000 + b"]" * 10000, "parse_error")
		refused(b'{"a":' * 10000 + b"1" + b"}" * 10000, "parse_error")
	E
}

@test "a line of 17 MiB is refused, one of 16 MiB is read" {
	py <<-E
		$PRELUDE
		start, end = b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"', b'"}}'
		refused(start + b"x" * (17 << 20) + end, "too_large")
		refused(start + b"x" * ((16 << 20) - len(start + end) + 1) + end, "too_large")
		refused(start + b"x" * ((16 << 20) - len(start + end)) + end, "method_not_found", 1)
	E
}

@test "unknown methods and parameters are named" {
	py <<-E
		$PRELUDE
		assert '"daemon.helo"' in str(error_of(c.call, "daemon.helo"))
		e = error_of(c.call, "daemon.hello", {"klient": "x"})
		assert e.code == -32602 and "params.klient" in str(e), e
		e = error_of(c.call, "daemon.hello", {"client": 5})
		assert e.code == -32602 and "params.client" in str(e), e
		e = error_of(c.call, "daemon.hello", {"request_timeout": -1})
		assert "params.request_timeout" in str(e), e
		for params in [], "x", 5, True:
		    assert error_of(c.call, "daemon.hello", params).code == -32600
		c.call("daemon.hello", {})
	E
}

@test "requests that are none are refused with their id" {
	py <<-E
		$PRELUDE
		refused(b'{"id":1,"method":"daemon.hello"}', "invalid_request", 1)
		refused(b'{"jsonrpc":"2.0","id":1}', "invalid_request", 1)
		refused(b'{"jsonrpc":"2.0","id":"x","method":5}', "invalid_request", "x")
		refused(b'{"jsonrpc":"2.0","id":1.5,"method":"daemon.hello"}', "invalid_request")
		refused(b'{"jsonrpc":"2.0","id":1,"result":5}', "invalid_request", 1)
		refused(b'{"jsonrpc":"2.0","id":1,"error":{}}', "invalid_request", 1)
		refused(b"5", "invalid_request")
	E
}

@test "batches are answered as one array" {
	py <<-E
		$PRELUDE
		refused(b"[]", "invalid_request")
		c.raw(b"[" + HELLO + b',7,{"jsonrpc":"2.0","id":2,"method":"nope"},{"jsonrpc":"2.0","method":"daemon.hello"}]')
		m = c.read()
		assert len(m) == 3, m
		assert [a["id"] for a in m] == ["h", None, 2], m
		assert "result" in m[0] and m[1]["error"]["code"] == -32600 and m[2]["error"]["code"] == -32601
		c.raw(b'[{"jsonrpc":"2.0","method":"daemon.hello"}]')
		c.raw(b'{"jsonrpc":"2.0","method":"daemon.hello"}')
		c.raw(b"[" + b",".join([HELLO] * 1000) + b"]")
		assert len(c.read()) == 1000
		refused(b"[" + b",".join([HELLO] * 1001) + b"]", "too_large")
	E
}

@test "a batch whose answers fit no line tells so in it" {
	py <<-E
		$PRELUDE
		discover = b'{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}'
		c.raw(discover)
		one = len(c.line())
		count = min(1000, (20 << 20) // one)
		c.raw(b"[" + b",".join([discover] * count) + b"]")
		line = c.line()
		assert len(line) <= 16 << 20
		answers = json.loads(line)
		assert len(answers) == count
		if count * one > 16 << 20:
		    assert answers[-1]["error"]["data"]["kind"] == "too_large", answers[-1]
		c.call("daemon.hello")
	E
}

@test "pipelined requests are all answered" {
	py <<-E
		$PRELUDE
		import threading
		count = 20000
		writer = threading.Thread(target=lambda: [c.send("daemon.hello", id=i) for i in range(count)])
		writer.start()
		for i in range(count):
		    assert c.read()["id"] == i
		writer.join()
	E
}

@test "cancelling what is not there is no error" {
	py <<-E
		$PRELUDE
		c.notify("\$/cancel", {"id": 77})
		c.notify("\$/cancel", {"id": "x", "y": 1})
		c.notify("transfer.credit", {"id": 77, "bytes": 1})
		c.notify("nonsense", {})
		assert c.call("daemon.hello")
	E
}

@test "descriptors that are missing or too many are refused" {
	py <<-E
		$PRELUDE
		line = b'{"jsonrpc":"2.0","id":5,"fds":%d,"method":"daemon.hello"}'
		assert "2" in refused(line % 2, "invalid_request", 5)
		refused(line % 2, "invalid_request", 5, fds=[0])
		refused(line % 0, "invalid_request", 5, fds=[0])
		refused(line % 1, "invalid_request", 5, fds=[0, 1])
		refused(line % 17, "invalid_request", 5)
		c.raw(line % 2, fds=[0, 1])
		assert "result" in c.read()
		c.raw(line % 16, fds=[0] * 16)
		assert "result" in c.read()
		for i in range(200):
		    c.raw(line % 3, fds=[0, 1, 2])
		for i in range(200):
		    assert "result" in c.read()
	E
}

@test "a hundred descriptors at once are refused" {
	py <<-E
		$PRELUDE
		c.raw(HELLO, fds=[0] * 100)
		kinds = {json.dumps(m["id"]): m for m in (c.read(), c.read())}
		assert kinds["null"]["error"]["data"]["kind"] == "invalid_request", kinds
		assert "result" in kinds['"h"'], kinds
		for i in range(20):
		    c.raw(b"x", fds=[0] * 16)
		    assert c.read()["error"]["code"] == -32700
		assert c.call("daemon.hello", fds=[0])
	E
}

@test "descriptors of a line that never ends are given back" {
	py <<-E
		$PRELUDE
		for i in range(20):
		    d = Client()
		    d.socket.sendmsg([b'{"jsonrpc"'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 16))])
		    d.close()
		c.call("daemon.hello")
	E
}

@test "a client that never reads is not read any more" {
	skip_with_sanitizers
	py <<-E
		$PRELUDE
		def resident():
		    return c.call("daemon.status")["memory_bytes"]
		before = resident()
		d = Client()
		d.socket.setblocking(False)
		blocks = (HELLO + b"\n") * 1000
		sent = idle = 0
		while idle < 50 and sent < 1 << 30:
		    try:
		        sent += d.socket.send(blocks)
		        idle = 0
		    except BlockingIOError:
		        idle += 1
		        c.call("daemon.hello")
		assert sent < 16 << 20, sent
		assert resident() - before < 8 << 20, (before, resident())
		d.close()
	E
}

@test "clients that vanish leave nothing" {
	py <<-E
		$PRELUDE
		for i in range(200):
		    with Client() as d:
		        d.raw(HELLO * (i % 2) + b"half a line"[:i % 7])
		        d.send("rpc.discover")
		wait_for(lambda: c.call("daemon.status")["clients"] == 1)
	E
}

@test "a client that stops sending still gets its answers" {
	py <<-E
		$PRELUDE
		for i in range(2000):
		    c.send("daemon.hello", id=i)
		c.socket.shutdown(socket.SHUT_WR)
		for i in range(2000):
		    assert c.read()["id"] == i
		assert c.read() is None
	E
}

@test "one client too many is told so" {
	stop_daemon
	make_daemon_dir
	printf '[daemon]\nclients-max = 3\n' >"$DAEMON_DIR/more.conf"
	start_daemon
	FDS_BEFORE=$(daemon_fds)
	py <<-E
		$PRELUDE
		others = [Client(), Client()]
		for d in others:
		    d.call("daemon.hello")
		with Client() as d:
		    assert d.read()["error"]["data"]["kind"] == "overloaded"
		    assert d.read() is None
		others[0].close()
		wait_for(lambda: c.call("daemon.status")["clients"] == 2)
		with Client() as d:
		    d.call("daemon.hello")
	E
}

@test "an idle client costs at most 8 KiB" {
	skip_with_sanitizers
	py <<-E
		$PRELUDE
		import resource
		count = 2000
		resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100,) * 2)
		c.call("daemon.hello")
		before = c.call("daemon.status")["memory_bytes"]
		clients = []
		for i in range(count):
		    d = Client()
		    d.call("daemon.hello")
		    clients.append(d)
		each = (c.call("daemon.status")["memory_bytes"] - before) / count
		for d in clients:
		    d.close()
		print(each)
		assert each <= 8192, each
	E
}
