#!/usr/bin/env bats
# The same daemon pointed at another E2B endpoint: a cluster of one engine behind nginx, over TCP and over
# TLS with HTTP/2 and a private CA. Nothing here knows that an engine answers.
load helpers.bash
load engine.bash

setup_file() {
	[[ $(id -u) == 0 ]] || return 0
	export PATH="$SP_BUILDDIR:$PATH"
}

setup() {
	command -v nginx >/dev/null || skip "nginx is not installed"
	engine_setup
	engine_start --api-key-file "$(key_file)"
	start_nginx
}

teardown() {
	[[ -n ${ENGINE_DIR-} ]] || return 0
	local status=0
	if [[ -n ${DAEMON_PID-} ]]; then
		sandpool --json ls | jq -r '.sandboxes[].sandbox_id' | xargs -r sandpool kill
		stop_daemon || status=1
	fi
	kill "$NGINX_PID"
	wait "$NGINX_PID" || status=1
	engine_stop || status=1
	rm -rf "$ENGINE_DIR"
	return "$status"
}

key_file() {
	printf '%s' "$KEY" >"$ENGINE_DIR/key"
	chmod 600 "$ENGINE_DIR/key"
	echo "$ENGINE_DIR/key"
}

# A certificate for 127.0.0.1 from a CA that only we trust.
make_certificates() {
	cd "$ENGINE_DIR" || return 1
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj "/CN=test CA" -days 2
	openssl req -newkey rsa:2048 -nodes -keyout tls.key -out tls.csr -subj "/CN=127.0.0.1"
	openssl x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tls.pem -days 2 \
		-extfile <(echo "subjectAltName=IP:127.0.0.1")
}

free_ports() {
	python3 - "$1" <<-'E'
		import socket, sys
		held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
		print(*(s.getsockname()[1] for s in held))
	E
}

