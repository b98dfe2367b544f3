#!/usr/bin/env bats
# A whole engine, as root and as a user, between sandboxes and a world of its own: names, rules by name, and the way out.
load ../integration/engine
load uplink

setup() {
	need ip nft nginx dnsmasq openssl curl setpriv nsenter
	make_world
	engine_setup
	name_server "$WORLD" "$WORLD_IP" --address=/web.test/$WORLD_IP --address=/evil.test/$WORLD_IP --local=/test/
	name_server "$HOST" 127.0.0.53 --server="$WORLD_IP" --address=/lo.test/198.51.100.9
	printf 'search corp.test\nnameserver 127.0.0.53\n' >"$DIR/resolv.conf"
	web_server
	stay ip netns exec "$HOST" python3 -m http.server -b 127.0.0.1 8099
	stay ip netns exec "$HOST" python3 -m http.server -b "$HOST_IP" 8098
	ip -n "$HOST" address add 198.51.100.33/32 dev lo
	stay ip netns exec "$HOST" python3 -m http.server -b 0.0.0.0 8097
	until_true in_host curl -s "http://$HOST_IP:8098/"
	until_true in_host curl -s "http://$HOST_IP:8097/"
}

teardown() {
	local result=0
	engine_teardown || result=1
	! pasta_pid || { echo "a pasta is left"; result=1; }
	end_world || result=1
	rm -rf "${USER_DIR:-}"
	return $result
}

# As `engine_start`, but on that host, with its resolvers; as a user when one is named.
on_host() {
	local run="exec \"\$@\""
	[ -z "${1:-}" ] || run="exec setpriv --reuid $1 --regid $1 --clear-groups \"\$@\""
	cat >"$ENGINE_DIR/engine" <<-SCRIPT
		#!/bin/sh
		exec nsenter --net=/run/netns/$HOST unshare -m sh -c 'mount --make-rprivate / &&
			mount --bind $DIR/resolv.conf "\$(realpath /etc/resolv.conf)" && mount -t tmpfs none /dev/net &&
			chmod 755 /dev/net && { [ -n "${NO_TUN:-}" ] || mknod -m 666 /dev/net/tun c 10 200; } &&
			$run' sh $ENGINE "\$@"
	SCRIPT
	chmod 755 "$ENGINE_DIR/engine"
	ENGINE="$ENGINE_DIR/engine"
}

as_user() {
	setpriv --reuid 23456 --regid 23456 --clear-groups test -x "$ENGINE" || skip "the build is not open to users"
	chown 23456:23456 "$ENGINE_DIR"
	on_host 23456
}

# inside COMMAND: by a shell in $ID; its output.
inside() {
	start "$1" | python3 -c '
import base64, json, struct, sys
data, status = sys.stdin.buffer.read(), 255
while data:
	size = struct.unpack(">I", data[1:5])[0]
	event = json.loads(data[5:5 + size] or b"{}").get("event", {})
	data = data[5 + size:]
	for text in event.get("data", {}).values():
		sys.stdout.buffer.write(base64.b64decode(text))
	if "end" in event:
		status = event["end"].get("exitCode", 0)
sys.stdout.flush()
sys.exit(status & 255)'
}

pasta_pid() {
	pgrep -f "^pasta .*$ENGINE_DIR/state/pasta.pid"
}

has_internet() {
	[ "$(inside 'curl -s -m 3 http://web.test/')" = "hello http web.test" ]
}

# What both kinds of engine do for a sandbox.
names_and_rules() {
	create
	until_true has_internet
	[ "$(inside 'getent ahostsv4 lo.test | head -n 1')" = "198.51.100.9    STREAM lo.test" ]
	inside "curl -s -m 5 -o /dev/null http://$WORLD_IP/"
	# the host: by no address of its own
	! inside "curl -s -m 3 http://127.0.0.1:8099/" || return 1
	! inside "curl -s -m 3 http://$HOST_IP:8098/" || return 1
	! inside "curl -s -m 3 http://198.51.100.33:8097/" || return 1
	ip -n "$HOST" address add 198.51.100.34/32 dev lo
	is_not_reached() { ! inside "curl -s -m 3 http://198.51.100.34:8097/"; }
	until_true is_not_reached
	! inside 'curl -s -m 3 http://$(sed -n "s/nameserver //p" /etc/resolv.conf):8099/' || return 1
}

