#!/usr/bin/env bats
# The agent's files: the real program on its socket, asked by curl (wire §5, §6.5 to §6.8, §9.7).

agent=$SP_BUILDDIR/daemon/local/agent/sandpool-agent

setup() {
	dir=$(mktemp -d)
	root=$dir/root
	mkdir "$root"
	export ASAN_OPTIONS=quarantine_size_mb=1
	"$agent" --user "$(id -un)" --socket "$dir/socket" 2>"$dir/log" 3>&- &
	pid=$!
	until [ -S "$dir/socket" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
	[ "$(get -o /dev/null -w '%{http_code}' /health)" = 204 ]
}

teardown() {
	kill "$pid"
	wait "$pid"
	[ ! -s "$dir/log" ] || { cat "$dir/log"; false; }
	rm -rf "$dir"
}

# curl of a path of the agent, the last argument
get() {
	curl -sS --max-time 60 --unix-socket "$dir/socket" "${@:1:$#-1}" "http://agent${!#}"
}

status() {
	get -o "$dir/body" -D "$dir/head" -w '%{http_code}' "$@"
}

# rpc METHOD JSON: the answer in $body, its status in $code
rpc() {
	code=$(status -H 'Content-Type: application/json' --data-binary "$2" "/filesystem.Filesystem/$1")
	body=$(cat "$dir/body")
}

header() {
	sed -n "s/^$1: \(.*\)\r$/\1/Ip" "$dir/head"
}

# json EXPRESSION: of the last answer, `d`, in Python
json() {
	python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$dir/body" "$1"
}

upload() { # upload PATH CONTENT [curl options]
	printf %s "$2" | status -X POST -H 'Content-Type: application/octet-stream' \
		--data-binary @- "${@:3}" "/files?path=$1"
	body=$(cat "$dir/body")
}

error_is() { # error_is STATUS MESSAGE
	[ "$(cat "$dir/body")" = "{\"code\":$1,\"message\":\"$2\"}" ] || { cat "$dir/body"; false; }
}

fd_count() {
	ls "/proc/$pid/fd" | wc -l
}

peak_kib() {
	awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"
}

sign() { # sign PATH OPERATION USER TOKEN [EXPIRATION]
	python3 -c '
import base64, hashlib, sys, urllib.parse
raw = ":".join(sys.argv[1:])
print(urllib.parse.quote("v1_" + base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode().rstrip("="), safe=""))
' "$@"
}

# ---- entries ----------------------------------------------------------------------------------

@test "stat of file, directory, links, pipe and missing" {
	printf 1234 >"$root/file"
	chmod 4644 "$root/file"
	mkdir "$root/sub"
	chmod 1777 "$root/sub"
	ln -s file "$root/link"
	ln -s nowhere "$root/broken"
	ln -s loop "$root/loop"
	mkfifo "$root/pipe"

	rpc Stat "{\"path\":\"$root/file\"}"
	[ "$code" = 200 ]
	[ "$(json 'd["entry"]["type"], d["entry"]["size"], d["entry"]["mode"], d["entry"]["permissions"]')" = \
		"('FILE_TYPE_FILE', '4', 420, 'urw-r--r--')" ]
	[ "$(json 'd["entry"]["owner"]')" = "$(id -un)" ]
	[ "$(json 'd["entry"]["group"]')" = "$(id -gn)" ]
	[ "$(json 'd["entry"]["modifiedTime"][-1]')" = Z ]

	rpc Stat "{\"path\":\"$root/sub\"}"
	[ "$(json 'd["entry"]["type"], d["entry"]["mode"], d["entry"]["permissions"], int(d["entry"]["size"]) > 0')" = \
		"('FILE_TYPE_DIRECTORY', 511, 'dtrwxrwxrwx', True)" ]

	rpc Stat "{\"path\":\"$root/link\"}"
	[ "$(json 'd["entry"]["type"], d["entry"]["mode"], d["entry"]["permissions"], d["entry"]["size"]')" = \
		"('FILE_TYPE_FILE', 420, 'Lrwxrwxrwx', '4')" ]
	[ "$(json 'd["entry"]["symlinkTarget"]')" = "$(realpath "$root/file")" ]

	for link in broken loop; do
		rpc Stat "{\"path\":\"$root/$link\"}"
		[ "$(json '"type" in d["entry"], "mode" in d["entry"], d["entry"]["symlinkTarget"]')" = \
			"(False, False, '$root/$link')" ]
	done

	rpc Stat "{\"path\":\"$root/pipe\"}"
	[ "$(json '"type" in d["entry"], d["entry"]["permissions"][0]')" = "(False, 'p')" ]

	rpc Stat "{\"path\":\"$root/none\"}"
	[ "$code" = 404 ]
	[ "$(json 'd["code"], d["message"]')" = "('not_found', 'file not found: $root/none')" ]
}

@test "paths: home, work directory, other homes, NUL" {
	home=$(getent passwd "$(id -un)" | cut -d: -f6)
	for path in '~' '' .; do
		rpc Stat "{\"path\":\"$path\"}"
		[ "$(json 'd["entry"]["path"]')" = "$home" ]
	done
	rpc Stat '{"path":"~other"}'
	[ "$code" = 400 ]
	[ "$(json 'd["code"]')" = invalid_argument ]
	rpc Stat '{"path":"/tmp/a\u0000b"}'
	[ "$code" = 400 ]
	status -X POST -d "{\"defaultWorkdir\":\"$root\"}" /init
	rpc Stat '{"path":""}'
	[ "$(json 'd["entry"]["path"]')" = "$root" ]
}

@test "names: newline, and bytes that are not UTF-8" {
	touch "$root/"$'new\nline' "$root/"$'\xff\xfe'
	rpc ListDir "{\"path\":\"$root\"}"
	[ "$(json '[e["name"] for e in d["entries"]]')" = "['new\\nline', '��']" ]
	rpc Stat "{\"path\":\"$root/new\\nline\"}"
	[ "$code" = 200 ]
	[ "$(status "/files?path=$root/%FF%FE")" = 200 ]
}

@test "list: order, depth, links not descended, requested path" {
	mkdir -p "$root/b/y/deep" "$root/a.d" "$root/a"
	touch "$root/b/x" "$root/b/y/z" "$root/a/1" "$root/c"
	ln -s b "$root/link"
	paths="[e['path'][len('$root/'):] for e in d['entries']]"

	rpc ListDir "{\"path\":\"$root\"}"
	[ "$(json "$paths")" = "['a', 'a.d', 'b', 'c', 'link']" ]
	rpc ListDir "{\"path\":\"$root\",\"depth\":2}"
	[ "$(json "$paths")" = "['a', 'a/1', 'a.d', 'b', 'b/x', 'b/y', 'c', 'link']" ]
	rpc ListDir "{\"path\":\"$root/\",\"depth\":9}"
	[ "$(json "$paths")" = "['a', 'a/1', 'a.d', 'b', 'b/x', 'b/y', 'b/y/deep', 'b/y/z', 'c', 'link']" ]
	rpc ListDir "{\"path\":\"$root/link\"}"
	[ "$(json "$paths")" = "['link/x', 'link/y']" ]
	rpc ListDir "{\"path\":\"$root/a.d\"}"
	[ "$code" = 200 ]
	[ "$body" = '{}' ]
}

@test "list: errors" {
	touch "$root/file"
	ln -s loop "$root/loop"
	rpc ListDir "{\"path\":\"$root/none\"}"
	[ "$code" = 404 ]
	rpc ListDir "{\"path\":\"$root/file\"}"
	[ "$code" = 400 ]
	[ "$(json 'd["code"], d["message"]')" = "('invalid_argument', 'path is not a directory: $root/file')" ]
	rpc ListDir "{\"path\":\"$root/loop\"}"
	[ "$code" = 400 ]
	[ "$(json 'd["code"]')" = failed_precondition ]
}

@test "list: a directory of thousands, in turns" {
	(cd "$root" && seq 5000 | xargs touch)
	rpc ListDir "{\"path\":\"$root\"}"
	[ "$(json 'len(d["entries"]), d["entries"][0]["name"], [e["name"] for e in d["entries"]] == sorted(e["name"] for e in d["entries"])')" = \
		"(5000, '1', True)" ]
	rpc Remove "{\"path\":\"$root\"}"
	[ "$body" = '{}' ]
	[ ! -e "$root" ]
	mkdir "$root"
}

@test "list: too many entries is an error, not a flood" {
	(cd "$root" && seq 65537 | xargs touch)
	rpc ListDir "{\"path\":\"$root\"}"
	[ "$code" = 429 ]
	[ "$(json 'd["code"]')" = resource_exhausted ]
	rm "$root/1" "$root/2"
	rpc ListDir "{\"path\":\"$root\"}"
	[ "$(json 'len(d["entries"])')" = 65535 ]
	grep -q __asan_ "$agent" || # whose memory is never given back
		[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")" -lt 24576 ]
}

@test "make: new, nested, existing, over a file" {
	rpc MakeDir "{\"path\":\"$root/a/b/c\"}"
	[ "$code" = 200 ]
	[ "$(json 'd["entry"]["path"], d["entry"]["permissions"]')" = "('$root/a/b/c', 'drwxr-xr-x')" ]
	rpc MakeDir "{\"path\":\"$root/a/b\"}"
	[ "$code" = 409 ]
	[ "$(json 'd["code"]')" = already_exists ]
	touch "$root/file"
	rpc MakeDir "{\"path\":\"$root/file\"}"
	[ "$code" = 400 ]
	[ "$(json 'd["code"]')" = invalid_argument ]
	rpc MakeDir "{\"path\":\"$root/file/below\"}"
	[ "$code" = 500 ]
	[ "$(json 'd["code"]')" = internal ]
}

@test "move: new info, parents, replacing, errors" {
	printf one >"$root/one"
	printf two >"$root/two"
	rpc Move "{\"source\":\"$root/one\",\"destination\":\"$root/x/y/moved\"}"
	[ "$code" = 200 ]
	[ "$(json 'd["entry"]["path"], d["entry"]["name"], d["entry"]["size"]')" = "('$root/x/y/moved', 'moved', '3')" ]
	rpc Move "{\"source\":\"$root/two\",\"destination\":\"$root/x/y/moved\"}"
	[ "$(cat "$root/x/y/moved")" = two ]
	rpc Move "{\"source\":\"$root/none\",\"destination\":\"$root/q\"}"
	[ "$code" = 404 ]
	mkdir "$root/dir"
	rpc Move "{\"source\":\"$root/dir\",\"destination\":\"$root/x\"}"
	[ "$code" = 500 ]
	[ "$(json 'd["code"]')" = internal ]
}

@test "remove: tree, link, missing, root" {
	mkdir -p "$root/t/a/b" "$root/kept"
	touch "$root/t/a/f" "$root/kept/f"
	ln -s ../kept "$root/t/link"
	rpc Remove "{\"path\":\"$root/t\"}"
	[ "$code" = 200 ]
	[ "$body" = '{}' ]
	[ ! -e "$root/t" ]
	[ -e "$root/kept/f" ]
	rpc Remove "{\"path\":\"$root/t\"}"
	[ "$code" = 200 ]
	rpc Remove "{\"path\":\"$root/no/such/parent\"}"
	[ "$code" = 200 ]
	rpc Remove '{"path":"/"}'
	[ "$code" = 500 ]
}

# ---- uploads ----------------------------------------------------------------------------------

@test "upload: octet-stream and form give the same" {
	[ "$(upload "$root/deep/er/a" hello)" = 200 ]
	upload "$root/deep/er/a" hello
	[ "$body" = "[{\"name\":\"a\",\"path\":\"$root/deep/er/a\",\"type\":\"file\"}]" ]
	[ "$(cat "$root/deep/er/a")" = hello ]
	[ "$(stat -c %a "$root/deep/er/a" "$root/deep")" = $'644\n755' ]
	printf hello >"$dir/source"
	[ "$(status -F "file=@$dir/source;filename=$root/b" /files)" = 200 ]
	[ "$(cat "$root/b")" = hello ]
	[ "$(json 'd[0]["path"]')" = "$root/b" ]
}

@test "upload: many files, other parts skipped, path wins" {
	for name in 1 2 3; do printf "$name" >"$dir/$name"; done
	status --form-escape -F "note=skipped" -F "file=@$dir/1;filename=$root/d1/1" -F "other=@$dir/2" \
		-F "file=@$dir/3;filename=\"$root/é \\\"3\\\"\"" /files
	[ "$(json '[e["name"] for e in d]')" = "['1', 'é \"3\"']" ]
	[ "$(cat "$root/d1/1")" = 1 ]
	[ "$(cat "$root/é \"3\"")" = 3 ]
	[ "$(status -F "file=@$dir/2;filename=ignored" "/files?path=$root/won")" = 200 ]
	[ "$(cat "$root/won")" = 2 ]
	[ "$(status -F "file=@$dir/1;filename=$root/same" -F "file=@$dir/2;filename=$root/same" /files)" = 400 ]
	[ "$(cat "$root/same")" = 1 ]
}

@test "upload: empty file, overwriting keeps the mode, links are followed" {
	[ "$(upload "$root/empty" '')" = 200 ]
	[ -f "$root/empty" ] && [ ! -s "$root/empty" ]
	printf 'longer than the new one' >"$root/old"
	chmod 600 "$root/old"
	ln -s old "$root/link"
	[ "$(upload "$root/link" new)" = 200 ]
	[ "$(cat "$root/old")" = new ]
	[ "$(stat -c %a "$root/old")" = 600 ]
	[ -L "$root/link" ]
}

@test "upload: gzip, chunked, cut and broken" {
	printf 'squeezed' | gzip >"$dir/z"
	cat "$dir/z" "$dir/z" >"$dir/zz"
	[ "$(status -X POST -H 'Content-Type: application/octet-stream' -H 'Content-Encoding: gzip' \
		-H 'Transfer-Encoding: chunked' --data-binary "@$dir/zz" "/files?path=$root/z")" = 200 ]
	[ "$(cat "$root/z")" = squeezedsqueezed ]
	head -c 20 "$dir/z" >"$dir/cut"
	[ "$(status -X POST -H 'Content-Type: application/octet-stream' -H 'Content-Encoding: gzip' \
		--data-binary "@$dir/cut" "/files?path=$root/z")" = 400 ]
	[ "$(upload "$root/z" plain -H 'Content-Encoding: gzip')" = 400 ]
	[ "$(upload "$root/z" plain -H 'Content-Encoding: br')" = 400 ]
	printf -- '--B\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\nform\r\n--B--\r\n' \
		"$root/gzform" | gzip >"$dir/form"
	[ "$(status -X POST -H 'Content-Type: multipart/form-data; boundary=B' -H 'Content-Encoding: gzip' \
		--data-binary "@$dir/form" /files)" = 200 ]
	[ "$(cat "$root/gzform")" = form ]
}

@test "upload: refused requests" {
	mkdir "$root/sub"
	touch "$root/file"
	mkfifo "$root/pipe"
	[ "$(upload "$root/sub" x)" = 400 ]
	error_is 400 "path is a directory: $root/sub"
	[ "$(upload "$root/pipe" x)" = 400 ]
	[ "$(upload /dev/null x)" = 400 ]
	[ "$(upload "$root/file/below" x)" = 500 ]
	[ "$(upload "~other/x" x)" = 400 ]
	[ "$(upload "$root/nul%00x" x)" = 400 ]
	[ "$(upload "$root/x&username=nobody-here" x)" = 401 ]
	error_is 401 "error looking up user 'nobody-here': invalid username: 'nobody-here'"
	[ "$(status -X POST -H 'Content-Type: application/octet-stream' -d x /files)" = 400 ]
	[ "$(status -X POST -H 'Content-Type: text/plain' -d x "/files?path=$root/x")" = 400 ]
	[ "$(status -X POST -H 'Content-Type:' -d x "/files?path=$root/x")" = 400 ]
	[ "$(status -X POST -H 'Content-Type: multipart/form-data' -d x /files)" = 400 ]
	[ "$(status -X POST -H 'Content-Type: multipart/form-data; boundary=B' -d cut /files)" = 500 ]
	printf x >"$dir/source"
	[ "$(status -F "file=<$dir/source" /files)" = 400 ]
	[ "$(status -F "file=<$dir/source" "/files?path=$root/named")" = 200 ]
	[ ! -e "$root/x" ]
}

@test "upload: files belong to the user named" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ "$(upload "$root/p/f&username=nobody" x)" = 200 ]
	[ "$(stat -c %U "$root/p" "$root/p/f")" = $'nobody\nnobody' ]
	touch "$root/mine"
	[ "$(upload "$root/mine&username=nobody" x)" = 200 ]
	[ "$(stat -c %U "$root/mine")" = nobody ]
	rpc MakeDir "{\"path\":\"$root/q\"}"
	[ "$(stat -c %U "$root/q")" = root ]
}

