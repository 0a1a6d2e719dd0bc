# SPDX-License-Identifier: GPL-2.0-only
# One TAP stream out of those of many guests. Sourced by run.

tap_total=0 tap_passed=0 tap_failed=0 tap_skipped=0
tap_prefix=''
tap_plain=0 # 1: lines that are no TAP are shown as they come

# tap_result ok|'not ok' DESCRIPTION
tap_result() {
	tap_total=$((tap_total + 1))
	echo "$1 $tap_total - $tap_prefix: $2"
	case $1:$2 in
	not*) tap_failed=$((tap_failed + 1)) ;;
	*'# SKIP'* | *'# skip'*) tap_skipped=$((tap_skipped + 1)) ;;
	*) tap_passed=$((tap_passed + 1)) ;;
	esac
}

tap_diag() { echo "# $*"; }

# tap_summary: what the last line says is what the exit status means.
tap_summary() {
	echo "1..$tap_total"
	echo "$tap_passed passed, $tap_failed failed, $tap_skipped skipped"
	((tap_failed == 0 && tap_total > 0))
}

# guest_line LINE: one line of a guest's output. Keeps what it learns in the
# guest_* variables, which guest_reset empties.
guest_reset() {
	guest_booted=0 guest_status='' guest_taint=0
	guest_plan='' guest_results=0 guest_failures=0 guest_skip=''
}

guest_line() {
	local line=$1
	case $line in
	'# vm-boot') guest_booted=1 ;;
	'# vm-exit '*) read -r _ _ guest_status guest_taint <<<"$line" ;;
	'1..0 # SKIP '*) guest_skip=${line#'1..0 # SKIP '} ;;
	1..[0-9]*) guest_plan=${line#1..} guest_plan=${guest_plan%% *} ;;
	'figure '*) echo "$line" ;;
	'#'*) echo "$line" ;;
	*)
		if [[ $line =~ ^(not\ ok|ok)(\ +[0-9]+)?(\ +-)?\ *(.*)$ ]]; then
			guest_results=$((guest_results + 1))
			[[ ${BASH_REMATCH[1]} = ok ]] || guest_failures=$((guest_failures + 1))
			tap_result "${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}"
		elif ((tap_plain)); then
			echo "$line"
		else
			tap_diag "$line"
		fi
		;;
	esac
}
