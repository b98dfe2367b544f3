# A real agent as a plain process on a socket of its own, and ways to talk to it. Loaded by agent-*.bats.

agent="$SP_BUILDDIR/daemon/local/agent/sandpool-agent"
P=process.Process

agent_start() {
	dir=$(mktemp -d)
	sock="$dir/agent.sock"
	"$agent" --user "$(id -un)" --env E2B_SANDBOX_ID=itest "$@" --socket "$sock" \
		2>"$dir/agent.log" 3>&- &
	agent_pid=$!
	wait_until curl -sf -o "$dir/health" --unix-socket "$sock" http://agent/health
}

# Ends the agent and whatever it still runs; fails the test when the agent did not end well.
agent_stop() {
	local left status=0

	exec 9>&- 8>&-
	left=$(pgrep -P "$agent_pid" || true)
	[ -z "$left" ] || kill -KILL $left
	kill -TERM "$agent_pid" || status=1
	wait "$agent_pid" || status=$?
	cat "$dir/agent.log" >&2
	! grep -E 'ERROR|runtime error' "$dir/agent.log" || status=99
	rm -rf "$dir"
	return "$status"
}

# Run a command until it succeeds: at most a minute.
wait_until() {
	local i

	for ((i = 0; i < 1200; i++)); do
		! "$@" || return 0
		sleep 0.05 # between two looks at the condition
	done
	echo "never true: $*" >&2
	return 1
}

http() {
	local path=$1
	shift
	curl -s --max-time 30 --unix-socket "$sock" "$@" "http://agent$path"
}

unary() {
	local method=$1
	shift
	timeout 60 python3 "$SP_SRCDIR/tests/integration/connect.py" "$sock" unary "$P/$method" "$@"
}

stream() {
	local method=$1
	shift
	timeout 60 python3 "$SP_SRCDIR/tests/integration/connect.py" "$sock" stream "$P/$method" "$@"
}

# A stream in the background: its lines go to $dir/NAME, its client is $NAME_pid.
stream_to() {
	local name=$1
	shift
	stream "$@" >"$dir/$name" 2>"$dir/$name.err" 9>&- 8>&- 3>&- &
	eval "${name}_pid=$!"
}

has_line() {
	grep -qF -- "$2" "$dir/$1" 2>/dev/null
}

# The pid in the start event of a background stream.
pid_of() {
	wait_until has_line "$1" '"start"' || return 1
	sed -n 's/.*"start":{"pid":\([0-9]*\)}.*/\1/p' "$dir/$1" | head -n 1
}

# A Start request that runs a shell script without stdin; more members of the request as JSON.
script() {
	python3 -c 'import json, sys
more = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
config = {"cmd": "/bin/sh", "args": ["-c", sys.argv[1]], **more.pop("process", {})}
print(json.dumps({"process": config, "stdin": False, **more}))' "$@"
}

base64_of() {
	printf %s "$1" | base64 -w 0
}

is_listed() {
	unary List '{}' | grep -q "\"pid\":$1[,}]"
}

is_not_listed() {
	! is_listed "$1"
}
