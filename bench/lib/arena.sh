# SPDX-License-Identifier: GPL-2.0-only
# What tests and benchmarks of placement share: an arena, an observer of it,
# and the daemon. Sourced in a guest, after /vm/guest.sh.
#
# All times are seconds of CLOCK_MONOTONIC, so the CSV of the observer and the
# daemon's own log of windows can be laid side by side.

fast_node=0 slow_node=1
arena_pid='' watch_pid='' daemon_pid='' cold_pid=''

# Hot pages (26,214 of 1 GiB) are touched 6.9 times in a window of 1 s, cold
# ones 0.08 times. An emulated CPU does 1.8 million such accesses per second.
arena_rate=200000

# The default limit of 1 % is for real machines: an emulated CPU needs ten
# times as long for each page, and a window may last 5 s at most.
test_cpu_max=50%

# Clears accessed bits, and runs by itself where it is built in: no page would be known to be cold.
damon_stat=/sys/module/damon_stat/parameters/enabled
[ ! -e $damon_stat ] || echo N >$damon_stat

# As on our own kernel: hot pages lie at random, and Debian's "always" would hide them in huge ones.
thp=/sys/kernel/mm/transparent_hugepage/enabled
[ ! -e $thp ] || echo madvise >$thp

kill_quietly() { [ ! "$1" ] || { kill "$1" && wait "$1"; } 2>/dev/null; }
arena_cleanup() {
	kill_quietly "$watch_pid"
	kill_quietly "$daemon_pid"
	kill_quietly "$arena_pid"
	kill_quietly "$cold_pid"
	watch_pid='' daemon_pid='' arena_pid='' cold_pid=''
}
# With --keep, and when something failed, the host gets what was recorded last.
arena_exit() {
	arena_cleanup
	for file in windows.csv hits.csv daemon.log test.conf; do
		[ ! -s "/run/$file" ] || out_file "/run/$file"
	done
}
trap arena_exit EXIT

# fast_free: pages that the fast node can give now.
fast_free() { echo $(($(node_meminfo $fast_node MemFree) / 4)); }

# arena_start OPTION...: returns when it is filled and runs.
arena_start() {
	rm -f /run/truth
	build/bench/arena --truth /run/truth "$@" >/run/arena.log 2>&1 &
	arena_pid=$!
	build/bench/hitshare --truth /run/truth >/run/first.csv 2>&1 ||
		bail "the arena did not start: $(cat /run/arena.log)"
}

# arena_stop: its exit status (1: its data was damaged).
arena_stop() {
	kill -TERM "$arena_pid"
	wait "$arena_pid"
	arena_status=$?
	arena_pid=''
	diag "$(cat /run/arena.log)"
	return $arena_status
}

# cold_start: fills what the fast node has free with pages of another process
# that are never touched again. By the default policy: what does not fit goes to
# the slow node; bound to the fast one, the kernel would rather kill.
cold_start() {
	rm -f /run/cold
	build/bench/arena --mode idle --size "$(($(fast_free) / 256))M" --truth /run/cold \
		>/run/cold.log 2>&1 &
	cold_pid=$!
	build/bench/hitshare --truth /run/cold >/run/cold.csv 2>&1 ||
		bail "the cold process did not start: $(cat /run/cold.log)"
}

# watch_start CAPACITY: samples every 2 s into /run/hits.csv (1 GiB of pages
# takes 0.16 s of an emulated CPU).
watch_start() {
	build/bench/hitshare --truth /run/truth --capacity "$1" --count 0 --every 2000 >/run/hits.csv &
	watch_pid=$!
}

watch_stop() {
	kill_quietly "$watch_pid"
	watch_pid=''
}

# daemon_start MODE [LINE...]: with lines of the section [tiered]; by TRACKER and CLEAR of the
# environment instead of what is found to work.
daemon_start() {
	{
		printf '[tiered]\nmode = %s\ncpu_max = %s\nmin_size = 64M\n' "$1" "$test_cpu_max"
		printf 'tracker = %s\n' "${TRACKER:-auto}"
		shift
		for line; do
			echo "$line"
		done
		[ ! "${CLEAR:-}" ] || printf '[tracker.young]\nclear = %s\n' "$CLEAR"
		printf '[target arena]\ncomm = arena\n'
	} >/run/test.conf
	rm -f /run/windows.csv
	build/tiered --foreground --config /run/test.conf --window-log /run/windows.csv \
		>/run/daemon.log 2>&1 &
	daemon_pid=$!
}

daemon_stop() {
	kill -TERM "$daemon_pid"
	wait "$daemon_pid"
	daemon_status=$?
	daemon_pid=''
	return $daemon_status
}

daemon_log() { sed 's/^/# | /' /run/daemon.log | tail -n "${1:-20}"; }

# windows: how many have ended.
windows() { awk 'END { print NR ? NR - 1 : 0 }' /run/windows.csv 2>/dev/null || echo 0; }

