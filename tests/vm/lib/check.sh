# SPDX-License-Identifier: GPL-2.0-only
# What 40-check and 40-check-topologies do. Sourced in a guest, after /vm/guest.sh.
#
# THEORY OF OPERATION: what tieredctl check says of each thing is held against
# what this shell finds out about the same machine: from files, mounts, the list
# of processes and the version of the kernel. Then the machine is changed, one
# thing at a time, and exactly the verdicts about that thing may change. And
# once as a user without rights: what that user may not read is unknown.
mkdir -p /run/check
cd /repo || exit 1
mm=/sys/kernel/mm
node=/sys/devices/system/node
tiering=/sys/devices/virtual/memory_tiering
security=/sys/kernel/security

# verdicts FILE COMMAND...: "ID VERDICT" lines of what the command prints, into
# FILE; the status of the command.
verdicts() {
	local file=$1 status=0
	shift
	"$@" --json >/run/check/json 2>/run/check/error || status=$?
	tr '{' '\n' </run/check/json |
		sed -n 's/^"id":"\([^"]*\)","verdict":"\([^"]*\)".*/\1 \2/p' >"$file"
	return $status
}
of() { sed -n "s/^$2 //p" "$1"; } # FILE ID
finding() { tr '{' '\n' </run/check/json | sed -n "s/^\"id\":\"$1\".*\"finding\":\"\([^\"]*\)\".*/\1/p"; }
fix() { tr '{' '\n' </run/check/json | sed -n "s/^\"id\":\"$1\".*\"fix\":\"\([^\"]*\)\".*/\1/p"; }
summary() { sed -n 's/.*"summary":"\([^"]*\)".*/\1/p' /run/check/json; }

# --- what this machine is, found out here

release=$(uname -r)
kernel=$(echo "$release" | awk -F. '{ print $1 * 1000 + $2 }')
# Node 0 has the CPUs in these topologies, the others none.
slow_nodes=$(ls -d $node/node[1-9]* 2>/dev/null | wc -l)

choose() { if eval "$1"; then echo "$2"; else echo "$3"; fi; } # CONDITION VERDICT ELSE
mounted() { grep -q " $1 " /proc/mounts; }
all_of() { [ "$(($1 & $2))" = "$(($2))" ]; }
# DAC_OVERRIDE, DAC_READ_SEARCH, SYS_PTRACE, SYS_ADMIN, SYS_NICE, PERFMON, BPF
cap_mask=$((1 << 1 | 1 << 2 | 1 << 19 | 1 << 21 | 1 << 23 | 1 << 38 | 1 << 39))

# Slow nodes in the tier of node 0: 0 none, 1 some, but the kernel has one tier
# only and tiered tells better, 2 some, beside a tier of others.
mixed() {
	local file tiers=0 with=0
	for file in $tiering/memory_tier*/nodelist; do
		[ "$(cat "$file")" ] || continue
		tiers=$((tiers + 1))
		case $(cat "$file") in 0) ;; 0[-,]*) with=1 ;; esac
	done
	echo $((with * (tiers > 1 ? 2 : 1)))
}
tier_order() { case $(mixed) in 0) echo ok ;; 1) echo note ;; *) echo warn ;; esac; }

event() { [ -e "/sys/kernel/tracing/events/$1/id" ]; }
typed() { grep -q "$1" /sys/kernel/btf/vmlinux; }
hook() { choose "$1" ok note; }
kdamonds() { ps -o comm | grep -c '^\[*kdamond\.'; }
# What tracks here. Beside DAMON_STAT no other kdamond runs.
tracker() {
	if [ -s /sys/kernel/btf/vmlinux ]; then
		echo young
	elif [ -w $mm/page_idle/bitmap ]; then
		echo idle
	elif [ "$(cat $mm/damon/admin/kdamonds/nr_kdamonds 2>/dev/null)" = 0 ] && [ "$(damon_stat)" != Y ]; then
		echo damon
	fi
}
tracks() { choose '[ "$(tracker)" ]' ok fail; }
damon_stat() { cat /sys/module/damon_stat/parameters/enabled 2>/dev/null; }
security_file() { # NAME VERDICT-IF-THERE: unknown while securityfs is not mounted
	if [ -e "$security/$1" ]; then
		echo "$2"
	else
		choose 'grep -q securityfs /proc/filesystems && ! mounted $security' unknown ok
	fi
}

