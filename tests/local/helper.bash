# What the probes of containment share: sandboxes by contain-run, each in a directory that is removed.
bats_require_minimum_version 1.5.0

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # what everybody can execute
load ../user
MODE=$(mode_of_file)
RUN="$SP_BUILDDIR/tests/local/contain-run"
export PROBE_AGENT="$SP_BUILDDIR/tests/local/probe-agent"
if [ -n "${TEST_DIR:-}" ]; then
	RUN=$TEST_DIR/bin/run PROBE_AGENT=$TEST_DIR/bin/probe-agent
fi

# Skips, with the reason, where no sandbox can be had at all.
need_sandboxes() {
	local reason
	reason=$("$RUN" check 2>&1) || skip "$reason"
}

# Every test has a state directory; templates are shared by the tests of a file.
setup_file() {
	FILE_STATE=$(mktemp -d /tmp/sandpool-probe.XXXXXX)
	export FILE_STATE
	[ "$MODE" != root ] || return 0
	make_user "$MODE" "$RUN" "$PROBE_AGENT"
	printf '#!/bin/sh\nexec setpriv --reuid %s --regid %s --init-groups %s "$@"\n' "$TEST_USER" "$TEST_USER" \
		"$TEST_DIR/bin/contain-run" >"$TEST_DIR/bin/run"
	chmod 755 "$TEST_DIR/bin/run"
	chown "$TEST_USER:" "$FILE_STATE"
}

teardown_file() {
	local result=0 keeper
	if [ "$MODE" != root ]; then
		read -r keeper _ <"$FILE_STATE/keeper" && kill "$keeper"
		wait_until no_user_processes
		remove_user || result=1
	fi
	rm -rf "$FILE_STATE"
	return $result
}

# Polls a condition, for at most half a minute; the caller looks again whether it has come true.
wait_until() {
	local i
	for ((i = 0; i < 1500; i++)); do
		"$@" && return 0
		read -rt 0.02 <><(:) || :
	done
}

# For what a mode cannot have.
need_root_inside() {
	[ "$MODE" != single ] || skip "there is no root in a sandbox with one id"
}
need_cgroups() {
	[ "$MODE" = root ] || skip "a user has no control groups here"
}

# ID: under which the sandboxes' files with that id are stored.
uid_on_disk() {
	case $MODE in
	root) echo "$1" ;;
	subuid) echo "$(($(first_subid /etc/subuid) + $1))" ;;
	single) id -u "$TEST_USER" ;;
	esac
}
gid_on_disk() {
	case $MODE in
	root) echo "$1" ;;
	subuid) echo "$(($(first_subid /etc/subgid) + $1))" ;;
	single) id -g "$TEST_USER" ;;
	esac
}

setup() {
	PREFIX=p$$x${BATS_TEST_NUMBER}
	declare -gA TO FROM PID START DRIVER
	need_sandboxes
}

teardown() {
	local name
	for name in "${!TO[@]}"; do
		stop_sandbox "$name" || true
	done
	if declare -F after >/dev/null; then after; fi
	! compgen -G "/sys/fs/cgroup/*/sandpool/$PREFIX*" || return 1
	! compgen -G "/sys/fs/cgroup/sandpool/$PREFIX*" || return 1
}

# Files of tests may run side by side: each has ranges of ids of its own, far from an engine's first ones.
FIRST_RANGE=$((1000 + $(basename "$BATS_TEST_FILENAME" | cksum | cut -d ' ' -f 1) % 300 * 10))

# start_sandbox NAME N [option…]: ids are the N-th range of ours.
start_sandbox() {
	local name=$1 n=$((FIRST_RANGE + $2))
	shift 2
	drive "$name" start "$FILE_STATE" "$PREFIX$name" "$n" "$@"
}

# drive NAME ARGUMENT…: a driver in the background, at our hand until stop_sandbox.
drive() {
	local name=$1 to from line
	shift
	mkfifo "$FILE_STATE/$name.to" "$FILE_STATE/$name.from"
	"$RUN" "$@" <"$FILE_STATE/$name.to" >"$FILE_STATE/$name.from" 2>"$FILE_STATE/$name.err" 3>&- &
	DRIVER[$name]=$!
	exec {to}>"$FILE_STATE/$name.to" {from}<"$FILE_STATE/$name.from"
	rm "$FILE_STATE/$name.to" "$FILE_STATE/$name.from"
	TO[$name]=$to
	FROM[$name]=$from
	if ! read -r -t 60 -u "$from" line || [[ $line != ready* ]]; then
		cat "$FILE_STATE/$name.err"
		return 1
	fi
	read -r _ "PID[$name]" "START[$name]" _ <<<"$line"
}

# tell NAME WORD: a line to the driver; its answer is $ANSWER.
tell() {
	echo "$2" >&"${TO[$1]}"
	read -r -t 20 -u "${FROM[$1]}" ANSWER
}

stop_sandbox() {
	local name=$1 to=${TO[$1]} from=${FROM[$1]} line=
	[ -n "$to" ] || return 0
	unset "TO[$name]" "FROM[$name]"
	exec {to}>&-
	read -r -t 20 -u "$from" line
	exec {from}<&-
	rm -rf "${FILE_STATE:?}/$PREFIX$name" "$FILE_STATE/$PREFIX$name.sock"
	[ "$line" = gone ]
}

# inside NAME UID COMMAND: by a shell in the sandbox.
inside() {
	local uid=$2
	[ "$MODE" != single ] || uid=1000 # who is all users in one
	timeout 120 "$RUN" exec "$FILE_STATE" "$PREFIX$1" "$uid" "$3"
}

# refused NAME UID COMMAND: the command must fail.
refused() {
	run inside "$@"
	[ "$status" -ne 0 ] || {
		echo "not refused: $3: $output"
		return 1
	}
}

# put NAME: standard input becomes /tmp/put in the sandbox.
put() {
	inside "$1" 0 "cat >/tmp/put <<'END OF FILE'
$(cat)
END OF FILE
chmod 644 /tmp/put"
}

# Of the last sandbox. There are several when the host has changed meanwhile: other tests add users to it.
newest_template() {
	ls -td "$FILE_STATE"/templates/base-* | head -n 1
}

layer() {
	echo "$FILE_STATE/$PREFIX$1/layer"
}
