# SPDX-License-Identifier: GPL-2.0-only
# The demo itself: redis on slow memory, a skewed load, first a daemon that
# only observes, then one that manages. Run by sh, in a guest (bench/guest/demo)
# or on a machine with two tiers (bench/demo with LOCAL=1). Everything goes to
# the folder $DEMO_DIR; what a person should see goes to stdout.
#
# DEMO_DIR       where to work
# DEMO_FAST      fast node (0)
# DEMO_SLOW      slow node (1)
# DEMO_OBSERVE   seconds in observe mode (10)
# DEMO_MANAGE    seconds in which the daemon manages, at most (150); it ends
#                sooner when ten seconds in a row were above 0.9 of the best possible
# DEMO_CONF      conf of the daemon (tiered.conf, as shipped)
# DEMO_KEYS      values of 4 KiB (three times what fast memory has room for, at most 65536)
# DEMO_RATE      requests per second (10000: what an emulated CPU can do with some to spare)
#
# Status 0 only if the share of requests that land on fast memory went from
# below 0.2 to above 0.8 of the best possible, and no request failed.

: "${DEMO_DIR:?}" "${DEMO_FAST:=0}" "${DEMO_SLOW:=1}" "${DEMO_OBSERVE:=10}" "${DEMO_MANAGE:=150}"
: "${DEMO_CONF:=tiered.conf}" "${DEMO_RATE:=10000}"

csv=$DEMO_DIR/demo.csv
events=$DEMO_DIR/events
socket=$DEMO_DIR/redis.sock
redis_pid='' load_pid='' daemon_pid=''

say() { echo "demo: $*"; }

# On any way out, nothing that was started here keeps running.
demo_stop() {
	for pid in $daemon_pid $load_pid $redis_pid; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	daemon_pid='' load_pid='' redis_pid=''
}

die() {
	say "error: $*"
	exit 1
}

seconds() { cut -d . -f 1 /proc/uptime; }

event() { echo "$(awk '{ print $1 }' /proc/uptime) $*" >>"$events"; }

rows() { awk 'END { print NR - 1 }' "$csv" 2>/dev/null || echo 0; }

# wait_for SECONDS WHAT COMMAND...
wait_for() {
	limit=$(($(seconds) + $1)) what=$2
	shift 2
	until "$@"; do
		[ "$(seconds)" -lt "$limit" ] || die "$what did not come in time"
		sleep 0.2
	done
}

load_running() {
	kill -0 "$load_pid" 2>/dev/null || die "the load ended: $(tail -n 1 "$DEMO_DIR/load.log")"
	[ "$(rows)" -ge 1 ]
}

# progress PHASE: the last row of the CSV as a bar; "|" is the best possible.
progress() {
	tail -n 1 "$csv" | awk -F , -v phase="$1" -v start="$load_began" '{
		cells = 40
		filled = int($4 * cells + 0.5)
		best = int($5 * cells + 0.5)
		for (i = 1; i <= cells; i++) bar = bar (i == best ? "|" : i <= filled ? "#" : ".")
		printf "demo: %4d s  %-8s %s %5.1f %% of requests on fast memory  %5d GET/s\n",
			$1 - start, phase, bar, 100 * $4, $2
	}'
}

# enough: were the last ten rows all above 0.9 of the best possible?
enough() {
	[ "$(rows)" -ge 10 ] && tail -n 10 "$csv" | awk -F , '$6 <= 0.9 { bad = 1 } END { exit bad }'
}

# cpu_of PID: seconds of CPU time of a process, all threads.
cpu_of() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print ($12 + $13) / 100 }'; }

# phase NAME SECONDS DAEMON_OPTION...: runs the daemon for a while, watching.
# Leaves behind how long it ran, and the CPU time of its process as the kernel
# counts it, beginning when it had loaded its BPF programs.
phase() {
	name=$1 until=$(($(seconds) + $2))
	shift 2
	build/tiered --foreground --config "$DEMO_CONF" --window-log "$DEMO_DIR/$name.windows.csv" \
		"$@" >"$DEMO_DIR/$name.log" 2>&1 &
	daemon_pid=$!
	phase_began=$(seconds) cpu_began=''
	while [ "$(seconds)" -lt "$until" ] && ! enough; do
		sleep 2
		load_running || die 'the load stands still'
		kill -0 "$daemon_pid" 2>/dev/null ||
			die "the daemon ended: $(tail -n 3 "$DEMO_DIR/$name.log")"
		progress "$name"
		[ "$cpu_began" ] || cpu_began="$(cpu_of "$daemon_pid") $(seconds)"
	done
	phase_cpu=$(cpu_of "$daemon_pid" | awk -v began="$cpu_began" -v now="$(seconds)" '{
		split(began, b, " "); printf "%.4f\n", (now > b[2] ? ($1 - b[1]) / (now - b[2]) : 0) }')
	kill -TERM "$daemon_pid"
	wait "$daemon_pid"
	status=$?
	daemon_pid=''
	phase_s=$(($(seconds) - phase_began))
	[ "$status" = 0 ] || die "the daemon ended with status $status: $(tail -n 3 "$DEMO_DIR/$name.log")"
}

