#!/usr/bin/env bats
# What a sandbox reaches, and what not; what is left when it is gone.
load ../integration/engine
load network

setup() {
	world_setup
	engine_start
}

teardown() {
	world_teardown
}

@test "the outside is reached, and sees the machine's address" {
	box
	reaches "$ID" "$OUT1"
	[ "$GOT" = "$MACHINE" ]
	reaches "$ID" "$OUT2"
	[ "$GOT" = "$MACHINE" ]
	inside "curl -s -m 5 http://$OUT2/ | grep -qx $MACHINE"
	[ "$(inside 'cat /etc/resolv.conf')" = "nameserver $(in_box "$ID" ip route show default | cut -d' ' -f3)" ]
}

@test "not reached: the machine, other sandboxes, cloud metadata, itself by a detour" {
	local a b gateway
	box
	a=$ID
	box
	b=$ID
	serve "$(record "$b" pid)" 0.0.0.0 8080
	in_box "$b" curl -s -m 4 "http://$(address_of "$b"):8080/"
	gateway=$(in_box "$a" ip route show default | cut -d' ' -f3)
	at "$ROUTER" curl -s -m 4 "http://$gateway:8080/"
	at "$ROUTER" curl -s -m 4 "http://$METADATA/"
	for target in "$gateway:8080" "$MACHINE:8080" "$(address_of "$b"):8080" "$METADATA"; do
		refused "$a" "$target"
	done
	! reaches "$a" "127.0.0.1:8080"
	! reaches "$a" "255.255.255.255"
	# nor from a sandbox of another network, that is, of another engine
	! at "$ROUTER" curl -s -m 2 "http://$(address_of "$b"):8080/"
	at "$OUTSIDE" ip route add 10.0.0.0/8 via "$MACHINE"
	! at "$OUTSIDE" curl -s -m 2 "http://$(address_of "$b"):8080/"
}

@test "published ports of the machine are the machine's" {
	box
	at "$ROUTER" nft "table ip publish { chain p { type nat hook prerouting priority dstnat; tcp dport 9000 dnat to $OUT2:80; }; }"
	refused "$ID" "$MACHINE:9000"
	at "$ROUTER" nft delete table ip publish
}

@test "allow_internet_access false: no link; it can be opened, and closed again" {
	box '"allow_internet_access":false'
	[ "$(in_box "$ID" ip -o link | wc -l)" = 1 ]
	[ "$(json "it.get('network')")" = None ]
	! reaches "$ID" "$OUT1"
	api GET "/sandboxes/$ID"
	[ "$(json 'it["allowInternetAccess"]')" = False ]
	set_network "$ID" '{}'
	reaches "$ID" "$OUT1"
	set_network "$ID" '{"allow_internet_access":false}'
	refused "$ID" "$OUT1"
	set_network "$ID" "{\"allow_internet_access\":false,\"allowOut\":[\"$OUT2\"]}"
	refused "$ID" "$OUT1"
	reaches "$ID" "$OUT2"
}

@test "lists: deny by address and range, allow wins, the new replaces the old" {
	box "\"network\":{\"denyOut\":[\"$OUT2\"]}"
	reaches "$ID" "$OUT1"
	refused "$ID" "$OUT2"
	api GET "/sandboxes/$ID"
	[ "$(json 'it["network"]')" = "{'denyOut': ['$OUT2']}" ]
	set_network "$ID" "{\"denyOut\":[\"0.0.0.0/0\",\"1.2.3.4\"],\"allowOut\":[\"198.51.100.0/24\",\"$OUT2\",\"198.51.0.0/16\"]}"
	refused "$ID" "$OUT1"
	reaches "$ID" "$OUT2"
	set_network "$ID" "{\"denyOut\":[\"192.0.0.0/8\",\"192.0.2.0/24\",\"fd00::/8\"]}"
	refused "$ID" "$OUT1"
	reaches "$ID" "$OUT2"
	set_network "$ID" '{}'
	reaches "$ID" "$OUT1"
	api GET "/sandboxes/$ID"
	[ "$(json '"network" in it')" = False ]
}

