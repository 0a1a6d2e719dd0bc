/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runs.bpf.h - moved mappings, added up until there is something to book.
 *
 * One call of migrate_pages() moves hundreds of mappings, mostly of one process
 * and from one node to another. While that is so, each of them only adds to a
 * run of the thread that migrates; the maps are written when the run ends. Part
 * of migrations.bpf.c.
 */
#ifndef TIERED_RUNS_BPF_H
#define TIERED_RUNS_BPF_H

#include "common.bpf.h"

/* What a tier number says about a move: <0 promoted, >0 demoted, 0 neither. */
static __always_inline int tiers_compare(__u32 from, __u32 to)
{
	__u8 before, after;

	if (from >= TIERED_NODES_MAX || to >= TIERED_NODES_MAX)
		return 0;
	/* Or the compiler drops the masks, and the verifier misses them. */
	barrier_var(from);
	barrier_var(to);
	before = tier_of[from & (TIERED_NODES_MAX - 1)];
	after = tier_of[to & (TIERED_NODES_MAX - 1)];
	if (before == TIERED_NODE_NONE || after == TIERED_NODE_NONE)
		return 0;
	return (int)after - (int)before;
}

static __always_inline void run_book_process(const struct run *run, __u32 reason, int direction)
{
	struct stats_process *process = bpf_map_lookup_elem(&processes, &run->key);

	if (!process)
		return;
	process->cgroup_id = run->cgroup_id;
	__builtin_memcpy(process->comm, run->comm, sizeof(process->comm));
	process->last_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&process->moved, run->mappings);
	__sync_fetch_and_add(&process->moved_pages, run->pages);
	__sync_fetch_and_add(&process->undone, run->undone);
	if (direction < 0)
		__sync_fetch_and_add(&process->promoted_pages, run->pages);
	else if (direction > 0)
		__sync_fetch_and_add(&process->demoted_pages, run->pages);
	if (reason < SEEN_REASONS)
		__sync_fetch_and_add((__u64 *)&process->by_reason + reason, run->pages);
}

static __always_inline void run_book_cgroup(const struct run *run, struct stats_totals *total,
					    int direction)
{
	static const struct stats_cgroup none;
	struct stats_cgroup *cgroup = bpf_map_lookup_elem(&cgroups, &run->cgroup_id);

	if (!cgroup) {
		bpf_map_update_elem(&cgroups, &run->cgroup_id, &none, BPF_NOEXIST);
		cgroup = bpf_map_lookup_elem(&cgroups, &run->cgroup_id);
	}
	if (!cgroup) {
		__sync_fetch_and_add(&total->cgroup_overflow, 1);
		return;
	}
	__sync_fetch_and_add(&cgroup->moved, run->mappings);
	__sync_fetch_and_add(&cgroup->moved_pages, run->pages);
	__sync_fetch_and_add(&cgroup->undone, run->undone);
	if (direction < 0)
		__sync_fetch_and_add(&cgroup->promoted_pages, run->pages);
	else if (direction > 0)
		__sync_fetch_and_add(&cgroup->demoted_pages, run->pages);
}

static __always_inline void run_book_pair(const struct run *run, struct stats_totals *total)
{
	static const struct stats_node_pair none;
	struct stats_node_pair_key key = { .from = run->from, .to = run->to };
	struct stats_node_pair *pair;

	if (!run->mappings)
		return;
	pair = bpf_map_lookup_elem(&node_pairs, &key);
	if (!pair) {
		bpf_map_update_elem(&node_pairs, &key, &none, BPF_NOEXIST);
		pair = bpf_map_lookup_elem(&node_pairs, &key);
	}
	if (!pair) {
		__sync_fetch_and_add(&total->node_pair_overflow, 1);
		return;
	}
	__sync_fetch_and_add(&pair->moved, run->mappings);
	__sync_fetch_and_add(&pair->pages, run->pages);
}

/* The run has ended: into the maps with it. Nothing to do when it is empty. */
static __noinline void run_book(struct run *run, __u32 reason)
{
	int direction = tiers_compare(run->from, run->to);
	struct stats_totals *total = totals_here();

	if (!run->owner || !total)
		return;
	__sync_fetch_and_add(&total->folios, run->mappings);
	__sync_fetch_and_add(&total->folios_undone, run->undone);
	run_book_process(run, reason, direction);
	run_book_cgroup(run, total, direction);
	run_book_pair(run, total);
	run->owner = 0;
}

/* What a process calls itself ends up on terminals: nothing of it may steer them. */
static __always_inline void comm_mask(char comm[16])
{
	for (int i = 0; i < 15; i++) {
		if (!comm[i])
			break;
		if (comm[i] < ' ' || comm[i] == 0x7f)
			comm[i] = '?';
	}
}

static __noinline void run_begin(struct run *run, struct task_struct *owner, __u32 from, __u32 to)
{
	run->owner = (__u64)owner;
	run->key = task_key(owner);
	/* While its memory is at hand it is alive; when the run is booked it may not be. */
	process_counters(owner, &run->key);
	run->cgroup_id = task_cgroup(owner);
	BPF_CORE_READ_STR_INTO(&run->comm, owner, comm);
	comm_mask(run->comm);
	run->from = from;
	run->to = to;
	run->mappings = 0;
	run->pages = 0;
	run->undone = 0;
}

static __always_inline struct mover *mover_here(void)
{
	return mover_of((__u32)bpf_get_current_pid_tgid());
}

/* Why the current thread migrates; unknown when its begin was not seen. */
static __always_inline __u32 mover_reason(const struct mover *mover)
{
	if (!mover || !mover->depth)
		return SEEN_UNKNOWN_REASON;
	return mover->reasons[(mover->depth - 1) & (MOVER_LEVELS - 1)];
}

static __always_inline struct mover *mover_make(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 index = tid & (MOVERS_MAX - 1);
	struct mover *mover = bpf_map_lookup_elem(&movers, &index);

	if (!mover || __sync_val_compare_and_swap(&mover->tid, 0, (__u64)tid))
		return NULL;
	mover->depth = 0;
	mover->run.owner = 0;
	mover->doubt.folio = 0;
	return mover;
}

/* One more level. A third one cannot be: the end of one was missed. */
static __always_inline void mover_push(__u32 reason)
{
	struct mover *mover = mover_here();
	__u32 depth;

	if (!mover)
		mover = mover_make();
	if (!mover)
		return;
	run_book(&mover->run, mover_reason(mover));
	depth = mover->depth < MOVER_LEVELS ? mover->depth : MOVER_LEVELS - 1;
	mover->reasons[depth & (MOVER_LEVELS - 1)] = reason;
	mover->depth = depth + 1;
}

static __always_inline void mover_pop(void)
{
	struct mover *mover = mover_here();

	if (!mover)
		return;
	run_book(&mover->run, mover_reason(mover));
	if (mover->depth > 1)
		mover->depth--;
	else
		mover->tid = 0;
}

#endif
