// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every verdict of every check, on a machine on which all is well but for what the
 * row says. A row also says which checks change; no other may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "check_machine.h"
#include "observe/flush.h"

#define CAPS_NO_BPF "0000003fffffffff"
#define CAPS_NONE "0000000000000000"
/* SYS_ADMIN (21) alone is missing; PERFMON and BPF (38, 39) are there. */
#define CAPS_NO_ADMIN "000001ffffdfffff"
/* DAC_READ_SEARCH (2), SYS_PTRACE (19) and PERFMON (38) are missing. */
#define CAPS_FEW "000001bffff7fffb"
/* No SYS_RESOURCE (24). */
#define CAPS_NO_RESOURCE "000001fffeffffff"

/* How a file is changed: a text, or one of these. */
static const char gone[] = "gone";
static const char folder[] = "folder"; /* reading it fails, whoever reads */
static const char link_to[] = "link:";

struct change {
	const char *path;
	const char *text;
};

struct expected {
	const char *id;
	enum check_verdict verdict;
	const char *finding; /* a part of it */
	const char *fix;     /* a part of it, NULL: none at all */
};

struct row {
	struct change changes[5];
	struct expected expected[4];
};

#define KDAMOND "proc/812/stat", "812 (kdamond.1) S 2 0 0\n"
#define ADMIN MM "damon/admin/kdamonds/1/"
#define LATENCY(node) NODE "node" #node "/access1/initiators/read_latency"

