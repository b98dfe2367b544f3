# Commands in real sandboxes, through the daemon, the engine and the agent.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

@test "how a command ended: status, signal, not found, not executable" {
	box <<-'E'
		run = lambda **k: b.do("command.run", **k)
		r = run(cmd="echo out; echo err >&2; exit 3")
		assert (r["stdout"], r["stderr"], r["exit_code"], r["error"]) == ("out\n", "err\n", 3, "exit status 3")
		r = run(argv=["/bin/true"])
		assert r["exit_code"] == 0 and "error" not in r and not r["truncated"] and r["end_offset"] == 0
		r = run(cmd="kill -KILL $$")
		assert (r["exit_code"], r["signal"], r["error"]) == (-1, 9, "signal: killed")
		r = run(cmd="kill -SEGV $$")
		assert (r["exit_code"], r["signal"]) == (-1, 11)
		assert run(argv=["/no/such"])["exit_code"] == 127
		assert run(argv=["/etc/passwd"])["exit_code"] == 126
		assert run(argv=["echo", "a  b", "$HOME"])["stdout"] == "a  b $HOME\n"
		assert run(cmd="echo $X", envs={"X": "y z"})["stdout"] == "y z\n"
		assert run(cmd="pwd", cwd="/tmp")["stdout"] == "/tmp\n"
		assert run(cmd="id -un", user="root")["stdout"] == "root\n"
	E
}

@test "what cannot be started is refused with a kind" {
	box <<-'E'
		assert b.refused("command.run", cmd="true", user="nobody-such") == "authentication"
		assert b.refused("command.run", cmd="true", cwd="/no/such") == "invalid_argument"
		assert b.refused("command.run", cmd="true", argv=["true"]) == "invalid_params"
		assert b.refused("command.run") == "invalid_params"
		assert b.refused("command.start", cmd="true", stdout_fd=0) == "invalid_params"
		assert b.refused("command.wait", pid=99999) == "not_found"
		assert b.refused("command.connect", pid=99999) == "not_found"
		assert b.refused("command.disconnect", pid=99999) == "not_found"
		assert b.refused("command.send_stdin", pid=99999, data="x") == "not_found"
		assert b.do("command.kill", pid=99999) == {"killed": False}
		with Box("nothing") as n:
		    assert n.refused("command.run", cmd="true") == "sandbox_not_found"
	E
}

@test "timeouts of a run, of silence, of waiting" {
	box <<-'E'
		assert b.refused("command.run", cmd="sleep 100", timeout=0.2) == "timeout"
		assert b.refused("command.run", cmd="sleep 100", idle_timeout=0.2) == "timeout"
		r = b.do("command.run", cmd="for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done", idle_timeout=0.5)
		assert r["exit_code"] == 0
		pid = b.do("command.start", cmd="sleep 100", timeout=0.5)["pid"]
		assert b.refused("command.wait", pid=pid, timeout=0.1) == "timeout"
		assert b.refused("command.wait", pid=pid) == "timeout"
		out, end = b.output(pid)
		assert end["signal"] == 9 and "timeout" in end["error"]
		wait_for(lambda: b.do("command.list")["commands"] == [])
	E
}

@test "standard input: in the call, in pieces and in order, its end" {
	box <<-'E'
		data = "".join(chr(33 + i % 90) for i in range(300000))
		assert b.do("command.run", argv=["cat"], input=data)["stdout"] == data
		assert b.do("command.run", argv=["true"], input=data)["exit_code"] == 0
		assert b.do("command.run", argv=["cat"])["exit_code"] == 0
		pid = b.do("command.start", argv=["cat"], stdin=True)["pid"]
		ids = [b.ask("command.send_stdin", pid=pid, data=f"{i} ") for i in range(200)]
		ids.append(b.ask("command.close_stdin", pid=pid))
		for id in ids:
		    b.answer(id)
		out, end = b.output(pid)
		assert out["stdout"] == "".join(f"{i} " for i in range(200)).encode() and end["exit_code"] == 0
	E
}

@test "output comes in order, whole in its characters, and can be read again from any offset" {
	box <<-'E'
		cmd = r"printf 'a\303'; sleep 0.1; printf '\244b'; sleep 0.1; printf '\377'; sleep 0.1; echo e >&2; exit 5"
		pid = b.do("command.start", cmd=cmd)["pid"]
		out, end = b.output(pid)
		assert out == {"stdout": b"a\xc3\xa4b\xff", "stderr": b"e\n", "pty": b"", "gap": 0}, out
		assert (end["exit_code"], end["end_offset"]) == (5, 7)
		everything = b"a\xc3\xa4b\xff"
		for offset in range(8):
		    assert b.do("command.connect", pid=pid, from_offset=offset)["offset"] == offset
		    out, end = b.output(pid)
		    assert out["stdout"] == everything[offset:] and end["exit_code"] == 5
		assert b.do("command.wait", pid=pid)["exit_code"] == 5
	E
}

