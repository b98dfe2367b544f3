# Files of real sandboxes: in answers, as streams, by descriptors.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

@test "what is written is read: text, bytes, nothing, parts" {
	box <<-'E'
		w = b.do("file.write", path="a/b.txt", data="hällo\n")
		assert (w["path"], w["name"], w["type"], w["bytes"]) == ("/home/user/a/b.txt", "b.txt", "file", 7)
		assert b.do("file.read", path="a/b.txt") == {"data": "hällo\n", "bytes": 7, "size": 7}
		assert b.do("file.read", path="~/a/b.txt", offset=1, length=2)["data"] == "ä"
		assert b.do("file.read", path="a/b.txt", offset=2, length=1)["data"] == {"base64": "pA=="}
		for offset, length in ((0, 0), (7, 1), (100, 100)):
		    assert b.do("file.read", path="a/b.txt", offset=offset, length=length)["data"] == ""
		assert b.do("file.write", path="empty", data="")["bytes"] == 0
		assert b.do("file.read", path="empty")["data"] == ""
		every = bytes(range(256)) * 64
		b.do("file.write", path="bytes", data={"base64": base64.b64encode(every).decode()})
		assert octets(b.do("file.read", path="bytes")["data"]) == every
		assert b.do("file.read", path="/proc/self/status")["data"].startswith("Name:")
		files = [{"path": f"many/{i}", "data": str(i)} for i in range(20)]
		assert [f["bytes"] for f in b.do("file.write_many", files=files)["files"]] == [1] * 10 + [2] * 10
		assert b.do("file.read", path="many/19")["data"] == "19"
		assert b.do("file.write_many", files=[])["files"] == []
	E
}

@test "directories and entries" {
	box <<-'E'
		assert b.do("file.mkdir", path="d/e") == {"created": True}
		assert b.do("file.mkdir", path="d/e") == {"created": False}
		b.do("file.write", path="d/f", data="x")
		b.do("command.run", cmd="ln -s /etc d/link; chmod 600 d/f; mkfifo d/pipe")
		entries = {e["name"]: e for e in b.do("file.list", path="d")["entries"]}
		assert {n: e["type"] for n, e in entries.items()} == {"e": "dir", "f": "file", "link": "dir", "pipe": "unknown"}
		assert entries["link"]["symlink_target"] == "/etc" and entries["f"]["mode"] == 0o600
		assert entries["f"]["owner"] == "user" and entries["f"]["size"] == 1
		assert b.do("file.list", path="d", depth=2)["entries"] == b.do("file.list", path="d")["entries"]
		assert b.do("file.stat", path="d")["type"] == "dir"
		name = "with\nnewline \" and ä"
		assert b.do("file.rename", old_path="d/f", new_path=f"d/{name}")["name"] == name
		assert b.do("file.read", path=f"d/{name}")["data"] == "x"
		assert b.do("file.exists", path="d/f") == {"exists": False}
		assert b.do("file.remove", path="d") == {}
		assert b.do("file.remove", path="d") == {}
		assert b.do("file.exists", path="d") == {"exists": False}
	E
}

@test "what cannot be done is refused with a kind" {
	box <<-'E'
		b.do("file.mkdir", path="dir")
		b.do("file.write", path="file", data="x")
		assert b.refused("file.read", path="none") == "file_not_found"
		assert b.refused("file.stat", path="none") == "file_not_found"
		assert b.refused("file.list", path="none") == "file_not_found"
		assert b.refused("file.rename", old_path="none", new_path="other") == "file_not_found"
		assert b.refused("file.read", path="dir") == "invalid_argument"
		assert b.refused("file.write", path="dir", data="x") == "invalid_argument"
		assert b.refused("file.list", path="file") == "invalid_argument"
		assert b.refused("file.mkdir", path="file") == "invalid_argument"
		assert b.refused("file.read", path="file", user="nobody-such") == "authentication"
		assert b.refused("file.stat", path="a\0b") == "invalid_params"
		assert b.refused("file.read", path="file", fd=0) == "invalid_params"
		assert b.refused("file.write", path="file") == "invalid_params"
		assert b.refused("file.write", path="file", data="x", stream=True) == "invalid_params"
		error = error_of(b.do, "file.write_many", files=[{"path": "ok", "data": ""}, {"path": "dir", "data": ""}])
		assert error.kind == "invalid_argument" and "files[1]" in str(error)
		assert b.do("file.exists", path="ok")["exists"]
		b.do("command.run", cmd="truncate -s 9M big")
		error = error_of(b.do, "file.read", path="big")
		assert error.kind == "too_large" and all(way in str(error) for way in ("offset", "stream", "fd"))
		assert b.do("file.read", path="big", length=100)["bytes"] == 100
	E
}