expected() {
	cat <<-END
		tiers $(choose '[ $slow_nodes -gt 0 ]' ok fail)
		tier-order $(tier_order)
		nodes $(choose 'cmp -s $node/online $node/has_memory' ok note)
		mems-allowed $(choose 'grep -qx "Mems_allowed_list:.$(cat $node/has_memory)" /proc/self/status' ok warn)
		tracker $(tracks)
		flush $(choose '[ $kernel -ge 6003 ] && ! grep -qw invlpgb /proc/cpuinfo' ok warn)
		numa-balancing $(choose '[ "$(cat /proc/sys/kernel/numa_balancing)" = 0 ]' ok warn)
		demotion $(choose 'grep -q false $mm/numa/demotion_enabled' ok note)
		mglru $(choose 'grep -q 0x0000 $mm/lru_gen/enabled' ok note)
		damon $(choose '[ $(kdamonds) -gt "$([ "$(damon_stat)" = Y ]; echo $((1 - $?)))" ]' warn ok)
		damon-stat $(choose '[ "$(damon_stat)" = Y ]' warn ok)
		thp $(choose 'grep -q "\[always\]" $mm/transparent_hugepage/enabled' note ok)
		capabilities $(choose 'all_of 0x$(sed -n "s/^CapEff:.//p" /proc/self/status) $cap_mask' ok warn)
		lockdown $(security_file lockdown "$(choose 'grep -qs "\[none\]" $security/lockdown' ok note)")
		lsm $(security_file lsm ok)
		pid-namespace $(choose '[ "$(cat /proc/2/comm)" = kthreadd ]' ok fail)
		cgroup $(choose 'mounted cgroup2' ok note)
		nofile ok
		btf $(choose '[ -s /sys/kernel/btf/vmlinux ]' ok note)
		bpffs $(choose 'mounted /sys/fs/bpf' ok note)
		bpf-hooks $(choose 'event csd/csd_queue_cpu' ok note)
		hook-faults $(hook 'event exceptions/page_fault_user')
		hook-migrations $(hook 'event migrate/mm_migrate_pages')
		hook-migration-starts $(hook 'event migrate/mm_migrate_pages_start')
		hook-shootdowns $(hook 'event tlb/tlb_flush')
		hook-fork $(hook 'event sched/sched_process_fork')
		hook-exec $(hook 'event sched/sched_process_exec')
		hook-exit $(hook 'event sched/sched_process_exit')
		hook-cgroup-removals $(hook 'event cgroup/cgroup_rmdir')
		hook-migration-owners $(hook 'grep -q "^remove_migration_pte" /sys/kernel/tracing/available_filter_functions')
		hook-shootdown-targets $(hook 'event csd/csd_queue_cpu')
		hook-mappings $(hook 'typed bpf_iter_task_vma')
		hook-damon $(hook 'typed btf_trace_damon_aggregated')
		hook-page-tables $(hook 'typed bpf_prog_test_run_syscall')
		hook-table-processes $(hook 'typed bpf_iter_bpf_map_elem')
		hook-table-migrations $(hook 'typed bpf_iter_bpf_map_elem')
		hook-table-shootdowns $(hook 'typed bpf_iter_bpf_map_elem')
		pagemap-scan $(choose '[ $kernel -ge 6007 ]' ok note)
		companion $(choose 'grep -q "^pgmigrate_defer_flush " /proc/vmstat' ok note)
		conf ok
		daemon ok
	END
}
status_of() { grep -qE ' (warn|fail)$' "$1"; echo $((1 - $?)); } # FILE

rows=$(expected | wc -l)
plan $((rows + 31))

# --- the machine as it is

expected >/run/check/expected
verdicts /run/check/now build/tieredctl check
is 'exit status' $? "$(status_of /run/check/expected)"
while read -r id verdict; do
	is "$id" "$(of /run/check/now "$id")" "$verdict" || diag "$(finding "$id")"
done </run/check/expected
is 'no other lines' "$(cut -d ' ' -f 1 /run/check/now | sort)" \
	"$(cut -d ' ' -f 1 /run/check/expected | sort)"
is 'nothing on standard error' "$(cat /run/check/error)" ''
order=$(fix tier-order)

# This test is about what it says it is: each topology has its case.
case $TEST_TOPOLOGY-$TEST_KERNEL in
two-tier-debian-6.1) wanted='note [tiers] order = 0 > 1' ;;
slow-in-dram-debian-6.1) wanted='note [tiers] order = 0 > 1 > 2' ;;
slow-in-dram-*) wanted='warn [tiers] order = 0 > 1 > 2' ;;
*) wanted='ok' ;;
esac
is 'tier order and its fix' "$(echo $(of /run/check/now tier-order) $order)" "$wanted"

if [ "$slow_nodes" = 0 ]; then
	wanted='tiered would stay idle: only one memory tier'
elif [ "$(tracker)" ]; then
	tiers=$((slow_nodes + 1))
	[ "$TEST_TOPOLOGY-$(of /run/check/now tier-order)" = slow-in-dram-warn ] && tiers=2
	wanted="tiered would manage $tiers tiers with tracker $(tracker)"
else
	wanted='tiered would stay idle: tracker idle: the kernel has no idle page tracking'
