# SPDX-License-Identifier: GPL-2.0-only
# Boots one guest, relays its output, judges how it ended. Sourced by run.

guest_pid=''

# guest_kill: whatever happens to the runner, no guest outlives it. timeout
# makes a process group of its own, so one signal ends it and QEMU. Should
# the runner itself be killed, the parent-death signals set below do it.
guest_kill() {
	[[ $guest_pid ]] || return 0
	kill -KILL -- "-$guest_pid" 2>/dev/null || true
	wait "$guest_pid" 2>/dev/null || true
	guest_pid=''
}

# guest_boot WORK SECONDS QEMU_ARG...: returns QEMU's status, 124 or 137 when
# it had to be ended. WORK gets console.log, qemu.log, files.tar.
guest_boot() {
	local work=$1 seconds=$2 line
	shift 2
	mkfifo "$work/tap"
	# Descriptor 9 keeps the reader below from waiting for ever if QEMU
	# ends before it opens the pipe.
	setpriv --pdeathsig TERM timeout -k 2 "$seconds" setpriv --pdeathsig KILL \
		qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$work/console.log" -serial "file:$work/tap" \
		-serial "file:$work/files.tar" "$@" </dev/null >"$work/qemu.log" 2>&1 9>"$work/tap" &
	guest_pid=$!
	while IFS= read -r line || [[ $line ]]; do
		line=${line%$'\r'}
		echo "$line" >>"$work/output"
		guest_line "$line"
	done <"$work/tap"
	local status=0
	wait "$guest_pid" || status=$?
	guest_pid=''
	rm -f "$work/tap"
	return $status
}

# guest_tail LOG: the end of a log, as diagnostics.
guest_tail() {
	[[ -s $1 ]] || return 0
	tap_diag "the last lines of ${1##*/}:"
	tail -n 20 "$1" | tr -d '\r' | tr -c '[:print:]\n\t' '?' | sed 's/^/# | /'
}

# guest_judge WORK STATUS SECONDS: results for how the guest ended.
guest_judge() {
	local work=$1 status=$2 seconds=$3
	if [[ $guest_status ]] && ((status != 0)); then
		tap_result 'not ok' "the test ended, but the guest did not power off (QEMU status $status)"
		guest_tail "$work/console.log"
	fi
	if [[ $guest_status = 77 ]]; then
		tap_result ok "skipped # SKIP ${guest_skip:-no reason given}"
	elif [[ $guest_status ]]; then
		# After a failed result, status 1 says nothing new.
		[[ $guest_status = 0 || $guest_status:$((guest_failures > 0)) = 1:1 ]] ||
			tap_result 'not ok' "the test ended with status $guest_status"
		[[ ! $guest_plan || $guest_plan = "$guest_results" ]] ||
			tap_result 'not ok' "$guest_results results came, $guest_plan were planned"
		((guest_results)) || tap_result 'not ok' 'no result came'
	elif ((status == 124 || status == 137)); then
		tap_result 'not ok' "still running after $seconds s, ended by force"
		guest_tail "$work/console.log"
	else
		if ((guest_booted)); then
			tap_result 'not ok' "the guest went down before its test ended (QEMU status $status)"
		else
			tap_result 'not ok' "the guest did not boot (QEMU status $status)"
		fi
		guest_tail "$work/qemu.log"
		guest_tail "$work/console.log"
	fi
}

# guest_judge_log WORK: the kernel's own word on it.
guest_judge_log() {
	local trouble
	trouble=$(log_trouble "$1/console.log" "${vm[allow]}" || true)
	if [[ ! $trouble ]] && ((guest_taint & kernel_taint_trouble)); then
		trouble="the kernel is tainted ($guest_taint), but the log does not show why"
	fi
	if ((vm[expect-kernel-warning])); then
		if [[ $trouble ]]; then
			tap_result ok 'the planted kernel warning is seen'
		else
			tap_result 'not ok' 'the planted kernel warning went unseen'
		fi
		return
	fi
	if [[ ! $trouble ]]; then
		tap_result ok 'no warning in the kernel log'
		return
	fi
	tap_result 'not ok' 'the kernel log has warnings'
	head -n 20 <<<"$trouble" | sed 's/^/# | /'
}
