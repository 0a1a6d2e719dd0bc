# SPDX-License-Identifier: GPL-2.0-only
# The BPF test programs in a guest; sourced by 20-bpf and 21-shootdowns.
#
# One object of BPF programs must load and count on every kernel from 6.1 on. The same
# test programs that run on the build machine run here, where functions can be hooked and
# a second node takes pages; what each of them does is said at its head. A test that had
# to be skipped here would hide something, so only those are allowed that this kernel
# gives a reason for.

# bpf_test NAME: passes if the program does; shows its remarks, and all of it on failure.
bpf_test() {
	if "build/tests/bpf/test_$1" >"/tmp/$1" 2>&1; then
		pass "test_$1"
		grep '^# ' "/tmp/$1"
	else
		fail "test_$1"
		sed 's/^/# | /' "/tmp/$1"
	fi
}

# bpf_tests NAME...: each of them, and one result for what they skipped.
bpf_tests() {
	# A second cpuset makes the kernel rewrite its page allocator while that runs, and an
	# emulated CPU may then meet the breakpoint of the rewriting after it is over: an oops.
	if ! echo -cpuset >/sys/fs/cgroup/cgroup.subtree_control; then
		diag 'cgroups made by the tests have cpusets'
	fi
	for name; do
		bpf_test "$name"
	done
	# Stock 6.1 has no csd_queue_cpu, and all memory in one tier; nothing else may be
	# missing on the other kernels.
	if [ "$TEST_KERNEL" = debian-6.1 ]; then
		allowed='no csd_queue_cpu hook|one memory tier'
	else
		allowed='nothing at all'
	fi
	(cd /tmp && cat "$@") | grep '^# SKIP' | grep -vE "$allowed" >/tmp/skips
	is 'nothing else was skipped' "$(cat /tmp/skips)" ''
}
