# A small world for tests of the uplink, in network namespaces of its own: a host, and a world beyond it with a
# name server and a web server. Nothing else on this machine is touched, and nothing outside it.
bats_require_minimum_version 1.5.0

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
UPLINK="$SP_BUILDDIR/tests/local/uplink-run"
WORLD_IP=203.0.113.1
HOST_IP=203.0.113.2

need() {
	local program
	[ "$(id -u)" = 0 ] || skip "needs root to make network namespaces"
	for program; do
		command -v "$program" >/dev/null || skip "needs $program"
	done
	ip netns add "sp-probe-$$" 2>/dev/null || skip "no network namespace can be made"
	ip netns del "sp-probe-$$"
}

make_world() {
	DIR=$(mktemp -d /tmp/sandpool-uplink.XXXXXX)
	chmod 755 "$DIR"
	WORLD=spw$$ HOST=sph$$
	KIDS=()
	ip netns add "$WORLD"
	ip netns add "$HOST"
	ip link add v0 netns "$WORLD" type veth peer name v0 netns "$HOST"
	ip -n "$WORLD" address add "$WORLD_IP/24" dev v0
	ip -n "$HOST" address add "$HOST_IP/24" dev v0
	local name
	for name in "$WORLD" "$HOST"; do
		ip -n "$name" link set lo up
		ip -n "$name" link set v0 up
	done
	ip -n "$HOST" route add default via "$WORLD_IP"
}

end_world() {
	local pid result=0
	[ -n "${DIR:-}" ] || return 0
	for pid in "${KIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	# after those that may hold its standard input open
	if [ -n "${UPLINK_IN:-}" ]; then
		exec {UPLINK_IN}>&-
		wait "$UPLINK_PID" || {
			result=1
			cat "$DIR/stay.log"
		}
	fi
	ip netns del "$HOST"
	ip netns del "$WORLD"
	rm -rf "$DIR"
	return $result
}

# in_world COMMAND…, in_host COMMAND…
in_world() { ip netns exec "$WORLD" "$@"; }
in_host() { ip netns exec "$HOST" "$@"; }

# stay COMMAND…: in the background until the end of the test.
stay() {
	"$@" </dev/null >>"$DIR/stay.log" 2>&1 3>&- &
	KIDS+=($!)
}

# until_true COMMAND…: at most 20 seconds.
until_true() {
	local end=$((SECONDS + 20))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || {
			echo "never true: $*"
			cat "$DIR/stay.log"
			return 1
		}
	done
}

# name_server NETNS ADDRESS OPTION…: a real one, that knows nothing but what the options say.
name_server() {
	local netns=$1 address=$2
	shift 2
	stay ip netns exec "$netns" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root \
		--no-hosts --no-resolv --bind-interfaces --except-interface=lo --listen-address="$address" "$@"
	until_true ip netns exec "$netns" dig +time=1 +tries=1 "@$address" version.bind chaos txt
}

# uplink NETNS ARGUMENT…
uplink() {
	local netns=$1 line
	shift
	mkfifo "$DIR/uplink.in" "$DIR/uplink.out"
	ip netns exec "$netns" "$UPLINK" "$@" <"$DIR/uplink.in" >"$DIR/uplink.out" 2>>"$DIR/stay.log" 3>&- &
	UPLINK_PID=$!
	exec {UPLINK_IN}>"$DIR/uplink.in" {UPLINK_OUT}<"$DIR/uplink.out"
	rm "$DIR/uplink.in" "$DIR/uplink.out"
	read -r -t 20 -u "$UPLINK_OUT" line
	[[ $line == ready* ]]
	read -r _ HTTP_PORT TLS_PORT <<<"$line"
}

# The world's web server, on HTTP and TLS, with its certificate in $DIR/crt and a large file.
web_server() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=web.test -keyout "$DIR/key" -out "$DIR/crt" \
		-addext subjectAltName=DNS:web.test,DNS:*.web.test,DNS:evil.test 2>/dev/null
	head -c 20000000 /dev/urandom >"$DIR/big"
	cat >"$DIR/nginx.conf" <<-CONF
		daemon off; pid $DIR/nginx.pid; error_log $DIR/nginx.log; user root;
		events {}
		http {
			access_log off; client_body_temp_path $DIR/body; proxy_temp_path $DIR/proxy;
			fastcgi_temp_path $DIR/f; uwsgi_temp_path $DIR/u; scgi_temp_path $DIR/s;
			client_max_body_size 100m;
			server {
				listen $WORLD_IP:80; listen $WORLD_IP:443 ssl;
				ssl_certificate $DIR/crt; ssl_certificate_key $DIR/key;
				location / { return 200 "hello \$scheme \$host"; }
				location /big { root $DIR; }
				location /put { proxy_pass http://$WORLD_IP:80/; }
			}
		}
	CONF
	stay ip netns exec "$WORLD" nginx -c "$DIR/nginx.conf"
	until_true in_world curl -s "http://$WORLD_IP/"
}