@test "upload: a full disk is 507" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir "$root/small"
	mount -t tmpfs -o size=64k tmpfs "$root/small" || skip "cannot mount"
	head -c 200000 /dev/zero >"$dir/source"
	code=$(status -X POST -H 'Content-Type: application/octet-stream' --data-binary "@$dir/source" \
		"/files?path=$root/small/f")
	umount "$root/small"
	[ "$code" = 507 ]
	error_is 507 "attempted to write 200000 bytes: not enough disk space available"
}

@test "metadata: written, listed, replaced, cleared, set by hand, refused" {
	python3 -c 'import os,sys; open(sys.argv[1],"w"); os.setxattr(sys.argv[1],"user.e2b.hand",b"made")' \
		"$root/hand" || skip "no extended attributes here"
	rpc Stat "{\"path\":\"$root/hand\"}"
	[ "$(json 'd["entry"]["metadata"]')" = "{'hand': 'made'}" ]
	upload "$root/m" x -H 'X-Metadata-Author: me' -H 'X-Metadata-B: 2'
	[ "$(json 'd[0]["metadata"]')" = "{'author': 'me', 'b': '2'}" ]
	rpc ListDir "{\"path\":\"$root\"}"
	[ "$(json 'd["entries"][1]["metadata"]')" = "{'author': 'me', 'b': '2'}" ]
	upload "$root/m" x -H 'X-Metadata-C: 3'
	rpc Move "{\"source\":\"$root/m\",\"destination\":\"$root/n\"}"
	[ "$(json 'd["entry"]["metadata"]')" = "{'c': '3'}" ]
	upload "$root/n" x
	rpc Stat "{\"path\":\"$root/n\"}"
	[ "$(json '"metadata" in d["entry"]')" = False ]
	[ "$(upload "$root/never" x -H $'X-Metadata-K: caf\xc3\xa9')" = 400 ]
	[ ! -e "$root/never" ]
}