@test "several clients at different offsets get the same bytes" {
	box <<-'E'
		pid = b.do("command.start", cmd="seq 1 20000; read x; seq 20001 40000", stdin=True, output=False)["pid"]
		want = "".join(f"{i}\n" for i in range(1, 40001)).encode()
		wait_for(lambda: b.do("command.connect", pid=pid)["offset"] >= 100000)
		readers = []
		for offset in (0, 1, 777, 65536, 100000):
		    r = Box(b.id)
		    r.do("command.connect", pid=pid, from_offset=offset)
		    readers.append((offset, r))
		b.do("command.disconnect", pid=pid)
		b.notifications.clear()
		b.do("command.send_stdin", pid=pid, data="\n")
		for offset, r in readers:
		    out, end = r.output(pid)
		    assert out["stdout"] == want[offset:] and out["gap"] == 0
		    r.close()
		assert b.notifications == []
	E
}

@test "more output than an answer holds is cut, and the rest can be had" {
	box <<-'E'
		r = b.do("command.run", cmd="head -c 3000000 /dev/zero | tr '\\0' x; head -c 10 /dev/zero | tr '\\0' y >&2")
		assert len(r["stdout"]) == 1 << 20 and r["stderr"] == "y" * 10
		assert r["truncated"] and r["truncated_offset"] == 1 << 20 and r["end_offset"] == 3000010
		b.do("command.connect", pid=r["pid"], from_offset=r["truncated_offset"])
		out, end = b.output(r["pid"])
		assert len(out["stdout"]) + (1 << 20) == 3000000
	E
}

@test "a client that never reads holds up neither command nor daemon" {
	skip_with_sanitizers
	box <<-'E'
		before = resident()
		lazy = Box(b.id)
		pid = lazy.do("command.start", cmd="head -c 500000000 /dev/zero; echo done >&2")["pid"]
		end = b.do("command.wait", pid=pid)
		assert end["exit_code"] == 0 and end["end_offset"] == 500000005, end
		assert resident() - before < 24 << 10, (before, resident())
		out, end = lazy.output(pid)  # the newest are kept, what is gone is told
		assert out["stderr"] == b"done\n" and len(out["stdout"]) + out["gap"] == 500000000
		assert out["gap"] > 0 and len(out["stdout"]) > 32 << 20
		lazy.close()
	E
}

@test "a client that leaves: a run is killed, a start goes on" {
	box <<-'E'
		one = Box(b.id)
		one.ask("command.run", cmd="exec sleep 1000")
		pid = one.do("command.start", cmd="sleep 0.3; echo still here")["pid"]
		wait_for(lambda: len(b.do("command.list")["commands"]) == 2)
		one.close()
		wait_for(lambda: "1000" not in str(b.do("command.list")))
		b.do("command.connect", pid=pid, from_offset=0)
		out, end = b.output(pid)
		assert out["stdout"] == b"still here\n"
		id = b.ask("command.run", cmd="exec sleep 1000")
		wait_for(lambda: "1000" in str(b.do("command.list")))
		b.notify("$/cancel", {"id": id})
		assert error_of(b.answer, id).kind == "cancelled"
		wait_for(lambda: "1000" not in str(b.do("command.list")))
	E
}

@test "signals reach a command, and only commands can be waited for" {
	box <<-'E'
		pid = b.do("command.start", cmd="trap 'echo term; exit 7' TERM; echo up; while :; do sleep 0.05; done")["pid"]
		b.output(pid, until=3)
		assert [c["pid"] for c in b.do("command.list")["commands"] if c["is_ours"]] == [pid]
		assert b.do("command.kill", pid=pid, signal="TERM") == {"killed": True}
		out, end = b.output(pid)
		assert out["stdout"] == b"term\n" and end["exit_code"] == 7
		assert b.refused("command.wait", pid=1) == "not_found"
	E
}

