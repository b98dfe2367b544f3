# What a sandbox reaches, with a host of our own as the internet: a network namespace behind a veth.
load helper

setup_file() {
	ip netns add far
	ip link add near type veth peer name near netns far
	ip address add 203.0.113.1/24 dev near
	ip link set near up
	ip -n far address add 203.0.113.2/24 dev near
	ip -n far address add 203.0.113.3/24 dev near
	ip -n far link set near up
	ip netns exec far python3 -m http.server 80 --directory /etc/apt >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/server"
	wait_until curl --silent --output /dev/null http://203.0.113.2/
	python3 -m http.server 8099 --bind 127.0.0.1 --directory /etc/apt >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/local"
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/server")" "$(cat "$BATS_FILE_TMPDIR/local")"
	ip netns delete far
}

teardown() {
	sandpool --json ls | jq -r '.sandboxes[].sandbox_id' | xargs --no-run-if-empty sandpool kill
}

# reaches ID URL
reaches() {
	sandpool exec "$1" -- curl --silent --max-time 5 --output /dev/null "$2"
}

# set_network ID JSON
set_network() {
	curl --silent --show-error --fail --unix-socket /run/sandpool/engine/api.sock --request PUT \
		--header 'X-API-KEY: e2b_0000000000000000000000000000000000000000' --json "$2" "http://engine/sandboxes/$1/network"
}

@test "a sandbox reaches other hosts, and neither the machine's loopback nor its neighbours" {
	local a b address
	a=$(sandpool create --timeout 5m)
	b=$(sandpool create --timeout 5m)
	reaches "$a" http://203.0.113.2/
	! reaches "$a" http://127.0.0.1:8099/
	sandpool exec -d "$b" -- python3 -m http.server 8000
	wait_until reaches "$b" http://127.0.0.1:8000/
	address=$(sandpool exec "$b" -- hostname -I | awk '{ print $1 }')
	[ -n "$address" ]
	! reaches "$a" "http://$address:8000/"
}

@test "without internet there is no way out" {
	local id
	id=$(sandpool create --timeout 5m --no-internet)
	! reaches "$id" http://203.0.113.2/
}

@test "rules to deny and to allow, out of reach of the sandbox's root" {
	local id
	id=$(sandpool create --timeout 5m)
	set_network "$id" '{"denyOut":["203.0.113.2"]}'
	! reaches "$id" http://203.0.113.2/
	reaches "$id" http://203.0.113.3/
	set_network "$id" '{"denyOut":["0.0.0.0/0"],"allowOut":["203.0.113.2"]}'
	reaches "$id" http://203.0.113.2/
	! reaches "$id" http://203.0.113.3/
	! sandpool exec "$id" -- sudo nft flush ruleset
	! reaches "$id" http://203.0.113.3/
	set_network "$id" '{}'
	reaches "$id" http://203.0.113.3/
}