# total NAME: of the daemon that managed.
total() {
	awk -v name="$1" '{ for (i = 1; i < NF - 1; i++) if ($i == "total" && $(i + 1) == name) v = $(i + 2) }
		END { print v == "" ? "unknown" : v }' "$DEMO_DIR/manage.log"
}

# cpu_share NAME: a total in nanoseconds, as per cent of one CPU.
cpu_share() {
	awk -v ns="$(total "$1")" -v s="$phase_s" \
		'BEGIN { if (ns == "unknown") print ns; else printf "%.2f %% of one CPU", ns / s / 1e7 }'
}

# share_between FROM TO: mean of share and of share / oracle in that time, and
# failed requests.
share_between() {
	awk -F , -v from="$1" -v to="$2" 'NR > 1 && $1 >= from && $1 <= to { n++; h += $4; rel += $6 }
		NR > 1 { failed += $3 }
		END { if (!n) n = 1; printf "%.4f %.4f %d\n", h / n, rel / n, failed }' "$csv"
}

summary() {
	read -r before before_rel failed <<-END
		$(share_between "$observe_began" "$observe_ended")
	END
	read -r after after_rel failed <<-END
		$(share_between $(($(seconds) - 11)) "$(seconds)")
	END
	oracle=$(awk -F , 'NR == 2 { print $5 }' "$csv")
	{
		echo "keys $DEMO_KEYS"
		echo "before $before_rel"
		echo "after $after_rel"
		echo "failed $failed"
		echo "seconds $phase_s"
		echo "process_cpu $phase_cpu"
	} >"$DEMO_DIR/result"
	awk -v b="$before" -v br="$before_rel" -v a="$after" -v ar="$after_rel" -v o="$oracle" \
		-v capacity="$capacity" -v keys="$DEMO_KEYS" 'BEGIN {
		print "demo:"
		printf "demo: %d values of 4 KiB (%d MiB), all on slow memory at first; fast memory had room for %d MiB\n",
			keys, keys / 256, capacity / 256
		printf "demo:   requests served by fast memory  before  %5.1f %%   (%5.1f %% of the best possible)\n", 100 * b, 100 * br
		printf "demo:                                   after   %5.1f %%   (%5.1f %% of the best possible)\n", 100 * a, 100 * ar
		printf "demo:                                   best    %5.1f %%\n", 100 * o
	}'
	say "  pages promoted                  $(total promoted_pages)"
	say "  pages demoted                   $(total demoted_pages)"
	say "  batches, TLB flushes            $(total batches), at most $(total flush_bound) ($(total flushes_seen) interrupts to other CPUs)"
	say "  windows (of these stale)        $(total windows) ($(total stale_windows))"
	say "  daemon CPU: scan and decide     $(cpu_share scan_cpu_ns)"
	say "              migration           $(cpu_share migrate_cpu_ns)"
	say "  requests failed                 $failed"
	[ "$load_status" = 0 ] || die "the load ended with status $load_status: $(tail -n 1 "$DEMO_DIR/load.log")"
	awk -v b="$before_rel" -v a="$after_rel" -v f="$failed" 'BEGIN { exit !(b < 0.2 && a > 0.8 && f == 0) }' ||
		die 'expected from below 20 % to above 80 % of the best possible, and no failed request'
}

trap demo_stop EXIT
trap 'exit 130' INT TERM

mkdir -p "$DEMO_DIR" || exit 1
rm -f "$csv" "$events" "$socket"
capacity=$(awk '$3 == "MemFree:" { print int($4 / 4) }' "/sys/devices/system/node/node$DEMO_FAST/meminfo")
[ "${DEMO_KEYS:-}" ] || DEMO_KEYS=$((capacity * 3 < 65536 ? capacity * 3 : 65536))

say 'starting redis-server and filling it'
redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no \
	--enable-debug-command yes >"$DEMO_DIR/redis.log" 2>&1 &
redis_pid=$!
# The first bytes of a value are as good a look at its page as all of them, and most of what an
# emulated CPU does would be to copy the others.
build/bench/zipfload --socket "$socket" --populate 4080 --head 64 --keys "$DEMO_KEYS" \
	--rate "$DEMO_RATE" --start-node "$DEMO_SLOW" --fast-nodes "$DEMO_FAST" --capacity "$capacity" \
	--csv "$csv" >"$DEMO_DIR/load.log" 2>&1 &
load_pid=$!
wait_for 120 'the first result of the load' load_running
load_began=$(seconds)

say 'control: the daemon observes, and moves nothing'
observe_began=$(seconds)
event 'daemon observes'
phase observe "$DEMO_OBSERVE" --observe
observe_ended=$(seconds)

say "the daemon manages, with $DEMO_CONF"
event 'daemon manages'
phase manage "$DEMO_MANAGE"

kill -TERM "$load_pid"
wait "$load_pid"
load_status=$?
load_pid=''
summary
