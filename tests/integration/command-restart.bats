# Commands across the end of the daemon and of the engine: nothing is lost, nothing hangs.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

begin() {
	py <<-'E'
		from box import *
		b = Box()
		pid = b.do("command.start", cmd="seq 1 1000; read x; seq 1001 2000; exit 9", stdin=True)["pid"]
		b.output(pid, until=3893)
		done = b.do("command.start", cmd="echo finished; exit 6")["pid"]
		b.output(done)
		open(os.environ["SANDPOOL_SOCKET"] + ".ids", "w").write(f"{b.id} {pid} {done}")
	E
}

finish() {
	py <<-'E'
		from box import *
		id, pid, done = open(os.environ["SANDPOOL_SOCKET"] + ".ids").read().split()
		pid, done = int(pid), int(done)
		b = Box(id)
		b.do("command.connect", pid=done, from_offset=0)
		out, end = b.output(done)
		assert out["stdout"] == b"finished\n" and end["exit_code"] == 6
		assert b.do("command.wait", pid=done)["exit_code"] == 6
		b.do("command.connect", pid=pid, from_offset=2)
		b.do("command.send_stdin", pid=pid, data="\n")
		out, end = b.output(pid)
		assert out["stdout"] == "".join(f"{i}\n" for i in range(1, 2001)).encode()[2:]
		assert end["exit_code"] == 9, end
	E
}

@test "a daemon that is stopped and started again" {
	begin
	box_restart TERM
	finish
}

@test "a daemon that is killed and started again" {
	begin
	box_restart KILL
	finish
}

@test "an engine that is killed while commands run" {
	py <<-'E'
		from box import *
		import signal
		b = Box()
		pid = b.do("command.start", cmd="echo a; sleep 1; echo b; sleep 1000", timeout=30)["pid"]
		b.output(pid, until=2)
		os.kill(pid_of("sandpool-engine"), signal.SIGKILL)
		try:
		    out, end = b.output(pid, until=2)
		    assert out["stdout"] in (b"", b"b\n"), out
		except RpcError as error:
		    assert error.kind in ("upstream_unavailable", "sandbox_not_found"), error.kind
		wait_for(lambda: b.do("command.run", cmd="echo again")["stdout"] == "again\n")
	E
}
