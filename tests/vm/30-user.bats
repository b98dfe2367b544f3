# A user without root: units of the user's manager, groups that it was given.
load helper

setup_file() {
	loginctl enable-linger other
	wait_until test -S "/run/user/$(id -u other)/bus"
}

teardown_file() {
	loginctl disable-linger other
}

mine() {
	runuser --user other -- env --chdir=/home/other XDG_RUNTIME_DIR="/run/user/$(id -u other)" HOME=/home/other "$@"
}

user_pid() {
	mine systemctl --user show --value --property MainPID "$1"
}

@test "a user's units make sandboxes, with limits" {
	local id group
	mine systemctl --user enable --now sandpoold.socket sandpool-engine.socket
	id=$(mine sandpool create --timeout 5m)
	[ "$(mine sandpool exec "$id" -- sh -c 'echo $((6 * 7))')" = 42 ]
	[ "$(mine sandpool exec "$id" -- sudo id -un)" = root ]
	group=$(sandbox_group "$id")
	[[ $group == */user@$(id -u other).service/*sandpool-sandboxes.service/* ]]
	[ "$(cat "$group/memory.max")" -gt 0 ]
	[ "$(cat "$group/pids.max")" -gt 0 ]
	mine sandpool kill "$id"
	[ ! -e "$group" ]
}

@test "sandpool doctor finds nothing a user could not do" {
	run -0 mine sandpool doctor
}

@test "a user's command goes on while both are restarted" {
	local id command status=0
	id=$(mine sandpool create --timeout 10m)
	command=$(mine sandpool exec -d "$id" -- sh -c 'until [ -e go ]; do sleep 0.1; done; exit 7')
	mine systemctl --user restart sandpool-engine
	mine systemctl --user restart sandpoold
	: | mine sandpool write "$id:go"
	mine sandpool attach "$id" "$command" || status=$?
	[ "$status" = 7 ]
	mine sandpool kill "$id"
}

@test "nothing of a user's is left" {
	local uid
	uid=$(id -u other)
	mine systemctl --user disable --now sandpoold.socket sandpool-engine.socket sandpoold.service \
		sandpool-engine.service sandpool-sandboxes.service
	run ! pgrep --uid "$uid" 'sandpool|pasta|slirp'
	[ -z "$(find $cgroups -type d -path '*user@*/sandpool/*')" ]
}
