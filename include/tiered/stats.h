/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - keys and values of the BPF maps that hold counters.
 *
 * An ABI like event.h: __u32 and __u64 only, no implicit padding. All
 * counters only grow, from the moment the programs were attached. The rate cap
 * and a full ring cost records, never counts. What counts miss is counted in
 * turn: a program that the kernel did not run because it was already running on
 * that CPU (recursion_misses of the programs, "missed" in a status), and what
 * found no room in a map (the overflows in struct stats_totals).
 *
 *	map		kind		key			value
 *	meta		array		0			struct stats_meta
 *	totals		per-CPU array	0			struct stats_totals
 *	losses		per-CPU array	enum event_kind		struct event_losses
 *	migrations	per-CPU array	enum seen_reason	struct stats_migrations
 *	tlb_flushes	per-CPU array	enum stats_flush_reason	struct stats_flushes
 *	processes	hash		struct target_key	struct stats_process
 *	cgroups		hash		__u64, cgroup v2 id	struct stats_cgroup
 *	node_pairs	hash		struct stats_node_pair_key  struct stats_node_pair
 *	targets		hash		struct target_key	struct stats_target
 *	daemon		array		0			struct stats_daemon
 *
 * What was asked for and what was seen are apart: targets and daemon are the
 * daemon's own ledger, written by it once per window; everything else is what
 * the BPF programs saw the kernel do, whoever asked for it. Maps are pinned in
 * /sys/fs/bpf/tiered/maps, root only; the text tables that cat(1) shows are
 * iterators in /sys/fs/bpf/tiered.
 */
#ifndef TIERED_STATS_H
#define TIERED_STATS_H

#include "event.h"
#include "types.h"

#define TIERED_STATS_ABI 3

/*
 * As in types.h. The kernel's enum tlb_flush_reason (linux/mm_types.h): the first five have these
 * values in every kernel since 4.4, the sixth came with 6.14, the seventh has no
 * name yet. Reasons beyond are counted in the last slot.
 */
#define FLUSH_REASON_LIST(X)                                                                       \
	X(STATS_FLUSH_TASK_SWITCH, task_switch)                                                    \
	X(STATS_FLUSH_RECEIVED, received)                                                          \
	X(STATS_FLUSH_LOCAL, local)                                                                \
	X(STATS_FLUSH_LOCAL_MM, local_mm)                                                          \
	X(STATS_FLUSH_SENT, sent)                                                                  \
	X(STATS_FLUSH_WRONG_CPU, wrong_cpu)                                                        \
	X(STATS_FLUSH_REASON_6, reason_6)                                                          \
	X(STATS_FLUSH_OTHER, other)

enum stats_flush_reason {
	FLUSH_REASON_LIST(TIERED_LIST_VALUE) STATS_FLUSH_REASONS,
};

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
 * @process_overflow: times that something of a process was to be counted, and there
 *		      was no room in the map of processes
 * @cgroup_overflow, @node_pair_overflow: the same for those maps
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
	__u64 cgroup_overflow;
	__u64 node_pair_overflow;
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
 *
 * What the worker's thread had to compact or demote on the way counts under
 * SEEN_COMPACTION or SEEN_DEMOTION, not under SEEN_TIERED.
 */
