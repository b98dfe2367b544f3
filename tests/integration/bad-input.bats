#!/usr/bin/env bats
# Machines and directories as they should not be: a clear word and no half-start, or it works again later.
load helpers

setup() {
	make_daemon_dir
	PATH="$SP_BUILDDIR:$PATH"
}

teardown() {
	local pid
	for pid in ${ENGINE_PIDS-}; do
		kill "$pid" 2>/dev/null || true
	done
	if [[ -n ${DAEMON_PID-} ]]; then
		stop_daemon
	else
		rm -rf "$DAEMON_DIR"
	fi
}

sandpoold() {
	run --separate-stderr timeout 20 "$SP_BUILDDIR/sandpoold" --socket "$SANDPOOL_SOCKET" "$@"
	[[ ! -e $SANDPOOL_SOCKET ]]
}

# A registry as a daemon leaves it, in $DAEMON_DIR/state.
make_state() {
	start_daemon
	kill "$DAEMON_PID"
	wait "$DAEMON_PID"
	unset DAEMON_PID
}

needs_root() {
	[[ $(id -u) == 0 ]] || skip "mounts need root"
}

@test "a state directory that is a file, or below one" {
	: >"$DAEMON_DIR/file"
	sandpoold --state-dir "$DAEMON_DIR/file"
	[[ $status == 1 && $stderr == *"state-dir: $DAEMON_DIR/file: Not a directory"* ]]
	sandpoold --state-dir "$DAEMON_DIR/file/below"
	[[ $status == 1 && $stderr == *"Not a directory"* ]]
}

@test "a state directory of somebody else" {
	needs_root
	mkdir -m 700 "$DAEMON_DIR/theirs"
	chown 65534 "$DAEMON_DIR/theirs"
	sandpoold --state-dir "$DAEMON_DIR/theirs"
	[[ $status == 1 && $stderr == *"belongs to uid 65534"*"chown -R 0"* ]]
}

@test "a directory in which everybody could replace the socket" {
	mkdir -m 777 "$DAEMON_DIR/open"
	SANDPOOL_SOCKET="$DAEMON_DIR/open/s.sock" sandpoold --state-dir "$DAEMON_DIR/state"
	[[ $status == 1 && $stderr == *"chmod o-w"* ]]
}

@test "a second daemon on the same state" {
	start_daemon
	run --separate-stderr timeout 20 "$SP_BUILDDIR/sandpoold" --socket "$DAEMON_DIR/other.sock" \
		--state-dir "$DAEMON_DIR/state"
	[[ $status == 1 && $stderr == *"in use by another sandpoold"* && ! -e $DAEMON_DIR/other.sock ]]
	sandpool status >/dev/null
}

@test "a path that leaves no room for the engine's sockets" {
	local long="$DAEMON_DIR/$(printf 'x%.0s' {1..50})"
	SANDPOOL_SOCKET="$long/s" sandpoold --state-dir "$DAEMON_DIR/state"
	[[ $status == 2 && $stderr == *"[engine] dir: $long"*"too long"* && ! -e $long ]]
}

@test "a registry that is damaged, or of a later version" {
	make_state
	cp -r "$DAEMON_DIR/state" "$DAEMON_DIR/later"
	head -c 5000 /dev/urandom >"$DAEMON_DIR/state/registry.sqlite"
	sandpoold --state-dir "$DAEMON_DIR/state"
	[[ $status == 1 && $stderr == *"$DAEMON_DIR/state/registry.sqlite: damaged"*"move it away"* ]]
	python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute("pragma user_version=999"); d.commit()' \
		"$DAEMON_DIR/later/registry.sqlite"
	sandpoold --state-dir "$DAEMON_DIR/later"
	[[ $status == 1 && $stderr == *"schema 999 is newer"* ]]
	rm "$DAEMON_DIR/state/registry.sqlite"*
	start_daemon
}

@test "a file system that is read-only" {
	needs_root
	make_state
	run --separate-stderr unshare -m bash -c '
		mount --bind "$1/state" "$1/state"
		mount -o remount,bind,ro "$1/state"
		exec timeout 20 sandpoold --socket "$1/s.sock" --state-dir "$1/state"' - "$DAEMON_DIR"
	[[ $status == 1 && $stderr == *"Read-only file system"* && ! -e $DAEMON_DIR/s.sock ]]
}

@test "too few descriptors to start" {
	run --separate-stderr bash -c 'ulimit -n 10; exec timeout 20 sandpoold --socket "$1/s.sock" --state-dir "$1/state"' \
		- "$DAEMON_DIR"
	[[ $status == 1 && $stderr == *"Too many open files"* && ! -e $DAEMON_DIR/s.sock ]]
}

@test "a disk that is full at the start: nothing half-done, and with room it starts" {
	needs_root
	run timeout 60 unshare -m bash -ec '
		mkdir -m 700 "$1/small"
		mount -t tmpfs -o size=16k,mode=700 none "$1/small"
		! timeout 20 sandpoold --socket "$1/s.sock" --state-dir "$1/small"
		[[ ! -e $1/s.sock ]]
		mount -o remount,size=4m "$1/small"
		sandpoold --socket "$1/s.sock" --state-dir "$1/small" &
		daemon=$!
		for ((i = 0; i < 500; i++)); do
			[[ -S $1/s.sock ]] && break
			read -rt 0.02 <><(:) || :
		done
		sandpool --socket "$1/s.sock" status
		kill $daemon
		wait $daemon' - "$DAEMON_DIR"
	[[ $status == 0 && $output == *"the disk is full"* ]]
}

