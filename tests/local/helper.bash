# What the probes of containment share: sandboxes by contain-run, each in a directory that is removed.
bats_require_minimum_version 1.5.0

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # what everybody can execute
RUN="$SP_BUILDDIR/tests/local/contain-run"
export PROBE_AGENT="$SP_BUILDDIR/tests/local/probe-agent"

# Skips, with the reason, where no sandbox can be had at all.
need_sandboxes() {
	local reason
	reason=$("$RUN" check 2>&1) || skip "$reason"
}

# Every test has a state directory; templates are shared by the tests of a file.
setup_file() {
	FILE_STATE=$(mktemp -d /tmp/sandpool-probe.XXXXXX)
	export FILE_STATE
}

teardown_file() {
	rm -rf "$FILE_STATE"
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

# start_sandbox NAME N [option…]: ids are the N-th range of ours, far from an engine's first ones.
start_sandbox() {
	local name=$1 n=$((3000 + $2))
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
	timeout 120 "$RUN" exec "$FILE_STATE" "$PREFIX$1" "$2" "$3"
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

layer() {
	echo "$FILE_STATE/$PREFIX$1/layer"
}
