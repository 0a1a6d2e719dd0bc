// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/hooks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"

/* Not in user space's errno.h: what the kernel says where it has no trampolines. */
#define KERNEL_ENOTSUPP 524

#define PROGRAM(name) offsetof(struct tiered_bpf, progs.name)

const struct hook_spec hook_specs[HOOKS] = {
	[HOOK_FAULTS] = {
		.name = "faults",
		.target = "page_fault_user",
		.where = "tp_btf/page_fault_user",
		.purpose = "page faults per process and 2 MiB region",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(fault_user),
	},
	[HOOK_MIGRATIONS] = {
		.name = "migrations",
		.target = "mm_migrate_pages",
		.where = "tp_btf/mm_migrate_pages",
		.purpose = "migrations by reason, the daemon's own by victim",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(migrate_pages_end),
	},
	[HOOK_MIGRATION_STARTS] = {
		.name = "migration-starts",
		.target = "mm_migrate_pages_start",
		.where = "tp_btf/mm_migrate_pages_start",
		.purpose = "compaction within the daemon's own moves told apart from them",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(migrate_pages_begin),
	},
	[HOOK_SHOOTDOWNS] = {
		.name = "shootdowns",
		.target = "tlb_flush",
		.where = "tp_btf/tlb_flush",
		.purpose = "TLB flushes by reason and process, and whether a window was flushed",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(tlb_flush),
	},
	[HOOK_FORK] = {
		.name = "fork",
		.target = "sched_process_fork",
		.where = "tp_btf/sched_process_fork",
		.purpose = "new processes noticed at once",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(process_fork),
	},
	[HOOK_EXEC] = {
		.name = "exec",
		.target = "sched_process_exec",
		.where = "tp_btf/sched_process_exec",
		.purpose = "new programs noticed at once",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(process_exec),
	},
	[HOOK_EXIT] = {
		.name = "exit",
		.target = "sched_process_exit",
		.where = "tp_btf/sched_process_exit",
		.purpose = "ended processes noticed at once",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(process_exit),
	},
	[HOOK_CGROUP_GONE] = {
		.name = "cgroup-removals",
		.target = "cgroup_rmdir",
		.where = "tp_btf/cgroup_rmdir",
		.purpose = "counters of cgroups dropped with them",
		.kind = HOOK_TRACEPOINT,
		.program = PROGRAM(cgroup_removed),
	},
	[HOOK_OWNERS] = {
		.name = "migration-owners",
		.target = "remove_migration_pte",
		.where = "fentry/remove_migration_pte",
		.purpose = "migrations by others attributed to their victim, undone ones told apart",
		.kind = HOOK_FUNCTION,
		.program = PROGRAM(mapping_moved),
		.needs = HOOK_NEEDS_OWNER,
	},
	[HOOK_TARGETS] = {
		.name = "shootdown-targets",
		.target = "csd_queue_cpu",
		.where = "raw_tp/csd_queue_cpu",
		.purpose = "TLB interrupts attributed to the address space they are for",
		.kind = HOOK_RAW_TRACEPOINT,
		.program = PROGRAM(shootdown_target),
		.needs = HOOK_NEEDS_OWNER | HOOK_NEEDS_FLUSH_FUNCTION,
	},
	[HOOK_VMAS] = {
		.name = "mappings",
		.target = "task_vma",
		.where = "iter/task_vma",
		.purpose = "flags and memory policies of mappings",
		.kind = HOOK_ITERATOR,
		.program = PROGRAM(list_vmas),
	},
	[HOOK_DAMON] = {
		.name = "damon",
		.target = "damon_aggregated",
		.where = "raw_tp/damon_aggregated",
		.purpose = "what a kdamond of the daemon sees, where it is the tracker",
		.kind = HOOK_RAW_TRACEPOINT,
		.program = PROGRAM(damon_aggregated),
	},
	[HOOK_YOUNG] = {
		.name = "page-tables",
		.target = "bpf_prog_test_run_syscall",
		.where = "syscall",
		.purpose = "accessed bits read straight from page tables",
		.kind = HOOK_RUN,
		.program = PROGRAM(young_read),
	},
	[HOOK_TABLE_PROCESSES] = {
		.name = "table-processes",
		.target = "bpf_map_elem",
		.where = "iter/bpf_map_elem",
		.purpose = "counters of processes as text, for cat",
		.kind = HOOK_ITERATOR,
		.program = PROGRAM(table_processes),
	},
	[HOOK_TABLE_MIGRATIONS] = {
		.name = "table-migrations",
		.target = "bpf_map_elem",
		.where = "iter/bpf_map_elem",
		.purpose = "migrations by reason as text, for cat",
		.kind = HOOK_ITERATOR,
		.program = PROGRAM(table_migrations),
	},
	[HOOK_TABLE_SHOOTDOWNS] = {
		.name = "table-shootdowns",
		.target = "bpf_map_elem",
		.where = "iter/bpf_map_elem",
		.purpose = "TLB flushes by reason as text, for cat",
		.kind = HOOK_ITERATOR,
		.program = PROGRAM(table_shootdowns),
	},
};

/* The id that a program for this hook names at load; -ENOENT. */
static int hook_btf_id(const struct hook_spec *spec, const struct btf *kernel)
{
	char name[96];

	switch (spec->kind) {
	case HOOK_TRACEPOINT:
	case HOOK_RAW_TRACEPOINT:
		snprintf(name, sizeof(name), "btf_trace_%s", spec->target);
		return btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF);
	case HOOK_FUNCTION:
	case HOOK_RUN:
		return btf__find_by_name_kind(kernel, spec->target, BTF_KIND_FUNC);
	case HOOK_ITERATOR:
		snprintf(name, sizeof(name), "bpf_iter_%s", spec->target);
		return btf__find_by_name_kind(kernel, name, BTF_KIND_FUNC);
	}
	return -EINVAL;
}

