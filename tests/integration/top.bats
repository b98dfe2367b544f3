#!/usr/bin/env bats
# sandpool top: on a terminal of 80 by 24, and without one.
load helpers

setup() {
	[[ $(id -u) == 0 ]] || skip "sandboxes need root so far"
	make_daemon_dir
	start_daemon
	PATH="$SP_BUILDDIR:$PATH"
	sandpool create --name first >/dev/null
}

teardown() {
	local id
	[[ -n ${DAEMON_PID-} ]] || return 0
	for id in $(sandpool --json ls | jq -r '.sandboxes[].sandbox_id'); do
		sandpool kill "$id"
	done
	stop_daemon
}

# terminal COMMAND…: a Python program on standard input that has the command on a terminal: `top` the
# process, `read(text)` waits for what it draws, `before` and `now()` are the terminal's settings.
terminal() {
	{
		cat <<-'E'
			import fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time
			master, slave = pty.openpty()
			def resize(rows, cols):
			    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
			resize(24, 80)
			now = lambda: termios.tcgetattr(slave)
			before = now()
			top = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=subprocess.PIPE,
			                       start_new_session=True)
			seen = ""
			def read(text, since=0):
			    global seen
			    deadline = time.monotonic() + 60
			    while text not in seen[since:]:
			        assert time.monotonic() < deadline, (text, seen)
			        if select.select([master], [], [], 1)[0]:
			            seen += os.read(master, 65536).decode()
			def end():
			    status = top.wait(60)
			    read("\033[?25h\033[?1049l")
			    assert now() == before
			    return status
		E
		cat
	} >"$DAEMON_DIR/terminal.py"
	DAEMON_PID=$DAEMON_PID timeout 100 python3 "$DAEMON_DIR/terminal.py" "$@"
}

@test "q ends it, and the terminal is as before" {
	terminal sandpool top -d 0.1 <<-'E'
		read("first")
		assert now() != before
		at = len(seen)
		read("\033[H", at)  # it goes on by itself
		os.write(master, b"xq")
		assert end() == 0
	E
}

@test "whatever ends it, the terminal is as before" {
	for how in 'top.terminate()' 'os.write(master, b"\3")' 'top.send_signal(signal.SIGHUP)'; do
		terminal sandpool top <<-E
			read("first")
			$how
			assert end() in (-15, -2, -1)
		E
	done
	kill -STOP "$DAEMON_PID"
	terminal sandpool top <<-'E'
		read("\033[?1049h")
		top.terminate()
		os.kill(int(os.environ["DAEMON_PID"]), signal.SIGCONT)
		assert end() == -15
	E
}

@test "a daemon that ends ends it, with a word" {
	terminal sandpool top -d 0.1 <<-'E'
		read("first")
		os.kill(int(os.environ["DAEMON_PID"]), signal.SIGKILL)
		assert end() == 125
		assert b"daemon" in top.stderr.read()
	E
	wait "$DAEMON_PID" || true
	start_daemon
}

@test "many sandboxes fit a screen of 80 by 24, and a smaller one" {
	for i in {1..30}; do
		sandpool create --timeout 300 >/dev/null &
	done
	wait $(jobs -p | grep -vx "$DAEMON_PID")
	terminal sandpool top <<-'E'
		read("more\033[K")
		screens = seen.split("\033[H")
		lines = re.sub("\033[^a-zA-Z]*[a-zA-Z]", "", screens[1]).rstrip("\r\n").split("\r\n")
		assert len(lines) <= 24 and all(len(l) <= 80 for l in lines), lines
		at = len(seen)
		resize(10, 80)
		top.send_signal(signal.SIGWINCH)
		read("more\033[K", at)
		assert seen[at:].split("\033[H")[1].count("\r\n") <= 10
		os.write(master, b"q")
		assert end() == 0
	E
}

@test "without a terminal it is one table; -n says how many" {
	run --separate-stderr sandpool top
	[[ $status == 0 && $output == *first*running* && $output != *$'\033'* ]]
	run --separate-stderr sandpool top -b -n 3 -d 0.1
	[[ $status == 0 && $(grep -c first <<<"$output") == 3 ]]
	run sandpool top -d 0
	[[ $status == 125 ]]
	run sandpool top -n 0
	[[ $status == 125 ]]
	run bash -c 'sandpool top >/dev/full'
	[[ $status == 125 && $output == *"cannot write"* ]]
}
