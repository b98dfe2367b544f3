#!/usr/bin/env bats
# Completion in the shells themselves: bash, zsh and fish run the scripts that are installed.
load helpers.bash

setup_file() {
	export PATH="$SP_BUILDDIR:$PATH" COMPLETIONS="$SP_SRCDIR/client/cli/completions"
	[[ $(id -u) == 0 ]] || return 0
	start_daemon
	export DAEMON_DIR DAEMON_PID SANDPOOL_SOCKET
	sandpool create --name mybox --timeout 20m >"$DAEMON_DIR/box-id"
	echo text | sandpool write mybox:/home/user/lone.txt
	echo text | sandpool write "mybox:/home/user/two words"
	sandpool exec mybox -- mkdir -p /home/user/folder
	sandpool exec mybox -- bash -c 'touch "/tmp/$(printf "a\tb")" /tmp/ab "/tmp/a$(printf "\033")c"'
}

teardown_file() {
	[[ -n ${DAEMON_PID-} ]] || return 0
	sandpool kill mybox
	stop_daemon
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export ZDOTDIR=$PWD HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD
}

need_sandbox() {
	[[ -n ${DAEMON_PID-} ]] || skip "sandboxes need root so far"
}

need_shell() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# The candidates for a line, as each shell sees them.
in_bash() {
	bash --norc -c 'source "$COMPLETIONS/sandpool"
		COMP_LINE=$1 COMP_POINT=${#1}
		_sandpool sandpool
		[[ ${#COMPREPLY[@]} == 0 ]] || printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}

in_fish() {
	fish --no-config -c 'source "$COMPLETIONS/sandpool.fish"; complete -C "$argv[1]"' "$1" | cut -f 1
}

# What keys make of a line: its words, each in brackets.
typed_in_zsh() {
	cat >.zshrc <<-END
		fpath=("$COMPLETIONS" \$fpath)
		autoload -U compinit && compinit -u -D
		PS1='READY> '
	END
	"$SP_SRCDIR/tests/integration/type.py" "$1" zsh -d -i
}

typed_in_bash() {
	printf 'source "%s/sandpool"\nPS1="READY> "\nbind "set enable-bracketed-paste off"\n' \
		"$COMPLETIONS" >rc
	"$SP_SRCDIR/tests/integration/type.py" "$1" bash --rcfile rc -i
}

# ---- what is known without a daemon ---------------------------------------------------------------

@test "every verb of --help is a candidate, and nothing else is" {
	local verbs
	verbs=$(sandpool --help | sed -nE '/^usage/d; s/^  ([a-z]+) .*/\1/p' | sort)
	[[ $verbs == *create*shell* ]]
	[[ $(in_bash "sandpool " | sort) == "$verbs" ]]
}

@test "every option of every verb's --help is a candidate" {
	local verb option
	for verb in $(in_bash "sandpool "); do
		sandpool --complete "$verb" - | cut -f 1 >offered
		for option in $(sandpool "$verb" --help | sed 1d | grep -oE '^  -[^ ]+(, --[a-z-]+)?' | tr -d ,); do
			grep -qxe "$option" offered || { echo "$verb: $option" >&2; return 1; }
		done
	done
	[[ $(sandpool --complete create --no) == $'--no-internet\t'* ]]
}

@test "values that the synopsis names, files, and nothing where nothing is known" {
	[[ $(in_bash "sandpool ls --state ") == $'running\npaused' ]]
	[[ $(in_bash "sandpool files st") == stat ]]
	[[ $(in_bash "sandpool git c") == $'clone\ncreate-branch\ncheckout-branch\ncommit\nconfigure-user' ]]
	[[ $(in_bash "sandpool git clone --dep") == --depth ]]
	touch here.sock "two words"
	[[ $(in_bash "sandpool --socket h") == here.sock ]]
	[[ $(in_bash "sandpool cp ./he") == ./here.sock ]]
	[[ -z $(in_bash "sandpool create --timeout ") ]]
	[[ -z $(in_bash "sandpool no-such-verb ") ]]
	[[ -z $(in_bash "sandpool run -- l") ]]
	[[ $(in_bash "sandpool run -i -") == *--no-internet* ]]
}

@test "without a daemon there are no sandboxes, and not a word about it" {
	run --separate-stderr sandpool --socket "$PWD/nobody" --complete kill ""
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr sandpool --complete
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

# ---- what the daemon knows ------------------------------------------------------------------------

@test "bash: sandboxes, paths in them, commands, methods" {
	need_sandbox
	local id pid
	id=$(<"$DAEMON_DIR/box-id")
	[[ $(in_bash "sandpool kill " | sort) == "$(printf 'mybox\n%s' "$id" | sort)" ]]
	[[ $(in_bash "sandpool exec myb") == mybox ]]
	[[ $(in_bash "sandpool exec mybox ") == -- ]]
	[[ $(in_bash "sandpool --socket $SANDPOOL_SOCKET info my") == mybox ]]
	[[ $(in_bash "sandpool cp my") == mybox: ]]
	# behind a ':' the line editor keeps what stands before it
	[[ $(in_bash "sandpool cat mybox:/home/user/lo") == /home/user/lone.txt ]]
	[[ $(in_bash "sandpool cat mybox:fol") == folder/ ]]
	[[ $(in_bash "sandpool cat mybox:two\\ w") == 'two\ words' ]]
	[[ $(in_bash "sandpool files rm mybox:lone.txt mybox:fo") == folder/ ]]
	pid=$(sandpool exec -d mybox -- tail -f /dev/null)
	[[ $(in_bash "sandpool stop mybox ") == "$pid" ]]
	sandpool stop mybox "$pid"
	[[ $(in_bash "sandpool call sandbox.kil") == sandbox.kill ]]
}

@test "names from a sandbox reach neither the shell's lines nor the terminal" {
	need_sandbox
	[[ $(in_bash "sandpool cat mybox:/tmp/a") == /tmp/ab ]]
}

@test "bash: a word is completed on the line" {
	need_sandbox
	[[ $(typed_in_bash $'sandpool inf\tmyb\t') == '[sandpool][info][mybox]' ]]
	[[ $(typed_in_bash $'sandpool cat myb\thome/\x15sandpool cat mybox:lo\t') == '[sandpool][cat][mybox:lone.txt]' ]]
	[[ $(typed_in_bash $'sandpool cat mybox:tw\t') == '[sandpool][cat][mybox:two words]' ]]
	[[ $(typed_in_bash $'sandpool files stat mybox:fo\tx') == '[sandpool][files][stat][mybox:folder/x]' ]]
}

@test "zsh: a word is completed on the line" {
	need_sandbox
	need_shell zsh
	[[ $(typed_in_zsh $'sandpool inf\tmyb\t') == '[sandpool][info][mybox]' ]]
	[[ $(typed_in_zsh $'sandpool create --no-i\t') == '[sandpool][create][--no-internet]' ]]
	[[ $(typed_in_zsh $'sandpool cat mybox:lo\t') == '[sandpool][cat][mybox:lone.txt]' ]]
	[[ $(typed_in_zsh $'sandpool cat mybox:tw\t') == '[sandpool][cat][mybox:two words]' ]]
	[[ $(typed_in_zsh $'sandpool files stat mybox:fo\tx') == '[sandpool][files][stat][mybox:folder/x]' ]]
	touch here.txt
	[[ $(typed_in_zsh $'sandpool cp her\tmyb\tx') == '[sandpool][cp][here.txt][mybox:x]' ]]
}

@test "fish: candidates with what they are" {
	need_sandbox
	need_shell fish
	[[ $(in_fish "sandpool inf") == info ]]
	[[ $(in_fish "sandpool create --no-i") == --no-internet ]]
	[[ $(in_fish "sandpool kill myb") == mybox ]]
	[[ $(in_fish "sandpool cat mybox:lo") == mybox:lone.txt ]]
	touch here.txt
	[[ $(in_fish "sandpool cp her") == here.txt ]]
	[[ $(fish --no-config -c 'source "$COMPLETIONS/sandpool.fish"; complete -C "sandpool inf"') == \
		$'info\tShow what is known of a sandbox' ]]
}
