#!/usr/bin/env bats
# What make install puts where, and that make uninstall takes all of it away again.
load helpers.bash

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that runs the tests
}

installed_files() {
	(cd "$1" && find . ! -type d | sort)
}

@test "sandpoold.conf as installed says nothing, and is right with all of it uncommented" {
	local conf=$SP_BUILDDIR/daemon/sandpoold.conf
	! grep -vE '^(#.*|\[(daemon|engine)\]|)$' "$conf"
	! grep -q '(null)' "$conf"
	"$SP_BUILDDIR/sandpoold" -c "$conf" --socket "$PWD/sock" --check-config
	sed -E 's/^#([a-z[])/\1/' "$conf" >all.conf
	"$SP_BUILDDIR/sandpoold" -c all.conf --check-config
	# every key that there is, and none that is repeated
	"$SP_BUILDDIR/sandpoold" -c all.conf --print-config | sed -nE 's/^(# )?([a-z-]+) =.*/\2/p' | sort -u >keys
	sed -nE 's/^([a-z-]+) = .*/\1/p' all.conf | sort >given
	diff keys given
}

@test "make install puts everything below DESTDIR, and make uninstall takes it away" {
	local prefix file
	make -s -C "$SP_BUILDDIR" install DESTDIR="$PWD/root" >log 2>&1 || { cat log >&2; return 1; }
	prefix=$(make -s --no-print-directory -C "$SP_BUILDDIR" print-prefix)
	installed_files root >files
	for file in bin/sandpool sbin/sandpoold libexec/sandpool/sandpool-engine \
		libexec/sandpool/sandpool-agent lib/libsandpool.so include/sandpool.h \
		lib/pkgconfig/libsandpool.pc share/bash-completion/completions/sandpool \
		share/zsh/site-functions/_sandpool share/fish/vendor_completions.d/sandpool.fish \
		share/doc/sandpool/examples/sandpoold.conf share/doc/sandpool/README.md \
		share/doc/sandpool/PROTOCOL.md; do
		grep -qxF ".$prefix/$file" files || { echo "$file is missing" >&2; cat files >&2; return 1; }
	done
	LD_LIBRARY_PATH="root$prefix/lib" "root$prefix/bin/sandpool" --version
	"root$prefix/sbin/sandpoold" --version
	make -s -C "$SP_BUILDDIR" uninstall DESTDIR="$PWD/root" >log 2>&1 || { cat log >&2; return 1; }
	[[ -z $(installed_files root) ]] || { installed_files root >&2; return 1; }
}

@test "make install tells the loader of the library, but not of one below DESTDIR" {
	[[ $(id -u) == 0 ]] || skip "only root can write the loader's cache"
	mkdir bin
	printf '#!/bin/sh\necho told >>"%s/loader"\n' "$PWD" >bin/ldconfig
	chmod +x bin/ldconfig
	PATH=$PWD/bin:$PATH make -s -C "$SP_BUILDDIR" install-exec-hook DESTDIR="$PWD/root"
	[[ ! -e loader ]]
	PATH=$PWD/bin:$PATH make -s -C "$SP_BUILDDIR" install-exec-hook
	[[ $(<loader) == told ]]
}

@test "a program is built against the library by pkg-config" {
	skip_with_sanitizers
	make -s -C "$SP_BUILDDIR" install DESTDIR="$PWD/root" >log 2>&1 || { cat log >&2; return 1; }
	local prefix dir flags
	prefix=$(make -s --no-print-directory -C "$SP_BUILDDIR" print-prefix)
	dir=$PWD/root$prefix/lib
	cat >program.c <<-END
		#include <sandpool.h>
		#include <stdio.h>
		int main(void) { struct sandpool_error err; return sandpool_open("$PWD/nobody", 100, &err) ? 1 : !puts(err.kind); }
	END
	flags=$(PKG_CONFIG_PATH=$dir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$PWD/root \
		pkg-config --cflags --libs libsandpool)
	# shellcheck disable=SC2086
	gcc program.c -o program $flags
	LD_LIBRARY_PATH=$dir ./program
	# what it exports is the header's, and nothing more
	nm -D --defined-only "$dir/libsandpool.so" | awk '$2 == "T" {sub("@.*", "", $3); print $3}' | sort >exported
	grep -oE '\bsandpool_[a-z_]+\(' "root$prefix/include/sandpool.h" | tr -d '(' | sort -u >declared
	! comm -23 exported declared | grep .
	[[ -s exported ]]
}

@test "the AppArmor profile names the engine, and AppArmor can read it" {
	local profile=$SP_BUILDDIR/daemon/local/apparmor/sandpool-engine parser
	make -s -C "$SP_BUILDDIR" daemon/local/apparmor/sandpool-engine
	grep -q '^profile sandpool-engine /.*/sandpool/sandpool-engine flags=(unconfined) {$' "$profile"
	parser=$(PATH=$PATH:/usr/sbin:/sbin command -v apparmor_parser) || skip "apparmor is not installed"
	if [[ -e /etc/apparmor.d/abi/4.0 ]]; then
		"$parser" --skip-kernel-load --skip-cache "$profile"
	else # what AppArmor 3 does not know yet is left out
		sed '/^abi/d; /^  userns,$/d' "$profile" | "$parser" --skip-kernel-load --skip-cache
	fi
	# a mistake is one
	! sed '/^abi/d; s/^  userns,$/  nonsense/' "$profile" | "$parser" --skip-kernel-load --skip-cache 2>/dev/null
}