# ---- downloads --------------------------------------------------------------------------------

@test "download: small, large and empty, with their headers" {
	head -c 300000 /dev/urandom >"$root/large.bin"
	printf hello >"$root/é.txt"
	: >"$root/empty"
	[ "$(status "/files?path=$root/large.bin")" = 200 ]
	cmp "$dir/body" "$root/large.bin"
	[ "$(header Content-Length)" = 300000 ]
	[ "$(header Content-Disposition)" = 'inline; filename=large.bin' ]
	[ "$(header Accept-Ranges)" = bytes ]
	[ "$(header Vary)" = Accept-Encoding ]
	[ -n "$(header Last-Modified)" ]
	[ "$(status "/files?path=$root/%C3%A9.txt")" = 200 ]
	[ "$(cat "$dir/body")" = hello ]
	[ "$(header Content-Disposition)" = "inline; filename*=utf-8''%C3%A9.txt" ]
	[ "$(header Content-Type)" = 'text/plain; charset=utf-8' ]
	[ "$(status "/files?path=$root/empty")" = 200 ]
	[ "$(header Content-Length)" = 0 ]
}

@test "download: refused requests, in order" {
	mkdir "$root/sub"
	touch "$root/file"
	mkfifo "$root/pipe"
	[ "$(status "/files?path=$root/none")" = 404 ]
	error_is 404 "path '$root/none' does not exist"
	[ "$(status "/files?path=$root/sub")" = 400 ]
	error_is 400 "path '$root/sub' is a directory"
	[ "$(status "/files")" = 400 ]
	[ "$(status "/files?path=$root/pipe")" = 400 ]
	[ "$(status "/files?path=/dev/zero")" = 400 ]
	[ "$(status "/files?path=~other")" = 400 ]
	[ "$(status "/files?path=$root/%00")" = 400 ]
	[ "$(status "/files?path=$root/file&username=nobody-here")" = 401 ]
	[ "$(status "/files?path=$root/file&signature_expiration=soon")" = 400 ]
	[ "$(header Content-Type)" = 'text/plain; charset=utf-8' ]
	[ "$(status -H 'Accept-Encoding: br, identity;q=0' "/files?path=$root/file")" = 406 ]
	[ "$(status -H 'Accept-Encoding: br, identity;q=0' "/files?path=$root/none")" = 404 ]
}

