#!/usr/bin/env bats
# No secret of the host's file system is in a sandbox.
load helper

# Files of a kind that must stay hidden, in a place every template shows.
plant() {
	PLANTED=$(mktemp -d /usr/local/share/sandpool-probe.XXXXXX)
	chmod 755 "$PLANTED"
	mkdir -m 700 "$PLANTED/closed"
	for file in private closed/public group nobody; do
		echo "planted secret" >"$PLANTED/$file"
		chmod 600 "$PLANTED/$file"
	done
	chmod 644 "$PLANTED/closed/public"
	chmod 640 "$PLANTED/group"
	chown 65534:65534 "$PLANTED/nobody"
	echo "for all" >"$PLANTED/open"
	chmod 644 "$PLANTED/open"
}

after() {
	[ -z "${PLANTED:-}" ] || rm -rf "$PLANTED"
}

@test "a file for the host's root only is not readable in /usr, though it came after the sandbox" {
	start_sandbox a 1
	plant
	[ "$(inside a 0 "cat $PLANTED/open")" = "for all" ]
	for file in private closed/public group nobody; do
		refused a 0 "cat $PLANTED/$file"
		refused a 0 "cp $PLANTED/$file /tmp/copy"
		refused a 0 "mv $PLANTED/$file /tmp/moved"
		refused a 0 "chmod 644 $PLANTED/$file && cat $PLANTED/$file"
		refused a 0 "ln $PLANTED/$file $PLANTED/link && cat $PLANTED/link"
		refused a 0 "chown 1000 $PLANTED/$file && sudo -u user cat $PLANTED/$file"
		refused a 0 "setfattr -n user.x -v y $PLANTED/$file && cat $PLANTED/$file"
	done
	refused a 0 "ls $PLANTED/closed"
	refused a 0 "chmod 755 $PLANTED/closed && cat $PLANTED/closed/public"
	! grep -r "planted secret" "$(layer a)"
}

@test "every file that root can read in /usr is readable for everybody on the host" {
	plant
	start_sandbox a 1
	put a <"$BATS_TEST_DIRNAME/walk.py"
	inside a 0 "python3 /tmp/put /usr >/tmp/inside"
	setpriv --reuid 65533 --regid 65533 --clear-groups python3 - /usr \
		<"$BATS_TEST_DIRNAME/walk.py" >"$FILE_STATE/host"
	[ "$(wc -l <"$(layer a)/root/tmp/inside")" -gt 1000 ]
	# but for ours, made by the template, and what another file of tests had planted and has removed
	LC_ALL=C comm -23 "$(layer a)/root/tmp/inside" "$FILE_STATE/host" | grep -vxF /usr/sbin/policy-rc.d |
		while read -r path; do [ ! -e "$path" ] || echo "$path"; done | tee "$FILE_STATE/leaks"
	[ ! -s "$FILE_STATE/leaks" ]
}