@test "a disk that fills up: sandboxes live on, errors are told, and with room all works again" {
	needs_root
	run timeout 60 unshare -m bash -ec '
		mkdir -m 700 "$1/small"
		mount -t tmpfs -o size=120m,mode=700 none "$1/small"
		sandpoold --socket "$SANDPOOL_SOCKET" --state-dir "$1/small" 2>"$1/log" &
		daemon=$!
		for ((i = 0; i < 500; i++)); do
			[[ -S $SANDPOOL_SOCKET ]] && break
			read -rt 0.02 <><(:) || :
		done
		sandpool create --name a
		! head -c 200m /dev/zero >"$1/small/fill"
		! sandpool create --name b
		sandpool exec a -- true
		! head -c 5m /dev/zero | sandpool write a:/tmp/x
		sandpool status
		rm "$1/small/fill"
		head -c 5m /dev/zero | sandpool write a:/tmp/x
		sandpool create --name b
		sandpool exec b -- echo hello
		sandpool kill a b
		kill $daemon
		wait $daemon
		grep "registry: works again" "$1/log"' - "$DAEMON_DIR"
	echo "$output"
	ENGINE_PIDS=$(daemon_helpers)
	[[ $status == 0 && $output == *"disk is full"*"not enough disk space"*"IT FAILS"*hello* ]]
}

engine_pid() {
	local pid
	for pid in $(daemon_helpers); do
		grep -qzx -- "--run-dir" "/proc/$pid/cmdline" && echo "$pid"
	done
}

# Clock ticks of processor time that a process has used.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

@test "a daemon out of descriptors waits in peace, and takes clients again" {
	start_daemon
	prlimit --pid "$DAEMON_PID" --nofile=$(($(daemon_fds) + 3)):4096
	py <<-E
		clients = [Client() for i in range(20)]
		before = os.times()
		clients[0].call("daemon.hello")
		ticks = lambda: sum(map(int, open("/proc/%s/stat" % os.environ["DAEMON_PID"]).read().rsplit(")", 1)[1].split()[11:13]))
		used = ticks()
		time.sleep(2.5)
		assert ticks() - used < 50, "it spins"
		for c in clients[:-1]:
		    c.close()
		clients[-1].call("daemon.hello")
	E
}

@test "an engine out of descriptors says so, and makes sandboxes again" {
	needs_root
	start_daemon
	sandpool create --name a >/dev/null
	local engine=$(engine_pid) used fds
	fds=("/proc/$engine/fd/"*)
	prlimit --pid "$engine" --nofile=$((${#fds[@]} + 2)):4096
	run sandpool create --name b
	[[ $status == 125 && $output == *"Too many open files"* ]]
	used=$(ticks "$engine")
	py <<-E
		time.sleep(1.5)
	E
	[[ $(($(ticks "$engine") - used)) -lt 50 ]]
	prlimit --pid "$engine" --nofile=4096:4096
	sandpool create --name b
	sandpool exec a -- true
	sandpool kill a b
}

@test "an agent that comes back lets the engine make sandboxes again" {
	needs_root
	mkdir "$DAEMON_DIR/programs" "$DAEMON_DIR/programs/agent"
	cp "$SP_BUILDDIR/daemon/local/sandpool-engine" "$DAEMON_DIR/programs/"
	cp "$SP_BUILDDIR/daemon/local/agent/sandpool-agent" "$DAEMON_DIR/programs/agent/"
	chmod a-x "$DAEMON_DIR/programs/agent/sandpool-agent"
	printf '[engine]\npath = %s/programs/sandpool-engine\n' "$DAEMON_DIR" >"$DAEMON_DIR/more.conf"
	start_daemon
	run sandpool create
	[[ $status == 125 && $output == *sandpool-agent* ]]
	chmod a+x "$DAEMON_DIR/programs/agent/sandpool-agent"
	can_create() {
		sandpool create --name a 2>/dev/null
	}
	wait_until can_create
	sandpool kill a
}

@test "an engine that is not there, or cannot be executed" {
	: >"$DAEMON_DIR/text"
	printf '[engine]\npath = %s/text\n' "$DAEMON_DIR" >"$DAEMON_DIR/more.conf"
	start_daemon
	run sandpool create
	[[ $status == 125 && $output == *"$DAEMON_DIR/text: Permission denied"* ]]
}

@test "wrong options name the right ones" {
	run "$SP_BUILDDIR/sandpoold" --state-dri /x
	[[ $status == 2 && $output == *"Did you mean --state-dir?"* ]]
	run "$SP_BUILDDIR/daemon/local/sandpool-engine" --memory-limt 3
	[[ $status == 2 && $output == *"Did you mean --memory-limit?"* ]]
	run sandpool kil x
	[[ $status == 125 && $output == *"did you mean 'kill'?"* ]]
	run sandpool create --temlpate x
	[[ $status == 125 && $output == *"Did you mean --template?"* ]]
}