@test "download: ranges" {
	head -c 200000 /dev/urandom >"$root/f"
	[ "$(status -r 100-199 "/files?path=$root/f")" = 206 ]
	[ "$(header Content-Range)" = 'bytes 100-199/200000' ]
	cmp "$dir/body" <(tail -c +101 "$root/f" | head -c 100)
	[ "$(status -r -70000 "/files?path=$root/f")" = 206 ]
	cmp "$dir/body" <(tail -c 70000 "$root/f")
	[ "$(status -r 200000- "/files?path=$root/f")" = 416 ]
	[ "$(header Content-Range)" = 'bytes */200000' ]
	[ "$(status -r 0-9,150000-199999 "/files?path=$root/f")" = 206 ]
	type=$(header Content-Type)
	[ "$(header Content-Length)" = "$(stat -c %s "$dir/body")" ]
	python3 - "$type" "$dir/body" "$root/f" <<-'END'
		import email, sys
		body, data = open(sys.argv[2], "rb").read(), open(sys.argv[3], "rb").read()
		text = b"Content-Type: " + sys.argv[1].encode() + b"\r\n\r\n" + body
		delimiter = b"\r\n--" + sys.argv[1].split("boundary=")[1].encode()
		parts = (b"\r\n" + body).split(delimiter)
		assert len(parts) == 4 and parts[3] == b"--\r\n", parts[3]
		for part, (first, last) in zip(parts[1:], [(0, 9), (150000, 199999)]):
		    head, content = part.split(b"\r\n\r\n", 1)
		    assert b"Content-Range: bytes %d-%d/200000" % (first, last) in head, head
		    assert content == data[first:last + 1]
	END
}