# is_cut_by PORT POLICY: a connection of a new box to $OUT1:PORT, which talks, and then does not.
is_cut_by() {
	local in_pid line
	box
	in_pid=$(record "$ID" pid)
	nsenter -n -t "$OUTSIDE" python3 -c '
import socket, sys
s = socket.create_server(("0.0.0.0", int(sys.argv[1])))
while True:
	c, _ = s.accept()
	while c.recv(1): c.send(b"x")' "$1" 3>&- &
	HOLDERS+=($!)
	coproc TALK { at "$in_pid" python3 -c "
import socket, sys, time
for i in range(500):
	try: c = socket.create_connection(('$OUT1', $1), 5); break
	except OSError: time.sleep(0.02)
c.settimeout(20)
try:
	while True:
		c.send(b'x'); c.recv(1)
		print('ok', flush=True)
		if not sys.stdin.readline(): break
except ConnectionError: print('cut', flush=True)
" 3>&-; }
	read -rt 20 -u "${TALK[0]}" line
	[ "$line" = ok ]
	set_network "$ID" "$2"
	echo >&"${TALK[1]}"
	read -rt 20 -u "${TALK[0]}" line
	[ "$line" = cut ]
}

@test "a new policy cuts what is under way" {
	is_cut_by 81 '{"denyOut":["0.0.0.0/0"]}'
}

@test "a new policy by name cuts what no name was read of" {
	is_cut_by 443 '{"allowOut":["a.test"],"denyOut":["0.0.0.0/0"]}'
}

@test "where others redirect connections as well, rules by name come first" {
	box # whose rules are there, and so behind what is made now
	at "$ROUTER" nft -f - <<-RULES
		table ip other {
			chain services {
				type nat hook prerouting priority -100; policy accept;
				ip daddr 203.0.113.7 tcp dport 80 dnat to $OUT1:80
			}
		}
	RULES
	reaches "$ID" 203.0.113.7
	set_network "$ID" '{"allowOut":["a.test"],"denyOut":["0.0.0.0/0"]}'
	refused "$ID" 203.0.113.7
	at "$ROUTER" nft delete table ip other
}

# An option that records the route, since one that gives it is refused by most machines anyway.
@test "packets with options get nowhere" {
	box
	reaches "$ID" "$OUT1"
	! in_box "$ID" python3 -c '
import socket, sys
s = socket.socket()
s.settimeout(5)
s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([7, 7, 4, 0, 0, 0, 0, 1]))
s.connect((sys.argv[1], 80))' "$OUT1" || return 1
}

@test "a name server of the machine's in place of ours is not reached" {
	serve "$ROUTER" 0.0.0.0 53
	box
	grep -q 'sandboxes have no names' "$ENGINE_LOG"
	refused "$ID" "$(in_box "$ID" ip route show default | cut -d' ' -f3):53"
}

@test "what is asked wrongly is 400, what cannot be had 403, and nothing changes" {
	box "\"network\":{\"denyOut\":[\"$OUT2\"]}"
	for body in '{"denyOut":["example.com"]}' '{"denyOut":["1.2.3.4/40"]}' '{"allowOut":["bad host"]}' \
		'{"allowOut":["example.com"]}' '{"denyOut":5}' '{"denyOut":[5]}' '[]' '{'; do
		set_network "$ID" "$body" 400
		expect_error 400 ''
	done
	set_network "$ID" '{"egressProxy":{"address":"a:1"}}' 403
	set_network "$ID" '{"rules":{"a.com":[{"transform":{"headers":{"A":"b"}}}]}}' 403
	refused "$ID" "$OUT2"
	set_network iaaaaaaaaaaaaaaaaaaaa '{}' 404
	api POST /sandboxes '{"templateID":"base","network":{"allowPublicTraffic":false}}'
	expect_error 400 allowPublicTraffic
	api POST /sandboxes '{"templateID":"base","network":{"egressProxy":{"address":"a:1"}}}'
	expect_error 403 egressProxy
}

