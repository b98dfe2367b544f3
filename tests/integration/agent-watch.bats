#!/usr/bin/env bats
# Watching directories: the real agent, asked by a raw Connect client (wire §5.5).

load agent

setup() {
	agent_start
	P=filesystem.Filesystem
	root=$dir/root
	mkdir "$root"
}

teardown() {
	agent_stop
}

# watch NAME JSON-MEMBERS: a stream in the background that has started
watch() {
	python3 "$SP_SRCDIR/tests/integration/connect.py" "$sock" stream $P/WatchDir \
		"{\"path\":\"$root\"${2:+,$2}}" "${@:3}" >"$dir/$1" 2>&1 9>&- 8>&- 3>&- &
	eval "${1}_pid=$!"
	wait_until has_line "$1" '"start"'
}

# The events of a stream until now, as "TYPE name" lines.
events() {
	python3 - "$dir/$1" <<-'END'
		import json, sys
		for line in open(sys.argv[1]):
		    at = line.find("{")
		    event = json.loads(line[at:]).get("filesystem") if at >= 0 else None
		    if event: print(event["type"].removeprefix("EVENT_TYPE_"), event["name"])
	END
}

has_event() {
	events "$1" | grep -qxF "$2"
}

unwatch() {
	kill "$1"
	wait "$1" || :
}

create_watcher() { # [JSON-MEMBERS]
	watcher=$(unary CreateWatcher "{\"path\":\"$root\"${1:+,$1}}" |
		sed -n 's/.*"watcherId":"\(w[0-9a-z]\{20\}\)".*/\1/p')
	[ -n "$watcher" ]
}

# What a watcher has seen since the last call, as "TYPE name" lines.
drain() {
	unary GetWatcherEvents "{\"watcherId\":\"$watcher\"}" | python3 -c 'import json, sys
text = sys.stdin.read()
for event in json.loads(text[text.index("{"):]).get("events", []):
    print(event["type"].removeprefix("EVENT_TYPE_"), event["name"])'
}

upload() { # PATH CONTENT
	http "/files?path=$1" -X POST -H 'Content-Type: application/octet-stream' --data-binary "$2" -o "$dir/answer"
}

@test "a new file is CREATE, CHMOD, WRITE; an overwritten one CHMOD, WRITE" {
	create_watcher
	upload "$root/f" hello
	[ "$(drain)" = $'CREATE f\nCHMOD f\nWRITE f' ]
	upload "$root/f" again
	[ "$(drain | uniq)" = $'CHMOD f\nWRITE f' ]
	[ -z "$(drain)" ]
}

@test "every kind of change has its type, and one level its bounds" {
	mkdir "$root/sub"
	touch "$root/a"
	create_watcher
	chmod 600 "$root/a"
	echo x >>"$root/a"
	mv "$root/a" "$root/b"
	touch "$root/sub/unseen"
	rm "$root/b"
	[ "$(drain)" = $'CHMOD a\nWRITE a\nRENAME a\nCREATE b\nREMOVE b' ]
}

@test "a stream starts, tells, and ends with its client" {
	watch w
	touch "$root/f"
	wait_until has_event w 'CREATE f'
	rmdir "$root" 2>/dev/null || rm -r "$root"
	wait_until has_event w 'REMOVE .'
	unwatch "$w_pid"
	descriptors() { ls -l "/proc/$agent_pid/fd" | grep -c inotify || :; }
	none_left() { [ "$(descriptors)" = 0 ]; }
	wait_until none_left
}

