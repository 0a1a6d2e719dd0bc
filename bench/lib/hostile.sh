# SPDX-License-Identifier: GPL-2.0-only
# What tests and the soak of hostile targets share. Sourced in a guest, after /vm/guest.sh.

daemon=''
window=200ms
preload='' # for the daemon

# hostile_machine: swap, a disk for direct reads and writes, and a group.
hostile_machine() {
	echo 96M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 ||
		bail 'no swap on zram'
	disk=/dev/zram$(cat /sys/class/zram-control/hot_add) || bail 'no second zram'
	echo 8M >"/sys/block/${disk#/dev/}/disksize"
	group=/sys/fs/cgroup/test
	mkdir $group
	echo '+cpuset +memory' >$group/cgroup.subtree_control || bail 'no control groups'
}

# daemon_start LINE...: with lines of the section [tiered]. Its log has the priority of
# each line in front, as for the journal.
daemon_start() {
	{
		printf '[tiered]\nwindow = %s\ncpu_max = 100%%\nmin_size = 4M\n' $window
		for line; do echo "$line"; done
		printf '[target hostile]\ncomm = hostile\n'
	} >/run/conf
	JOURNAL_STREAM=0:0 LD_PRELOAD=$preload build/tiered --foreground --config /run/conf \
		--window-log /run/windows.csv >/run/log 2>&1 &
	daemon=$!
}
# errors: lines that it told with priority err or worse.
errors() { grep '^<[0-3]>' /run/log; }
daemon_end() {
	kill -TERM "$daemon"
	wait "$daemon"
}
# column NAME: sum over all windows.
column() {
	awk -F , -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { n += $c } END { print n + 0 }' /run/windows.csv
}
windows() { awk 'END { print NR ? NR - 1 : 0 }' /run/windows.csv; }
rss_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$daemon/status"; }
fds() { ls "/proc/$daemon/fd" 2>/dev/null | wc -l; }

# ledger_balanced: the classes of the whole run add up to what was requested, by the socket.
ledger_balanced() {
	build/tieredctl status --json >/run/status || return
	jq -e '.asked.requested == ([.asked.results[]] | add)' /run/status >/dev/null
}