/* Looks through unnamed members, which C lets be named as their parent's. */
static bool btf_has_member(const struct btf *btf, uint32_t type_id, const char *member)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);
	const struct btf_member *members;

	if (!type || !btf_is_composite(type))
		return false;
	members = btf_members(type);
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, members[i].name_off);

		if (name && !strcmp(name, member))
			return true;
		if ((!name || !*name) && btf_has_member(btf, members[i].type, member))
			return true;
	}
	return false;
}

static bool kernel_has_owner(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "mm_struct", BTF_KIND_STRUCT);

	return id > 0 && btf_has_member(kernel, (uint32_t)id, "owner");
}

/* The state in brackets of "none [integrity] confidentiality", or "" when nobody tells. */
static void lockdown_state(char *state, size_t size)
{
	char text[128], *begin, *end;

	*state = '\0';
	if (file_read_text(text, sizeof(text), "/sys/kernel/security/lockdown") < 0)
		return;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	snprintf(state, size, "%s", begin + 1);
}

void hook_explain(int error, enum hook_kind kind, char *reason, size_t size)
{
	char lockdown[64];

	error = error < 0 ? -error : error;
	lockdown_state(lockdown, sizeof(lockdown));
	if (error == EPERM && kind == HOOK_FUNCTION && *lockdown && strcmp(lockdown, "none") != 0)
		snprintf(reason, size, "refused: the kernel is locked down (%s)", lockdown);
	else if (error == EPERM && kind == HOOK_FUNCTION)
		snprintf(reason, size,
			 "refused: the kernel is locked down, or CAP_PERFMON is missing");
	else if (error == EPERM || error == EACCES)
		snprintf(reason, size, "refused: needs CAP_BPF and CAP_PERFMON");
	else if (kind == HOOK_FUNCTION && (error == KERNEL_ENOTSUPP || error == EOPNOTSUPP))
		snprintf(reason, size, "this kernel cannot attach to functions (no ftrace)");
	else if (error == KERNEL_ENOTSUPP)
		snprintf(reason, size, "not supported by this kernel");
	else
		snprintf(reason, size, "the kernel says: %s", strerror(error));
}

void hook_explain_verifier(int error, char *reason, size_t size)
{
	char lockdown[64];

	lockdown_state(lockdown, sizeof(lockdown));
	if (!strcmp(lockdown, "confidentiality"))
		snprintf(reason, size,
			 "the kernel is locked down (confidentiality): its memory may not be read");
	else
		snprintf(reason, size, "the kernel's verifier refuses the program: %s",
			 strerror(-error));
}

static int trial_load(const struct hook_spec *spec, int btf_id)
{
	static const struct bpf_insn empty[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const enum bpf_attach_type attach_types[] = {
		[HOOK_TRACEPOINT] = BPF_TRACE_RAW_TP,
		[HOOK_FUNCTION] = BPF_TRACE_FENTRY,
		[HOOK_ITERATOR] = BPF_TRACE_ITER,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options);

	if (spec->kind == HOOK_RUN) {
		options.prog_flags = BPF_F_SLEEPABLE;
		return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "tiered_trial", "GPL", empty,
				     sizeof(empty) / sizeof(empty[0]), &options);
	}
	if (spec->kind == HOOK_RAW_TRACEPOINT)
		return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "tiered_trial", "GPL", empty,
				     sizeof(empty) / sizeof(empty[0]), &options);
	options.expected_attach_type = attach_types[spec->kind];
	options.attach_btf_id = (uint32_t)btf_id;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "tiered_trial", "GPL", empty,
			     sizeof(empty) / sizeof(empty[0]), &options);
}

static int trial_run(const struct hook_spec *spec, int btf_id)
{
	auto_close int program = trial_load(spec, btf_id);
	auto_close int link = -1;

	if (program < 0)
		return program;
	if (hook_is_passive(spec))
		return 0;
	link = bpf_raw_tracepoint_open(spec->kind == HOOK_RAW_TRACEPOINT ? spec->target : NULL,
				       program);
	return link < 0 ? link : 0;
}

int hook_probe(const struct hook_spec *spec, const struct btf *kernel, char *reason, size_t size)
{
	int btf_id = hook_btf_id(spec, kernel), r;

	if (btf_id <= 0) {
		snprintf(reason, size, "this kernel has no %s %s",
			 spec->kind == HOOK_FUNCTION   ? "function"
			 : spec->kind == HOOK_RUN      ? "function"
			 : spec->kind == HOOK_ITERATOR ? "iterator"
						       : "tracepoint",
			 spec->target);
		return -ENOENT;
	}
	if (spec->needs & HOOK_NEEDS_OWNER && !kernel_has_owner(kernel)) {
		snprintf(reason, size,
			 "this kernel does not know the owner of an address space "
			 "(CONFIG_MEMCG)");
		return -EOPNOTSUPP;
	}
	if (spec->needs & HOOK_NEEDS_FLUSH_FUNCTION &&
	    btf__find_by_name_kind(kernel, "flush_tlb_func", BTF_KIND_FUNC) <= 0) {
		snprintf(reason, size, "this kernel has no function flush_tlb_func");
		return -ENOENT;
	}
	r = trial_run(spec, btf_id);
	if (r < 0)
		hook_explain(r, spec->kind, reason, size);
	return r;
}