static const struct row table[] = {
	/* Memory. */
	{ { { TIERING "memory_tier56/nodelist", gone },
	    { TIERING "memory_tier4/nodelist", "0-1\n" } },
	  { { "tier-order", CHECK_NOTE, "node 1 (no CPUs, distance 20)",
	      "[tiers] order = 0 > 1" } } },
	{ { { "proc/zoneinfo", ZONE(0, 0) } },
	  { { "tiers", CHECK_FAIL, "only one, nothing to tier: tier 0: node 0", "add memory" } } },
	{ { { NODE "has_cpu", "0-1\n" },
	    { NODE "node1/cpulist", "2-3\n" },
	    { TIERING "memory_tier4/nodelist", "0-1\n" },
	    { TIERING "memory_tier56/nodelist", gone } },
	  { { "tiers", CHECK_FAIL, "only one", "[tiers] order" } } },
	{ { { "proc/zoneinfo", gone } },
	  { { "tiers", CHECK_FAIL, "cannot be read", NULL },
	    { "tier-order", CHECK_UNKNOWN, "tiers are not known", NULL },
	    { "mems-allowed", CHECK_UNKNOWN, "nodes are not known", NULL } } },
	{ { { "tiered.conf", "[tiers]\norder = 0 > 1 > 5\n" } },
	  { { "tiers", CHECK_FAIL, "there is no node 5", "correct [tiers] order in /" },
	    { "tier-order", CHECK_UNKNOWN, "tiers are not known", NULL },
	    { "mems-allowed", CHECK_UNKNOWN, "nodes are not known", NULL } } },
	{ { { NODE "online", "0-2\n" }, { NODE "has_cpu", "0,2\n" } },
	  { { "nodes", CHECK_NOTE, "online: 0-2; without CPUs: 1; without memory: 2", NULL } } },
	{ { { NODE "online", gone } },
	  { { "nodes", CHECK_FAIL, "no memory nodes", "CONFIG_NUMA" } } },
	{ { { NODE "has_memory", folder } },
	  { { "nodes", CHECK_UNKNOWN, "cannot be read", NULL } } },
	{ { { "proc/self/status", STATUS(CAPS_ALL, CAPS_ALL, "00000001") } },
	  { { "mems-allowed", CHECK_WARN, "leaves out 1", "cpuset.mems is 0-1" } } },
	/* Trackers and flushes. */
	{ { { MM "page_idle/bitmap", gone } },
	  { { "tracker", CHECK_FAIL, "no idle page tracking", "CONFIG_IDLE_PAGE_TRACKING=y" } } },
	{ { { MM "page_idle/bitmap", folder } },
	  { { "tracker", CHECK_FAIL, "cannot be opened", "as root" } } },
	{ { { "proc/cpuinfo", "flags\t\t: fpu invlpgb\n" } },
	  { { "flush", CHECK_WARN, "page is ever known to be cold", "INVLPGB" } } },
	{ { { "proc/vmstat", "nr_free_pages 1\npgmigrate_defer_flushes 1\n" } },
	  { { "companion", CHECK_NOTE, "optional", NULL } } },
	/* Rivals. */
	{ { { "proc/sys/kernel/numa_balancing", "1\n" } },
	  { { "numa-balancing", CHECK_WARN, "on (1):", "sysctl kernel.numa_balancing=0" } } },
	{ { { "proc/sys/kernel/numa_balancing", "2\n" } },
	  { { "numa-balancing", CHECK_WARN, "on (2, memory tiering: promotes)", "sysctl" } } },
	{ { { "proc/sys/kernel/numa_balancing", gone } },
	  { { "numa-balancing", CHECK_OK, "has none", NULL } } },
	{ { { "proc/sys/kernel/numa_balancing", folder } },
	  { { "numa-balancing", CHECK_UNKNOWN, "cannot be read", NULL } } },
	{ { { MM "numa/demotion_enabled", "true\n" } },
	  { { "demotion", CHECK_NOTE, "reclaim moves pages", "echo false" } } },
	{ { { MM "numa/demotion_enabled", gone } }, { { "demotion", CHECK_OK, "none", NULL } } },
	{ { { MM "numa/demotion_enabled", "maybe\n" } },
	  { { "demotion", CHECK_UNKNOWN, "cannot be read", NULL } } },
	{ { { MM "lru_gen/enabled", "0x0007\n" } },
	  { { "mglru", CHECK_NOTE, "on (0x0007)", "echo 0" } } },
	{ { { MM "lru_gen/enabled", gone } }, { { "mglru", CHECK_OK, "none", NULL } } },
	{ { { MM "lru_gen/enabled", "x\n" } }, { { "mglru", CHECK_UNKNOWN, "cannot", NULL } } },
	{ { { MM "transparent_hugepage/enabled", "[always] madvise never\n" } },
	  { { "thp", CHECK_NOTE, "one accessed bit", "echo madvise" } } },
	{ { { MM "transparent_hugepage/enabled", "always madvise [never]\n" } },
	  { { "thp", CHECK_OK, "never: there are none", NULL } } },
	{ { { MM "transparent_hugepage/enabled", gone } },
	  { { "thp", CHECK_OK, "no trans", NULL } } },
	{ { { MM "transparent_hugepage/enabled", folder } },
	  { { "thp", CHECK_UNKNOWN, "cannot be read", NULL } } },
	/* DAMON. */
	{ { { KDAMOND },
	    { ADMIN "pid", "812\n" },
	    { ADMIN "contexts/0/operations", "vaddr\n" },
	    { ADMIN "contexts/0/targets/0/pid_target", "4711\n" } },
	  { { "damon", CHECK_WARN, "1 kdamond runs: kdamond.1 (pid 812, vaddr of process 4711)",
	      "echo off > /sys/kernel/mm/damon/admin/kdamonds/1/state" } } },
	{ { { KDAMOND }, { "proc/813/stat", "813 (kdamond.2) S 2 0\n" } },
	  { { "damon", CHECK_WARN, "2 kdamonds run: kdamond.", "damo stop" } } },
	{ { { KDAMOND }, { "sys/module/damon_stat/parameters/enabled", "Y\n" } },
	  { { "damon", CHECK_OK, "nothing but DAMON_STAT runs", NULL },
	    { "damon-stat", CHECK_WARN, "samples all memory", "damon_stat.enabled=N" } } },
	{ { { KDAMOND },
	    { "proc/813/stat", "813 (kdamond.2) S 2 0\n" },
	    { "sys/module/damon_stat/parameters/enabled", "Y\n" } },
	  { { "damon", CHECK_WARN, "2 kdamonds run, one for DAMON_STAT", "damo stop" },
	    { "damon-stat", CHECK_WARN, "on", "echo N" } } },
	{ { { "proc/2/stat", "2 (sh) S 1 0\n" } },
	  { { "damon", CHECK_UNKNOWN, "this kernel has it; threads of the kernel cannot be seen",
	      NULL } } },
	{ { { MM "damon", gone } }, { { "damon", CHECK_OK, "this kernel has none", NULL } } },
	{ { { "sys/module/damon_stat", gone } }, { { "damon-stat", CHECK_OK, "none", NULL } } },
	{ { { "sys/module/damon_stat/parameters/enabled", "perhaps\n" } },
	  { { "damon-stat", CHECK_UNKNOWN, "cannot be read", NULL } } },
	/* Rights. CAP_SYS_ADMIN stands for BPF's. */
	{ { { "proc/self/status", STATUS(CAPS_NO_BPF, CAPS_ALL, "00000003") } },
	  { { "capabilities", CHECK_OK, "all", NULL } } },
	{ { { "proc/self/status", STATUS("000001fffffffffb", CAPS_ALL, "00000003") } },
	  { { "capabilities", CHECK_NOTE, "CAP_DAC_READ_SEARCH (cgroups", "as root" } } },
	{ { { "proc/self/status", STATUS(CAPS_FEW, CAPS_ALL, "00000003") } },
	  { { "capabilities", CHECK_WARN, "without CAP_SYS_PTRACE (", "as root" } } },
	{ { { "proc/self/status", STATUS("000001fffffffffe", CAPS_ALL, "00000003") } },
	  { { "capabilities", CHECK_NOTE, "without CAP_CHOWN (the control socket", "as root" } } },
	{ { { "proc/self/status", STATUS(CAPS_NO_RESOURCE, CAPS_NO_RESOURCE, "00000003") } },
	  { { "capabilities", CHECK_OK, "all", NULL } } },
	{ { { "proc/self/status", STATUS(CAPS_NO_ADMIN, CAPS_NO_ADMIN, "00000003") } },
	  { { "capabilities", CHECK_FAIL, "nor could it get them", "--cap-add" } } },
	{ { { "proc/self/status", STATUS("000001ffff7fffff", "000001ffff7fffff", "00000003") } },
	  { { "capabilities", CHECK_WARN, "without CAP_SYS_NICE (", "CapabilityBoundingSet=" } } },
	{ { { "proc/self/ns/pid", "link:pid:[4026532999]" } },
	  { { "pid-namespace", CHECK_FAIL, "not the initial one", "hostPID" } } },
	{ { { "proc/self/ns/pid", gone } }, { { "pid-namespace", CHECK_OK, "no pid", NULL } } },
	{ { { "proc/self/ns/pid", "no link" } },
	  { { "pid-namespace", CHECK_UNKNOWN, "cannot be read", NULL } } },
	{ { { "proc/self/mounts", "cgroup /sys/fs/cgroup cgroup rw 0 0\n"
				  "bpf /sys/fs/bpf bpf rw 0 0\n" } },
	  { { "cgroup", CHECK_NOTE, "version 2 is not mounted", "unified_cgroup_hierarchy" } } },
	{ { { "proc/self/limits", LIMITS("4096") } }, { { "nofile", CHECK_OK, "1024", NULL } } },
	{ { { "proc/self/limits", LIMITS("1024") },
	    { "proc/self/status", STATUS(CAPS_NO_RESOURCE, CAPS_ALL, "00000003") } },
	  { { "nofile", CHECK_NOTE, "room for 416 processes, targets_max is 1024", "=2240 " } } },
	{ { { "proc/self/limits", LIMITS("unlimited") },
	    { "proc/self/status", STATUS(CAPS_NO_RESOURCE, CAPS_ALL, "00000003") } },
	  { { "nofile", CHECK_OK, "room", NULL } } },
	{ { { "proc/self/limits", gone } }, { { "nofile", CHECK_UNKNOWN, "cannot", NULL } } },
	/* Security. */
	{ { { "sys/kernel/security/lockdown", "none [integrity] confidentiality\n" } },
	  { { "lockdown", CHECK_NOTE, "integrity: ", NULL } } },
	{ { { "sys/kernel/security/lockdown", "none integrity [confidentiality]\n" } },
	  { { "lockdown", CHECK_WARN, "no BPF program may read", "lockdown=none" } } },
	{ { { "sys/kernel/security/lockdown", gone } },
	  { { "lockdown", CHECK_OK, "none", NULL } } },
	{ { { "sys/kernel/security", gone },
	    { "proc/self/mounts", "bpf /sys/fs/bpf bpf rw 0 0\ncg /x cgroup2 rw 0 0\n" } },
	  { { "lockdown", CHECK_UNKNOWN, "not mounted", "mount -t securityfs" },
	    { "lsm", CHECK_UNKNOWN, "not mounted", "mount -t securityfs" } } },
	{ { { "sys/kernel/security", gone }, { "proc/filesystems", "nodev\tsysfs\n" } },
	  { { "lockdown", CHECK_OK, "none", NULL }, { "lsm", CHECK_OK, "none", NULL } } },
	{ { { "sys/kernel/security/lsm", folder } },
	  { { "lsm", CHECK_UNKNOWN, "cannot be read", NULL } } },
	{ { { "sys/kernel/security/lsm", "capability,yama,apparmor,selinux,bpf" },
	    { "sys/fs/selinux/enforce", "0" },
	    { "proc/sys/kernel/yama/ptrace_scope", "1\n" },
	    { "proc/self/attr/apparmor/current", "unconfined\n" } },
	  { { "lsm", CHECK_OK, "none is known to deny anything here; programs of bpf", NULL } } },
	{ { { "sys/kernel/security/lsm", "capability,selinux" },
	    { "sys/fs/selinux/enforce", "1" } },
	  { { "lsm", CHECK_NOTE, "selinux enforcing", "ausearch" } } },
	{ { { "sys/kernel/security/lsm", "capability,apparmor" },
	    { "proc/self/attr/apparmor/current", "tiered (enforce)\n" } },
	  { { "lsm", CHECK_NOTE, "apparmor confines", "aa-status" } } },
	{ { { "sys/kernel/security/lsm", "yama" }, { "proc/sys/kernel/yama/ptrace_scope", "2\n" } },
	  { { "lsm", CHECK_NOTE, "ptrace_scope is 2 or more", NULL } } },
	{ { { "sys/kernel/security/lsm", "smackdown,asmack" } },
	  { { "lsm", CHECK_OK, "none is known to deny anything here", NULL } } },
	{ { { "sys/kernel/security/lsm", "smack" } }, { { "lsm", CHECK_NOTE, "smack", "label" } } },
	/* BPF's surroundings. */
	{ { { "sys/kernel/btf/vmlinux", gone } },
	  { { "btf", CHECK_NOTE, "no BPF program", "CONFIG_DEBUG_INFO_BTF=y" } } },
	{ { { "proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\nb /mnt bpf rw 0 0\n" } },
	  { { "bpffs", CHECK_NOTE, "not mounted at", "mount -t bpf" } } },
	/* The conf. */
	{ { { "tiered.conf", "[tiered]\nmode = observe\n" } },
	  { { "conf", CHECK_OK, "is good", NULL } } },
	{ { { "tiered.conf", "[tiered]\nmode = guess\nnosuch = 1\n" } },
	  { { "conf", CHECK_FAIL, "2 faults; the first: ", "tiered --check-config" } } },
	{ { { "tiered.conf", folder } }, { { "conf", CHECK_FAIL, "Is a directory", "readable" } } },
	{ { { "tiered.conf", "[tiers]\norder = 1 > 0\n" } },
	  { { "tier-order", CHECK_OK, "as [tiers] order", NULL } } },
	{ { { "control", "no socket" } }, { { "daemon", CHECK_OK, "not running", NULL } } },
};

