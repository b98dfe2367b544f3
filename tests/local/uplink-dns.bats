#!/usr/bin/env bats
# Names are relayed to the host's resolvers, and to nobody else's harm.
load uplink

setup() {
	need ip dnsmasq dig
	make_world
	ip -n "$HOST" address add 10.99.0.1/32 dev lo
	echo "nameserver $WORLD_IP" >"$DIR/resolv.conf"
}

teardown() {
	end_world
}

world_names() {
	name_server "$WORLD" "$WORLD_IP" --address=/web.test/203.0.113.80 --address=/six.test/2001:db8::1 \
		--cname=alias.test,web.test --host-record=real.test,203.0.113.81 --cname=other.test,real.test \
		--txt-record=long.test,"$(printf '%0250d' 0)" --txt-record=long.test,"$(printf '%0250d' 1)" \
		--txt-record=long.test,"$(printf '%0250d' 2)" --address=/gone.test/ --local=/test/ "$@"
}

ask() {
	in_host dig +time=4 +tries=1 @10.99.0.1 "$@"
}

@test "a real resolver's answers arrive, by datagram and by connection" {
	world_names
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	[ "$(ask +short web.test)" = 203.0.113.80 ]
	[ "$(ask +short +tcp web.test)" = 203.0.113.80 ]
	[ "$(ask +short +noedns WEB.test)" = 203.0.113.80 ]
	[ "$(ask +short six.test AAAA)" = 2001:db8::1 ]
	[[ $(ask +short other.test) == *203.0.113.81 ]]
	[[ $(ask gone.test) == *"status: NXDOMAIN"* ]]
	# more than a datagram may be: cut, then by connection
	[[ $(ask +noedns +ignore long.test TXT) == *"flags: qr"*" tc "* ]]
	[ "$(ask +short +noedns long.test TXT | wc -l)" = 3 ]
	# several questions on one connection
	[ "$(ask +tcp +keepopen +short web.test real.test | tr '\n' ' ')" = "203.0.113.80 203.0.113.81 " ]
}

@test "two hundred questions at once are all answered" {
	world_names
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	seq 200 | sed 's/.*/n&.web.test/' >"$DIR/names"
	[ "$(ask +short -f "$DIR/names" | grep -c '^203.0.113.80$')" = 200 ]
	in_host xargs -P 20 -n 10 dig +time=4 +tries=2 +short @10.99.0.1 <"$DIR/names" >"$DIR/answers"
	[ "$(grep -c '^203.0.113.80$' "$DIR/answers")" = 200 ]
}

@test "without a resolver, or with a dead one, the failure is quick" {
	: >"$DIR/resolv.conf"
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	[[ $(ask web.test) == *"status: SERVFAIL"* ]]
	[[ $(ask +tcp web.test) == *"status: SERVFAIL"* ]]
	printf '# nobody listens\nnameserver %s\n' "$WORLD_IP" >"$DIR/resolv.conf"
	refused() { [[ $(ask +time=1 web.test) == *"status: SERVFAIL"* ]]; }
	until_true refused
	# the file is read again when it changes, and the dead one is passed over
	world_names
	printf 'nameserver 203.0.113.77\nnameserver 127.0.0.9\nnameserver %s\n' "$WORLD_IP" >"$DIR/resolv.conf"
	answered() { [ "$(in_host dig +time=9 +tries=1 +short @10.99.0.1 web.test)" = 203.0.113.80 ]; }
	until_true answered
}

@test "the host's own resolver on loopback is asked from the host's network" {
	name_server "$HOST" 127.0.0.53 --address=/lo.test/198.51.100.9
	echo "nameserver 127.0.0.53" >"$DIR/resolv.conf"
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	[ "$(ask +short lo.test)" = 198.51.100.9 ]
	[ "$(ask +short +tcp lo.test)" = 198.51.100.9 ]
}

@test "names that no rule allows are refused, allowed ones are answered" {
	world_names
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1 web.test '*.real.test'
	[ "$(ask +short web.test)" = 203.0.113.80 ]
	[[ $(ask real.test) == *"status: REFUSED"* ]]
	[[ $(ask +tcp sub.web.test) == *"status: REFUSED"* ]]
	[[ $(ask .) == *"status: REFUSED"* ]]
	[[ $(ask x.real.test) != *"status: REFUSED"* ]]
}

@test "what is no question, and answers that belong to none, do no harm" {
	world_names
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	in_host python3 - <<'PY'
import socket, struct
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(("10.99.0.1", 53)); u.settimeout(5)
name = b"\3web\4test\0\0\1\0\1"
good = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + name
silent = [b"", b"x", good[:11], b"\0" * 2 + b"\x81" + good[3:]]
errors = [(good[:12], 1), (good + b"x", 1), (good[:-1], 1), (good[:2] + b"\x29" + good[3:], 4),
	(struct.pack(">6H", 7, 0x100, 2, 0, 0, 0) + name + name, 1),
	(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1", 1),
	(good + b"\0" * 1300, 1)]
for m in silent:
	u.send(m)
for m, code in errors:
	u.send(m)
	a = u.recv(4096)
	assert a[3] & 15 == code and len(a) <= len(m), (m, a)
u.send(good)
a = u.recv(4096)
assert a[:2] == b"\0\7" and a[3] & 15 == 0 and a.endswith(bytes([203, 0, 113, 80])), a
# by connection: nonsense ends it, and only it
for m in (b"\xff\xff" + b"x" * 2000, b"\0\1x", b"\0\0"):
	t = socket.create_connection(("10.99.0.1", 53), 5)
	t.send(m)
	try:
		assert t.recv(10) == b""
	except ConnectionResetError:
		pass
ts = [socket.create_connection(("10.99.0.1", 53), 5) for i in range(20)]
for t in ts:
	t.settimeout(5)
open_ones = 0
for t in ts:
	try:
		t.send(struct.pack(">H", len(good)) + good)
		open_ones += len(t.recv(4096)) > 12
	except OSError:
		pass
assert open_ones == 8, open_ones
PY
	[ "$(ask +short web.test)" = 203.0.113.80 ]
}

@test "answers with another id, another question or from elsewhere are not believed" {
	cat >"$DIR/liar.py" <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("203.0.113.1", 53))
e = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); e.bind(("203.0.113.1", 5353))
seen = set()
while True:
	q, who = s.recvfrom(4096)
	if b"probe" in q:
		s.sendto(q[:2] + b"\x81\x80" + q[4:], who)
		continue
	seen.add((q[:2], who[1]))
	end = q.index(b"\0", 12) + 5
	def answer(i, last, question=q[12:end]):
		return (i + b"\x81\x80\0\1\0\1\0\0\0\0" + question +
			b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, last]))
	s.sendto(answer(bytes([q[0] ^ 1, q[1]]), 1), who)
	s.sendto(answer(q[:2], 2, b"\3bad" + q[16:end]), who)
	s.sendto(q, who)
	s.sendto(b"", who)
	e.sendto(answer(q[:2], 3), who)
	s.sendto(answer(q[:2], min(len(seen), 100) + 100), who)
PY
	stay ip netns exec "$WORLD" python3 "$DIR/liar.py"
	until_true in_host dig +time=1 +tries=1 "@$WORLD_IP" probe.test
	uplink "$HOST" "$DIR/resolv.conf" 10.99.0.1
	for i in 1 2 3 4 5 6 7 8; do
		# every question came with an id and a port that were not seen before
		[ "$(ask +short web$i.test | sed 's/web/ign/')" = "192.0.2.10$i" ]
	done
}