@test "the sandbox's root has no hand on link, routes and rules" {
	box '"network":{"denyOut":["198.51.100.0/24"]}'
	inside 'test "$(id -u)" = 0'
	for command in 'ip link set eth0 down' 'ip addr add 10.9.9.9/32 dev eth0' 'ip route del default' \
		'ip link add x type dummy' 'ip link set eth0 address 02:00:00:00:00:01' 'nft flush ruleset' \
		'ip neigh add 1.2.3.4 lladdr 02:00:00:00:00:01 dev eth0' 'echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6' \
		'python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"' \
		'python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"'; do
		! inside "$command >/dev/null 2>&1" || { echo "could: $command" >&2; return 1; }
	done
	refused "$ID" "$OUT2"
	reaches "$ID" "$OUT1"
}

@test "a false sender gets nowhere, whoever could send it: addresses, IPv6" {
	local a b false_one
	box
	b=$(address_of "$ID")
	box
	a=$ID
	for false_one in "$b" "$OUT2" 10.255.255.254; do
		in_box "$a" ip addr add "$false_one/32" dev eth0
		! in_box "$a" curl -s -m 1 --interface "$false_one" "http://$OUT1/"
	done
	in_box "$a" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
	in_box "$a" ip addr add fd00::2/64 dev eth0 nodad
	at "$ROUTER" ip -6 route add fd00::2/128 dev "$(at "$ROUTER" ip -o link | grep -o 'sp[0-9a-f]*-[0-9]*' | tail -1)"
	in_box "$a" ip -6 route add fd01::/64 dev eth0
	at "$ROUTER" ip -6 addr add fd01::1/128 dev up0 nodad
	nsenter -n -t "$ROUTER" python3 -c '
import socket
s = socket.create_server(("fd01::1", 8090), family=socket.AF_INET6)
while True: s.accept()[0].close()' 3>&- &
	HOLDERS+=($!)
	greet() {
		python3 -c 'import socket; socket.create_connection(("fd01::1", 8090), 2)' 2>/dev/null
	}
	export -f greet
	wait_for 10 at "$ROUTER" bash -c greet
	! in_box "$a" bash -c greet
	reaches "$a" "$OUT1"
}

@test "many at once: each has an address of its own, and none is left behind" {
	local -a pids=()
	local i id
	for i in $(seq 16); do
		curl -s -m 60 --unix-socket "$API" -H "X-API-KEY: $KEY" -H 'Content-Type: application/json' \
			-d '{"templateID":"base","timeout":300}' http://engine/sandboxes >"$ENGINE_DIR/made.$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in $(seq 16); do
		id=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["sandboxID"])' "$ENGINE_DIR/made.$i")
		reaches "$id" "$OUT1"
		address_of "$id"
	done >"$ENGINE_DIR/addresses"
	[ "$(sort -u "$ENGINE_DIR/addresses" | wc -l)" = 16 ]
}

@test "an engine that dies is not missed; the next one takes up links and policies, and removes leftovers" {
	local kept gone
	box "\"network\":{\"denyOut\":[\"$OUT2\"]}"
	kept=$ID
	box
	gone=$ID
	engine_stop KILL
	reaches "$kept" "$OUT1"
	refused "$kept" "$OUT2"
	kill -KILL "$(record "$gone" pid)"
	engine_start
	reaches "$kept" "$OUT1"
	refused "$kept" "$OUT2"
	set_network "$kept" '{}'
	reaches "$kept" "$OUT2"
	box
	reaches "$ID" "$OUT1"
	[ "$(address_of "$ID")" != "$(address_of "$kept")" ]
	engine_stop TERM
	reaches "$kept" "$OUT2"
	engine_start
	reaches "$kept" "$OUT2"
}

