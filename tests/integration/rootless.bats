#!/usr/bin/env bats
# A user who is not root: engine, daemon and command line as that user; what outlives what; what is told when it cannot be.
bats_require_minimum_version 1.5.0
load engine

setup_file() { :; } # each test has a user of its own kind

# begin subuid|single
begin() {
	make_user "$1" "$ENGINE" "$AGENT"
	MODE=$1
	engine_setup
}

teardown() {
	local result=0
	if [ -n "${DAEMON_PID:-}" ]; then
		kill "$DAEMON_PID" || result=1
		wait "$DAEMON_PID" || result=1
	fi
	engine_teardown || result=1
	if [ -n "${GROUP:-}" ]; then
		find "$GROUP" -depth -type d -exec rmdir {} + || result=1
	fi
	if [ -n "${TEST_USER:-}" ]; then
		wait_for 30 no_user_processes || result=1
		remove_user || result=1
	fi
	return $result
}

# run_in ID COMMAND [USER]: by a shell in the sandbox; prints output and how it ended.
run_in() {
	local -a user=()
	[ -z "${3:-}" ] || user=(-H "Authorization: Basic $(printf '%s:' "$3" | base64)")
	ID=$1 start "$2" "${user[@]}" | python3 -c 'import base64, re, sys
data = sys.stdin.buffer.read()
for text in re.findall(rb"\"(?:stdout|stderr)\":\"([^\"]*)\"", data):
    sys.stdout.write(base64.b64decode(text).decode())
for end in re.findall(rb"\"status\":\"([^\"]*)\"|(\"error\":\{[^\0]*)", data):
    print((end[0] or end[1]).decode())'
}

ability() {
	api GET /sandpool/engine
	json "[a for a in it['abilities'] if a['name'] == '$1'][0]['$2']"
}