fi
summary | grep -q "^$wanted" && pass 'the summary' || fail "the summary: $(summary)"

build/tieredctl check >/run/check/text
sed 's/^/# /' /run/check/text
is 'lines of 80 columns at most' "$(awk 'length > 80' /run/check/text)" ''
is 'no colour in a pipe' "$(grep -c "$(printf '\033')" /run/check/text)" 0
is 'the summary comes last' "$(sed '1,/^$/d' /run/check/text | paste -s -d ' ')" "$(summary)"

# --- changes

# changed WHAT 'ID VERDICT'...: these and no others.
changed() {
	local what="$1" line
	shift
	cp /run/check/now /run/check/wanted
	for line; do
		sed -i "s/^${line% *} .*/$line/" /run/check/wanted
	done
	verdicts /run/check/now build/tieredctl check
	is "$what: status" $? "$(status_of /run/check/wanted)"
	is "$what: changes ${*:-nothing}" "$(diff /run/check/wanted /run/check/now)" ''
}

if grep -q securityfs /proc/filesystems; then
	mount -t securityfs securityfs $security
	changed 'securityfs is mounted' "lockdown $(security_file lockdown ok)" 'lsm ok'
else
	changed 'no securityfs in this kernel'
fi

old=$(cat /proc/sys/kernel/numa_balancing)
echo 1 >/proc/sys/kernel/numa_balancing
changed 'NUMA balancing on' 'numa-balancing warn'
echo "$old" >/proc/sys/kernel/numa_balancing
changed 'NUMA balancing off' 'numa-balancing ok'

# While it runs, sysfs starts no other: EBUSY.
if [ "$(damon_stat)" = Y ]; then
	echo N >/sys/module/damon_stat/parameters/enabled
	changed 'DAMON_STAT off' 'damon-stat ok' "tracker $(tracks)"
else
	changed 'no DAMON_STAT'
fi

before=$(of /run/check/now damon)
admin=$mm/damon/admin/kdamonds
if [ -d $admin ]; then
	echo 1 >$admin/nr_kdamonds
	echo 1 >$admin/0/contexts/nr_contexts
	echo vaddr >$admin/0/contexts/0/operations
	echo 1 >$admin/0/contexts/0/targets/nr_targets
	echo $$ >$admin/0/contexts/0/targets/0/pid_target
	echo on >$admin/0/state
	changed 'a kdamond runs' 'damon warn' "tracker $(tracks)"
	finding damon | grep -q "(pid $(cat $admin/0/pid), vaddr of process $$)" &&
		pass 'and is told with pid and victim' || fail "told as: $(finding damon)"
	echo off >$admin/0/state
	echo 0 >$admin/nr_kdamonds
	changed 'it is gone' "damon $before" "tracker $(tracks)"
else
	skip 'a kdamond: status' 'no DAMON in this kernel'
	skip 'a kdamond: verdicts' 'no DAMON in this kernel'
	is 'no DAMON here' "$(finding damon)" 'this kernel has none; no kdamond runs'
	changed 'no DAMON here'
fi

before=$(of /run/check/now mglru)
old=$(cat $mm/lru_gen/enabled)
if [ "$before" = ok ]; then
	echo y >$mm/lru_gen/enabled
	changed 'MGLRU on' 'mglru note'
else
	echo n >$mm/lru_gen/enabled
	changed 'MGLRU off' 'mglru ok'
fi
echo "$old" >$mm/lru_gen/enabled

echo 1 >$mm/numa/demotion_enabled
changed 'MGLRU back, demotion on' "mglru $before" 'demotion note'
echo 0 >$mm/numa/demotion_enabled

umount /sys/fs/bpf
changed 'demotion off, no bpffs' 'demotion ok' 'bpffs note'

# --- others

verdicts /run/check/inside unshare -p -f --mount-proc build/tieredctl check
is 'in a pid namespace' "$(of /run/check/inside pid-namespace)" fail
verdicts /run/check/bounded /usr/bin/setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
	build/tieredctl check
is 'without CAP_SYS_ADMIN' "$(of /run/check/bounded capabilities)" fail

nobody() { /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
closed() { [ -e "$1" ] && ! nobody test -r "$1"; }
verdicts /run/check/nobody nobody build/tieredctl check
is 'as nobody: status' $? 1
{
	echo 'capabilities warn'
	echo 'bpf-hooks unknown'
	echo 'tracker unknown'
	closed /sys/module/damon_stat/parameters/enabled && echo 'damon-stat unknown'
} | sort >/run/check/wanted
grep -v '^hook-' /run/check/now | sort >/run/check/as_root
sort /run/check/nobody | grep -vxFf /run/check/as_root >/run/check/different
is 'as nobody: what differs from root' "$(cat /run/check/different)" "$(cat /run/check/wanted)"
