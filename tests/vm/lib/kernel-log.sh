# SPDX-License-Identifier: GPL-2.0-only
# Looks for signs of trouble in a guest's kernel log. Sourced by run.

kernel_log_trouble=(
	'WARNING:'
	'BUG:'
	'Oops'
	'Call Trace:'
	'kernel BUG at'
	'Kernel panic'
	'double fault'
	'general protection fault'
	'traps: .* trap'
	'segfault at'
	'unable to handle'
	'Bad page (state|map|cache)'
	'BUG: Bad rss-counter'
	'possible (circular|recursive) locking'
	'inconsistent lock state'
	'suspicious RCU usage'
	'held lock freed'
	'rcu.*(stall|starved)'
	'blocked for more than'
	'soft lockup'
	'hard LOCKUP'
	'UBSAN:'
	'KASAN:'
	'KCSAN:'
	'list_(add|del) corruption'
	'refcount_t: '
	'Out of memory:'
	'oom-kill:'
	'Failed to execute /init'
	'Attempted to kill init'
)

# These contain one of the words above on a healthy machine: the kernel's
# opinion of the emulated processor.
kernel_log_harmless='(RETBleed|Spectre V2|MDS|TAA|MMIO Stale Data|L1TF|SRSO) ?: WARNING:'

# log_trouble LOG ALLOWED: the lines of trouble, none if all is well. ALLOWED
# is an extended regular expression of what a test expects, or empty.
log_trouble() {
	local pattern
	pattern=$(IFS='|'; echo "${kernel_log_trouble[*]}")
	tr -d '\r' <"$1" | grep -a -E "$pattern" | grep -a -v -E "$kernel_log_harmless" |
		if [[ $2 ]]; then grep -a -v -E "$2"; else cat; fi
}

# Bits of /proc/sys/kernel/tainted that only trouble sets: bad page, died,
# warned, soft lockup. The log may lose lines, this does not.
kernel_taint_trouble=$((1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))