static void apply(const struct tree *tree, const struct change *change)
{
	char path[PATH_MAX];

	tree_remove(tree, change->path);
	if (change->text == gone)
		return;
	tree_path(tree, change->path, path);
	if (change->text == folder)
		mkdir(path, 0755);
	else if (strncmp(change->text, link_to, sizeof(link_to) - 1) == 0)
		tree_link(tree, change->path, change->text + sizeof(link_to) - 1);
	else
		tree_text(tree, change->path, "%s", change->text);
}

static void hold(const struct machine *machine, const struct expected *expected)
{
	const struct check *check = machine_check(machine, expected->id);

	assert_non_null(check);
	if (check->verdict != expected->verdict || !strstr(check->finding, expected->finding) ||
	    !(expected->fix ? strstr(check->fix, expected->fix) != NULL : !check->fix[0]))
		fail_msg("%s: %s: %s (fix: %s); expected %s: %s (fix: %s)", check->id,
			 check_verdict_name(check->verdict), check->finding, check->fix,
			 check_verdict_name(expected->verdict), expected->finding,
			 expected->fix ? expected->fix : "");
}

static int is_expected(const struct row *row, const char *id)
{
	const struct expected *one;

	for (one = row->expected; one->id; one++)
		if (strcmp(one->id, id) == 0)
			return 1;
	return 0;
}