@test "a stream goes at the pace of credit, both ways" {
	box <<-'E'
		WINDOW = b.call("daemon.hello")["transfer_window"]
		data = os.urandom(5 << 20)
		id = b.ask("file.write", path="s", stream=True, progress=True)
		credit, at = WINDOW, 0
		while at < len(data):
		    while credit < 100000:
		        credit += b.notification("transfer.credit", lambda p: p["id"] == id)["bytes"]
		    piece = data[at:at + 100000]
		    b.notify("transfer.data", {"id": id, "offset": at, "data": {"base64": base64.b64encode(piece).decode()}})
		    at, credit = at + len(piece), credit - len(piece)
		b.notify("transfer.data", {"id": id, "offset": at, "data": "", "end": True})
		assert b.answer(id)["bytes"] == len(data)
		id = b.ask("file.read", path="s", stream=True)
		got = b""
		while len(got) < WINDOW - 65536:
		    got += octets(b.notification("transfer.data")["data"])
		b.call("daemon.hello")
		b.call("daemon.hello")
		got += b"".join(octets(n[1]["data"]) for n in b.notifications if n[0] == "transfer.data")
		b.notifications.clear()
		assert len(got) <= WINDOW
		b.notify("transfer.credit", {"id": id, "bytes": len(got)})
		while len(got) < len(data):
		    piece = b.notification("transfer.data")
		    assert piece["offset"] == len(got)
		    got += octets(piece["data"])
		    b.notify("transfer.credit", {"id": id, "bytes": len(octets(piece["data"]))})
		assert got == data and b.answer(id)["bytes"] == len(data)
	E
}

@test "a stream that breaks the rules, or stalls, is ended" {
	box <<-'E'
		id = b.ask("file.write", path="s", stream=True)
		b.notify("transfer.data", {"id": id, "offset": 1, "data": "x"})
		assert error_of(b.answer, id).kind == "invalid_params"
		assert b.refused("file.write", path="s", stream=True, request_timeout=0.3) == "timeout"
		b.do("command.run", cmd="truncate -s 9M big")
		assert b.refused("file.read", path="big", stream=True, request_timeout=0.3) == "timeout"
		id = b.ask("file.read", path="big", stream=True)
		b.notification("transfer.data", lambda p: p["id"] == id)
		b.notify("$/cancel", {"id": id})
		assert error_of(b.answer, id).kind == "cancelled"
		r, w = os.pipe()
		assert b.refused("file.write", [r], path="s", fd=0, request_timeout=0.3) == "timeout"
		assert b.refused("file.read", [w], path="big", fd=0, request_timeout=0.3) == "timeout"
		os.close(r)
		assert b.refused("file.read", [w], path="big", fd=0) == "invalid_argument"
		os.close(w)
		leaver = Box(b.id)
		leaver.ask("file.read", path="big", stream=True)
		leaver.close()
	E
}

@test "descriptors: a socket, a file at its offset" {
	box <<-'E'
		import tempfile
		data = os.urandom(3 << 20)
		ours, theirs = socket.socketpair()
		id = b.ask("file.write", [theirs.fileno()], path="s", fd=0)
		theirs.close()
		ours.sendall(data)
		ours.close()
		assert b.answer(id)["bytes"] == len(data)
		with tempfile.TemporaryFile() as file:
		    file.write(b"head")
		    file.flush()
		    assert b.do("file.read", [file.fileno()], path="s", fd=0)["bytes"] == len(data)
		    assert os.pread(file.fileno(), 4 << 20, 0) == b"head" + data
		    os.lseek(file.fileno(), 4, os.SEEK_SET)
		    assert b.do("file.write", [file.fileno()], path="t", fd=0)["bytes"] == len(data)
		assert b.do("command.run", cmd="cmp s t")["exit_code"] == 0
	E
}

@test "a gigabyte each way leaves daemon, engine and agent as small as before" {
	skip_with_sanitizers
	box <<-'E'
		SIZE = 1 << 30
		b.do("file.write", path="warm", data="x" * 1000000)
		b.do("file.read", path="warm")
		engine = pid_of("sandpool-engine")
		agent = int(b.do("command.run", cmd="grep VmRSS /proc/1/status", user="root")["stdout"].split()[1])
		small = resident(), resident(engine)
		top = [0, 0]
		def look():
		    top[0], top[1] = max(top[0], resident()), max(top[1], resident(engine))
		r, w = os.pipe()
		id = b.ask("file.write", [r], path="/tmp/big", fd=0, progress=True)
		os.close(r)
		block = os.urandom(1 << 20)
		for i in range(SIZE >> 20):
		    os.write(w, block)
		    i % 64 or look()
		os.close(w)
		assert b.answer(id)["bytes"] == SIZE
		progress = [n[1]["bytes"] for n in b.notifications if n[0] == "transfer.progress"]
		assert progress == sorted(progress) and progress[-1] <= SIZE
		r, w = os.pipe()
		id = b.ask("file.read", [w], path="/tmp/big", fd=0)
		os.close(w)
		n = 0
		while piece := os.read(r, 1 << 20):
		    assert piece == block[n % (1 << 20):][:len(piece)] or len(piece) > (1 << 20) - n % (1 << 20)
		    n += len(piece)
		    n % 64 or look()
		os.close(r)
		assert n == SIZE and b.answer(id)["bytes"] == SIZE
		after = int(b.do("command.run", cmd="grep VmRSS /proc/1/status", user="root")["stdout"].split()[1])
		assert after - agent < 16 << 10, (agent, after)
		assert all(t - s < 24 << 10 for t, s in zip(top, small)), (small, top)
	E
}