@test "descriptors of every kind: files, pipes, sockets, a terminal" {
	box <<-'E'
		import pty, tempfile
		data = os.urandom(1 << 20)
		with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
		    source.write(data)
		    source.seek(0)
		    id = b.ask("command.start", fds=[source.fileno(), target.fileno()], argv=["cat"], stdin_fd=0, stdout_fd=1)
		    out, end = b.output(b.answer(id)["pid"])
		    assert out["stdout"] == b"" and end["exit_code"] == 0
		    wait_for(lambda: os.fstat(target.fileno()).st_size == len(data))
		    assert os.pread(target.fileno(), 2 << 20, 0) == data
		def read_all(fd):
		    got = b""
		    while piece := os.read(fd, 1 << 16):
		        got += piece
		    return got
		r, w = os.pipe()
		b.do("command.start", fds=[w], cmd="seq 1 50000; echo no >&2", stdout_fd=0)
		os.close(w)
		assert read_all(r).split() == [str(i).encode() for i in range(1, 50001)]
		os.close(r)
		ours, theirs = socket.socketpair()
		two, hers = socket.socketpair()
		b.do("command.start", fds=[theirs.fileno(), hers.fileno()], argv=["cat"], stdin_fd=0, stderr_fd=1)
		theirs.close()
		hers.close()
		ours.sendall(b"through a socket")
		ours.shutdown(socket.SHUT_WR)
		while not any(n[0] == "command.exit" and n[1]["end_offset"] == 16 for n in b.notifications):
		    b.pump()
		assert two.recv(10) == b""
		ours.close(), two.close()
		master, slave = pty.openpty()
		flags = os.get_blocking(slave)
		b.do("command.start", fds=[slave], argv=["echo", "on a terminal"], stdout_fd=0)
		got = b""
		while b"terminal" not in got:
		    got += os.read(master, 100)
		assert os.get_blocking(slave) == flags
		os.close(master), os.close(slave)
	E
}

@test "a reader that closes its pipe ends that output only" {
	box <<-'E'
		r, w = os.pipe()
		pid = b.do("command.start", fds=[w], cmd="read x; seq 1 100000; echo end >&2; exit 4", stdin=True, stdout_fd=0)["pid"]
		os.close(w), os.close(r)
		b.do("command.send_stdin", pid=pid, data="\n")
		out, end = b.output(pid)
		assert out["stderr"] == b"end\n" and end["exit_code"] == 4
	E
}

@test "a pipe that nobody reads holds up nothing else" {
	box <<-'E'
		pipes = [os.pipe() for i in range(8)]
		pids = [b.do("command.start", fds=[w], cmd="head -c 1000000 /dev/zero", stdout_fd=0)["pid"] for r, w in pipes]
		for pid in pids:
		    assert b.do("command.wait", pid=pid)["exit_code"] == 0
		assert b.do("command.run", cmd="echo works")["stdout"] == "works\n"
		for r, w in pipes:
		    os.close(w)
		    n = 0
		    while piece := os.read(r, 1 << 16):
		        n += len(piece)
		    assert n == 1000000
		    os.close(r)
	E
}

@test "a sandbox that is killed ends its commands with a kind" {
	box <<-'E'
		other = Box()
		run = other.ask("command.run", cmd="sleep 1000")
		pid = other.do("command.start", cmd="echo before; sleep 1000")["pid"]
		other.output(pid, until=7)
		other.do("sandbox.kill")
		assert error_of(other.answer, run).kind == "sandbox_not_found"
		out, end = other.output(pid)
		assert "sandbox has ended" in end["error"]
		other.close()
	E
}

@test "with a sandbox goes the output that was kept of it, when its readers have it" {
	py <<-'E'
		from box import *
		def kept():
		    spool = os.path.join(os.path.dirname(os.environ["SANDPOOL_SOCKET"]), "state", "spool")
		    return [name for _, _, files in os.walk(spool) for name in files]
		b = Box()
		assert b.do("command.run", cmd="echo one")["exit_code"] == 0
		pid = b.do("command.start", cmd="seq 1 200000; exec sleep 1000")["pid"]
		size = 1288895
		wait_for(lambda: b.do("command.connect", pid=pid)["offset"] == size)
		b.do("command.disconnect", pid=pid)
		b.notifications.clear()
		b.do("command.connect", pid=pid, from_offset=0)
		with Client() as c:
		    assert kept()
		    c.call("sandbox.kill", {"sandbox_id": b.id})
		out, end = b.output(pid)
		assert len(out["stdout"]) == size and out["gap"] == 0 and end["end_offset"] == size
		wait_for(lambda: not kept(), "the end of the files")
	E
}