@test "an engine that cannot make the network again leaves the old rules in force" {
	local first file=/proc/sys/net/ipv4/ip_forward
	box "\"network\":{\"denyOut\":[\"$OUT1\"]}"
	first=$ID
	engine_stop KILL
	at "$ROUTER" sh -c "echo 0 >$file"
	sed -i "s|nsenter -n -t $ROUTER|& unshare -m sh -c 'mount --bind $file $file \&\& mount -o remount,bind,ro $file \&\& exec \"\$@\"' sh|" "$ENGINE"
	engine_start
	grep -q 'the rules of others stay: .*ip_forward' "$ENGINE_LOG"
	at "$ROUTER" sh -c "echo 1 >$file"
	run box # which does not come up, with a file of /proc covered
	reaches "$first" "$OUT2"
	refused "$first" "$OUT1"
	set_network "$first" "{\"denyOut\":[\"$OUT2\"]}"
	reaches "$first" "$OUT1"
	refused "$first" "$OUT2"
	api DELETE "/sandboxes/$first"
	engine_stop
	sed -i "s| unshare -m .* sh \(/\)| \1|" "$ENGINE"
	engine_start
	box
	reaches "$ID" "$OUT1"
}

@test "an engine ends: with sandboxes all stays, without all goes" {
	box
	engine_stop
	at "$ROUTER" nft list tables | grep -q sandpool
	engine_start
	api DELETE "/sandboxes/$ID"
	engine_stop
	wait_for 10 machine_is_clean
	# and after a crash without any
	engine_start
	box
	api DELETE "/sandboxes/$ID"
	engine_stop KILL
	! machine_is_clean
	engine_start
	wait_for 10 machine_is_clean
}

@test "two engines on one machine keep apart" {
	local first=$ENGINE_DIR first_id first_pid=$ENGINE_PID first_api=$API
	box
	first_id=$ID
	mkdir "$first/second"
	ENGINE_DIR=$first/second ENGINE_LOG=$first/second/log API=$first/second/run/api.sock ENGINE=$first/engine
	engine_start
	box
	reaches "$ID" "$OUT1"
	serve "$(record "$ID" pid)" 0.0.0.0 8080
	local second_address
	second_address=$(address_of "$ID")
	local second_id=$ID
	ENGINE_DIR=$first
	refused "$first_id" "$second_address:8080"
	ENGINE_DIR=$first/second
	api DELETE "/sandboxes/$second_id"
	engine_stop
	ENGINE_DIR=$first ENGINE_LOG=$first/log API=$first_api ENGINE_PID=$first_pid
	reaches "$first_id" "$OUT1"
}

@test "a range can be asked for; one in use is refused" {
	engine_stop
	engine_start --network-subnet 10.222.0.0/28
	box
	[ "$(address_of "$ID")" = 10.222.0.2 ]
	reaches "$ID" "$OUT1"
	api DELETE "/sandboxes/$ID"
	engine_stop
	engine_start --network-subnet 192.0.2.0/24
	box
	! reaches "$ID" "$OUT1"
	grep -q 'sandboxes have no network: the range asked for is in use' "$ENGINE_LOG"
	run "$ENGINE" --state-dir "$ENGINE_DIR/x" --run-dir "$ENGINE_DIR/y" --network-subnet 10.0.0.0/8
	[ "$status" = 2 ]
}

@test "a private sandbox's servers want the token; the host they see can be another" {
	box '"secure":true,"network":{"allowPublicTraffic":false,"maskRequestHost":"inner:${PORT}"}'
	local traffic
	traffic=$(json 'it["trafficAccessToken"]')
	[ "${#traffic}" = 64 ]
	nsenter -n -t "$(record "$ID" pid)" python3 -c '
import http.server
class H(http.server.BaseHTTPRequestHandler):
	def do_GET(self):
		self.send_response(200); self.end_headers()
		self.wfile.write(("%s %s" % (self.headers["Host"], self.headers["X-Forwarded-Host"])).encode())
	def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", 3000), H).serve_forever()' 3>&- &
	HOLDERS+=($!)
	wait_for 10 in_box "$ID" curl -s -o "$ENGINE_DIR/served" http://127.0.0.1:3000/
	through() {
		curl -s -m 10 --unix-socket "$PROXY" "$@" "http://3000-$ID.e2b.test/"
	}
	[ "$(through)" = "{\"sandboxId\":\"$ID\",\"message\":\"Sandbox is secured with traffic access token. Token header 'e2b-traffic-access-token' is missing\",\"code\":403}" ]
	[[ "$(through -H 'e2b-traffic-access-token: x')" == *"is invalid"* ]]
	[ "$(through -H "e2b-traffic-access-token: $traffic")" = "inner:3000 3000-$ID.e2b.test" ]
	sandbox /health
	api GET "/sandboxes/$ID"
	[ "$(json 'it["network"]')" = "{'allowPublicTraffic': False, 'maskRequestHost': 'inner:\${PORT}'}" ]
}

