/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - keys and values of the BPF maps that hold counters.
 *
 * An ABI like event.h: __u32 and __u64 only, no implicit padding. All
 * counters only grow, from the moment the programs were attached, and are
 * exact whatever became of the events: the rate cap and a full ring cost
 * records, never counts.
 *
 *	map		kind		key			value
 *	meta		array		0			struct stats_meta
 *	totals		per-CPU array	0			struct stats_totals
 *	losses		per-CPU array	enum event_kind		struct event_losses
 *	migrations	per-CPU array	enum migrate_reason	struct stats_migrations
 *	tlb_flushes	per-CPU array	enum tlb_flush_reason	struct stats_flushes
 *	processes	hash		struct target_key	struct stats_process
 *
 * The two enums are the kernel's (include/linux/migrate_mode.h and
 * include/linux/mm_types.h).
 */
#ifndef TIERED_STATS_H
#define TIERED_STATS_H

#include "event.h"
#include "types.h"

#define TIERED_STATS_ABI 1

/* Reasons beyond these, on kernels to come, are counted in the last slot. */
#define STATS_MIGRATE_REASONS 16
#define STATS_FLUSH_REASONS 8

/* enum tlb_flush_reason of the kernel: the values are those of every kernel since 4.4. */
#define STATS_FLUSH_TASK_SWITCH 0
#define STATS_FLUSH_RECEIVED 1
#define STATS_FLUSH_LOCAL 2
#define STATS_FLUSH_LOCAL_MM 3
#define STATS_FLUSH_SENT 4

/**
 * struct stats_meta - what the maps beside this one mean
 * @stats_abi: TIERED_STATS_ABI
 * @event_abi: TIERED_EVENT_ABI
 * @event_kinds: EVENT_KINDS
 * @managed_only: 1: faults and shootdowns of managed processes alone make events
 * @event_rate: most events of one kind per CPU and second, 0: no cap
 * @ring_bytes: size of the ring
 * @attached_ns: CLOCK_MONOTONIC; the counters started at 0 here
 */
struct stats_meta {
	__u32 stats_abi;
	__u32 event_abi;
	__u32 event_kinds;
	__u32 managed_only;
	__u32 event_rate;
	__u32 ring_bytes;
	__u64 attached_ns;
};

/**
 * struct stats_totals - all that happened on one CPU, or on all of them
 * @faults: page faults from user mode, of every process
 * @fault_writes: how many of them were writes
 * @managed_faults: how many were eligible for EVENT_FAULTS: what those records
 *		    add up to, with the losses and what the caches still hold
 * @managed_shootdowns: the same for EVENT_SHOOTDOWNS: sent + received + local
 * @events: records put into the ring
 * @folios: mappings moved, as EVENT_FOLIO would tell
 * @folios_undone: mappings put back where they were
 * @process_overflow: counts that found no room in the map of processes
 */
struct stats_totals {
	__u64 faults;
	__u64 fault_writes;
	__u64 managed_faults;
	__u64 managed_shootdowns;
	__u64 events;
	__u64 folios;
	__u64 folios_undone;
	__u64 process_overflow;
};

/**
 * struct event_losses - records of one kind that did not reach the ring
 * @ring_full: the ring had no room
 * @rate_capped: the rate cap held them back
 * @ring_full_units: faults or flushes in the former; 1 per record for other kinds
 * @rate_capped_units: the same for the latter
 */
struct event_losses {
	__u64 ring_full;
	__u64 rate_capped;
	__u64 ring_full_units;
	__u64 rate_capped_units;
};

/**
 * struct stats_migrations - calls of the kernel's migrate_pages() for one reason
 * @calls: how many ended
 * @succeeded: base pages moved
 * @failed: base pages that stayed
 * @ours: calls that were moves by this daemon's worker; not what its thread had to
 *	  compact or demote on the way
 * @ours_succeeded: base pages moved in those
 */
struct stats_migrations {
	__u64 calls;
	__u64 succeeded;
	__u64 failed;
	__u64 ours;
	__u64 ours_succeeded;
};

/**
 * struct stats_flushes - TLB flushes for one reason
 * @full: of everything
 * @partial: of single pages
 * @pages: how many pages in the latter
 */
struct stats_flushes {
	__u64 full;
	__u64 partial;
	__u64 pages;
};

/**
 * struct stats_process - what was done to the memory of one process
 * @moved: mappings moved to another place (needs the remove_migration_pte hook)
 * @moved_pages: base pages in their folios
 * @moved_ours: how many of @moved were moves by this daemon's worker, as in
 *		struct stats_migrations
 * @undone: mappings put back
 * @interrupts: interrupts sent to CPUs for its TLB entries (needs the csd_queue_cpu hook)
 *
 * The key's exec_count is 0: all programs of the process together.
 */
struct stats_process {
	__u64 moved;
	__u64 moved_pages;
	__u64 moved_ours;
	__u64 undone;
	__u64 interrupts;
};

_Static_assert(sizeof(struct stats_meta) == 32, "stats ABI");
_Static_assert(sizeof(struct stats_totals) == 64, "stats ABI");
_Static_assert(sizeof(struct event_losses) == 32, "stats ABI");
_Static_assert(sizeof(struct stats_migrations) == 40, "stats ABI");
_Static_assert(sizeof(struct stats_flushes) == 24, "stats ABI");
_Static_assert(sizeof(struct stats_process) == 40, "stats ABI");

#endif