nginx_config() {
	cat <<-E
		daemon off;
		master_process off;
		user root;
		pid $ENGINE_DIR/nginx.pid;
		error_log $ENGINE_DIR/nginx.log;
		events { worker_connections 512; }
		http {
			access_log off;
			client_body_temp_path $ENGINE_DIR/nginx-body;
			proxy_temp_path $ENGINE_DIR/nginx-proxy;
			fastcgi_temp_path $ENGINE_DIR/nginx-x;
			uwsgi_temp_path $ENGINE_DIR/nginx-x;
			scgi_temp_path $ENGINE_DIR/nginx-x;
			client_max_body_size 0;
			proxy_http_version 1.1;
			proxy_buffering off;
			proxy_request_buffering off;
			proxy_set_header Host \$http_host;
			proxy_set_header Connection "";
			ssl_certificate $ENGINE_DIR/tls.pem;
			ssl_certificate_key $ENGINE_DIR/tls.key;
			server { listen 127.0.0.1:$1; location / { proxy_pass http://unix:$API:; } }
			server { listen 127.0.0.1:$2; location / { proxy_pass http://unix:$PROXY:; } }
			server { listen 127.0.0.1:$3 ssl http2; location / { proxy_pass http://unix:$API:; } }
			server { listen 127.0.0.1:$4 ssl http2; location / { proxy_pass http://unix:$PROXY:; } }
		}
	E
}

start_nginx() {
	make_certificates >"$ENGINE_DIR/openssl.log" 2>&1
	read -r -a PORTS <<<"$(free_ports 4)"
	nginx_config "${PORTS[@]}" >"$ENGINE_DIR/nginx.conf"
	nginx -e "$ENGINE_DIR/nginx.log" -c "$ENGINE_DIR/nginx.conf" 3>&- &
	NGINX_PID=$!
	wait_for 20 curl -s -o "$ENGINE_DIR/out" "http://127.0.0.1:${PORTS[0]}/health"
}

# start_daemon_for API-URL SANDBOX-URL [LINE]…
start_daemon_for() {
	make_daemon_dir
	{
		printf '[daemon]\nprovider = cluster\n[provider "cluster"]\ntype = e2b\n'
		printf 'api-url = %s\nsandbox-url = %s\napi-key-file = %s\n' "$1" "$2" "$ENGINE_DIR/key"
		shift 2
		[[ $# == 0 ]] || printf '%s\n' "$@"
	} >"$DAEMON_DIR/more.conf"
	start_daemon
}

# The main job, wherever the sandbox is.
do_the_main_job() {
	local id
	id=$(sandpool create --name far -m where=there -e GREETING=hi)
	[ "$(sandpool exec far -- printenv GREETING)" = hi ]
	run sandpool exec far -- bash -c 'echo out; echo err >&2; exit 5'
	[ "$status" -eq 5 ]
	sandpool exec far -- seq 200000 | cmp - <(seq 200000)
	head -c 20000000 /dev/urandom >"$ENGINE_DIR/in"
	sandpool cp "$ENGINE_DIR/in" far:there
	sandpool cp far:there "$ENGINE_DIR/back"
	cmp "$ENGINE_DIR/in" "$ENGINE_DIR/back"
	[ "$(printf 'typed' | sandpool exec -i far -- cat)" = typed ]
	[ "$(sandpool --json ls -m where=there | jq -r '.sandboxes[0].sandbox_id')" = "$id" ]
	[ "$(sandpool --json ls | jq -r '.sandboxes[0].provider')" = cluster ]
	[ "$(sandpool --json call sandbox.is_running '{"sandbox_id":"far"}' | jq .running)" = true ]
	sandpool timeout far 10m
	sandpool kill far
	run sandpool exec far -- true
	[ "$status" -eq 125 ]
}

@test "the main job over TCP" {
	start_daemon_for "http://127.0.0.1:${PORTS[0]}" "http://127.0.0.1:${PORTS[1]}"
	do_the_main_job
	[ "$(sandpool --json status | jq '.providers[0].reused')" -gt 5 ]
}

@test "the main job over TLS and HTTP/2 with a private CA" {
	start_daemon_for "https://127.0.0.1:${PORTS[2]}" "https://127.0.0.1:${PORTS[3]}" \
		"ca-file = $ENGINE_DIR/ca.pem"
	do_the_main_job
}

@test "many commands at once over TLS and HTTP/2" {
	local i pids=()
	start_daemon_for "https://127.0.0.1:${PORTS[2]}" "https://127.0.0.1:${PORTS[3]}" \
		"ca-file = $ENGINE_DIR/ca.pem"
	sandpool create --name far
	for i in $(seq 40); do
		sandpool exec far -- bash -c "read -t 1 <> <(:); seq $i 20000" >"$ENGINE_DIR/out.$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in $(seq 40); do
		seq "$i" 20000 | cmp - "$ENGINE_DIR/out.$i"
	done
}

@test "a certificate nobody vouches for is refused, and the message says so" {
	start_daemon_for "https://127.0.0.1:${PORTS[2]}" "https://127.0.0.1:${PORTS[3]}"
	run sandpool create
	[ "$status" -eq 125 ]
	[[ $output == *certificate* ]]
}

@test "a wrong key is an authentication error" {
	start_daemon_for "http://127.0.0.1:${PORTS[0]}" "http://127.0.0.1:${PORTS[1]}"
	stop_daemon
	printf 'e2b_00' >"$ENGINE_DIR/key"
	start_daemon_for "http://127.0.0.1:${PORTS[0]}" "http://127.0.0.1:${PORTS[1]}"
	run sandpool create
	[ "$status" -eq 125 ]
	py <<-'E'
		with Client() as c:
		    try:
		        c.call("sandbox.create")
		        raise AssertionError("a sandbox was made")
		    except RpcError as error:
		        assert error.kind == "authentication", error.kind
	E
}

@test "a provider that is not there is told as such, and others go on" {
	local gone
	gone=$(free_ports 1)
	start_daemon_for "http://127.0.0.1:$gone" "http://127.0.0.1:$gone" '[provider "local"]' 'type = local'
	run sandpool create
	[ "$status" -eq 125 ]
	[[ $output == *"127.0.0.1"* ]]
	sandpool create --provider local --name near
	[ "$(sandpool exec near -- echo here)" = here ]
}