@test "by the daemon and the command line: create with lists, network" {
	local daemon
	mkdir "$ENGINE_DIR/cli"
	printf '[daemon]\nruntime-dir = %s/cli/run\n[engine]\npath = %s\n' "$ENGINE_DIR" \
		"$SP_BUILDDIR/daemon/local/sandpool-engine" >"$ENGINE_DIR/cli/conf"
	export SANDPOOL_SOCKET="$ENGINE_DIR/cli/socket" PATH="$SP_BUILDDIR:$PATH"
	nsenter -n -t "$ROUTER" "$SP_BUILDDIR/sandpoold" -c "$ENGINE_DIR/cli/conf" --socket "$SANDPOOL_SOCKET" \
		--state-dir "$ENGINE_DIR/cli/state" 2>"$ENGINE_DIR/cli/log" 3>&- &
	daemon=$!
	HOLDERS+=("$daemon")
	wait_for 20 test -S "$SANDPOOL_SOCKET"
	get() {
		sandpool exec box -- curl -s -m 4 -o /dev/null "http://$1/"
	}
	sandpool create --name box --timeout 5m --deny-out 0.0.0.0/0 --allow-out "$OUT2" --allow-out 192.0.2.128/25
	get "$OUT2"
	! get "$OUT1"
	sandpool network --deny-out "$OUT2" box
	get "$OUT1"
	! get "$OUT2"
	sandpool network --no-internet box
	! get "$OUT1"
	sandpool network --open box
	get "$OUT1"
	get "$OUT2"
	run sandpool network box
	[ "$status" = 125 ]
	run sandpool network --deny-out example.com box
	[ "$status" = 125 ]
	[[ "$output" == *"'example.com' is not an IP address or CIDR"* ]]
	sandpool call sandbox.create '{"network":{"deny_out":["1.1.1.1"],"rules":{"a.com":[]}}}' 2>"$ENGINE_DIR/cli/refused" && return 1
	grep -q network.rules "$ENGINE_DIR/cli/refused"
	sandpool kill box
	kill "$(engine_of_daemon)"
}

# The engine that the daemon started: it ends alone later, but the machine is to be clean now.
engine_of_daemon() {
	local dir
	for dir in /proc/[0-9]*; do
		[ "$(tr '\0' ' ' 2>/dev/null <"$dir/cmdline" | grep -c "^[^ ]*sandpool-engine .*$ENGINE_DIR/cli/run")" = 0 ] ||
			echo "${dir#/proc/}"
	done
}

@test "refusals are counted for each sandbox, and logged by destination" {
	local quiet
	box
	quiet=$ID
	box "\"network\":{\"denyOut\":[\"$OUT2\"]}"
	refused "$ID" "$OUT2"
	refused "$ID" "$OUT2:81"
	refused "$ID" "$MACHINE:8080"
	reaches "$ID" "$OUT1"
	reaches "$quiet" "$OUT1"
	counted() {
		api GET "/sandboxes/$1/metrics"
		[ "$(json 'it[-1].get("sandpoolRefusedPackets", 0)')" "$2" "$3" ]
	}
	wait_for 20 counted "$ID" -ge 3
	counted "$quiet" = 0
	wait_for 20 grep -q "$ID: refused tcp $OUT2:80, packets: 1" "$ENGINE_LOG"
	grep -q "$ID: refused tcp $OUT2:81, packets: 1" "$ENGINE_LOG"
	grep -q "$ID: refused tcp $MACHINE:8080, packets: 1" "$ENGINE_LOG"
	! grep -q "$quiet: refused" "$ENGINE_LOG"
}