keeper() {
	read -r KEEPER _ <"$ENGINE_DIR/state/keeper"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

has_no_sandbox() {
	api GET /sandboxes
	[ "$BODY" = '[]' ]
}

@test "with subuids: users, sudo and packages' places; the abilities say so" {
	begin subuid
	engine_start
	create
	[ "$(run_in "$ID" 'id -un; sudo -n id -u; sudo -n touch /usr/share/doc/x && sudo -n rm /usr/bin/git; ls /usr/bin/git')" = \
		$'user\n0\nls: cannot access \'/usr/bin/git\': No such file or directory\nexit status 2' ]
	[ "$(run_in "$ID" 'id -u' root)" = $'0\nexit status 0' ]
	[ -x /usr/bin/git ]
	api GET /sandpool/engine
	[ "$(json 'it["mode"]')" = rootless ]
	[ "$(ability sudo available)" = True ]
	[ "$(ability memory_limit available)" = False ]
	[[ "$(ability memory_limit fix)" == *"systemctl --user"* ]]
}

@test "with one id: commands run as user, a request for another is refused clearly" {
	begin single
	engine_start
	create
	[ "$(run_in "$ID" 'id -un; echo x >~/f; stat -c %U ~/f; sed -n "s/^CapEff:.//p" /proc/self/status')" = \
		$'user\nuser\n0000000000000000\nexit status 0' ]
	[[ "$(run_in "$ID" true root)" == *"no user 'root' here: the engine of this sandbox has one id"* ]]
	[ "$(sandbox '/files?path=/home/user/f' -o /dev/null -w '%{http_code}')" = 200 ]
	[ "$(sandbox '/files?path=x&username=root' -F 'file=@/etc/hostname' -o /dev/null -w '%{http_code}')" = 501 ]
	api GET /sandpool/engine
	[ "$(json 'it["mode"]')" = rootless-single ]
	[ "$(ability sudo available)" = False ]
	[[ "$(ability sudo fix)" == "usermod --add-subuids "*"-"*" --add-subgids "*" $TEST_USER" ]]
}

@test "without newuidmap it is one id, and the package is named" {
	begin subuid
	mkdir "$TEST_DIR/path"
	ln -s /usr/bin/env "$TEST_DIR/path/"
	ENGINE_AS="setpriv --reuid $TEST_USER --regid $TEST_USER --init-groups env PATH=$TEST_DIR/path" engine_start
	create
	[ "$(run_in "$ID" 'id -un')" = $'user\nexit status 0' ]
	[ "$(ability users fix)" = "apt-get install uidmap" ]
}

@test "sandboxes outlive a killed engine, and its keeper: the next one takes them up, and ends them" {
	begin subuid
	engine_start
	create
	local id=$ID
	run_in "$id" 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &'
	engine_stop KILL
	engine_start
	[ "$(run_in "$id" 'pgrep -c sleep')" = $'1\nexit status 0' ]
	create
	[ "$(run_in "$ID" 'echo new')" = $'new\nexit status 0' ]
	engine_stop KILL
	keeper
	kill "$KEEPER"
	wait_for 10 is_gone "$KEEPER"
	engine_start
	[ "$(run_in "$id" 'pgrep -c sleep')" = $'1\nexit status 0' ]
	[ "$(run_in "$ID" 'echo again')" = $'again\nexit status 0' ]
	for ID in "$id" "$ID"; do
		api DELETE "/sandboxes/$ID"
		[ "$STATUS" = 204 ]
	done
	wait_for 10 engine_is_clean
	keeper
	engine_stop
	wait_for 10 is_gone "$KEEPER"
	[ ! -e "$ENGINE_DIR/state/keeper" ]
	wait_for 10 no_user_processes
}

@test "an engine that stops leaves its sandboxes running, and the next one ends them in time" {
	begin subuid
	engine_start
	create '"timeout":5'
	engine_stop
	keeper
	kill -0 "$KEEPER"
	engine_start
	[ "$(run_in "$ID" 'echo still here')" = $'still here\nexit status 0' ]
	wait_for 20 has_no_sandbox
}

@test "a control group that was given to the user is used: sandboxes are frozen, counted and killed by it" {
	local v2
	v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$v2" ] || skip "no cgroup v2 tree"
	begin subuid
	GROUP=$v2/$TEST_USER
	mkdir "$GROUP"
	chown "$TEST_USER:" "$GROUP" "$GROUP"/cgroup.{procs,subtree_control,threads}
	ENGINE_AS="$BATS_TEST_DIRNAME/../in-group $GROUP setpriv --reuid $TEST_USER --regid $TEST_USER --init-groups" \
		engine_start
	[ "$(ability freeze available)" = True ]
	create
	run_in "$ID" 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &'
	[ "$(wc -l <"$GROUP/sandpool/$ID/cgroup.procs")" = 2 ]
	api GET "/sandboxes/$ID/metrics"
	[ "$(json 'len(it)')" -ge 1 ]
	api DELETE "/sandboxes/$ID"
	[ "$STATUS" = 204 ]
	wait_for 10 eval '[ ! -e "$GROUP/sandpool/$ID" ]'
}

@test "two engines on one directory: the second refuses, and hurts nothing" {
	begin subuid
	engine_start
	create
	run as_user "$ENGINE" --state-dir "$ENGINE_DIR/state" --run-dir "$ENGINE_DIR/run" --agent "$AGENT"
	[ "$status" = 1 ]
	[[ $output == *"in use by another engine"* ]]
	[ "$(run_in "$ID" 'echo fine')" = $'fine\nexit status 0' ]
}

@test "a user removes all that an engine has left, but not under its sandboxes" {
	begin subuid
	engine_start
	create
	engine_stop KILL
	run as_user "$ENGINE" --remove-state --state-dir "$ENGINE_DIR/state"
	[ "$status" = 1 ]
	[[ $output == *"has sandboxes that run"* ]]
	engine_start
	api DELETE "/sandboxes/$ID"
	wait_for 10 engine_is_clean
	run as_user "$ENGINE" --remove-state --state-dir "$ENGINE_DIR/state"
	[ "$status" = 1 ]
	[[ $output == *"in use by another engine"* ]]
	engine_stop KILL
	run as_user rm -rf "$ENGINE_DIR/state/templates"
	[ "$status" != 0 ]
	as_user "$ENGINE" --remove-state --state-dir "$ENGINE_DIR/state"
	[ ! -e "$ENGINE_DIR/state" ]
	wait_for 10 no_user_processes
	run as_user "$ENGINE" --remove-state --state-dir "$TEST_DIR"
	[ "$status" = 1 ]
	[ -x "$ENGINE" ]
}

@test "a machine that refuses user namespaces: every create says what to type" {
	begin subuid
	ENGINE_AS="$BATS_TEST_DIRNAME/../refuse-namespaces $TEST_USER" engine_start
	api POST /sandboxes '{"templateID":"base"}'
	expect_error 500 "sysctl -w user.max_user_namespaces="
	api GET /sandpool/engine
	[[ "$(json 'it["unable"]')" == *"sysctl -w user.max_user_namespaces="* ]]
	engine_stop
	sed -i '/no sandbox can be made here/d' "$ENGINE_LOG"
}

@test "the daemon and its command line, from the first create to the last kill" {
	begin subuid
	mkdir "$TEST_DIR/bin/agent"
	cp "$AGENT" "$TEST_DIR/bin/agent/"
	cp "$SP_BUILDDIR/sandpoold" "$SP_BUILDDIR/.libs/sandpool" "$SP_BUILDDIR"/client/.libs/libsandpool.so* "$TEST_DIR/bin/"
	printf '[daemon]\nruntime-dir = %s/d-run\n[engine]\npath = %s\nidle-exit = 1s\n' "$ENGINE_DIR" "$ENGINE" \
		>"$ENGINE_DIR/conf"
	export SANDPOOL_SOCKET=$ENGINE_DIR/sandpool.sock LD_LIBRARY_PATH=$TEST_DIR/bin
	setpriv --reuid "$TEST_USER" --regid "$TEST_USER" --init-groups "$TEST_DIR/bin/sandpoold" -c "$ENGINE_DIR/conf" --socket "$SANDPOOL_SOCKET" \
		--state-dir "$ENGINE_DIR/d-state" 2>>"$ENGINE_DIR/daemon.log" 3>&- &
	DAEMON_PID=$!
	wait_for 20 test -S "$SANDPOOL_SOCKET"
	sandpool() { as_user "$TEST_DIR/bin/sandpool" "$@"; }
	run -0 sandpool create --name here
	[ "$(sandpool exec here -- sudo -n id -un)" = root ]
	echo "what was written" >"$ENGINE_DIR/file"
	sandpool cp "$ENGINE_DIR/file" here:copy
	[ "$(sandpool cat here:copy)" = "what was written" ]
	[ "$(sandpool exec here -- stat -c %U copy)" = user ]
	run -3 sandpool exec here -- sh -c 'exit 3'
	sandpool kill here
	[ -z "$(sandpool ls | tail -n +2)" ]
}