@test "download: conditions" {
	printf hello >"$root/f"
	touch -d '2020-01-01 00:00:00 UTC' "$root/f"
	then='Wed, 01 Jan 2020 00:00:00 GMT'
	[ "$(status -H "If-Modified-Since: $then" "/files?path=$root/f")" = 304 ]
	[ ! -s "$dir/body" ]
	[ "$(status -H 'If-Modified-Since: Tue, 31 Dec 2019 23:59:59 GMT' "/files?path=$root/f")" = 200 ]
	[ "$(status -H "If-None-Match: \"x\"" -H "If-Modified-Since: $then" "/files?path=$root/f")" = 200 ]
	[ "$(status -r 1-2 -H "If-Range: $then" "/files?path=$root/f")" = 206 ]
	[ "$(cat "$dir/body")" = el ]
	[ "$(status -r 1-2 -H 'If-Range: Tue, 31 Dec 2019 23:59:59 GMT' "/files?path=$root/f")" = 200 ]
}

@test "download: gzip" {
	seq 100000 >"$root/f"
	[ "$(status -H 'Accept-Encoding: gzip, deflate' "/files?path=$root/f")" = 200 ]
	[ "$(header Content-Encoding)" = gzip ]
	[ -z "$(header Content-Length)" ]
	[ "$(header Content-Type)" = application/octet-stream ]
	gzip -dc "$dir/body" | cmp - "$root/f"
	: >"$root/empty"
	status -H 'Accept-Encoding: gzip' "/files?path=$root/empty"
	[ -z "$(gzip -dc "$dir/body")" ]
	[ "$(status -r 0-0 -H 'Accept-Encoding: gzip' "/files?path=$root/f")" = 206 ]
	[ -z "$(header Content-Encoding)" ]
}

