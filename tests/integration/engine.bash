# For bats files that need the real engine: start, ask, stop, and look for leftovers.
# load it with `load engine`; a test has ENGINE_DIR, and engine_* functions use it.

load ../user
MODE=$(mode_of_file)
ENGINE="$SP_BUILDDIR/daemon/local/sandpool-engine"
AGENT="$SP_BUILDDIR/daemon/local/agent/sandpool-agent"

setup_file()
{
	[ "$MODE" = root ] || make_user "$MODE" "$ENGINE" "$AGENT"
}

teardown_file()
{
	remove_user
}

engine_skip_unless_possible()
{
	[ "$(id -u)" = 0 ] || skip "needs root, also to be another user"
	[ -x "$ENGINE" ] && [ -x "$AGENT" ] || skip "engine or agent is not built"
}

# Poll COMMAND… until it succeeds, at most SECONDS.
wait_for()
{
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || { echo "never came true: $*" >&2; return 1; }
		read -rt 0.02 <><(:) || :
	done
}

engine_setup()
{
	engine_skip_unless_possible
	ENGINE_DIR=$(mktemp -d "${BATS_TMPDIR:-/tmp}/engine-XXXXXX")
	ENGINE_LOG="$ENGINE_DIR/log"
	API="$ENGINE_DIR/run/api.sock"
	PROXY="$ENGINE_DIR/run/sandbox.sock"
	KEY=e2b_0123456789abcdef
	ENGINE_PID=
	[ "$MODE" != root ] || return 0
	ENGINE=$TEST_DIR/bin/sandpool-engine
	AGENT=$TEST_DIR/bin/sandpool-agent
	chown "$TEST_USER:" "$ENGINE_DIR"
}

engine_is_ready()
{
	curl -s -o "$ENGINE_DIR/health" --unix-socket "$API" http://engine/health
}

# engine_start [OPTION]…
engine_start()
{
	local who=${ENGINE_AS:-}
	[ "$MODE" = root ] || : "${who:=setpriv --reuid $TEST_USER --regid $TEST_USER --init-groups}"
	# shellcheck disable=SC2086
	$who "$ENGINE" --state-dir "$ENGINE_DIR/state" --run-dir "$ENGINE_DIR/run" --agent "$AGENT" \
		--log-level debug "$@" 2>>"$ENGINE_LOG" 3>&- &
	ENGINE_PID=$!
	wait_for 20 engine_is_ready
}

# engine_stop [SIGNAL]
engine_stop()
{
	local pid=$ENGINE_PID status=0
	[ -n "$pid" ] || return 0
	ENGINE_PID=
	kill -"${1:-TERM}" "$pid"
	wait "$pid" || status=$?
	[ "$status" = 0 ] || [ "${1:-TERM}" = KILL ] || { cat "$ENGINE_LOG" >&2; return 1; }
}

# api METHOD PATH [BODY]: sets STATUS, BODY and, in a file, the head.
api()
{
	local -a data=()

	[ $# -lt 3 ] || data=(-H 'Content-Type: application/json' --data-binary "$3")
	STATUS=$(curl -s -m 60 -o "$ENGINE_DIR/body" -D "$ENGINE_DIR/head" -w '%{http_code}' \
		--unix-socket "$API" -H "X-API-KEY: $KEY" -X "$1" "${data[@]}" "http://engine$2") || :
	BODY=$(cat "$ENGINE_DIR/body" 2>/dev/null; : >"$ENGINE_DIR/body")
}

header()
{
	sed -n "s/^$1: *//Ip" "$ENGINE_DIR/head" | tr -d '\r'
}

# json EXPRESSION: evaluates python on `it`, the last body.
json()
{
	printf '%s' "$BODY" | python3 -c "import json,sys; it=json.load(sys.stdin); print(($1))"
}

# expect STATUS TEXT: the last answer had it, and its body is an error object that contains the text.
expect_error()
{
	[ "$STATUS" = "$1" ] || { echo "status $STATUS: $BODY" >&2; return 1; }
	[ "$(json 'it["code"]')" = "$1" ]
	[[ "$(json 'it["message"]')" == *"$2"* ]] || { echo "$BODY" >&2; return 1; }
}

# create [JSON members]: sets ID and TOKEN.
create()
{
	api POST /sandboxes "{\"templateID\":\"base\"${1:+,$1}}"
	[ "$STATUS" = 201 ] || { echo "create: $STATUS $BODY" >&2; return 1; }
	ID=$(json 'it["sandboxID"]')
	TOKEN=$(json 'it.get("envdAccessToken","")')
}

# sandbox PATH [CURL OPTION]…: to the agent of $ID. Prints the body.
sandbox()
{
	local path=$1
	shift
	curl -s -m 60 --unix-socket "$PROXY" -H "E2b-Sandbox-Id: $ID" \
		-H 'E2b-Sandbox-Port: 49983' -H "X-Access-Token: $TOKEN" "$@" "http://localhost$path"
}

# envelope JSON: one Connect envelope.
envelope()
{
	python3 -c 'import struct,sys; b=sys.argv[1].encode()
sys.stdout.buffer.write(b"\0"+struct.pack(">I",len(b))+b)' "$1"
}

# start COMMAND [CURL OPTION]…: runs it in $ID, prints the envelopes' payloads, a line each.
start()
{
	local command=$1
	shift
	envelope "$(python3 -c 'import json,sys; print(json.dumps({"process":{"cmd":"/bin/bash",
"args":["-c",sys.argv[1]]},"stdin":False}))' "$command")" >"$ENGINE_DIR/request"
	sandbox /process.Process/Start -N -H 'Content-Type: application/connect+json' \
		--data-binary "@$ENGINE_DIR/request" "$@"
}

not_found_body()
{
	printf '{"sandboxId":"%s","message":"The sandbox was not found","code":502}' "$1"
}

# Every sandbox this test ever had.
engine_ids()
{
	grep -oE '\bi[a-z0-9]{20}\b' "$ENGINE_LOG" | sort -u
}

engine_is_clean()
{
	local id
	[ -z "$(ls -A "$ENGINE_DIR/state/boxes" "$ENGINE_DIR/state/trash" "$ENGINE_DIR/run/boxes" |
		grep -v ':$')" ] || return 1
	! grep -qF "$ENGINE_DIR" /proc/self/mountinfo || return 1
	for id in $(engine_ids); do
		[ -z "$(find /sys/fs/cgroup -type d -name "$id" 2>/dev/null)" ] || return 1
	done
}

# Ends every sandbox, then the engine, and fails when anything of them is left.
engine_teardown()
{
	local result=0
	[ -n "${ENGINE_DIR:-}" ] || return 0
	[ -n "$ENGINE_PID" ] && kill -0 "$ENGINE_PID" 2>/dev/null || engine_start
	api GET /sandboxes
	for ID in $(json '" ".join(s["sandboxID"] for s in it)'); do
		api DELETE "/sandboxes/$ID"
	done
	wait_for 20 engine_is_clean || result=1
	engine_stop || result=1
	[ "$MODE" = root ] || wait_for 20 no_user_processes || result=1
	if [ "$result" != 0 ] || grep -q 'error:' "$ENGINE_LOG"; then
		cat "$ENGINE_LOG" >&2
		ls -AR "$ENGINE_DIR/state/boxes" "$ENGINE_DIR/state/trash" "$ENGINE_DIR/run" >&2
	fi
	rm -rf "$ENGINE_DIR"
	return "$result"
}