@test "everything outside /usr is readable for everybody on the host, or made by us" {
	start_sandbox a 1
	local template
	template=$(newest_template)
	put a <"$BATS_TEST_DIRNAME/walk.py"
	inside a 0 "python3 /tmp/put / >/tmp/inside"
	grep -v ^/usr "$(layer a)/root/tmp/inside" >"$FILE_STATE/inside"
	[ "$(wc -l <"$FILE_STATE/inside")" -gt 100 ]
	while read -r path; do
		if ! setpriv --reuid 65533 --regid 65533 --clear-groups test -r "$path"; then
			echo "$path"
		elif [ -f "$path" ] && ! cmp -s "$path" "$template/root$path"; then
			echo "$path"
		fi
	done <"$FILE_STATE/inside" >"$FILE_STATE/ours"
	# exactly these differ from, or are not to be had on, the host
	while read -r path; do
		case $path in
		/root | /root/.bashrc | /root/.profile | /home/user | /home/user/.bashrc | /home/user/.profile) ;;
		/etc/shadow | /etc/sudoers | /etc/sudoers.d | /etc/passwd | /etc/group | /etc/subuid | /etc/subgid) ;;
		/etc/profile | /etc/bash.bashrc | /etc/skel/.bashrc | /etc/skel/.profile | /etc/environment) ;;
		/etc/pam.d/common-* | /etc/default/locale | /etc/nsswitch.conf | /etc/host.conf | /etc/hosts) ;;
		/etc/hostname | /etc/resolv.conf | /etc/machine-id | /etc/fstab | /etc/gitconfig) ;;
		/etc/apt/apt.conf.d/90sandbox | /var/cache/* | /var/lib/apt/lists* | /var/lib/sudo | /var/log/apt) ;;
		/var/lib/dpkg/updates) ;;
		*)
			echo "unexpected: $path"
			return 1
			;;
		esac
	done <"$FILE_STATE/ours"
	if cmp -s /etc/shadow "$template/root/etc/shadow"; then return 1; fi
}

@test "host keys, private certificates, homes and configuration of the host are not there" {
	start_sandbox a 1
	refused a 0 "ls -d /etc/ssh /etc/ssl/private /etc/cron.d /var/spool/cron /var/lib/private"
	[ "$(inside a 0 'ls -A /root')" = $'.bashrc\n.profile' ]
	[ "$(inside a 0 'ls -A /home')" = user ]
	[ -z "$(inside a 0 'cut -d: -f2 /etc/shadow | grep -v "^\*$"')" ]
	[ "$(inside a 0 'ls -A / | tr "\n" " "')" = \
		"$(ls -A "$(newest_template)/root" | tr '\n' ' ')" ]
}

@test "files are stored under the sandbox's own ids, and belong to nobody else's" {
	start_sandbox a 1
	inside a 1000 "echo mine >/tmp/mine"
	[ "$(stat -c %u:%g "$(layer a)/root/tmp/mine")" = "$(uid_on_disk 1000):$(gid_on_disk 1000)" ]
	if [ "$MODE" = single ]; then
		refused a 0 "chown 65533:33 /tmp/mine"
	else
		inside a 0 "echo root >/tmp/root; chown 65533:33 /tmp/root"
		[ "$(stat -c %u:%g "$(layer a)/root/tmp/root")" = "$(uid_on_disk 65533):$(gid_on_disk 33)" ]
	fi
	# nobody else passes through; a user's engine owns it, and the sandbox's root has it by its group
	if [ "$MODE" = root ]; then
		[ "$(stat -c %a "$(dirname "$(layer a)")")" = 700 ]
	else
		[ "$(stat -c %a:%U:%g "$(dirname "$(layer a)")")" = "710:$TEST_USER:$(gid_on_disk 0)" ]
	fi
}

@test "user.* attributes work, also the names that overlays use themselves" {
	start_sandbox a 1
	inside a 1000 "echo x >f && setfattr -n user.note -v hello f"
	[ "$(inside a 1000 'getfattr --only-values -n user.note f')" = hello ]
	inside a 1000 "mkdir d && setfattr -n user.overlay.opaque -v y d || true"
	[ "$(inside a 1000 'cat f')" = x ]
}

@test "root can change every system file, for its sandbox alone" {
	need_root_inside
	start_sandbox a 1
	start_sandbox b 2
	inside a 0 "echo changed >/usr/bin/hello && chmod 4755 /usr/bin/hello && rm /usr/bin/git && echo x >>/etc/profile"
	[ -x /usr/bin/git ]
	[ ! -e /usr/bin/hello ]
	inside b 0 "test -x /usr/bin/git && test ! -e /usr/bin/hello && ! grep -qx x /etc/profile"
}

@test "a layer copied from a sandbox serves another with other ids, and a new identity" {
	need_root_inside
	start_sandbox a 1
	inside a 1000 "echo kept >note"
	inside a 0 "echo tool >/usr/local/bin/tool; ln -sf /etc/passwd /etc/hosts; rm /usr/bin/git"
	cp -a "$(layer a)" "$FILE_STATE/snapshot"
	start_sandbox b 7 "layer=$FILE_STATE/snapshot"
	[ "$(inside b 1000 'cat note; stat -c %U note; cat /usr/local/bin/tool')" = $'kept\nuser\ntool' ]
	refused b 0 "test -e /usr/bin/git"
	[ "$(inside a 0 'cat /etc/machine-id')" != "$(inside b 0 'cat /etc/machine-id')" ]
	[ "$(inside b 0 'cat /etc/hostname')" = "${PREFIX}b" ]
	rm -rf "$FILE_STATE/snapshot"
}

@test "links in a layer do not lead the engine out of it" {
	start_sandbox a 1
	inside a 0 "rm -rf /etc/machine-id /etc/hostname; ln -s $FILE_STATE/outside /etc/hostname"
	cp -a "$(layer a)" "$FILE_STATE/snapshot"
	mkdir -m 777 "$FILE_STATE/trap"
	ln -sfn "$FILE_STATE/trap" "$FILE_STATE/snapshot/root/run" 2>/dev/null || true
	run start_sandbox b 2 "layer=$FILE_STATE/snapshot"
	[ ! -e "$FILE_STATE/outside" ]
	[ -z "$(ls -A "$FILE_STATE/trap")" ]
	rm -rf "$FILE_STATE/snapshot"
}
