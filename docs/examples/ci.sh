#!/bin/sh
# Builds or tests a directory in a sandbox without a way to the internet, as a CI job would: the directory is copied
# in, the command runs in the copy, and what it leaves in artifacts/ is copied out. The exit status is the command's.
#
#     ci.sh ~/project make check
set -eu

if [ $# -lt 2 ]; then
	echo "usage: $0 DIRECTORY COMMAND [ARGUMENT]..." >&2
	exit 125
fi
directory=$(cd "$1" && pwd)
shift

box=$(sandpool create --timeout 1h --no-internet -m "ci=$directory")
trap 'sandpool kill "$box"' EXIT
trap 'exit 130' INT TERM

sandpool cp -r "$directory" "$box:work"
status=0
sandpool exec -w /home/user/work "$box" -- "$@" || status=$?
if sandpool files stat "$box:work/artifacts" >/dev/null 2>&1; then
	sandpool cp -r "$box:work/artifacts" "$directory"
fi
exit "$status"
