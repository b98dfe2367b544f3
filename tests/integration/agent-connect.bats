#!/usr/bin/env bats
# The agent's door: Connect's rules, credentials, users, the platform's own requests (wire §3, §6.1–6.4).

load agent.bash

setup() {
	agent_start
}

teardown() {
	agent_stop
}

code_of() {
	http "$@" -o "$dir/body" -w '%{http_code}'
}

@test "/health: 204, no body, no content type" {
	run http /health -i
	[[ "${lines[0]}" == 'HTTP/1.1 204 '* ]]
	[[ "$output" == *'Cache-Control: no-store'* ]]
	[[ "$output" != *Content-* ]]
}

@test "/metrics has every number" {
	http /metrics | python3 -c 'import json, sys
m = json.load(sys.stdin)
assert set(m) == {"ts", "cpu_count", "cpu_used_pct", "mem_total_mib", "mem_used_mib", "mem_total",
                  "mem_used", "mem_cache", "disk_used", "disk_total"}, m
assert m["mem_total"] > m["mem_used"] > 0 and m["cpu_count"] > 0 and m["disk_total"] > 0'
}

@test "wrong method, content type, procedure, version, timeout, encoding" {
	run http "/$P/List" -i
	[[ "${lines[0]}" == *' 405 '* && "$output" == *'Allow: POST'* ]]
	run http "/$P/List" -i -d '{}'
	[[ "${lines[0]}" == *' 415 '* && "$output" == *'Accept-Post: application/json'* ]]
	run http "/$P/Start" -i -d '{}' -H 'Content-Type: application/json'
	[[ "${lines[0]}" == *' 415 '* && "$output" == *'Accept-Post: application/connect+json'* ]]
	[ "$(code_of "/$P/Nope" -d '{}' -H 'Content-Type: application/json')" = 404 ]
	[ "$(code_of /nope)" = 404 ]
	[ "$(code_of "/$P/List" -d '{}' -H 'Content-Type: application/json; charset=utf-8')" = 200 ]
	[[ "$(unary List '{}' -H 'Connect-Protocol-Version: 1')" == 200* ]]
	[[ "$(unary List '{}' -H 'Connect-Protocol-Version: 2')" == '400 {"code":"invalid_argument"'* ]]
	[[ "$(unary List '{}' -H 'Connect-Timeout-Ms: 1500.0')" == 200* ]]
	[[ "$(unary List '{}' -H 'Connect-Timeout-Ms: soon')" == '400 {"code":"invalid_argument"'* ]]
	[[ "$(unary List '{}' -H 'Connect-Timeout-Ms: 12345678901')" == '400 {"code":"invalid_argument"'* ]]
	[[ "$(unary List '{}' -H 'Content-Encoding: br')" == '501 {"code":"unimplemented"'* ]]
}

@test "malformed messages are invalid_argument" {
	for body in '' '{' '[]' 'null' '{"process":7}' "{'a':1}" '{}x'; do
		run unary SendSignal "$body"
		[[ "$output" == '400 {"code":"invalid_argument"'* ]]
		run stream Connect "$body"
		[[ "$output" == 'EOS {"error":{"code":"invalid_argument"'* ]]
	done
	[[ "$(unary List '{"unknown":[1]}')" == '200 {}' ]]
	printf '\0\0\0\0\2{}\0\0\0\0\2{}' >"$dir/two"
	run http "/$P/Start" -H 'Content-Type: application/connect+json' --data-binary "@$dir/two"
	[[ "$output" == *'exactly one enveloped message'* ]]
	printf '\0\0\0\0\12{}' >"$dir/cut"
	run http "/$P/Start" -H 'Content-Type: application/connect+json' --data-binary "@$dir/cut"
	[[ "$output" == *'exactly one enveloped message'* ]]
}

@test "chunked request bodies and Expect: 100-continue" {
	[ "$(http "/$P/List" -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -d '{}')" = '{}' ]
	[ "$(http "/$P/List" -H 'Content-Type: application/json' -H 'Expect: 100-continue' -d '{}')" = '{}' ]
}