@test "download: /proc and /sys, whose sizes are not true" {
	[ "$(status "/files?path=/proc/self/status")" = 200 ]
	grep -q '^Pid:.'"$pid"'$' "$dir/body"
	[ "$(status "/files?path=/proc/kallsyms")" = 200 ]
	[ "$(wc -c <"$dir/body")" -gt 100000 ]
	[ "$(status "/files?path=/sys/kernel/mm/transparent_hugepage/enabled")" = 200 ]
	cmp "$dir/body" /sys/kernel/mm/transparent_hugepage/enabled
}

# ---- access -----------------------------------------------------------------------------------

@test "signed URLs and tokens" {
	token=0tQG31xiMp0IOQfaz9dcwi72L1CPo8e0
	now=$(date +%s)
	printf secret >"$root/f"
	status -X POST -d "{\"accessToken\":\"$token\"}" /init
	[ "$(status "/files?path=$root/f")" = 401 ]
	error_is 401 "missing signature query parameter"
	[ "$(status -H 'X-Access-Token: wrong' "/files?path=$root/f")" = 401 ]
	error_is 401 "access token present in header but does not match"
	[ "$(status -H "X-Access-Token: $token" "/files?path=$root/f")" = 200 ]
	[ "$(status "/files?path=$root/f&signature=v1_wrong")" = 401 ]
	error_is 401 "invalid signature"
	[ "$(status "/files?path=$root/f&signature=$(sign "$root/f" read "" $token)")" = 200 ]
	[ "$(status "/files?path=$root/f&signature=$(sign "$root/f" write "" $token)")" = 401 ]
	[ "$(status "/files?path=$root/f&username=root&signature=$(sign "$root/f" read root $token)")" = 200 ]
	late=$((now - 5))
	soon=$((now + 600))
	[ "$(status "/files?path=$root/f&signature=$(sign "$root/f" read "" $token $late)&signature_expiration=$late")" = 401 ]
	[ "$(cat "$dir/body")" = '{"code":401,"message":"signature is already expired"}' ]
	[ "$(status "/files?path=$root/f&signature=$(sign "$root/f" read "" $token $soon)&signature_expiration=$soon")" = 200 ]
	[ "$(upload "$root/up&signature=$(sign "$root/up" write "" $token)" x)" = 200 ]
	printf form >"$dir/any-name"
	[ "$(status -F "file=@$dir/any-name" "/files?path=$root/up&signature=$(sign "$root/up" write "" $token)")" = 200 ]
	[ "$(cat "$root/up")" = form ]
	[ "$(status -d '{}' /files/compose)" = 401 ]
	[ "$(status -H 'Content-Type: application/json' -d '{}' /filesystem.Filesystem/Stat)" = 401 ]
}