static void test_verdicts(void **state)
{
	static struct machine good, machine;
	size_t i, j;

	(void)state;
	machine_make(&good);
	machine_run(&good);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct row *row = &table[i];

		machine_make(&machine);
		for (j = 0; row->changes[j].path; j++)
			apply(&machine.tree, &row->changes[j]);
		machine_run(&machine);
		for (j = 0; row->expected[j].id; j++)
			hold(&machine, &row->expected[j]);
		assert_int_equal(machine.n, good.n);
		for (j = 0; j < good.n; j++)
			if (!is_expected(row, good.checks[j].id) &&
			    machine.checks[j].verdict != good.checks[j].verdict)
				fail_msg("row %zu changes %s to: %s", i, good.checks[j].id,
					 machine.checks[j].finding);
		machine_drop(&machine);
	}
	machine_drop(&good);
}

/* All is well there, but for what a made-up pagemap cannot do and this processor may not. */
static void test_good(void **state)
{
	static struct machine machine;
	char text[256];
	size_t i;

	(void)state;
	machine_make(&machine);
	machine_run(&machine);
	hold(&machine, &(struct expected){ "pagemap-scan", CHECK_NOTE, "Linux 6.7", NULL });
	hold(&machine, &(struct expected){ "conf", CHECK_OK, "the defaults hold", NULL });
	hold(&machine, &(struct expected){ "tracker", CHECK_OK, "idle: ", NULL });
	assert_int_equal(machine_check(&machine, "flush")->verdict,
			 flush_method_here(machine.proc_root, text, sizeof(text)) == FLUSH_MOVE
				 ? CHECK_OK
				 : CHECK_WARN);
	for (i = 0; i < machine.n; i++)
		if (strcmp(machine.checks[i].id, "pagemap-scan") != 0 &&
		    strcmp(machine.checks[i].id, "flush") != 0)
			hold(&machine,
			     &(struct expected){ machine.checks[i].id, CHECK_OK, "", NULL });
	machine_drop(&machine);
	/* The real /proc of a kernel with the ioctl: only a kernel can say. */
	machine_make(&machine);
	machine.env.proc_root = "/proc";
	machine_run(&machine);
	assert_true(machine_check(&machine, "pagemap-scan")->verdict <= CHECK_NOTE);
	machine_drop(&machine);
}