struct stats_migrations {
	__u64 calls;
	__u64 succeeded;
	__u64 failed;
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
 * struct stats_by_reason - base pages by enum seen_reason, one field for each
 *
 * Named, so that bpftool prints the names; as an array it is indexed by the enum.
 */
struct stats_by_reason {
	SEEN_REASON_LIST(TIERED_LIST_FIELD)
};

/**
 * struct stats_process - what was done to the memory of one process
 * @cgroup_id: cgroup v2 id, where it was when something was last counted
 * @comm: its command name then
 * @moved: mappings moved to another place
 * @moved_pages: base pages in their folios; the sum of @by_reason
 * @promoted_pages: those that came to a faster tier
 * @demoted_pages: those that came to a slower one
 * @undone: mappings put back
 * @interrupts: interrupts sent to CPUs for its TLB entries (needs the csd_queue_cpu hook)
 * @last_ns: CLOCK_MONOTONIC of the last migration counted here, 0: none
 * @by_reason: base pages moved
 *
 * All but @interrupts needs the remove_migration_pte hook. The key's exec_count
 * is 0: all programs of the process together. An entry goes with its process,
 * that of a managed one once the daemon has seen the end.
 */
struct stats_process {
	__u64 cgroup_id;
	char comm[16];
	__u64 moved;
	__u64 moved_pages;
	__u64 promoted_pages;
	__u64 demoted_pages;
	__u64 undone;
	__u64 interrupts;
	__u64 last_ns;
	struct stats_by_reason by_reason;
};

/**
 * struct stats_cgroup - what was done to the memory of the processes of one cgroup
 *
 * Fields as in struct stats_process. A process is counted where it is when its
 * pages move. An entry goes with its cgroup.
 */
struct stats_cgroup {
	__u64 moved;
	__u64 moved_pages;
	__u64 promoted_pages;
	__u64 demoted_pages;
	__u64 undone;
};

struct stats_node_pair_key {
	__u32 from;
	__u32 to;
};

/**
 * struct stats_node_pair - what moved from one node to another
 * @moved: mappings
 * @pages: base pages in their folios
 */
struct stats_node_pair {
	__u64 moved;
	__u64 pages;
};

/* Base pages by enum move_reason, one field for each, in its order. */
struct stats_planned {
	MOVE_REASON_LIST(TIERED_LIST_FIELD)
};

/*
 * Base pages by enum move_result, one field for each, in its order. `pending` is
 * always 0: what was never asked for is not requested.
 */
struct stats_results {
	MOVE_RESULT_LIST(TIERED_LIST_FIELD)
};

/**
 * struct stats_target - what was asked for one target; base pages, since it became one
 * @comm: command name
 * @id: handle in this run of the daemon
 * @rule: index of the [target] section that chose it, ~0 for none
 * @requested: asked of move_pages(); the sum of @results
 * @results: what became of them
 * @moved_for: the moved ones by the reason of their plan
 * @promoted, @demoted: the moved ones by direction; their sum is @results.moved
 * @fast_pages, @tracked_pages: pages with a known rate in the fastest tier, and in all
 * @share_ppm: estimated share of its accesses that the fastest tier gets, millionths
 * @first_share_ppm: the same in the first window in which it was known
 * @faults, @shootdowns: page faults, and TLB flushes received, in events about it
 * @windows: windows in which it was looked at
 * @last_move_ns: CLOCK_MONOTONIC of its last move, 0: none
 */
struct stats_target {
	char comm[16];
	__u32 id;
	__u32 rule;
	__u64 requested;
	struct stats_results results;
	struct stats_planned moved_for;
	__u64 promoted;
	__u64 demoted;
	__u64 fast_pages;
	__u64 tracked_pages;
	__u32 share_ppm;
	__u32 first_share_ppm;
	__u64 faults;
	__u64 shootdowns;
	__u64 windows;
	__u64 last_move_ns;
};

/**
 * struct stats_daemon - the whole ledger since the daemon started; base pages
 * @pid: the daemon
 * @observe: 1: it moves nothing
 * @paused: 1: it was told to pause
 * @targets: targets now
 * @windows, @starved_windows, @stale_windows: as in the window summaries
 * @scanned: pages looked at
 * @planned: decided to move, whatever became of it
 * @requested, @results, @moved_for, @promoted, @demoted: as in struct stats_target
 * @flush_moves: single pages moved for a TLB flush; not in @requested
 * @batches: calls of move_pages() that moved
 * @flush_bound: most TLB flushes that these needed
 * @scan_cpu_ns, @migrate_cpu_ns, @elapsed_ns: what it cost
 * @share_ppm: estimated share of accesses that the fastest tier gets, last window
 * @updated_ns: CLOCK_MONOTONIC of the last window
 * @tracked_pages: with a known rate
 * @asleep_pages: of these, known to be idle without a look, as their process did not run
 * @oldest_ns: of the others, how long ago the 2 MiB were seen that were not seen for longest
 * @coverage_ppm: part of @tracked_pages that was seen in the last window, or is asleep, millionths
 */
struct stats_daemon {
	__u32 pid;
	__u32 observe;
	__u32 paused;
	__u32 share_ppm;
	__u64 targets;
	__u64 windows;
	__u64 starved_windows;
	__u64 stale_windows;
	__u64 scanned;
	struct stats_planned planned;
	__u64 requested;
	struct stats_results results;
	struct stats_planned moved_for;
	__u64 promoted;
	__u64 demoted;
	__u64 flush_moves;
	__u64 batches;
	__u64 flush_bound;
	__u64 scan_cpu_ns;
	__u64 migrate_cpu_ns;
	__u64 elapsed_ns;
	__u64 updated_ns;
	__u64 tracked_pages;
	__u64 asleep_pages;
	__u64 oldest_ns;
	__u32 coverage_ppm;
	__u32 reserved;
};

/* Sizes, the places of the fields of keys, and those of the first and last fields of values. */
#define STATS_AT(type, field, offset)                                                              \
	_Static_assert(__builtin_offsetof(struct type, field) == (offset), "stats ABI")
#define STATS_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), "stats ABI")

STATS_SIZE(stats_node_pair_key, 8);
STATS_AT(stats_node_pair_key, from, 0);
STATS_AT(stats_node_pair_key, to, 4);
STATS_SIZE(event_losses, 32);
STATS_AT(event_losses, ring_full, 0);
STATS_AT(event_losses, rate_capped_units, 24);
STATS_SIZE(stats_meta, 32);
STATS_AT(stats_meta, stats_abi, 0);
STATS_AT(stats_meta, attached_ns, 24);
STATS_SIZE(stats_totals, 80);
STATS_AT(stats_totals, faults, 0);
STATS_AT(stats_totals, node_pair_overflow, 72);
STATS_SIZE(stats_migrations, 24);
STATS_AT(stats_migrations, calls, 0);
STATS_AT(stats_migrations, failed, 16);
STATS_SIZE(stats_flushes, 24);
STATS_AT(stats_flushes, full, 0);
STATS_AT(stats_flushes, pages, 16);
STATS_SIZE(stats_by_reason, 96);
STATS_AT(stats_by_reason, tiered, 0);
STATS_AT(stats_by_reason, unknown, 88);
STATS_SIZE(stats_process, 176);
STATS_AT(stats_process, cgroup_id, 0);
STATS_AT(stats_process, by_reason, 80);
STATS_SIZE(stats_cgroup, 40);
STATS_AT(stats_cgroup, moved, 0);
STATS_AT(stats_cgroup, undone, 32);
STATS_SIZE(stats_node_pair, 16);
STATS_AT(stats_node_pair, moved, 0);
STATS_AT(stats_node_pair, pages, 8);
STATS_SIZE(stats_planned, 40);
STATS_AT(stats_planned, promote_hot, 0);
STATS_AT(stats_planned, flush, 32);
STATS_SIZE(stats_results, 96);
STATS_AT(stats_results, pending, 0);
STATS_AT(stats_results, failed, 88);
STATS_SIZE(stats_target, 240);
STATS_AT(stats_target, comm, 0);
STATS_AT(stats_target, last_move_ns, 232);
STATS_SIZE(stats_daemon, 344);
STATS_AT(stats_daemon, pid, 0);
STATS_AT(stats_daemon, updated_ns, 304);
STATS_AT(stats_daemon, coverage_ppm, 336);
_Static_assert(sizeof(struct stats_by_reason) == SEEN_REASONS * 8, "a field for each reason");
_Static_assert(sizeof(struct stats_planned) == MOVE_REASONS * 8, "a field for each reason");
_Static_assert(sizeof(struct stats_results) == MOVE_RESULTS * 8, "a field for each result");
_Static_assert(STATS_FLUSH_OTHER == 7, "stats ABI");

#undef STATS_AT
#undef STATS_SIZE

#endif
