#!/usr/bin/env bats
# The manual says what the programs do: all of it, and nothing else. Asked of the pages' source, so that no tool
# for manuals is needed.
bats_require_minimum_version 1.5.0
: "${SP_SRCDIR:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}" "${SP_BUILDDIR:=$SP_SRCDIR/build}"

setup() {
	MANUAL="$SP_BUILDDIR/docs/manual"
	[[ -d $MANUAL/man1 ]] || skip "built for another machine: no manual"
	PATH="$SP_BUILDDIR:$SP_BUILDDIR/daemon/local:$PATH"
}

# same WANTED FOUND: two lists with one word a line.
same() {
	[[ -n $1 ]] || { echo "nothing to compare with"; return 1; }
	diff <(sort -u <<<"$1") <(sort -u <<<"$2") || { echo "< the program, > the manual"; return 1; }
}

# The options of a --help: words with a dash in what stands before two spaces.
help_options() {
	sed -nE 's/^ +(-[^ ]*( [^ ]+)*).*/\1/p' | sed 's/  .*//' | tr ' ,' '\n\n' | grep -E '^-' || true
}

# The options of a page's items, or of one of its subsections.
page_options() {
	sed -n 's/^\.It \(Fl .*\)/\1/p' | sed 's/\\-/-/g' | tr ' ' '\n' |
		awk 'previous == "Fl" {print "-" $0} {previous = $0}'
}

# Everything that stands below `.Ss NAME` of a page.
subsection() {
	awk -v head=".Ss $1" '/^\.S[sh] / {inside = ($0 == head)} inside' "$2"
}

@test "every verb is in sandpool(1), and every verb of it is one" {
	same "$(sandpool --help | sed -nE 's/^  ([a-z]+) .*/\1/p')" \
		"$(sed -n 's/^\.Ss //p' "$MANUAL/man1/sandpool.1")"
}

@test "every option of every verb is in its section, and the reverse" {
	local verb
	for verb in $(sed -n 's/^\.Ss //p' "$MANUAL/man1/sandpool.1"); do
		diff <(sandpool "$verb" --help | help_options | sort -u) \
			<(subsection "$verb" "$MANUAL/man1/sandpool.1" | page_options | sort -u) || {
			echo "sandpool $verb: < --help, > manual"
			return 1
		}
	done
}

@test "every option that the command line takes is in a help" {
	local name verb helps
	helps=$(sandpool --help; for verb in $(sed -n 's/^\.Ss //p' "$MANUAL/man1/sandpool.1"); do
		sandpool "$verb" --help
	done)
	for name in $(grep -rhoE '\{"[a-z-]+", (required|no|optional)_argument' "$SP_SRCDIR/client/cli" |
		cut -d'"' -f2 | sort -u); do
		[[ $name == complete ]] && continue # between a shell's completion and the command
		grep -qE -- "--$name\b" <<<"$helps" || { echo "--$name"; return 1; }
	done
}

@test "every option of the programs is in their pages, and the reverse" {
	local page program
	for page in man1/sandpool.1 man8/sandpoold.8 man8/sandpool-engine.8; do
		program=$(basename "${page%.*}")
		same "$("$program" --help | help_options)" \
			"$(sed '/^\.Ss /,$d' "$MANUAL/$page" | page_options)"
	done
}

@test "every option of the daemon and the engine is in its help" {
	local name
	for name in $(grep -hoE '\{"[a-z-]+", (required|no)_argument' "$SP_SRCDIR/daemon/main.c" | cut -d'"' -f2); do
		sandpoold --help | grep -qE -- "--$name\b" || { echo "--$name"; return 1; }
	done
	for name in $(grep -hoE '\{"[a-z-]+", (required|no)_argument' "$SP_SRCDIR/daemon/local/engine-main.c" |
		cut -d'"' -f2); do
		sandpool-engine --help | grep -qE -- "--$name\b" || { echo "--$name"; return 1; }
	done
}

# SECTION.KEY of every key, from the page's .Li [section] and .It Ic key.
page_keys() {
	awk '/^\.Li \[/ {gsub(/[\[\]]/, "", $2); section = $2} /^\.It Ic / {print section "." $3}' \
		"$MANUAL/man5/sandpoold.conf.5"
}

@test "every configuration key is in sandpoold.conf(5), and the reverse" {
	local dir config
	dir=$(mktemp -d)
	echo '[provider "p"]
type = e2b
api-key-file = /nowhere' >"$dir/conf"
	config=$(sandpoold -c "$dir/conf" --socket "$dir/s" --state-dir "$dir/state" --print-config)
	rm -r "$dir"
	same "$(awk '/^\[/ {gsub(/[\[\]]/, "", $1); section = $1}
			/^[#; ]*[a-z-]+ *=/ {sub(/^[#; ]*/, ""); print section "." $1}' <<<"$config")" \
		"$(page_keys)"
}

@test "every method, notification and error is in sandpool-protocol(7)" {
	local page="$MANUAL/man7/sandpool-protocol.7"
	same "$(sed -nE 's/^METHOD\("([^"]+)".*/\1/p' "$SP_SRCDIR/protocol/methods.def")" \
		"$(awk '/^\.Sh /{on = ($2 == "METHODS")} on && /^\.Ss /{print $2}' "$page")"
	same "$(sed -nE 's/^NOTIFICATION\("([^"]+)".*/\1/p' "$SP_SRCDIR/protocol/methods.def")" \
		"$(awk '/^\.Sh /{on = ($2 == "NOTIFICATIONS")} on && /^\.Ss /{print $2}' "$page")"
	same "$(sed -nE 's/^ERROR\([A-Z_]+, *"([^"]+)".*/\1/p' "$SP_SRCDIR/protocol/errors.def")" \
		"$(awk '/^\.Sh /{on = ($0 == ".Sh ERROR KINDS")} on && /^\.It Er /{print $3}' "$page")"
}

@test "every public function has a page with its prototype, and the reverse" {
	local exported page name
	exported=$(nm -D --defined-only "$SP_BUILDDIR/client/.libs/libsandpool.so" |
		awk '$2 == "T" {sub(/@.*/, "", $3); print $3}')
	same "$exported" "$(sed -n 's/^\.Fo \(sandpool_.*\)/\1/p' "$MANUAL"/man3/*.3 | grep -v '_fn$')"
	for name in $exported; do
		page=$(sed -n 's/^\.so //p' "$MANUAL/man3/$name.3")
		grep -qE "^\.Fo $name$" "$MANUAL/${page:-man3/$name.3}" || { echo "$name"; return 1; }
	done
}

@test "every page of ours that a page refers to is there" {
	local name section
	while read -r name section; do
		[[ -f $MANUAL/man$section/$name.$section ]] || { echo "$name($section)"; return 1; }
	done < <(sed -nE 's/^\.(It )?Xr ((lib)?sandpool[^ ]*) ([0-9]).*/\2 \4/p' "$MANUAL"/man?/*.? | sort -u)
}

@test "every path of the source that a document links to is there" {
	local file link
	for file in "$SP_SRCDIR"/README.md "$SP_SRCDIR"/docs/*.md; do
		while read -r link; do
			[[ -e $(dirname "$file")/$link ]] || { echo "$file: $link"; return 1; }
		done < <(grep -oE '\]\([^)#:]+' "$file" | cut -c3-)
	done
}