@test "root's engine: names inside are those of the host's resolver on loopback" {
	on_host
	engine_start
	names_and_rules
	! pasta_pid
}

@test "root's engine: deny-all with a name lets that name through, and nothing else" {
	on_host
	engine_start
	rules_by_name
}

rules_by_name() {
	create '"network":{"allowOut":["web.test"],"denyOut":["0.0.0.0/0"]}'
	until_true has_internet
	until_true test -f "$DIR/crt"
	[ "$(inside 'curl -sk -m 5 https://web.test/')" = "hello https web.test" ]
	! inside 'curl -sk -m 5 https://evil.test/' || return 1
	! inside "curl -sk -m 5 --resolve evil.test:443:$WORLD_IP https://evil.test/" || return 1
	! inside "curl -sk -m 5 https://$WORLD_IP/" || return 1
	! inside "curl -s -m 5 http://$WORLD_IP/" || return 1
	! inside 'getent hosts evil.test' || return 1
	! inside "curl -s -m 5 http://$WORLD_IP:8080/" || return 1
	# a new policy cuts what the old one let through, and is followed at once
	inside 'curl -sk --limit-rate 100k https://web.test/big | wc -c' >"$DIR/count" &
	local pid=$!
	until_true in_world sh -c 'ss -Htn state established sport = :443 | grep -q .'
	api PUT "/sandboxes/$ID/network" '{"allowOut":["evil.test"],"denyOut":["0.0.0.0/0"]}'
	[ "$STATUS" = 204 ]
	wait "$pid"
	[ "$(cat "$DIR/count")" -lt 19000000 ]
	[ "$(inside 'curl -sk -m 5 https://evil.test/')" = "hello https evil.test" ]
	! inside 'curl -sk -m 5 https://web.test/' || return 1
}

@test "a user's engine: names and the world by pasta, which is there again when it was killed" {
	as_user
	engine_start
	names_and_rules
	local first
	first=$(pasta_pid)
	[[ $(tr '\0' ' ' <"/proc/$first/cmdline") == *"-t none -u none -T none -U none --no-map-gw"* ]]
	kill -9 "$first"
	is_another() { [ -n "$(pasta_pid)" ] && [ "$(pasta_pid)" != "$first" ]; }
	until_true is_another
	until_true has_internet
	api GET /sandpool/engine
	[ "$(json '[a["available"] for a in it["abilities"] if a["name"] == "internet"]')" = "[True]" ]
}

@test "a user's engine: rules by name" {
	as_user
	engine_start
	rules_by_name
}

@test "a user's engine: pasta outlives it with its sandboxes, and is taken up" {
	as_user
	engine_start
	create
	until_true has_internet
	local first
	first=$(pasta_pid)
	engine_stop KILL
	kill -0 "$first"
	engine_start
	until_true has_internet
	[ "$(pasta_pid)" = "$first" ]
	api DELETE "/sandboxes/$ID"
	wait_for 20 engine_is_clean
	engine_stop
	gone() { ! pasta_pid; }
	until_true gone
}

@test "a user's engine without /dev/net/tun says what to do, and its sandboxes work without internet" {
	NO_TUN=1
	as_user
	engine_start
	create
	[ "$(inside 'echo fine')" = fine ]
	! inside "curl -s -m 3 http://$WORLD_IP/" || return 1
	api GET /sandpool/engine
	[[ $(json '[a for a in it["abilities"] if a["name"] == "internet"]') == *"'available': False"*"modprobe tun"* ]]
	! pasta_pid
}
