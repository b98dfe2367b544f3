# After everything: stopped, and nothing is left.
load helper

nothing_runs() {
	! pgrep 'sandpool|pasta'
}

# What there is of sandboxes beside processes; of the machine's own links there is loopback only.
remains() {
	find $cgroups -type d -path '*/sandpool/*'
	grep -E 'sandpool|overlay' /proc/mounts || true
	ip -oneline link | grep -vE '^[0-9]+: lo:' || true
	nft list tables | grep sandpool || true
}

stop_all() {
	systemctl stop sandpoold.socket sandpool-engine.socket sandpoold.service sandpool-engine.service \
		sandpool-sandboxes.service
	wait_until nothing_runs
}

@test "stopped without a sandbox, it leaves no process, group, mount or link" {
	local id
	id=$(sandpool create --timeout 5m)
	sandpool kill "$id"
	stop_all
	[ -z "$(remains | tee /dev/stderr)" ]
}

@test "stopped with one, it leaves no process, group or mount, and the next engine removes the link" {
	local id
	systemctl start sandpoold.socket sandpool-engine.socket
	sandpool create --timeout 5m
	stop_all
	[ -z "$(remains | grep -vE 'sp[0-9a-f]{7}(:|$)' | tee /dev/stderr)" ]
	systemctl start sandpoold.socket sandpool-engine.socket
	id=$(sandpool create --timeout 5m)
	[ "$(sandpool exec "$id" -- echo alive)" = alive ]
	sandpool kill "$id"
	stop_all
	[ -z "$(remains | tee /dev/stderr)" ]
}