static void test_hooks(void **state)
{
	static struct machine machine;

	(void)state;
	machine_make(&machine);
	machine_run(&machine);
	hold(&machine, &(struct expected){ "bpf-hooks", CHECK_OK, "2 of 2 attach", NULL });
	hold(&machine, &(struct expected){ "hook-exec", CHECK_OK, "tp_btf/exec", NULL });
	check_env_close(&machine.env);
	machine_hook_off = 1;
	machine_run(&machine);
	hold(&machine, &(struct expected){ "bpf-hooks", CHECK_NOTE, "1 of 2 attach", NULL });
	hold(&machine, &(struct expected){ "hook-faults", CHECK_OK, "tp_btf/page", NULL });
	hold(&machine,
	     &(struct expected){ "hook-exec", CHECK_NOTE,
				 "is off: the kernel is locked down; so there are no programs",
				 "lockdown=none" });
	check_env_close(&machine.env);
	machine_bpf_error = -EPERM;
	machine_run(&machine);
	/* Whoever has the rights is told what the kernel said. */
	hold(&machine,
	     &(struct expected){ "bpf-hooks", CHECK_NOTE, "here: because; tiered", NULL });
	assert_null(machine_check(&machine, "hook-exec"));
	check_env_close(&machine.env);
	tree_text(&machine.tree, "proc/self/status", STATUS(CAPS_NONE, CAPS_ALL, "00000003"));
	machine_run(&machine);
	hold(&machine, &(struct expected){ "bpf-hooks", CHECK_UNKNOWN,
					   "needs CAP_BPF and CAP_PERFMON", "root" });
	check_env_close(&machine.env);
	/* BPF (39) alone. */
	tree_text(&machine.tree, "proc/self/status",
		  STATUS("0000008000000000", CAPS_ALL, "00000003"));
	machine_run(&machine);
	hold(&machine,
	     &(struct expected){ "bpf-hooks", CHECK_UNKNOWN, "needs CAP_PERFMON", "root" });
	machine_drop(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
