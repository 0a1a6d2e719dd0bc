# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# young.sh - for guests: a tracker against a known set of touches (bench/youngprobe.c).

# Large folios of one size, where the kernel has sizes, but for memory that asks for huge pages.
large_folios() {
	thp=/sys/kernel/mm/transparent_hugepage
	large=0
	[ -d $thp ] || return 0
	echo madvise >$thp/enabled
	for at in $thp/hugepages-*; do
		[ ! -d "$at" ] || echo never 2>/dev/null >"$at/enabled" || :
	done
	[ ! -d $thp/hugepages-2048kB ] || echo inherit >$thp/hugepages-2048kB/enabled
	# Clears accessed bits, and runs by itself where it is built in.
	[ ! -e /sys/module/damon_stat/parameters/enabled ] ||
		echo N >/sys/module/damon_stat/parameters/enabled
	[ ! -d $thp/hugepages-64kB ] || { echo always >$thp/hugepages-64kB/enabled && large=1; }
}

# value AREA NAME: of the last probe
value() { sed -n "s/^$1 .*$2=\([0-9.]*\).*/\1/p" /tmp/probe; }

# judge WHAT AREA: both figures, as the issue wants them; nothing known to be cold was touched
judge() {
	within "$1: precision, $2" "$(value $2 precision)" 0.99 1
	within "$1: recall, $2" "$(value $2 recall)" 0.99 1
}

# probe TRACKER CLEAR WINDOWS: 16 results
probe() {
	build/bench/youngprobe "$1" "$2" "$3" 7 >/tmp/probe 2>&1
	is "$1, $2: the probe ran" $? 0
	sed 's/^/# /' /tmp/probe
	for area in small mixed large huge forked shared; do
		case $2:$area in
		clear_refs:forked | clear_refs:shared)
			# What the other process does is not seen: then nothing may be called idle.
			is "$1, $2: invented or missed, $area" \
				"$(value $area invented) $(value $area missed)" '0 0'
			within "$1, $2: recall of its own accesses, $area" \
				"$(value $area recall)" 0.49 1
			;;
		*) judge "$1, $2" $area ;;
		esac
	done
	is "$1, $2: half-mapped huge pages that pass for accessed" "$(value part invented)" 0
	is "$1, $2: zero pages are nobody's" "$(value zero right) $(value zero invented)" '0 0'
	misshapen=$(value small misshapen)$(value mixed misshapen)$(value huge misshapen)
	[ $large = 0 ] || misshapen=$misshapen$(value large misshapen)
	is "$1, $2: folios in pieces" "$(echo "$misshapen" | tr -d 0)" ''
}
