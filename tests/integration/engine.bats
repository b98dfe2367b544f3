# The engine as its clients see it: REST on api.sock, sandboxes behind sandbox.sock.
bats_require_minimum_version 1.5.0
load engine

setup()
{
	engine_setup
}

teardown()
{
	engine_teardown
	[[ -z ${GROUP-} ]] || remove_groups
}

# The groups that a test has made for units, when the processes in them have ended.
remove_groups()
{
	wait_for 20 eval '! grep -q . "$GROUP"/*/cgroup.procs "$GROUP"/*/*/cgroup.procs 2>/dev/null'
	find "$GROUP" -depth -type d -exec rmdir {} +
}

# ---- keys, routes, errors ------------------------------------------------------------------------

@test "health needs no key; everything else one of the right form" {
	engine_start
	run -0 curl -s -o /dev/null -w '%{http_code}' --unix-socket "$API" http://engine/health
	[ "$output" = 200 ]
	for KEY in '' nonsense e2b_ E2B_00 e2b_XYZ e2b_00g; do
		api GET /v2/sandboxes
		expect_error 401 "API key"
	done
	KEY=e2b_00
	api GET /v2/sandboxes
	[ "$STATUS" = 200 ]
}

@test "with a key file only that key will do" {
	echo "$KEY" >"$ENGINE_DIR/key"
	engine_start --api-key-file "$ENGINE_DIR/key"
	api GET /sandboxes
	[ "$STATUS" = 200 ]
	KEY=${KEY}0 api GET /sandboxes
	expect_error 401 "API key"
}

@test "unknown paths, wrong methods and what cannot be done are JSON errors" {
	engine_start
	for path in / /nope /sandboxes/ /v3/templates /sandboxes/i1/nope; do
		api GET "$path"
		expect_error 404 "no such path"
	done
	api PUT /sandboxes
	expect_error 405 "method not allowed"
	[ "$(header Allow)" = POST ]
	for what in 'POST pause' 'POST snapshots' 'POST fork' 'GET logs'; do
		api "${what% *}" "/sandboxes/iabc/${what#* }"
		expect_error 501 "does not support"
	done
}

@test "ids that are none are refused, unknown ones not found" {
	engine_start
	for method in GET DELETE; do
		api "$method" /sandboxes/iabc
		expect_error 404 iabc
		api "$method" /sandboxes/iabc-client
		expect_error 404 iabc
		api "$method" /sandboxes/a-b-c
		expect_error 400 "Invalid sandbox ID"
		api "$method" /sandboxes/IABC
		expect_error 400 "Invalid sandbox ID"
		api "$method" /sandboxes/..%2Fx
		expect_error 400 "Invalid sandbox ID"
	done
	for what in timeout connect; do
		api POST "/sandboxes/iabc/$what" '{"timeout":1}'
		expect_error 404 iabc
	done
	api POST /sandboxes/iabc/refreshes
	expect_error 404 iabc
}

@test "create refuses what is malformed and what it cannot honour" {
	engine_start
	refuse() { api POST /sandboxes "$1"; expect_error "$2" "$3"; }
	refuse '' 400 "Error when parsing request"
	refuse '{' 400 "Error when parsing request"
	refuse '{}' 400 "validation error"
	refuse '[]' 400 "validation error"
	refuse '{"templateID":1}' 400 "validation error"
	refuse '{"templateID":"base","timeout":true}' 400 "validation error"
	refuse '{"templateID":"base","metadata":{"a":1}}' 400 "validation error"
	refuse '{"templateID":"base","timeout":0}' 400 "Timeout must be greater than 0"
	refuse '{"templateID":"base","timeout":-1}' 400 "Timeout must be greater than 0"
	refuse '{"templateID":"base","timeout":9999999999}' 400 "validation error"
	refuse '{"templateID":"no such"}' 400 "Invalid template reference"
	refuse '{"templateID":"a/b/c"}' 400 "Invalid template reference"
	refuse '{"templateID":"other"}' 404 "template 'other' not found"
	refuse '{"templateID":"base:v7"}' 404 "template 'base:v7' not found"
	refuse '{"templateID":"team/base"}' 404 "not found"
	refuse '{"templateID":"base","autoPauseMemory":false}' 400 autoPause
	refuse '{"templateID":"base","autoPause":true}' 501 autoPause
	refuse '{"templateID":"base","autoResume":{"enabled":true}}' 501 autoResume
	refuse '{"templateID":"base","network":{"denyOut":["example.com"]}}' 400 network.denyOut
	refuse '{"templateID":"base","network":{"allowPublicTraffic":false}}' 400 network.allowPublicTraffic
	refuse '{"templateID":"base","volumeMounts":[{"name":"v","path":"/v"}]}' 501 volumeMounts
	refuse '{"templateID":"base","iam":{"tokens":{"t":{}}}}' 501 iam
	[ -z "$(engine_ids)" ]
}

@test "create takes what asks for nothing special" {
	engine_start
	create '"timeout":60,"autoPause":false,"autoResume":{"enabled":false},"network":{},
		"mcp":{"x":{}},"volumeMounts":[],"iam":{},"allow_internet_access":false,"later":1'
	api GET "/sandboxes/$ID"
	[ "$(json 'it["allowInternetAccess"]')" = False ]
	api POST /sandboxes '{"templateID":"Base:default"}'
	[ "$STATUS" = 201 ]
}

