/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.bpf.h - maps, tunables and helpers that all programs share.
 *
 * The objects are linked into one before they are loaded: what is declared
 * extern here is defined once, in base.bpf.c.
 *
 * Rules of the house: a program that runs for every fault or flush adds to
 * per-CPU memory and reads no clock unless it must; only when something is
 * worth a record does it take time, a token of the rate cap and room in the
 * ring, always without waking the reader up.
 */
#ifndef TIERED_COMMON_BPF_H
#define TIERED_COMMON_BPF_H

#include "vmlinux-min.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "maps.bpf.h"

/* Regions in which faults are added up: what one PMD maps. */
#define REGION_SIZE (2UL << 20)

/* A record that adds up is sent when it is this old. */
#define RECORD_AGE_NS 1000000000ULL

/* Set once, before loading. */
extern const volatile __u32 managed_only;
extern const volatile __u64 event_cost_ns; /* 1 s / events per CPU and second; 0: no cap */
extern const volatile __u64 folio_cost_ns; /* of EVENT_FOLIO */
extern const volatile __u8 can_cast;       /* the kernel has bpf_rdonly_cast() */
extern const volatile __u8 reason_seen[MIGRATE_REASONS_MAX]; /* the kernel's to ours */

/* Memory shared with the daemon while the programs run. */
extern volatile __u32 worker_tid;
extern volatile __u32 victim_tgid;
extern volatile __u32 worker_aside; /* written by the programs alone */
extern volatile __u32 worker_step;  /* enum bpf_step; for those who look from outside */
extern volatile __u32 watch;
extern volatile __u32 watch_tgid; /* of whom; 0: of all */
extern volatile __u8 tier_of[TIERED_NODES_MAX];
extern volatile __u32 managed_generation;
extern volatile __u64 worker_full_flushes;
extern volatile __u64 worker_partial_flushes;
extern volatile __u8 faults_dirty[DIRTY_CPUS];
extern volatile __u8 shootdowns_dirty[DIRTY_CPUS];

static __always_inline struct stats_totals *totals_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&totals, &zero);
}

/* One hash lookup per switch of process on this CPU, not one per event. */
static __always_inline int verdict_managed(struct verdict *verdict, __u32 tgid)
{
	__u32 generation = managed_generation;

	if (verdict->tgid != tgid || verdict->generation != generation) {
		verdict->tgid = tgid;
		verdict->generation = generation;
		verdict->managed = !managed_only || bpf_map_lookup_elem(&managed, &tgid);
	}
	return verdict->managed;
}

/* The drain has something to do on this CPU. Mostly read, so CPUs do not fight for the line. */
static __always_inline void dirty_set(volatile __u8 *dirty)
{
	__u32 cpu = bpf_get_smp_processor_id() & (DIRTY_CPUS - 1);

	if (!dirty[cpu])
		dirty[cpu] = 1;
}

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->cgroups))
		return 0;
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline __u64 cgroup_here(void)
{
	return task_cgroup((void *)bpf_get_current_task());
}

/*
 * May one more event of this kind be sent now? Virtual scheduling (the GCRA of
 * ITU-T I.371) with a burst of one second.
 */
static __always_inline int pace_allows(__u32 kind)
{
	__u64 cost = kind == EVENT_FOLIO ? folio_cost_ns : event_cost_ns;
	__u64 *due, now;

	if (!cost)
		return 1;
	/* Not the record's time: that may be a second old. */
	now = bpf_ktime_get_ns();
	due = bpf_map_lookup_elem(&pace, &kind);
	if (!due)
		return 0;
	if (*due + RECORD_AGE_NS < now)
		*due = now - RECORD_AGE_NS;
	if (*due + cost > now)
		return 0;
	*due += cost;
	return 1;
}

/* Atomic: an interrupt may lose a record while one is being lost. */
static __always_inline void loss_count(__u32 kind, int capped, __u64 units)
{
	struct event_losses *loss = bpf_map_lookup_elem(&losses, &kind);

	if (!loss)
		return;
	if (capped) {
		__sync_fetch_and_add(&loss->rate_capped, 1);
		__sync_fetch_and_add(&loss->rate_capped_units, units);
	} else {
		__sync_fetch_and_add(&loss->ring_full, 1);
		__sync_fetch_and_add(&loss->ring_full_units, units);
	}
}

/*
 * Room for one record of @size bytes (a constant) that happened at @time_ns and
 * stands for @units, with what is known of the current thread filled in; NULL when it is lost, which
 * is counted then.
 */
static __always_inline void *event_reserve(__u32 kind, __u32 size, __u64 time_ns, __u64 units)
{
	struct event_header *header;
	struct stats_totals *total;
	__u64 id = bpf_get_current_pid_tgid();

	if (!pace_allows(kind)) {
		loss_count(kind, 1, units);
		return NULL;
	}
	header = bpf_ringbuf_reserve(&events, size, 0);
	if (!header) {
		loss_count(kind, 0, units);
		return NULL;
	}
	total = totals_here();
	if (total)
		__sync_fetch_and_add(&total->events, 1);
	header->kind = kind;
	header->size = size;
	header->cpu = bpf_get_smp_processor_id();
	header->tgid = id >> 32;
	header->tid = (__u32)id;
	header->flags = 0;
	header->time_ns = time_ns;
	header->cgroup_id = cgroup_here();
	return header;
}

static __always_inline void event_submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

static __always_inline __u64 task_start_ns(struct task_struct *task)
{
	__u64 start = BPF_CORE_READ(task, group_leader, start_boottime);

	return start - start % TIERED_TICK_NS;
}

static __always_inline int worker_here(void)
{
	return worker_tid && worker_tid == (__u32)bpf_get_current_pid_tgid();
}

/*
 * The worker at its own work: not while it compacts memory, or reclaims it,
 * because the page to move to had to be found first (see migrations.bpf.c).
 */
static __always_inline int worker_moves(void)
{
	return worker_here() && !worker_aside;
}

/* Who a process is: the names that may change are written anew whenever it is counted. */
static __always_inline struct target_key task_key(struct task_struct *task)
{
	struct target_key key = {};

	key.start_ns = task_start_ns(task);
	key.tgid = BPF_CORE_READ(task, tgid);
	return key;
}

/*
 * Counters of the process of @task, made when there are none; NULL when there
 * is no room, or the process has ended: nobody would take them away again.
 */
static __always_inline struct stats_process *process_counters(struct task_struct *task,
							      const struct target_key *key)
{
	static const struct stats_process none;
	struct stats_process *process;
	struct stats_totals *total;

	process = bpf_map_lookup_elem(&processes, key);
	if (process)
		return process;
	if (BPF_CORE_READ(task, signal, live.counter) <= 0)
		return NULL;
	bpf_map_update_elem(&processes, key, &none, BPF_NOEXIST);
	process = bpf_map_lookup_elem(&processes, key);
	if (process)
		return process;
	total = totals_here();
	if (total)
		__sync_fetch_and_add(&total->process_overflow, 1);
	return NULL;
}

/* Does somebody keep page tables of its own for this memory? */
static __always_inline int has_notifiers(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions;

	if (!bpf_core_field_exists(mm->notifier_subscriptions))
		return 0;
	subscriptions = BPF_CORE_READ(mm, notifier_subscriptions);
	if (!subscriptions)
		return 0;
	return BPF_CORE_READ(subscriptions, list.first) || BPF_CORE_READ(subscriptions, has_itree);
}

#endif
