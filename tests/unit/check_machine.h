/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check_machine.h - a made-up machine on which all is well, for the checks of
 * tieredctl; tests take parts of it away.
 */
#ifndef TEST_CHECK_MACHINE_H
#define TEST_CHECK_MACHINE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../ctl/check.h"
#include "tree.h"

#define NODE "sys/devices/system/node/"
#define TIERING "sys/devices/virtual/memory_tiering/"
#define MM "sys/kernel/mm/"

#define ZONE(node, start)                                                                          \
	"Node " #node ", zone   Normal\n  pages free     5\n        low      2\n"                  \
	"        high     3\n        spanned  32768\n        managed  32768\n"                     \
	"  start_pfn:           " #start "\n"

#define CAPS_ALL "000001ffffffffff"
#define STATUS(effective, bounding, mems)                                                          \
	"Name:\tx\nCapEff:\t" effective "\nCapBnd:\t" bounding "\nMems_allowed:\t00000000," mems   \
	"\n"
#define LIMITS(hard)                                                                               \
	"Limit  Soft Limit  Hard Limit  Units\n"                                                   \
	"Max processes             1024                 1024                 processes\n"          \
	"Max open files            1024                 " hard "               files\n"

static const struct {
	const char *path;
	const char *text;
} machine_files[] = {
	{ "proc/zoneinfo", ZONE(0, 0) ZONE(1, 32768) },
	{ "proc/self/status", STATUS(CAPS_ALL, CAPS_ALL, "00000003") },
	{ "proc/self/mounts", "bpf /sys/fs/bpf bpf rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
			      "securityfs /sys/kernel/security securityfs rw 0 0\n" },
	{ "proc/filesystems", "nodev\tsysfs\nnodev\tsecurityfs\n\text4\n" },
	{ "proc/self/limits", LIMITS("524288") },
	{ "proc/self/pagemap", "-" },
	{ "proc/cpuinfo", "flags\t\t: fpu pge\n" },
	{ "proc/vmstat", "nr_free_pages 1\npgmigrate_defer_flush 0\n" },
	{ "proc/2/stat", "2 (kthreadd) S 0 0 0\n" },
	{ "proc/77/stat", "77 (kdamond.0) S 1 0 0\n" }, /* a program that calls itself so */
	{ "proc/sys/kernel/numa_balancing", "0\n" },
	{ NODE "online", "0-1\n" },
	{ NODE "has_memory", "0-1\n" },
	{ NODE "has_cpu", "0\n" },
	{ NODE "node0/cpulist", "0-1\n" },
	{ NODE "node1/cpulist", "\n" },
	{ NODE "node0/distance", "10 20\n" },
	{ NODE "node1/distance", "20 10\n" },
	{ TIERING "memory_tier4/nodelist", "0\n" },
	{ TIERING "memory_tier56/nodelist", "1\n" },
	{ MM "page_idle/bitmap", "-" },
	{ MM "numa/demotion_enabled", "false\n" },
	{ MM "lru_gen/enabled", "0x0000\n" },
	{ MM "transparent_hugepage/enabled", "always [madvise] never\n" },
	{ MM "damon/admin/kdamonds/nr_kdamonds", "0\n" },
	{ "sys/module/damon_stat/parameters/enabled", "N\n" },
	{ "sys/kernel/btf/vmlinux", "-" },
	{ "sys/kernel/security/lockdown", "[none] integrity confidentiality\n" },
	{ "sys/kernel/security/lsm", "lockdown,capability,landlock" },
};

struct machine {
	struct tree tree;
	char proc_root[PATH_MAX];
	char sys_root[PATH_MAX];
	char conf[PATH_MAX];
	char socket[PATH_MAX];
	struct check_env env;
	struct check checks[CHECKS_MAX];
	size_t n;
};

/* What BPF says: tests set it. */
static int machine_bpf_error;
static int machine_hook_off;

static int machine_bpf(struct check_env *env)
{
	struct bpf_hook *ret_hooks = env->hooks;

	if (machine_bpf_error) {
		snprintf(env->bpf_why, sizeof(env->bpf_why), "BPF cannot be used here: because");
		return machine_bpf_error;
	}
	env->n_hooks = 2;
	ret_hooks[0] = (struct bpf_hook){ "faults", "tp_btf/page_fault_user", "faults", true, "" };
	ret_hooks[1] = (struct bpf_hook){ "exec", "tp_btf/exec", "programs", true, "" };
	if (machine_hook_off) {
		ret_hooks[1].enabled = false;
		snprintf(ret_hooks[1].reason, sizeof(ret_hooks[1].reason),
			 "the kernel is locked down");
	}
	return 0;
}

static void machine_make(struct machine *machine)
{
	size_t i;

	memset(machine, 0, sizeof(*machine));
	machine_bpf_error = machine_hook_off = 0;
	tree_make(&machine->tree);
	/* For those tests that become nobody. */
	chmod(machine->tree.root, 0755);
	for (i = 0; i < sizeof(machine_files) / sizeof(machine_files[0]); i++)
		tree_text(&machine->tree, machine_files[i].path, "%s", machine_files[i].text);
	tree_link(&machine->tree, "proc/self/ns/pid", "pid:[4026531836]");
	tree_path(&machine->tree, "proc", machine->proc_root);
	tree_path(&machine->tree, "sys", machine->sys_root);
	tree_path(&machine->tree, "tiered.conf", machine->conf);
	tree_path(&machine->tree, "control", machine->socket);
	machine->env = (struct check_env){
		.proc_root = machine->proc_root,
		.sys_root = machine->sys_root,
		.conf_path = machine->conf,
		.socket_path = machine->socket,
		.bpf = machine_bpf,
	};
}

static void machine_run(struct machine *machine)
{
	if (check_env_open(&machine->env) < 0)
		abort();
	machine->n = check_run(&machine->env, machine->checks, CHECKS_MAX);
}

static void machine_drop(struct machine *machine)
{
	check_env_close(&machine->env);
	tree_remove(&machine->tree, "");
}

static const struct check *machine_check(const struct machine *machine, const char *id)
{
	size_t i;

	for (i = 0; i < machine->n; i++)
		if (strcmp(machine->checks[i].id, id) == 0)
			return &machine->checks[i];
	return NULL;
}

#endif
