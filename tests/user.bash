# A user of the machine for one file of tests, without a session, who runs what is ours: rootless sandboxes.
#
#   make_user subuid|single BASENAME…   sets TEST_USER, TEST_DIR (the user's, with the named programs in bin/)
#   as_user COMMAND…
#   remove_user                         fails when a process is left over

# One at a time: useradd and userdel refuse to wait for each other.
user_tool() {
	flock /tmp/sandpool-test-users.lock "$@"
}

# Programs may be built where only root passes, so they are copied: arguments are their paths.
make_user() {
	local kind=$1 program
	shift
	TEST_USER=sptest$$
	TEST_DIR=$(mktemp -d /tmp/sandpool-user.XXXXXX)
	case $kind in
	subuid)
		user_tool useradd --no-create-home --home-dir "$TEST_DIR" --shell /bin/sh "$TEST_USER"
		grep -q "^$TEST_USER:" /etc/subuid
		;;
	single) user_tool useradd --system --user-group --no-create-home --home-dir "$TEST_DIR" "$TEST_USER" ;;
	esac
	mkdir "$TEST_DIR/bin"
	for program; do
		cp "$program" "$TEST_DIR/bin/"
	done
	chmod -R go+rX "$TEST_DIR"
	chown "$TEST_USER:" "$TEST_DIR"
	export TEST_USER TEST_DIR
}

as_user() {
	setpriv --reuid "$TEST_USER" --regid "$TEST_USER" --init-groups "$@"
}

# The first of the ids in a file of the user's, as /etc/subuid; nothing when there are none.
first_subid() {
	sed -n "s/^$TEST_USER:\([0-9]*\):.*/\1/p" "$1" | head -n 1
}

# Processes of the user, and of the sandboxes: pid, uid and name of each.
user_processes() {
	local uid first
	uid=$(id -u "$TEST_USER")
	first=$(first_subid /etc/subuid)
	ps -e -o pid=,uid=,stat=,args= | awk -v uid="$uid" -v first="${first:-0}" \
		'$3 !~ /Z/ && ($2 == uid || first && $2 >= first && $2 < first + 65536)'
}

no_user_processes() {
	[ -z "$(user_processes)" ]
}

remove_user() {
	local result=0 left
	[ -n "${TEST_USER:-}" ] || return 0
	left=$(user_processes)
	if [ -n "$left" ]; then
		echo "left over by $TEST_USER:" "$left" >&2
		awk '{ print $1 }' <<<"$left" | xargs -r kill -KILL 2>/dev/null
		result=1
	fi
	user_tool userdel "$TEST_USER" || result=1
	rm -rf "$TEST_DIR"
	return $result
}

# Who makes the sandboxes of a file of tests, by the end of its name: root, or with NAME-subuid.bats a user with ids of
# /etc/subuid, with NAME-single.bats one without. Those are links to NAME.bats; the tests themselves are root's.
mode_of_file() {
	case $BATS_TEST_FILENAME in
	*-subuid.bats) echo subuid ;;
	*-single.bats) echo single ;;
	*) echo root ;;
	esac
}
