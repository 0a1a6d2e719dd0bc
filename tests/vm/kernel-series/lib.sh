# SPDX-License-Identifier: GPL-2.0-only
# What the guest tests of the kernel series share. Sourced after guest.sh.

programs=build/kernel-selftests

# swap_on SIZE: swap on a compressed disk in memory.
swap_on() {
	echo "$1" >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
}

# disk_on SIZE: prints a block device that can be read with O_DIRECT.
disk_on() {
	number=$(cat /sys/class/zram-control/hot_add) &&
		echo "$1" >"/sys/block/zram$number/disksize" && echo "/dev/zram$number"
}

# selftest PROGRAM ARGUMENT...: its results become ours, as they come. Each program has a
# plan of its own, and says by its status whether it was kept.
selftest() {
	program=$1
	shift
	[ -p /tmp/selftest ] || mkfifo /tmp/selftest
	{
		"$programs/$program" "$@" 2>&1
		echo "status $?"
	} >/tmp/selftest &
	selftest_relay </tmp/selftest
}

selftest_relay() {
	failed=0
	while IFS= read -r line; do
		case $line in
		'ok '*'# SKIP '*) skip "${line#*# SKIP }" 'not on this kernel' ;;
		'ok '*) pass "${line#* - }" ;;
		'not ok '*) fail "${line#* - }" && failed=1 ;;
		'1..0 # SKIP '*) skip "$program" "${line#*SKIP }" ;;
		'1..'*) ;;
		'status 0' | 'status 4') ;;
		'status '*) [ $failed = 1 ] || fail "$program ended with $line" ;;
		*) diag "${line#\# }" ;;
		esac
	done
}
