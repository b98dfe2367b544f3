#!/usr/bin/env bats
# Without a network of its own a sandbox has loopback and nothing else.
load helper

after() {
	[ -z "${LISTENER:-}" ] || kill "$LISTENER"
}

@test "only loopback is there, and it works" {
	start_sandbox a 1
	[ "$(inside a 0 'ls /proc/self/net/dev_snmp6 2>/dev/null || tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "')" = lo ]
	inside a 1000 "python3 - <<'PY'
import socket
s = socket.create_server(('127.0.0.1', 80))
c = socket.create_connection(('127.0.0.1', 80))
c6 = socket.create_server(('::1', 443), family=socket.AF_INET6)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
PY"
	refused a 0 "python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 2)'"
	refused a 0 "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'"
	refused a 0 "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'"
	refused a 0 "ip link add dummy0 type dummy"
	refused a 0 "ip link set lo down"
}

@test "listeners of the host, and of other sandboxes, are not reached" {
	coproc SERVER { exec python3 -c '
import socket, signal
a = socket.create_server(("127.0.0.1", 0))
b = socket.socket(socket.AF_UNIX); b.bind("\0sandpool-probe-abstract"); b.listen()
print(a.getsockname()[1], flush=True)
signal.pause()' 3>&-; }
	LISTENER=$SERVER_PID
	local port
	read -r -t 20 -u "${SERVER[0]}" port
	python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)); socket.socket(socket.AF_UNIX).connect('\0sandpool-probe-abstract')"
	start_sandbox a 1
	refused a 0 "python3 -c \"import socket; socket.create_connection(('127.0.0.1', $port))\""
	refused a 0 "python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect('\\0sandpool-probe-abstract')\""
	start_sandbox b 2
	inside b 1000 "python3 -m http.server -b 127.0.0.1 8123 >/dev/null 2>&1 </dev/null & disown; until curl -s -o /dev/null 127.0.0.1:8123; do :; done"
	refused a 0 "curl -s 127.0.0.1:8123"
}

@test "no socket leads around the network: vsock, host devices' events, the kernel's ciphers" {
	start_sandbox a 1
	for family in AF_VSOCK AF_ALG AF_PACKET AF_BLUETOOTH AF_TIPC AF_RDS AF_CAN; do
		for type in STREAM DGRAM RAW SEQPACKET; do
			run inside a 0 "python3 -c 'import socket; socket.socket(socket.$family, socket.SOCK_$type)'"
			[[ $output == *"not supported by protocol"* ]]
		done
	done
	run inside a 0 "python3 -c 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)'"
	[[ $output == *"Protocol not supported"* ]]
	inside a 1000 "python3 -c 'import socket; socket.socketpair(); socket.if_nameindex(); socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)'"
}
