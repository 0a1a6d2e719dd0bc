# SPDX-License-Identifier: GPL-2.0-only
# What a test in a guest works with: TAP, waiting, counters, files for the
# host. Sourced by tests as ". /vm/guest.sh"; busybox sh and awk only.

tap_count=0

# plan N: how many results are to come; a test that stops early then fails.
plan() { echo "1..$1"; }

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $*"
}

fail() {
	tap_count=$((tap_count + 1))
	echo "not ok $tap_count - $*"
}

# ok DESCRIPTION COMMAND...: passes if the command does. Its output is kept
# back, and shown when it fails.
ok() {
	local what="$1" status=0
	shift
	"$@" >/tmp/.ok.out 2>&1 || status=$?
	if [ $status = 0 ]; then
		pass "$what"
		return
	fi
	fail "$what"
	diag "$* gave status $status"
	sed 's/^/# | /' /tmp/.ok.out
	return 1
}

# is DESCRIPTION GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		diag "got '$2', wanted '$3'"
		return 1
	fi
}

# within DESCRIPTION GOT LOW HIGH: numbers, fractions too; "-" for no bound.
within() {
	if awk -v x="$2" -v lo="$3" -v hi="$4" 'BEGIN {
		if (x !~ /^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$/) exit 1
		exit !((lo == "-" || x + 0 >= lo + 0) && (hi == "-" || x + 0 <= hi + 0)) }'; then
		pass "$1 ($2)"
	else
		fail "$1"
		diag "got '$2', wanted $3 to $4"
		return 1
	fi
}

# median COLUMN FILE: of numbers; of an even count the lower one in the middle.
median() { awk -v c="$1" '{ print $c }' "$2" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# skip DESCRIPTION REASON: one result that cannot be had here.
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: ends the test.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 77
}

# bail REASON: ends the test as failed.
bail() {
	fail "$*"
	exit 1
}

diag() { echo "# $*"; }

# figure NAME VALUE UNIT: a measured number, passed on by the host as it is.
figure() { echo "figure $1 $2 $3"; }

# now: seconds since boot, in hundredths.
now() { cut -d ' ' -f 1 /proc/uptime; }

# poll SECONDS COMMAND...: until the command succeeds, at most so long (guest
# time). Tests wait with this instead of sleeping for a fixed time.
poll() {
	local limit
	limit=$(awk -v s="$1" '{ print int(($1 + s) * 100) }' /proc/uptime)
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(awk '{ print int($1 * 100) }' /proc/uptime)" -lt "$limit" ] || return 1
		sleep 0.1
	done
}

# vmstat_get NAME: a counter of /proc/vmstat, 0 if this kernel lacks it.
vmstat_get() { awk -v n="$1" '$1 == n { v = $2 } END { print v + 0 }' /proc/vmstat; }

# node_vmstat NODE NAME and node_meminfo NODE FIELD (kB)
node_vmstat() { awk -v n="$2" '$1 == n { v = $2 } END { print v + 0 }' "/sys/devices/system/node/node$1/vmstat"; }
node_meminfo() { awk -v n="$2:" '$3 == n { v = $4 } END { print v + 0 }' "/sys/devices/system/node/node$1/meminfo"; }

# node_pages PID NODE: pages of a process that are on a node.
node_pages() {
	awk -v key="N$2" '{ for (i = 1; i <= NF; i++) if (split($i, kv, "=") == 2 && kv[1] == key) n += kv[2] }
		END { print n + 0 }' "/proc/$1/numa_maps"
}

# ticks_of PID: CPU time of a process in clock ticks (user, system).
ticks_of() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12, $13 }'; }

# out_file FILE...: copies to the host, into the folder of --keep.
out_file() {
	local file
	for file; do
		tar -cf /dev/ttyS2 -C "$(dirname "$file")" "$(basename "$file")" ||
			diag "could not hand out $file"
	done
}