# ---- compose ----------------------------------------------------------------------------------

@test "compose joins and removes the sources" {
	head -c 3000000 /dev/urandom >"$root/1"
	printf two >"$root/2"
	cat "$root/1" "$root/2" >"$dir/want"
	[ "$(status -d "{\"source_paths\":[\"$root/1\",\"$root/2\"],\"destination\":\"$root/new/whole\"}" \
		/files/compose)" = 200 ]
	[ "$(cat "$dir/body")" = "{\"name\":\"whole\",\"path\":\"$root/new/whole\",\"type\":\"file\"}" ]
	cmp "$dir/want" "$root/new/whole"
	[ "$(ls -A "$root" "$root/new")" = "$root:"$'\nnew\n\n'"$root/new:"$'\nwhole' ]
	ask() { status -d "$1" /files/compose; }
	[ "$(ask '{"source_paths":[],"destination":"/x"}')" = 400 ]
	[ "$(ask "{\"source_paths\":[\"$root/new/whole\"]}")" = 400 ]
	[ "$(ask "{\"source_paths\":[\"$root/new/whole\"],\"destination\":\"$root/new/whole\"}")" = 400 ]
	[ "$(ask "{\"source_paths\":[\"$root\"],\"destination\":\"$root/x\"}")" = 400 ]
	[ "$(ask "{\"source_paths\":[\"$root/none\"],\"destination\":\"$root/x\"}")" = 404 ]
	[ "$(ask "{\"source_paths\":[\"$root/new/whole\"],\"destination\":\"$root/x\",\"username\":\"nobody-here\"}")" = 401 ]
	[ "$(ask 'nonsense')" = 400 ]
	[ "$(ls -A "$root/new")" = whole ]
}

# ---- bounds -----------------------------------------------------------------------------------

@test "300 MB both ways leave the memory flat" {
	truncate -s 300M "$dir/big"
	upload "$root/warm" up
	before=$(peak_kib)
	[ "$(status -F "file=@$dir/big" "/files?path=$root/form")" = 200 ]
	[ "$(status -X POST -H 'Content-Type: application/octet-stream' -T "$dir/big" "/files?path=$root/raw")" = 200 ]
	cmp "$dir/big" "$root/form"
	cmp "$dir/big" "$root/raw"
	[ "$(get -o /dev/null -w '%{size_download}' "/files?path=$root/raw")" = 314572800 ]
	get -H 'Accept-Encoding: gzip' "/files?path=$root/raw" | gzip -dc | cmp - "$dir/big"
	after=$(peak_kib)
	[ $((after - before)) -lt 8192 ] || { echo "peak $before KiB, then $after KiB"; false; }
}

@test "abandoned transfers leave nothing behind" {
	truncate -s 100M "$root/big"
	before=$(fd_count)
	for coding in identity gzip; do
		get -H "Accept-Encoding: $coding" "/files?path=$root/big" | head -c 1000 >/dev/null || true
	done
	(head -c 100000 /dev/zero; kill -9 "$BASHPID") | get -X POST -T - --max-time 0.3 \
		-H 'Content-Type: application/octet-stream' "/files?path=$root/half" || true
	until [ "$(fd_count)" = "$before" ]; do sleep 0.01; done
	[ "$(status "/files?path=$root/none")" = 404 ]
}

@test "a file that shrinks while it is read ends the download" {
	truncate -s 100M "$root/big"
	mkfifo "$dir/body"
	get -o "$dir/body" "/files?path=$root/big" 3>&- &
	client=$!
	exec 8<"$dir/body"
	head -c 1000 <&8 >/dev/null
	truncate -s 1M "$root/big"
	cat <&8 >/dev/null
	exec 8<&-
	wait "$client" || code=$?
	[ "$code" = 18 ] # a partial file
}

@test "a fresh file is seen as CREATE, CHMOD, WRITE" {
	python3 -c 'import ctypes,sys; sys.exit(ctypes.CDLL(None).inotify_init1(0) < 0)' ||
		skip "no inotify instance to be had"
	python3 - "$dir/socket" "$root" <<-'END'
		import ctypes, http.client, os, socket, struct, sys
		libc = ctypes.CDLL(None)
		fd = libc.inotify_init1(os.O_NONBLOCK)
		libc.inotify_add_watch(fd, sys.argv[2].encode(), 0xfff & ~0x31)
		def upload():
		    c = http.client.HTTPConnection("agent")
		    c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])
		    c.request("POST", "/files?path=" + sys.argv[2] + "/f", b"hello",
		              {"Content-Type": "application/octet-stream"})
		    assert c.getresponse().status == 200
		def events():
		    data, masks = os.read(fd, 65536), []
		    while data:
		        _, mask, _, n = struct.unpack("iIII", data[:16])
		        data = data[16 + n:]
		        if mask & 0x146: masks.append(mask)
		    return masks
		upload()
		assert events() == [0x100, 0x4, 0x2]
		upload()
		got = events()
		assert got[0] == 0x4 and set(got[1:]) == {0x2}, got
	END
}
