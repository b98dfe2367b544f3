#!/usr/bin/env bats
# Connections are let through by name: to a real TLS server and a real resolver, with nothing else in the way.
load uplink

setup() {
	need ip nft nginx dnsmasq openssl curl
	make_world
	INSIDE=spi$$
	ip netns add "$INSIDE"
	ip link add v0 netns "$INSIDE" type veth peer name v1 netns "$HOST"
	ip -n "$INSIDE" address add 10.99.0.2/24 dev v0
	ip -n "$HOST" address add 10.99.0.1/24 dev v1
	ip -n "$INSIDE" link set v0 up
	ip -n "$INSIDE" link set lo up
	ip -n "$HOST" link set v1 up
	ip -n "$INSIDE" route add default via 10.99.0.1
	echo "nameserver $WORLD_IP" >"$DIR/resolv.conf"
	name_server "$WORLD" "$WORLD_IP" --address=/web.test/$WORLD_IP --address=/evil.test/$WORLD_IP \
		--address=/lo.test/127.0.0.1 --address=/self.test/$HOST_IP --address=/cloud.test/169.254.169.254 \
		--address=/dead.test/203.0.113.99 --local=/test/
	web_server
}

teardown() {
	ip netns del "$INSIDE" || true
	end_world
}

inspect() {
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1 "$@"
	in_host nft -f - <<-RULES
		table ip t { chain c { type nat hook prerouting priority dstnat;
			iifname v1 tcp dport 80 dnat to 10.99.0.1:$HTTP_PORT
			iifname v1 tcp dport 443 dnat to 10.99.0.1:$TLS_PORT; }; }
	RULES
	echo "nameserver 10.99.0.1" >"$DIR/inside.conf"
}

# From inside, with that name server.
get() {
	ip netns exec "$INSIDE" unshare -m sh -c 'mount --make-rprivate / &&
		mount --bind "$1" "$(realpath /etc/resolv.conf)" && shift && exec curl -s -m 12 "$@"' \
		sh "$DIR/inside.conf" --cacert "$DIR/crt" "$@"
}

no_answer() {
	run get "$@"
	[ "$status" -ne 0 ] && [ "$status" -ne 28 ] && [ -z "$output" ]
}

@test "an allowed name is reached, by TLS and by HTTP; another one is not, nor a bare address" {
	inspect web.test '*.web.test'
	[ "$(get https://web.test/)" = "hello https web.test" ]
	[ "$(get http://web.test/)" = "hello http web.test" ]
	no_answer https://evil.test/
	no_answer http://evil.test/
	no_answer "http://$WORLD_IP/"
	no_answer -k "https://$WORLD_IP/"
	# a name of one's own making does not get past the inspector
	no_answer --resolve evil.test:443:$WORLD_IP https://evil.test/
	no_answer -H 'Host: evil.test' "http://web.test/"
	no_answer --request-target http://evil.test/ http://web.test/
}

@test "an allowed name opens no other server than its own" {
	inspect web.test lo.test self.test cloud.test dead.test gone.test
	# somebody else's server, under an allowed name: the name's own answers
	ip -n "$WORLD" address add 198.51.100.7/32 dev lo
	stay ip netns exec "$WORLD" python3 -c '
import socket
s = socket.create_server(("198.51.100.7", 80))
while True:
	c = s.accept()[0]; c.send(b"HTTP/1.0 200 OK\r\n\r\nstolen"); c.close()'
	until_true in_host curl -s http://198.51.100.7/
	[ "$(get --resolve web.test:80:198.51.100.7 http://web.test/)" = "hello http web.test" ]
	# names that lead to the host itself, or where no sandbox gets
	stay ip netns exec "$HOST" python3 -m http.server 80
	until_true in_host curl -s http://127.0.0.1/
	no_answer http://lo.test/
	no_answer http://self.test/
	no_answer http://cloud.test/
	no_answer --resolve gone.test:80:$WORLD_IP http://gone.test/
	run get http://dead.test/
	[ "$status" -ne 0 ]
}

@test "much passes both ways, and back-pressure keeps the memory flat" {
	inspect web.test
	get https://web.test/big -o "$DIR/got"
	cmp "$DIR/big" "$DIR/got"
	[ "$(get --limit-rate 3m http://web.test/big --max-time 30 | cmp - "$DIR/big" && echo same)" = same ]
	grep -q 'define WITH_SANITIZERS' "$SP_BUILDDIR/config.h" || # which keep what was freed
		[ "$(awk '/VmHWM/ {print $2}' /proc/$UPLINK_PID/status)" -lt 24000 ]
	[[ $(get -T "$DIR/big" http://web.test/put) == "hello http"* ]]
}

@test "a rule that goes cuts what it allowed" {
	inspect web.test
	get --limit-rate 100k https://web.test/big -o "$DIR/got" &
	local pid=$!
	until_true test -s "$DIR/got"
	echo >&"$UPLINK_IN"
	run wait "$pid"
	[ "$status" -ne 0 ]
	[ "$(stat -c %s "$DIR/got")" -lt 19000000 ]
	no_answer https://web.test/
}

@test "nonsense, silence and crowds do no harm" {
	inspect web.test
	ip netns exec "$INSIDE" python3 - <<'PY'
import os, socket
def ends(port, data):
	s = socket.create_connection(("203.0.113.1", port), 5); s.settimeout(15)
	try:
		s.sendall(data)
		return s.recv(1) == b""
	except ConnectionError:
		return True
for port in (80, 443):
	for data in (b"\0", b"\r\n\r\n", os.urandom(5000), b"GET / HTTP/1.1\r\n\r\n", b"\x16\3\1\xff\xff" + b"x" * 20000,
		     b"A" * 20000, b"\x16\3\1\0\4\1\0\0\0"):
		assert ends(port, data), (port, data[:20])
assert ends(80, b"GET / HT")  # nothing more comes: the deadline
crowd = [socket.create_connection(("203.0.113.1", 443), 5) for i in range(300)]
PY
	[ "$(get https://web.test/)" = "hello https web.test" ]
	kill -0 "$UPLINK_PID"
}

@test "a name whose server is silent does not keep others from asking" {
	in_world ip address add 203.0.113.98/24 dev v0
	stay ip netns exec "$WORLD" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("203.0.113.98", 53))
while True:
	query, asker = s.recvfrom(4096)
	if b"slow" in query: continue
	c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	c.sendto(query, (sys.argv[1], 53))
	s.sendto(c.recv(4096), asker)' "$WORLD_IP"
	until_true in_world dig +time=1 +tries=1 @203.0.113.98 web.test
	echo "nameserver 203.0.113.98" >"$DIR/resolv.conf"
	inspect slow.test web.test
	ip netns exec "$INSIDE" python3 - <<'PY'
import select, socket, subprocess
crowd = [socket.create_connection(("203.0.113.1", 80), 5) for i in range(250)]
for s in crowd: s.sendall(b"GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n")
assert select.select(crowd, [], [], 5)[0]  # those above the bound are told
said = subprocess.run(["dig", "+short", "+time=1", "+tries=1", "@10.99.0.1", "web.test"], capture_output=True, text=True)
assert said.stdout.strip() == "203.0.113.1", said.stdout + said.stderr
PY
}
