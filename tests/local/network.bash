# A world for engines: a "machine" with the engine in one network namespace, and beyond it an "outside" that answers. Nothing
# of it is on the real machine. Load it after ../integration/engine.

OUT1=192.0.2.2 OUT2=198.51.100.7 METADATA=169.254.169.254 MACHINE=192.0.2.1

# namespace NAME: a process that holds a network namespace; its pid in $NAME.
namespace() {
	local -n pid=$1
	unshare --net sleep infinity 3>&- &
	pid=$!
	HOLDERS+=("$pid")
	wait_for 10 namespace_is_new "$pid"
	nsenter -n -t "$pid" ip link set lo up
}

namespace_is_new() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# Not in the background: the pid would be a shell's.
at() {
	local pid=$1
	shift
	nsenter -n -t "$pid" "$@"
}

# serve PID ADDRESS PORT: an HTTP server there that answers with its client's address.
serve() {
	nsenter -n -t "$1" python3 -c '
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
	def do_GET(self):
		self.send_response(200); self.end_headers(); self.wfile.write(self.client_address[0].encode())
	def log_message(self, *a): pass
http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()' "$2" "$3" 3>&- &
	HOLDERS+=($!)
	wait_for 10 at "$1" curl -s -o "$ENGINE_DIR/served" "http://${2/0.0.0.0/127.0.0.1}:$3/"
}

world_setup() {
	HOLDERS=()
	engine_setup
	command -v ip nft nsenter >/dev/null || skip "needs ip, nft and nsenter"
	namespace ROUTER
	namespace OUTSIDE
	at "$ROUTER" ip link add up0 type veth peer name out0 netns "$OUTSIDE"
	at "$ROUTER" ip addr add "$MACHINE/24" dev up0
	at "$ROUTER" ip link set up0 up
	at "$ROUTER" ip route add default via "$OUT1"
	at "$OUTSIDE" ip link set out0 up
	at "$OUTSIDE" ip addr add "$OUT1/24" dev out0
	at "$OUTSIDE" ip addr add "$OUT2/32" dev lo
	at "$OUTSIDE" ip addr add "$METADATA/32" dev lo
	at "$OUTSIDE" ip route add default via "$MACHINE"
	serve "$OUTSIDE" 0.0.0.0 80
	serve "$ROUTER" 0.0.0.0 8080
	printf '#!/bin/sh\nexec nsenter -n -t %s %s "$@"\n' "$ROUTER" "$ENGINE" >"$ENGINE_DIR/engine"
	chmod +x "$ENGINE_DIR/engine"
	ENGINE="$ENGINE_DIR/engine"
}

# Nothing of any engine is left on the machine.
machine_is_clean() {
	! at "$ROUTER" ip -o link | grep -q ': sp' && [ -z "$(at "$ROUTER" nft list tables)" ]
}

world_teardown() {
	local result=0
	engine_teardown || result=1
	[ -z "${ROUTER:-}" ] || wait_for 10 machine_is_clean || {
		at "$ROUTER" ip -o link
		at "$ROUTER" nft list ruleset
		result=1
	} >&2
	[ -z "${HOLDERS[*]:-}" ] || kill "${HOLDERS[@]}" || result=1
	return "$result"
}

record() {
	python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
		"$ENGINE_DIR/state/boxes/$1/record.json" "$2"
}

# in_box ID COMMAND…: a program of the machine, as the machine's root, in the network of that sandbox.
in_box() {
	local pid
	pid=$(record "$1" pid)
	shift
	at "$pid" "$@"
}

address_of() {
	in_box "$1" ip -o -4 addr show dev eth0 | sed 's/.* inet \([0-9.]*\).*/\1/'
}

# reaches ID ADDRESS[:PORT]; what it got is in $GOT.
reaches() {
	GOT=$(in_box "$1" curl -s -m 4 "http://$2/")
}

# refused ID ADDRESS[:PORT]: at once, not by waiting.
refused() {
	local start=$SECONDS
	! reaches "$1" "$2" || { echo "reached $2" >&2; return 1; }
	[ $((SECONDS - start)) -le 2 ] || { echo "$2 took its time" >&2; return 1; }
}

set_network() {
	api PUT "/sandboxes/$1/network" "$2"
	[ "$STATUS" = "${3:-204}" ] || { echo "$STATUS $BODY" >&2; return 1; }
}

# inside COMMAND: by a shell of root in $ID, as its owner would; prints its output, has its exit status.
inside() {
	start "$1" -H "Authorization: Basic $(printf root: | base64)" | python3 -c '
import base64, json, struct, sys
data, status = sys.stdin.buffer.read(), 255
while data:
	size = struct.unpack(">I", data[1:5])[0]
	event = json.loads(data[5:5 + size] or b"{}").get("event", {})
	data = data[5 + size:]
	for name, text in event.get("data", {}).items():
		sys.stdout.buffer.write(base64.b64decode(text))
	if "end" in event:
		status = event["end"].get("exitCode", 0)
sys.stdout.flush()
sys.exit(status & 255)'
}

# box [JSON members]: a sandbox that outlives a slow test; sets ID.
box() {
	create "\"timeout\":300${1:+,$1}"
}