@test "a token, once set, is asked of all but the open doors" {
	[ "$(code_of /init -d '{"accessToken":"secret"}')" = 204 ]
	[ "$(code_of /health)" = 204 ]
	[ "$(code_of /envs)" = 401 ]
	[ "$(cat "$dir/body")" = '{"code":401,"message":"unauthorized access, please provide a valid access token or method signing if supported"}' ]
	[ "$(code_of /envs -H 'X-Access-Token: secre')" = 401 ]
	[ "$(code_of /envs -H 'X-Access-Token: secret')" = 200 ]
	[[ "$(unary List '{}')" == '401 {"code":401,'* ]]
	[[ "$(stream Start '{}')" == '401 {"code":401,'* ]]
	[[ "$(unary List '{}' -H 'X-Access-Token: secret')" == '200 {}' ]]
	[ "$(code_of /init -d '{"accessToken":"other"}')" = 401 ]
	[ "$(code_of /init -d '{}')" = 401 ]
	[ "$(code_of /init -d '{"accessToken":"secret","envVars":{"N":"1"}}')" = 204 ]
	[ "$(code_of /init -X GET -H 'X-Access-Token: secret')" = 405 ]
}

@test "/init: bad JSON, old timestamps, answers with the version" {
	[ "$(code_of /init -d '{')" = 400 ]
	[ "$(code_of /init -d '{"timestamp":"yesterday"}')" = 400 ]
	now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	http /init -d "{\"timestamp\":\"$now\",\"envVars\":{\"A\":\"new\"}}"
	run http /init -i -d '{"timestamp":"2001-01-01T00:00:00Z","envVars":{"A":"old"}}'
	[[ "${lines[0]}" == *' 204 '* && "$output" == *'X-Envd-Version: 0.6.13'* ]]
	[[ "$(http /envs)" == *'"A":"new"'* ]]
	[ "$(code_of /init -X POST)" = 204 ]
}

@test "files tell what sandbox this is" {
	agent_stop
	agent_start --run-dir "$BATS_TEST_TMPDIR/run"
	http /init -d '{"envVars":{"E2B_TEMPLATE_ID":"base","E2B_SANDBOX_ID":"fake","SECRET":"1"}}'
	[ "$(ls -A "$BATS_TEST_TMPDIR/run" | tr '\n' ' ')" = '.E2B_SANDBOX .E2B_SANDBOX_ID .E2B_TEMPLATE_ID ' ]
	[ "$(cat "$BATS_TEST_TMPDIR/run/.E2B_SANDBOX")" = true ]
	[ "$(cat "$BATS_TEST_TMPDIR/run/.E2B_SANDBOX_ID")" = itest ]
	[ "$(cat "$BATS_TEST_TMPDIR/run/.E2B_TEMPLATE_ID")" = base ]
}

@test "users: by Basic, the default, unknown" {
	[ "$(id -u)" -eq 0 ] || skip "only root can be another user"
	run stream Start '{"process":{"cmd":"/bin/sh","args":["-c","id -un; id -gn; echo $HOME"],"cwd":"/"}}' \
		--text -H "Authorization: Basic $(base64_of daemon:)"
	[[ "$output" == *daemon*daemon*/usr/sbin* ]]
	run stream Start "$(script 'id -un')" --text
	[ "${lines[1]}" = 'stdout root' ]
	http /init -d '{"defaultUser":"daemon","defaultWorkdir":"/usr"}'
	run stream Start "$(script 'id -un; pwd')" --text
	[[ "$output" == *daemon*/usr* ]]
	run stream Start "$(script 'id')" -H "Authorization: Basic $(base64_of nosuch:)"
	[ "$output" = "EOS {\"error\":{\"code\":\"unauthenticated\",\"message\":\"invalid username: 'nosuch'\"}}" ]
	[ "$(unary List '{}' -H "Authorization: Basic $(base64_of nosuch:)")" = "401 {\"code\":\"unauthenticated\",\"message\":\"invalid username: 'nosuch'\"}" ]
	[ "$(code_of /envs -u nosuch:)" = 401 ]
}

@test "browsers: preflight before any credential, and headers on every answer" {
	http /init -d '{"accessToken":"secret"}'
	run http /files -i -X OPTIONS -H 'Origin: http://x' -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: x-access-token'
	[[ "${lines[0]}" == *' 204 '* ]]
	[[ "$output" == *'Access-Control-Allow-Origin: *'* ]]
	[[ "$output" == *'Access-Control-Allow-Headers: x-access-token'* ]]
	run http /envs -i -H 'Origin: http://x'
	[[ "${lines[0]}" == *' 401 '* && "$output" == *'Access-Control-Allow-Origin: *'* ]]
}

@test "usage, and a socket that cannot be made" {
	run "$agent"
	[ "$status" -eq 2 ]
	run "$agent" --socket /no/such/dir/sock
	[ "$status" -eq 1 ]
	run "$agent" --socket "$sock" --listen-fd 3
	[ "$status" -eq 2 ]
}
