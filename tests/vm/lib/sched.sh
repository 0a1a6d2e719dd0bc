# SPDX-License-Identifier: GPL-2.0-only
# What guests of the scheduler ask the kernel, and the daemon, which is $daemon and has its log in
# /run/log; sourced by 80 to 87 and bench/guest/sched-*.

# status FILTER: of jq
status() { build/tieredctl status --json >/run/status 2>/dev/null && jq -r "$1" /run/status; }
state_is() { [ "$(status .scheduler.state)" = "$1" ]; }
# kernel_is enabled|disabled
kernel_is() { [ "$(cat /sys/kernel/sched_ext/state)" = "$1" ]; }
# policy PID...: 0 normal, 7 of the scheduler
policy() { for pid in "$@"; do awk '{ print $41 }' /proc/"$pid"/stat; done | paste -sd ' '; }
policy_is() { [ "$(policy "$1")" = "$2" ]; }
# pids_of COMM
pids_of() { for stat in /proc/[0-9]*/stat; do sed -n "s/^\([0-9]*\) ($1).*/\1/p" "$stat" 2>/dev/null; done; }
# pins: of the counters of the scheduler
pins() { ls /sys/fs/bpf/tiered/maps | grep -c '^sched'; }
# bench_conf yes|no SCOPE COMM...: /run/conf for what is measured
bench_conf() {
	printf '[tiered]\nwindow = 1s\ncpu_max = 5%%\nsweep = 1s\n[tiers]\norder = 0-1 > 2\n[bpf]\nenable = no\n[scheduler]\nenable = %s\nscope = %s\n' "$1" "$2" >/run/conf
	shift 2
	for comm; do
		printf '[target %s]\ncomm = %s\nmin_size = 0\n' "$comm" "$comm" >>/run/conf
	done
}
descriptors() { ls /proc/$daemon/fd | wc -l; }
windows_at_least() { [ "$(status .asked.windows)" -ge "$1" ]; }

# target PID FILTER: of the process
target() {
	build/tieredctl targets --json >/run/targets 2>/dev/null &&
		jq -r ".targets[] | select(.pid == $1) | $2" /run/targets
}
# scheduled PID FIELD
scheduled() { target "$1" ".scheduled.$2"; }
is_home() { [ "$(scheduled "$1" home_node)" = "$2" ]; }
# looked_at PID: windows in which it was looked at
looked_at() { target "$1" .asked.windows; }
looked_at_least() { [ "$(looked_at "$1")" -ge "$2" ]; }

# followed PID: is it at home on node 0? $still is in how many windows it was looked at when it was
# not yet: both from one answer, as on a busy host windows pass between two.
followed() {
	set -- $(target "$1" '"\(.scheduled.home_node) \(.asked.windows)"')
	[ "$1" != 0 ] || return 0
	still=${2:-$still}
	return 1
}
# follows PID: its pages go from node 1 to node 0. The window that is under way was marked
# before; in three more its home has followed, and stays there. Three results.
follows() {
	build/bench/schedprobe "$1" 1 0
	moved=$(looked_at "$1") still=$moved
	ok 'it follows its pages' poll 120 followed "$1"
	took=$((still - moved + 1))
	within 'windows that it took' $took 0 4
	figure windows_to_follow $took windows
	bounced=0
	for more in 1 2 3 4 5 6; do
		poll 60 looked_at_least "$1" $((moved + took + more)) || break
		is_home "$1" 0 || bounced=$((bounced + 1))
	done
	is 'windows in which it was at home elsewhere' "$bounced after $more" '0 after 6'
}
