# Terminals in real sandboxes.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

@test "a terminal has a size, takes input, echoes, and ends with its shell" {
	box <<-'E'
		pid = b.do("pty.create", cols=81, rows=25)["pid"]
		b.do("pty.send_input", pid=pid, data="stty size; tty; echo $TERM $LANG\r")
		seen = b""
		while b"C.UTF-8" not in seen.replace(b"$TERM $LANG", b""):
		    seen += b.output(pid, until=1)[0]["pty"]
		assert b"25 81" in seen and b"/dev/pts/" in seen and b"xterm-256color C.UTF-8" in seen
		b.do("pty.resize", pid=pid, cols=120, rows=50)
		b.do("pty.send_input", pid=pid, data="stty size; exit 4\r")
		out, end = b.output(pid)
		assert b"50 120" in out["pty"] and end["exit_code"] == 4
	E
}

@test "a program of one's own on a terminal; envs of the caller win; killing it" {
	box <<-'E'
		pid = b.do("pty.create", cols=80, rows=24, argv=["sh", "-c", "echo $TERM; exec sleep 1000"], envs={"TERM": "dumb"})["pid"]
		seen = b""
		while b"dumb" not in seen:
		    seen += b.output(pid, until=1)[0]["pty"]
		assert b.do("pty.kill", pid=pid) == {"killed": True}
		out, end = b.output(pid)
		assert end["signal"] == 9
		assert b.do("pty.kill", pid=pid) == {"killed": False}
	E
}

@test "keys typed one by one arrive in order; another client sees the same screen" {
	box <<-'E'
		pid = b.do("pty.create", cols=80, rows=24, argv=["cat"])["pid"]
		other = Box(b.id)
		other.do("pty.connect", pid=pid, from_offset=0)
		text = "the quick brown fox"
		for id in [b.ask("pty.send_input", pid=pid, data=c) for c in text + "\r"]:
		    b.answer(id)
		seen = b""
		while seen.count(text.encode()) < 2:
		    seen += other.output(pid, until=1)[0]["pty"]
		b.do("pty.send_input", pid=pid, data="\x04")
		assert b.output(pid)[1]["exit_code"] == 0
		other.close()
	E
}

@test "what is no terminal cannot be resized" {
	box <<-'E'
		pid = b.do("command.start", cmd="sleep 1000")["pid"]
		assert b.refused("pty.resize", pid=pid, cols=10, rows=10) == "sandbox"
		assert b.refused("pty.resize", pid=99999, cols=10, rows=10) == "not_found"
		assert b.refused("pty.resize", pid=pid, cols=0, rows=10) == "invalid_params"
	E
}