@test "a tree is followed: new directories, renamed ones, those that leave" {
	mkdir -p "$root/old/deep" "$dir/outside"
	watch w '"recursive":true'
	echo x >"$root/old/deep/f"
	wait_until has_event w 'WRITE old/deep/f'
	mkdir -p "$root/new/er"
	echo x >"$root/new/er/f"
	wait_until has_event w 'CREATE new/er/f'
	[ "$(events w | grep -cxF 'CREATE new/er/f')" = 1 ]
	[ "$(events w | grep -cxF 'CREATE new/er')" = 1 ]
	mv "$root/new" "$root/moved"
	wait_until has_event w 'CREATE moved'
	has_event w 'RENAME new'
	touch "$root/moved/er/g"
	wait_until has_event w 'CREATE moved/er/g'
	mv "$root/moved" "$dir/outside/"
	wait_until has_event w 'RENAME moved'
	touch "$dir/outside/moved/er/unseen" "$root/last"
	wait_until has_event w 'CREATE last'
	! events w | grep unseen
	unwatch "$w_pid"
}

@test "many directories made at once are all seen, once" {
	watch w '"recursive":true'
	(cd "$root" && for i in {1..200}; do mkdir -p "d$i/e" && touch "d$i/e/f"; done)
	touch "$root/last"
	all_seen() { [ "$(events w | grep -c '^CREATE .*/e/f$')" -ge 200 ]; }
	wait_until all_seen
	[ "$(events w | grep '^CREATE' | sort | uniq -d)" = '' ]
	unwatch "$w_pid"
}

@test "entries come with what is there, when asked" {
	watch w '"includeEntry":true'
	printf hello >"$root/f"
	wait_until has_event w 'WRITE f'
	rm "$root/f"
	wait_until has_event w 'REMOVE f'
	grep '"EVENT_TYPE_REMOVE"' "$dir/w" | { ! grep '"entry"'; }
	unwatch "$w_pid"
	create_watcher '"includeEntry":true'
	printf hello >"$root/g"
	unary GetWatcherEvents "{\"watcherId\":\"$watcher\"}" | grep -F "\"path\":\"$root/g\""
}

@test "what cannot be watched is told" {
	touch "$root/file"
	run unary CreateWatcher "{\"path\":\"$root/none\"}"
	[[ "$output" == *not_found* ]]
	run unary CreateWatcher "{\"path\":\"$root/file\"}"
	[[ "$output" == *invalid_argument* ]]
	run stream WatchDir "{\"path\":\"$root/none\"}"
	[[ "$output" == *not_found* ]]
	for method in GetWatcherEvents RemoveWatcher; do
		run unary "$method" '{"watcherId":"w123"}'
		[[ "$output" == *not_found* ]]
	done
	create_watcher
	unary RemoveWatcher "{\"watcherId\":\"$watcher\"}"
	run unary RemoveWatcher "{\"watcherId\":\"$watcher\"}"
	[[ "$output" == *not_found* ]]
}

@test "a stream keeps its deadline and sends keepalives into silence" {
	watch w '' -H 'Keepalive-Ping-Interval: 1'
	wait_until has_line w '"keepalive"'
	unwatch "$w_pid"
	run stream WatchDir "{\"path\":\"$root\"}" -H 'Connect-Timeout-Ms: 300'
	[[ "$output" == *deadline_exceeded* ]]
}

@test "a reader that stalls costs no memory and learns that it lost changes" {
	watch w '"recursive":true'
	kill -STOP "$w_pid"
	before=$(awk '/^VmRSS/ { print $2 }' "/proc/$agent_pid/status")
	python3 - "$root" <<-'END'
		import os, sys
		name = os.path.join(sys.argv[1], "x" * 200)
		for i in range(60000):
		    open(name + str(i % 100), "w").close()
	END
	after=$(awk '/^VmRSS/ { print $2 }' "/proc/$agent_pid/status")
	kill -CONT "$w_pid"
	wait_until has_line w 'faster than they were read'
	[ $((after - before)) -lt 16384 ]
	wait "$w_pid" || :
}

@test "who changes files without end does not hold up the agent" {
	create_watcher
	python3 -c 'import os, sys
while True: os.utime(sys.argv[1])' "$root" 3>&- &
	writer=$!
	is_seen() { [ -n "$(unary GetWatcherEvents "{\"watcherId\":\"$watcher\"}" | grep -e CHMOD -e internal)" ]; }
	wait_until is_seen
	wait_until is_seen
	http /health -o "$dir/answer"
	unwatch "$writer"
}