# await_windows N: until N have ended, 5 s each at most. Looks twice a second
# only: on one emulated CPU it takes its time from the load and the daemon.
await_windows() {
	limit=$(($(cut -d . -f 1 /proc/uptime) + ($1 + 2) * 5))
	until [ "$(windows)" -ge "$1" ]; do
		if ! kill -0 "$daemon_pid" 2>/dev/null ||
			[ "$(cut -d . -f 1 /proc/uptime)" -ge $limit ]; then
			diag "only $(windows) of $1 windows"
			daemon_log
			return 1
		fi
		sleep 0.5
	done
}

# column NAME [FROM [TO]]: sum of a column of the window log over windows.
column() {
	awk -F , -v name="$1" -v from="${2:-1}" -v to="${3:-1000000}" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
		NR - 1 >= from && NR - 1 <= to { sum += $c }
		END { printf "%.0f\n", c ? sum : -1 }' /run/windows.csv
}

# column_mean NAME UNIT: of all windows, in units of so many.
column_mean() {
	awk -v sum="$(column "$1")" -v n="$(windows)" -v unit="$2" 'BEGIN { printf "%.2f", sum / n / unit }'
}

# window_ends: when each window ended, in seconds.
window_ends() {
	awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "end_ns") c = i; next }
		c { printf "%.3f\n", $c / 1e9 }' /run/windows.csv
}

# longest_window: seconds from the end of one to the end of the next.
longest_window() {
	window_ends | awk 'NR > 1 && $1 - end > most { most = $1 - end } { end = $1 } END { printf "%.2f\n", most }'
}

# total NAME: what the daemon printed at its end.
total() {
	awk -v name="$1" '{ for (i = 1; i < NF - 1; i++) if ($i == "total" && $(i + 1) == name) v = $(i + 2) }
		END { print v == "" ? "missing" : v }' /run/daemon.log
}

# settled REL [HOT_SET]: the number of windows after which share / oracle was
# at least REL in every sample to the end. With a hot set, windows are counted
# from its beginning, and earlier samples do not matter. "never" otherwise.
settled() {
	window_ends >/run/ends
	awk -F , -v rel="$1" -v set="${2:-0}" '
		FNR == NR { ends[++n] = $1; next }
		FNR == 1 || $9 != set { next }
		{
			if (!start) start = $1
			before = after = 0
			for (i = 1; i <= n; i++) {
				if (ends[i] <= start) before++
				if (ends[i] <= $1) after++
			}
			if (set == 0) before = 0
			if ($4 >= rel) { if (at == "") at = after - before }
			else at = ""
		}
		END { print at == "" ? "never" : at }' /run/ends /run/hits.csv
}

# lowest_after WINDOWS [HOT_SET]: least share / oracle in samples from then on.
lowest_after() {
	window_ends >/run/ends
	awk -F , -v from="$1" -v set="${2:-0}" '
		FNR == NR { ends[++n] = $1; next }
		FNR == 1 || $9 != set { next }
		{
			if (!start) start = $1
			count = 0
			for (i = 1; i <= n; i++) if (ends[i] <= $1 && (set == 0 || ends[i] > start)) count++
			if (count >= from && (least == "" || $4 < least)) least = $4
		}
		END { print least == "" ? "nothing" : least }' /run/ends /run/hits.csv
}

# trace: how share / oracle went, for a person.
trace() {
	diag "share / oracle over time: $(awk -F , 'NR > 1 { printf "%s%.3f", (NR == 2 ? "" : " "), $4 }' /run/hits.csv)"
}

# hit_column N: of the last sample.
hit_column() { tail -n 1 /run/hits.csv | cut -d , -f "$1"; }

# placement_run SEED full|empty: one run of tests/vm/30-placement, four results.
# Lowers $worst to the least share / oracle from window 12 on.
placement_run() {
	name="seed $1, fast node $2"
	capacity=$(fast_free)
	[ "$2" = empty ] || cold_start
	diag "$name: $(fast_free) of $capacity pages are free on the fast node"
	arena_start --size 1G --start-node $slow_node --rate $arena_rate --tlb-pressure \
		--checksum --seed "$1"
	watch_start "$capacity"
	daemon_start manage 'window = 1s'
	ok "$name: 32 windows" await_windows 32
	watch_stop
	within "$name: windows to 0.98 of the oracle, for good" "$(settled 0.98)" 0 12
	trace
	diag "least from window 12 on $(lowest_after 12), longest window $(longest_window) s," \
		"cpu_max $test_cpu_max, promoted $(column promoted), demoted $(column demoted)"
	figure "scan_cpu_seed_$1_$2" "$(column_mean scan_cpu_ns 1e6)" ms_per_window
	figure "scan_calls_seed_$1_$2" "$(column_mean scan_calls 1)" calls_per_window
	worst=$(lowest_after 12 | awk -v w="$worst" '{ print (w == "" || $1 + 0 < w + 0) ? $1 : w }')
	ok "$name: the daemon ends well" daemon_stop
	ok "$name: the data is intact" arena_stop
	arena_cleanup
}