@test "a body over the limit is 413" {
	engine_start
	head -c 5000000 /dev/zero >"$ENGINE_DIR/large"
	api POST /sandboxes "@$ENGINE_DIR/large"
	expect_error 413 "too large"
}

@test "an engine that can have no sandbox says why" {
	engine_start --agent "$ENGINE_DIR/no-agent"
	api POST /sandboxes '{"templateID":"base"}'
	expect_error 500 "no-agent"
	[ "$(json 'it["error_code"]')" = sandbox_create_failed ]
	engine_stop
	sed -i '/no-agent/d' "$ENGINE_LOG"
}

# ---- create, info, list --------------------------------------------------------------------------

@test "a sandbox is created, shown and killed" {
	engine_start
	create '"timeout":100,"secure":true,"metadata":{"k":"v"},"envVars":{"X":"1"}'
	[[ "$ID" =~ ^i[a-z0-9]{20}$ ]]
	[[ "$TOKEN" =~ ^[0-9a-f]{64}$ ]]
	[[ "$(json 'it["envdVersion"]')" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
	api GET "/sandboxes/$ID"
	[ "$STATUS" = 200 ]
	[ "$(json 'it["state"], it["metadata"], it["templateID"]')" = "('running', {'k': 'v'}, 'base')" ]
	[ "$(json 'it["envdAccessToken"]')" = "$TOKEN" ]
	[ "$(json 'it["lifecycle"]')" = "{'onTimeout': 'kill', 'autoResume': False}" ]
	[ "$(json 'all(isinstance(it[k],int) and it[k]>0 for k in ("cpuCount","memoryMB","diskSizeMB"))')" = True ]
	[ "$(sandbox /health -o /dev/null -w '%{http_code}')" = 204 ]
	api DELETE "/sandboxes/$ID-local"
	[ "$STATUS$BODY" = 204 ]
	api DELETE "/sandboxes/$ID"
	expect_error 404 "$ID"
	api GET "/sandboxes/$ID"
	expect_error 404 "$ID"
}

@test "the engine describes itself, also when it can have no sandbox" {
	engine_start
	api GET /sandpool/engine
	[ "$STATUS" = 200 ]
	[ "$MODE" != root ] || [ "$(json 'it["mode"]')" = root ]
	[ "$(json '"unable" in it')" = False ]
	[ "$(json '[a["available"] or bool(a["fix"]) for a in it["abilities"] if a["name"] == "memory_limit"]')" = '[True]' ]
	engine_stop
	AGENT=/nonexistent engine_start
	api GET /sandpool/engine
	[[ "$(json 'it["unable"]')" == /nonexistent* ]]
}

@test "metrics: numbers of now, within what was asked for" {
	[ "$MODE" = root ] || skip "a user has no control groups here, and nobody else counts"
	engine_start
	create
	api GET "/sandboxes/$ID/metrics"
	[ "$STATUS" = 200 ]
	[ "$(json 'sorted(it[-1]) == sorted(["timestamp", "timestampUnix", "cpuCount", "cpuUsedPct", "memUsed",
		"memTotal", "memCache", "diskUsed", "diskTotal"] + ["sandpoolProcesses"] * ("sandpoolProcesses" in it[-1]))')" = True ]
	[ "$(json '0 <= it[-1]["cpuUsedPct"] <= 100 and it[-1]["memTotal"] > 0 < it[-1]["diskTotal"]')" = True ]
	[ "$(json 'abs(it[-1]["timestampUnix"] - __import__("time").time()) < 10')" = True ]
	local second=$(json 'it[-1]["timestampUnix"]')
	api GET "/sandboxes/$ID/metrics?start=$((second - 5))&end=$((second + 60))"
	[ "$(json 'len(it) > 0')" = True ]
	api GET "/sandboxes/$ID/metrics?start=$((second - 5))000&end=$((second + 60))999"
	[ "$(json 'len(it) > 0')" = True ]
	api GET "/sandboxes/$ID/metrics?end=$((second - 60))"
	[ "$STATUS$BODY" = '200[]' ]
	for query in start=x end=-1 start= 'start=9&end=8' 'start=1%00'; do
		api GET "/sandboxes/$ID/metrics?$query"
		expect_error 400 ''
	done
	api GET /sandboxes/i00000000000000000000/metrics
	[ "$STATUS$BODY" = '200[]' ]
	api GET "/sandboxes/metrics?sandbox_ids=$ID,i00000000000000000000,$ID"
	[ "$(json 'list(it["sandboxes"])')" = "['$ID']" ]
	api GET /sandboxes/metrics
	expect_error 400 sandbox_ids
}

@test "metrics: who works hard is seen" {
	[ "$MODE" = root ] || skip "a user has no control groups here, and nobody else counts"
	engine_start
	create
	start 'while :; do :; done' -o /dev/null &
	is_busy() {
		api GET "/sandboxes/$ID/metrics"
		[ "$(json 'it[-1]["cpuUsedPct"] * it[-1]["cpuCount"] > 30')" = True ]
	}
	wait_for 20 is_busy
	api DELETE "/sandboxes/$ID"
	wait $!  || :
}

@test "without secure there is no token, and access is open" {
	engine_start
	create
	[ -z "$TOKEN" ]
	[ "$(sandbox /envs | python3 -c 'import json,sys; print(json.load(sys.stdin)["E2B_SANDBOX_ID"])')" = "$ID" ]
	create '"secure":true'
	[ "$(sandbox /envs -o /dev/null -w '%{http_code}')" = 200 ]
	TOKEN=wrong
	[ "$(sandbox /envs -o /dev/null -w '%{http_code}')" = 401 ]
}

@test "environment given at create reaches commands, and internal names stay ours" {
	engine_start
	create '"envVars":{"X":"1 2","E2B_SANDBOX_ID":"fake","E2B_SANDBOX":"fake"}'
	BODY=$(sandbox /envs)
	[ "$(json 'it["X"], it["E2B_SANDBOX"], it["E2B_TEMPLATE_ID"]')" = "('1 2', 'true', 'base')" ]
	[ "$(json 'it["E2B_SANDBOX_ID"]')" = "$ID" ]
}

@test "version 2 of create and connect: always secure, 300 seconds unless said" {
	engine_start
	seconds_left() { api GET "/sandboxes/$ID"; json '(__import__("datetime").datetime.fromisoformat(it["endAt"][:19]) - __import__("datetime").datetime.utcnow()).seconds // 10 * 10'; }
	api POST /v2/sandboxes '{"templateID":"base"}'
	[ "$STATUS" = 201 ]
	ID=$(json 'it["sandboxID"]')
	TOKEN=$(json 'it["envdAccessToken"]')
	[ "$(seconds_left)" = 290 ]
	api POST /v2/sandboxes '{"templateID":"base","timeout":100,"secure":false}'
	ID=$(json 'it["sandboxID"]')
	[ "$(json '"envdAccessToken" in it')" = True ]
	[ "$(seconds_left)" = 90 ]
	api POST "/v2/sandboxes/$ID/connect" '{"timeout":5}'
	[ "$STATUS" = 200 ]
	[ "$(seconds_left)" = 90 ]
	api POST "/v2/sandboxes/$ID/connect" '{}'
	[ "$(seconds_left)" = 290 ]
	api POST "/v2/sandboxes/iabc/connect" '{}'
	expect_error 404 iabc
	STATUS=$(curl -s -o "$ENGINE_DIR/body" -w '%{http_code}' --unix-socket "$API" -H "X-API-KEY: $KEY" \
		-H 'Idempotency-Key: k-1' -d '{"templateID":"base"}' http://engine/v2/sandboxes)
	BODY=$(cat "$ENGINE_DIR/body")
	expect_error 501 Idempotency-Key
}

@test "lists filter, order and page" {
	local ids=()
	engine_start
	for n in 1 2 3; do
		create "\"timeout\":100,\"metadata\":{\"n\":\"$n\",\"k 1\":\"v&=é\"}"
		ids+=("$ID")
	done
	names() { json '" ".join(s["sandboxID"] for s in it)'; }
	api GET /v2/sandboxes
	[ "$(names)" = "${ids[2]} ${ids[1]} ${ids[0]}" ]
	[ "$(header X-Total-Running)" = 3 ]
	[ -z "$(header X-Next-Token)" ]
	api GET '/v2/sandboxes?order=asc&state=running,paused'
	[ "$(names)" = "${ids[0]} ${ids[1]} ${ids[2]}" ]
	api GET '/v2/sandboxes?metadata=k%2525201%3Dv%252526%25253D%2525C3%2525A9%26n%3D2'
	[ "$(names)" = "${ids[1]}" ]
	started=$(json 'it[0]["startedAt"]')
	api GET "/v2/sandboxes?startedAfter=$started&order=asc"
	[ "$(names)" = "${ids[1]} ${ids[2]}" ]
	api GET '/v2/sandboxes?state=paused'
	[ "$BODY" = '[]' ]
	api GET '/v2/sandboxes?template=other'
	[ "$BODY" = '[]' ]
	api GET '/sandboxes?metadata=n=3'
	[ "$(names)" = "${ids[2]}" ]
	for query in limit=0 limit=101 order=up state=gone nextToken=x startedAfter=x metadata=%25; do
		api GET "/v2/sandboxes?$query"
		expect_error 400 ""
	done
	seen=
	token=
	for n in 1 2 3; do
		api GET "/v2/sandboxes?limit=1${token:+&nextToken=$token}"
		seen+="$(names) "
		token=$(header X-Next-Token)
	done
	[ "$seen" = "${ids[2]} ${ids[1]} ${ids[0]} " ]
	[ -z "$token" ]
}

@test "chunked bodies are decoded; the alias of base is known" {
	engine_start
	run -0 curl -s -m 30 --unix-socket "$API" -H "X-API-KEY: $KEY" -H 'Transfer-Encoding: chunked' \
		-d '{"templateID":"base"}' -w '%{http_code}' -o /dev/null http://engine/sandboxes
	[ "$output" = 201 ]
	api GET /templates/aliases/base
	[ "$STATUS" = 200 ]
	[ "$(json 'it["templateID"], it["public"]')" = "('base', True)" ]
	api GET /templates/aliases/other
	expect_error 404 "'other' not found"
}

# ---- timeouts ------------------------------------------------------------------------------------

end_at()
{
	api GET "/sandboxes/$ID"
	json 'it["endAt"]'
}

is_gone()
{
	api GET "/sandboxes/$ID"
	[ "$STATUS" = 404 ]
}

@test "the end comes within a second of its time" {
	engine_start
	create '"timeout":1'
	end=$(end_at)
	wait_for 5 is_gone
	run -0 python3 -c "import datetime as d,sys
late=(d.datetime.now(d.timezone.utc)-d.datetime.fromisoformat('$end'.replace('Z','+00:00'))).total_seconds()
print(0 <= late <= 1 or late)"
	[ "$output" = True ]
	[ "$(sandbox /health)" = "$(not_found_body "$ID")" ]
}

@test "timeout shortens and lengthens, refreshes and connect never shorten" {
	engine_start
	create '"timeout":100,"secure":true'
	first=$(end_at)
	api POST "/sandboxes/$ID/connect" '{"timeout":5}'
	[ "$STATUS" = 200 ]
	[ "$(json 'it["envdAccessToken"]')" = "$TOKEN" ]
	[ "$(end_at)" = "$first" ]
	api POST "/sandboxes/$ID/refreshes"
	[ "$STATUS" = 204 ]
	[ "$(end_at)" = "$first" ]
	api POST "/sandboxes/$ID/connect" '{"timeout":200}'
	[[ "$(end_at)" > "$first" ]]
	api POST "/sandboxes/$ID/timeout" '{"timeout":50}'
	[ "$STATUS" = 204 ]
	second=$(end_at)
	[[ "$second" < "$first" ]]
	api POST "/sandboxes/$ID/refreshes" '{"duration":1000}'
	[[ "$(end_at)" > "$first" ]]
	api POST "/sandboxes/$ID/refreshes" '{"duration":3601}'
	expect_error 400 "validation error"
	api POST "/sandboxes/$ID/connect" '{"timeout":-1}'
	expect_error 400 "validation error"
	for path in timeout connect; do
		api POST "/sandboxes/$ID/$path" '{}'
		expect_error 400 "validation error"
	done
	api POST "/sandboxes/$ID/resume" '{}'
	expect_error 409 "already running"
	api POST "/sandboxes/$ID/timeout" '{"timeout":-1}'
	[ "$STATUS" = 204 ]
	wait_for 5 is_gone
	api POST "/sandboxes/$ID/timeout" '{"timeout":5}'
	expect_error 404 "$ID"
}

# ---- the proxy -----------------------------------------------------------------------------------

@test "a signed URL, or a token, is enough to find the sandbox" {
	engine_start
	sign() { # PATH OPERATION [EXPIRATION]: the rest of a query
		python3 -c 'import base64,hashlib,sys,urllib.parse as u
path,operation,token,*expiration=sys.argv[1:]
raw=":".join([path,operation,"",token,*expiration])
query={"path":path,"signature":"v1_"+base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode().rstrip("=")}
if expiration: query["signature_expiration"]=expiration[0]
print(u.urlencode(query))' "$1" "$2" "$TOKEN" "${@:3}"
	}
	ask() { curl -s -m 10 --unix-socket "$PROXY" -w ' %{http_code}' "$@"; }
	create '"secure":true'
	other=$TOKEN
	create '"secure":true'
	[[ "$(ask "http://localhost/files?$(sign 'a b+é' write)" -F 'file=@-;filename=other' <<<mine)" == *' 200' ]]
	[ "$(ask "http://localhost/files?$(sign 'a b+é' read)")" = $'mine\n 200' ]
	[ "$(ask "http://localhost/files?$(sign 'a b+é' read $((EPOCHSECONDS + 60)))")" = $'mine\n 200' ]
	[ "$(ask "http://localhost/files?$(sign 'a b+é' read 1)")" = $'{"code":401,"message":"signature is already expired"}\n 401' ]
	[ "$(ask "http://localhost/files?$(TOKEN=$other sign 'a b+é' read)" -o /dev/null)" = ' 404' ]
	[ "$(ask http://localhost/files?path=a+b%2B%C3%A9 -H "X-Access-Token: $TOKEN")" = $'mine\n 200' ]
	[ "$(ask http://localhost/health -H "X-Access-Token: $TOKEN")" = ' 204' ]
	[[ "$(ask http://localhost/init -X POST -H "X-Access-Token: $TOKEN")" == *'This endpoint is reserved'*' 404' ]]
	for what in "files?$(TOKEN=none sign x read)" "files?$(sign x write)"; do
		[ "$(ask "http://localhost/$what")" = "$(not_found_body '') 502" ]
	done
	[ "$(ask "http://localhost/files?path=x")" = 'Invalid host 400' ]
	query=$(sign x read)
	api DELETE "/sandboxes/$ID"
	[ "$(ask "http://localhost/files?$query")" = "$(not_found_body '') 502" ]
	[ "$(ask http://localhost/health -H "X-Access-Token: $TOKEN")" = "$(not_found_body '') 502" ]
}

@test "who polls a sandbox that is killed gets every answer whole, the last a 502" {
	engine_start
	for _ in 1 2 3 4 5 6 7 8; do
		create '"secure":false'
		python3 - "$PROXY" "$ID" <<-'EOF' 3>&- &
			import http.client, socket, sys, threading
			def poll(path):
			    client = http.client.HTTPConnection("localhost")
			    client.sock = socket.socket(socket.AF_UNIX)
			    client.sock.connect(sys.argv[1])
			    client.auto_open = False
			    status = 0
			    while status != 502:
			        client.request("GET", path, headers={"E2b-Sandbox-Id": sys.argv[2], "E2b-Sandbox-Port": "49983"})
			        answer = client.getresponse()
			        answer.read()
			        status = answer.status
			        assert status in (200, 204, 502), status
			    ended.append(path)
			ended = []
			paths = ["/health", "/health", "/envs", "/files?path=/etc/passwd"]
			threads = [threading.Thread(target=poll, args=(path,)) for path in paths]
			[thread.start() for thread in threads]
			print("polling", flush=True)
			[thread.join() for thread in threads]
			sys.exit(len(ended) != len(paths))
		EOF
		poller=$!
		is_polled() { grep -q E2B_SANDBOX_ID <<<"$(sandbox /envs)"; }
		wait_for 5 is_polled
		api DELETE "/sandboxes/$ID"
		wait "$poller"
	done
}

@test "the proxy refuses what names no sandbox" {
	engine_start
	ask() { curl -s -m 10 --unix-socket "$PROXY" -w ' %{http_code}' "$@"; }
	[ "$(ask http://localhost/)" = "Invalid host 400" ]
	[ "$(ask http://nodash.example/)" = "Invalid host 400" ]
	[ "$(ask http://localhost/ -H 'E2b-Sandbox-Id: i1')" = "missing header 400" ]
	[ "$(ask http://localhost/ -H 'E2b-Sandbox-Id: I-1' -H 'E2b-Sandbox-Port: 80')" = "Invalid sandbox ID 400" ]
	[ "$(ask http://x-i1.example/)" = "Invalid sandbox port 400" ]
	[ "$(ask http://80-i1.example/)" = "$(not_found_body i1) 502" ]
	[ "$(ask http://10.1.2.3/ -H 'E2b-Sandbox-Id: i1' -H 'E2b-Sandbox-Port: 80')" = "$(not_found_body i1) 502" ]
	[ "$(ask http://80-i1.example/ -H 'E2b-Sandbox-Id: i2' -H 'E2b-Sandbox-Port: 80')" = "$(not_found_body i1) 502" ]
	run -0 ask http://80-i1.example/ -A 'Mozilla/5.0' -H 'Accept: text/html'
	[[ "$output" == '<!DOCTYPE html>'*'The sandbox was not found'*' 502' ]]
}

@test "the proxy reaches the agent by header and by host, and nothing else" {
	engine_start
	create
	[ "$(curl -s --unix-socket "$PROXY" -o /dev/null -w '%{http_code}' "http://49983-$ID.x.example/health")" = 204 ]
	[ "$(curl -s --unix-socket "$PROXY" "http://3000-$ID-c.example/health")" = \
		"{\"sandboxId\":\"$ID\",\"message\":\"The sandbox is running but port is not open\",\"port\":3000,\"code\":502}" ]
	for path in /init /freeze //init /x/../init /%69nit /init/; do
		BODY=$(sandbox "$path" --path-as-is -X POST -d '{}')
		[ "$(json 'it["code"]')" = 404 ]
		[[ "$(json 'it["message"]')" == 'This endpoint is reserved'* ]]
	done
	for target in '/init#' @x/init @127.0.0.1/init http://a/init /a?b#c '*'; do
		BODY=$(sandbox / --request-target "$target" -X POST -d '{}')
		[ "$BODY" = 'Invalid request target' ]
	done
}

@test "programs inside learn where they are, and find what SDKs rely on" {
	engine_start
	create
	[[ "$(start 'cd /run/e2b; echo "$(<.E2B_SANDBOX) $(<.E2B_SANDBOX_ID) $(<.E2B_TEMPLATE_ID)" >/tmp/out')" == *'"exit status 0"'* ]]
	[ "$(sandbox '/files?path=/tmp/out')" = "true $ID base" ]
	[[ "$(start 'set -e; for p in bash python3 python git curl tput realpath ps kill sudo; do command -v $p; done
		python -c "import sys; sys.exit(sys.version_info < (3,))"; tput -T xterm-256color cols
		! command -v mcp-gateway')" == *'"exit status 0"'* ]]
}

@test "files go up and down through the proxy whole, in bounded memory" {
	engine_start
	create
	head -c 50000000 /dev/urandom >"$ENGINE_DIR/blob"
	before=$(awk '/VmHWM/{print $2}' "/proc/$ENGINE_PID/status")
	[ "$(sandbox '/files?path=/tmp/blob' -X POST -H 'Content-Type: application/octet-stream' \
		-H 'Transfer-Encoding: chunked' -T "$ENGINE_DIR/blob" -o /dev/null -w '%{http_code}')" = 200 ]
	sandbox '/files?path=/tmp/blob' | cmp - "$ENGINE_DIR/blob"
	grep -q '^#define WITH_SANITIZERS' "$SP_BUILDDIR/config.h" || # they keep what is freed
		[ $(($(awk '/VmHWM/{print $2}' "/proc/$ENGINE_PID/status") - before)) -lt 8192 ]
}

@test "servers inside are reached, those on loopback too; the host's are not" {
	engine_start
	create '"timeout":100'
	ask() { curl -s -m 10 --unix-socket "$PROXY" "$@"; }
	run -28 start 'mkdir /tmp/www; cd /tmp/www; echo inside >index.html
		exec python3 -m http.server 8000 --bind 127.0.0.1' -m 0.5
	is_served() { [ "$(ask "http://8000-$ID.x.example/index.html")" = inside ]; }
	wait_for 10 is_served
	for _ in 1 2 3; do is_served; done
	[ "$(ask http://localhost/ -H "E2b-Sandbox-Id: $ID" -H 'E2b-Sandbox-Port: 8000')" = inside ]
	[ "$(ask "http://8000-$ID.x.example/init" -o /dev/null -w '%{http_code}')" = 404 ] # not envd's
	python3 -c 'import http.server as h,sys
s=h.HTTPServer(("127.0.0.1",0),h.SimpleHTTPRequestHandler)
print(s.server_port,flush=True); s.serve_forever()' >"$ENGINE_DIR/port" 2>/dev/null 3>&- &
	server=$!
	wait_for 10 test -s "$ENGINE_DIR/port"
	port=$(cat "$ENGINE_DIR/port")
	run -0 ask "http://$port-$ID.x.example/"
	kill "$server"
	[ "$output" = "{\"sandboxId\":\"$ID\",\"message\":\"The sandbox is running but port is not open\",\"port\":$port,\"code\":502}" ]
	api DELETE "/sandboxes/$ID"
	[ "$(ask "http://8000-$ID.x.example/")" = "$(not_found_body "$ID")" ]
}

@test "a server that switches protocols unasked is a bad gateway" {
	engine_start
	create '"timeout":100'
	run -28 start 'exec python3 -c "
import socket
s = socket.create_server((\"127.0.0.1\", 8000))
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.sendall(b\"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: x\\r\\nConnection: Upgrade\\r\\n\\r\\n\")
    c.close()
"' -m 0.5
	is_bad_gateway() {
		run -0 curl -s -m 10 -w '%{http_code}' --unix-socket "$PROXY" "http://8000-$ID.x.example/"
		[[ $output == *502 && $output != *'not open'* ]] # it has begun to listen
	}
	wait_for 10 is_bad_gateway
	api DELETE "/sandboxes/$ID"
}

@test "a refusal comes while the body is still going up" {
	engine_start
	create '"secure":true'
	TOKEN=wrong
	head -c 50000000 /dev/zero >"$ENGINE_DIR/blob"
	for length in 'Transfer-Encoding: chunked' 'Content-Length: 50000000'; do
		run sandbox /envs -X POST -H "$length" -H 'Expect:' -T "$ENGINE_DIR/blob" -w '%{http_code}'
		[[ "$output" == *'"code":401'*401 ]]
	done
	[ "$(sandbox /health -o /dev/null -w '%{http_code}')" = 204 ]
}

@test "stopping in the middle of a create leaves nothing" {
	engine_start --agent "$SP_BUILDDIR/tests/local/probe-agent"
	curl -s -m 20 --unix-socket "$API" -H "X-API-KEY: $KEY" -d '{"templateID":"base"}' \
		http://engine/sandboxes &
	is_being_built() { [ -n "$(ls "$ENGINE_DIR/run/boxes")" ]; }
	wait_for 5 is_being_built
	engine_stop
	[ -z "$(ls "$ENGINE_DIR/state/boxes" "$ENGINE_DIR/run/boxes" | grep -v :)" ]
	wait
}

@test "a command runs and its output streams" {
	engine_start
	create '"envVars":{"GREETING":"hello"}'
	run -0 start 'echo $GREETING; exit 3'
	[[ "$output" == *'"start":{"pid":'* ]]
	[[ "$output" == *"$(printf 'hello\n' | base64)"* ]]
	[[ "$output" == *'"exitCode":3'* ]]
}

@test "kill cuts open streams, and the proxy knows at once" {
	engine_start
	create '"timeout":100'
	start 'echo begun; sleep 1000' >"$ENGINE_DIR/stream" 2>&1 &
	stream=$!
	wait_for 10 grep -aq YmVndW4 "$ENGINE_DIR/stream"
	api DELETE "/sandboxes/$ID"
	[ "$STATUS" = 204 ]
	[ "$(sandbox /health -w ' %{http_code}')" = "$(not_found_body "$ID") 502" ]
	code=0
	wait "$stream" || code=$?
	[ "$code" = 18 ] # curl: ended before the last chunk
}

@test "a client that leaves ends its stream at the agent too" {
	engine_start
	create '"timeout":100'
	descriptors() { ls "/proc/$ENGINE_PID/fd" | wc -l; }
	before=$(descriptors)
	for _ in 1 2 3 4 5; do
		run -28 start 'sleep 1000' -m 0.3
	done
	is_back() { [ "$(descriptors)" -le "$before" ]; }
	wait_for 10 is_back
}

# ---- ends ----------------------------------------------------------------------------------------

pid_of()
{
	python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' \
		"$ENGINE_DIR/state/boxes/$1/record.json"
}

@test "a sandbox whose first process dies is gone" {
	engine_start
	create '"timeout":100'
	kill -KILL "$(pid_of "$ID")"
	wait_for 5 is_gone
	wait_for 5 engine_is_clean
	[ "$(sandbox /health)" = "$(not_found_body "$ID")" ]
}

@test "a creator that leaves before its sandbox is ready leaves nothing" {
	# An agent that is ready and then never answers.
	engine_start --agent "$SP_BUILDDIR/tests/local/probe-agent"
	run -28 curl -s -m 1 --unix-socket "$API" -H "X-API-KEY: $KEY" -d '{"templateID":"base"}' \
		http://engine/sandboxes
	[ -n "$(engine_ids)" ]
	wait_for 5 engine_is_clean
}

@test "an agent that ends before it is ready fails the create and leaves nothing" {
	engine_start --agent /bin/true
	api POST /sandboxes '{"templateID":"base"}'
	expect_error 500 "Failed to create sandbox"
	wait_for 5 engine_is_clean
}

@test "fifty at once come up, are apart, and leave nothing" {
	engine_start
	descriptors() { ls "/proc/$ENGINE_PID/fd" | wc -l; }
	create '"timeout":100' # what the engine opens with its first sandbox stays open
	api DELETE "/sandboxes/$ID"
	wait_for 20 engine_is_clean
	before=$(descriptors)
	seq 50 | xargs -P 50 -I{} curl -s -m 60 --unix-socket "$API" -H "X-API-KEY: $KEY" \
		-d '{"templateID":"base","timeout":100}' -o "$ENGINE_DIR/made-{}" -w '%{http_code}\n' \
		http://engine/sandboxes >"$ENGINE_DIR/statuses"
	[ "$(sort "$ENGINE_DIR/statuses" | uniq -c | tr -s ' ')" = ' 50 201' ]
	api GET /v2/sandboxes
	[ "$(header X-Total-Running)" = 50 ]
	ids=$(json '"\n".join(s["sandboxID"] for s in it)')
	[ "$MODE" != root ] || [ "$(cat "$ENGINE_DIR"/state/boxes/*/record.json | grep -oE '"id_base":[0-9]+' | sort -u | wc -l)" = 50 ]
	printf '%s\n' $ids | xargs -P 50 -I{} curl -s -m 60 --unix-socket "$API" -X DELETE \
		-H "X-API-KEY: $KEY" -w '%{http_code}\n' http://engine/sandboxes/{} >"$ENGINE_DIR/statuses"
	[ "$(sort "$ENGINE_DIR/statuses" | uniq -c | tr -s ' ')" = ' 50 204' ]
	wait_for 20 engine_is_clean
	is_back() { [ "$(descriptors)" -le "$((before + 2))" ]; }
	wait_for 10 is_back
}

# ---- the engine's own life -----------------------------------------------------------------------

@test "sandboxes and commands outlive the engine, however it ends" {
	engine_start
	create '"timeout":100,"secure":true,"metadata":{"a":"b"}'
	run -28 start 'echo $$ >/tmp/pid; exec sleep 1000' -m 1
	end=$(end_at)
	for signal in KILL TERM; do
		engine_stop "$signal"
		engine_start
		api GET "/sandboxes/$ID"
		[ "$STATUS" = 200 ]
		[ "$(json 'it["endAt"], it["metadata"], it["envdAccessToken"]')" = "('$end', {'a': 'b'}, '$TOKEN')" ]
		run -0 start 'kill -0 $(cat /tmp/pid) && echo alive'
		[[ "$output" == *"$(printf 'alive\n' | base64)"* ]]
	done
}

@test "at its start the engine ends what is overdue, dead or half-made" {
	engine_start
	create '"timeout":2'
	overdue=$ID
	create '"timeout":100'
	dead=$ID
	pid=$(pid_of "$dead")
	create '"timeout":100'
	broken=$ID
	create '"timeout":100'
	engine_stop KILL
	kill -KILL "$pid"
	echo '{' >"$ENGINE_DIR/state/boxes/$broken/record.json"
	mkdir "$ENGINE_DIR/state/boxes/ihalfmade"
	: >"$ENGINE_DIR/run/boxes/istray.sock"
	wait_for 5 test "$(date +%s)" -gt 0
	engine_start
	is_only_one() { api GET /sandboxes; [ "$(json '[s["sandboxID"] for s in it]')" = "['$ID']" ]; }
	wait_for 5 is_only_one
	[ "$(ls "$ENGINE_DIR/run/boxes")" = "$ID.sock" ]
	is_last_dir() { [ "$(ls "$ENGINE_DIR/state/boxes")" = "$ID" ]; }
	wait_for 5 is_last_dir
}

@test "one engine per directory; stale sockets are replaced; nobody else may look" {
	engine_start
	run -1 "$ENGINE" --state-dir "$ENGINE_DIR/state" --run-dir "$ENGINE_DIR/run2" --agent "$AGENT"
	[[ "$output" == *"in use by another engine (pid $ENGINE_PID)"* ]]
	run -1 "$ENGINE" --state-dir "$ENGINE_DIR/state2" --run-dir "$ENGINE_DIR/run" --agent "$AGENT"
	[[ "$output" == *"in use by another engine (pid $ENGINE_PID)"* ]]
	[ "$(stat -c %a "$ENGINE_DIR/state" "$ENGINE_DIR/run" "$API" "$PROXY" "$ENGINE_DIR/state/seed" | tr '\n' ' ')" = \
		"700 700 600 600 600 " ]
	create
	[ "$(stat -c %a "$ENGINE_DIR/state/boxes/$ID/record.json" "$ENGINE_DIR/run/boxes/$ID.sock" | tr '\n' ' ')" = "600 600 " ]
	engine_stop KILL
	[ -S "$API" ]
	engine_start
}

@test "wrong options are told" {
	run -2 "$ENGINE"
	[[ "$output" == *"needs --state-dir and --run-dir"* ]]
	run -2 "$ENGINE" --state-dir a --run-dir b --idle-exit soon
	[[ "$output" == *"--idle-exit: not a value: soon"* ]]
	run -1 "$ENGINE" --state-dir "$ENGINE_DIR/s" --run-dir "$ENGINE_DIR/$(printf 'x%.0s' {1..100})"
	[[ "$output" == *"too long for sockets"* ]]
	mkdir "$ENGINE_DIR/theirs"
	if chown 65534 "$ENGINE_DIR/theirs" 2>/dev/null; then # who is root
		run -1 "$ENGINE" --state-dir "$ENGINE_DIR/theirs" --run-dir "$ENGINE_DIR/r" --agent "$AGENT"
		[[ "$output" == *"/theirs/: belongs to another user"* ]]
		run -1 "$ENGINE" --state-dir "$ENGINE_DIR/s" --run-dir "$ENGINE_DIR/theirs" --agent "$AGENT"
		[[ "$output" == *"/theirs/: belongs to another user"* ]]
	fi
	run -0 "$ENGINE" --help
	engine_start
}

@test "sandboxes are in the group of their unit, else in the engine's own that was given away" {
	local own tree
	tree=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	[[ -n $tree ]] || skip "no cgroup v2 here"
	GROUP="$tree/sandpool-test-$$"
	own="$GROUP/sandpool-engine.service"
	mkdir -p "$own"
	setfattr -n trusted.delegate -v 1 "$own" || skip "may give no group away"
	printf '#!/bin/sh\necho 0 >"%s/cgroup.procs" && exec "%s" "$@"\n' "$own" "$ENGINE" >"$ENGINE_DIR/in-group"
	chmod 755 "$ENGINE_DIR/in-group"
	ENGINE="$ENGINE_DIR/in-group"

	engine_start
	create
	[[ -d $own/sandpool/$ID ]]
	[[ $(cat "$own/cgroup.procs") == "" && $(cat "$own/engine/cgroup.procs") == "$ENGINE_PID" ]]
	api DELETE "/sandboxes/$ID"
	engine_stop

	mkdir "$GROUP/sandpool-sandboxes.service"
	setfattr -n trusted.delegate -v 1 "$GROUP/sandpool-sandboxes.service"
	engine_start
	create
	[[ -d $GROUP/sandpool-sandboxes.service/sandpool/$ID && ! -d $own/sandpool/$ID ]]
	[[ $(cat "$own/cgroup.procs") == "$ENGINE_PID" ]]
}

# As under systemd; in a namespace of its own, so that the machine of the test comes to no harm.
@test "what a sandbox mounts stays in it, also where the host's mounts are shared" {
	local before
	cat >"$ENGINE_DIR/shared" <<-E
		#!/bin/sh
		exec unshare --mount --propagation private sh -c 'mount --make-rshared / && exec "\$0" "\$@"' \
			"$ENGINE" "\$@"
	E
	chmod 755 "$ENGINE_DIR/shared"
	ENGINE="$ENGINE_DIR/shared" engine_start
	grep -q ' shared:' "/proc/$ENGINE_PID/mountinfo"
	before=$(cat "/proc/$ENGINE_PID/mountinfo")
	create
	[[ $(cat "/proc/$ENGINE_PID/mountinfo") == "$before" ]]
	ls "/proc/$ENGINE_PID/root/usr/bin/ls" "$ENGINE_DIR/state/boxes/$ID/record.json"
}

@test "an idle engine ends, one with a sandbox does not" {
	engine_start --idle-exit 1
	create '"timeout":3'
	end=$(end_at)
	wait_for 20 test ! -d "/proc/$ENGINE_PID" || false
	run -0 python3 -c "import datetime as d
print(d.datetime.now(d.timezone.utc) > d.datetime.fromisoformat('$end'.replace('Z','+00:00')))"
	[ "$output" = True ]
	wait "$ENGINE_PID"
	ENGINE_PID=
}

@test "a sandbox may not take all processes and all memory of the machine, unless told so" {
	local pids memory
	engine_start
	create
	pids=$(cat /sys/fs/cgroup/{,*/}sandpool/"$ID"/pids.max 2>/dev/null | grep -v max | sort -n | head -n 1)
	memory=$(cat /sys/fs/cgroup/{,*/}sandpool/"$ID"/memory.{max,limit_in_bytes} 2>/dev/null | grep -v max | sort -n | head -n 1)
	[ "$pids" -gt 0 ]
	[ "$pids" -le $(($(cat /proc/sys/kernel/pid_max) / 4)) ]
	[ "$memory" -gt 0 ]
	[ "$memory" -lt $(($(awk '/MemTotal/{print $2}' /proc/meminfo) * 1024)) ]
	engine_stop
	engine_start --pids-limit 0 --memory-limit 0
	create
	[ "$(cat /sys/fs/cgroup/{,*/}sandpool/"$ID"/pids.max 2>/dev/null)" = max ]
}
