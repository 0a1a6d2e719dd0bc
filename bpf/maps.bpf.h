/* SPDX-License-Identifier: GPL-2.0-only */
/* maps.bpf.h - the maps of the programs and what is in them; part of common.bpf.h. */
#ifndef TIERED_MAPS_BPF_H
#define TIERED_MAPS_BPF_H

#include "vmlinux-min.h"

#include <bpf/bpf_helpers.h>

#include "tiered/event.h"
#include "tiered/stats.h"

/* Slots per CPU: 256 regions span 512 MiB; 14 KiB, and a per-CPU value may have 32. */
#define FAULT_SLOTS 256
#define SHOOTDOWN_SLOTS 64

/* Processes with events; each costs about 64 bytes. */
#define MANAGED_MAX 16384
/* Counted ones cost 240 bytes, taken when they are needed. */
#define PROCESSES_MAX 16384
#define CGROUPS_MAX 4096
/* All pairs of 64 nodes; machines that tier have a handful. */
#define NODE_PAIRS_MAX 4096

/* enum migrate_reason of the kernel has had up to 10 values; beyond these: unknown. */
#define MIGRATE_REASONS_MAX 16

/* Flags of "has something to drain"; CPUs beyond share one with another. */
#define DIRTY_CPUS 1024

/* Is a process managed? The last answer on this CPU, good until the set changes. */
struct verdict {
	__u32 tgid;
	__u32 generation;
	__u32 managed;
	__u32 reserved;
};

/* An EVENT_FAULTS in the making; free when count is 0. */
struct fault_slot {
	__u64 region;
	__u64 first_ns;
	__u64 last_ns;
	__u64 jiffy;
	__u64 cgroup_id;
	__u32 tgid;
	__u32 tid;
	__u32 count;
	__u32 writes;
};

struct fault_cache {
	struct verdict verdict;
	__u64 cursor; /* next slot to be looked at for its age */
	struct fault_slot slots[FAULT_SLOTS];
};

/* An EVENT_SHOOTDOWNS in the making; free when first_ns is 0. */
struct shootdown_slot {
	__u64 first_ns;
	__u64 last_ns;
	__u64 jiffy;
	__u64 cgroup_id;
	__u64 pages;
	__u32 tgid;
	__u32 tid;
	__u32 flags;
	__u32 sent;
	__u32 received;
	__u32 local;
	__u32 full;
	__u32 reserved;
};

struct shootdown_cache {
	struct verdict verdict;
	volatile __u64 busy; /* somebody below us on this CPU is at work on the slots */
	struct shootdown_slot slots[SHOOTDOWN_SLOTS];
};

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct totals_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats_totals);
};

struct losses_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_KINDS);
	__type(key, __u32);
	__type(value, struct event_losses);
};

struct migrations_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SEEN_REASONS);
	__type(key, __u32);
	__type(value, struct stats_migrations);
};

struct tlb_flushes_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STATS_FLUSH_REASONS);
	__type(key, __u32);
	__type(value, struct stats_flushes);
};

/* Per kind: when the events so far would have been due at the capped rate. */
struct pace_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EVENT_KINDS);
	__type(key, __u32);
	__type(value, __u64);
};

/* By tgid; the value is 0, or once the process has ended its start time. */
struct managed_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MANAGED_MAX);
	__type(key, __u32);
	__type(value, __u64);
};

/*
 * Not preallocated: full, this one takes 4 MiB. Since 6.1 hash maps have an
 * allocator of their own, which works in every context.
 */
struct processes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROCESSES_MAX);
	__type(key, struct target_key);
	__type(value, struct stats_process);
};

struct cgroups_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CGROUPS_MAX);
	__type(key, __u64);
	__type(value, struct stats_cgroup);
};

struct node_pairs_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NODE_PAIRS_MAX);
	__type(key, struct stats_node_pair_key);
	__type(value, struct stats_node_pair);
};

/* Mappings of one process that moved one after the other between the same nodes. */
struct run {
	__u64 owner; /* its task; an address to compare, which may be gone when it is booked */
	struct target_key key;
	__u64 cgroup_id;
	char comm[16];
	__u32 from;
	__u32 to;
	__u64 mappings;
	__u64 pages;
	__u64 undone;
};

/* One mapping as remove_migration_pte() has it. */
struct mapping {
	__u64 address;
	__u32 order;
	__u32 from;
	__u32 to;
	__u32 undone;
};

/* A mapping that may not have been there, see doubt_settle(); none when @folio is 0. */
struct doubt {
	__u64 folio;
	__u64 owner;
	__s32 mapcount;
	__u32 reserved;
	struct mapping mapping;
};

/* Threads that migrate at the same time: some per CPU. */
#define MOVERS_MAX 2048

/* A migration, and one within it. */
#define MOVER_LEVELS 2

/* What a thread that migrates is at, as long as it does; @tid 0: nobody's. */
struct mover {
	__u64 tid;
	__u32 depth;
	__u32 reasons[MOVER_LEVELS]; /* enum seen_reason of each level */
	__u32 reserved;
	struct run run;
	struct doubt doubt;
};

/*
 * By the low bits of the thread id: the look-up of an array is a few instructions in
 * place. Of two threads with the same bits that migrate at the same time the second
 * has no mover: what it moves is counted, for an unknown reason. Not
 * BPF_MAP_TYPE_TASK_STORAGE: that is never given back before
 * the thread ends, and on kernels like 7.2 the memory for it cannot be had on a
 * CPU without cmpxchg16b, which is what guests have. 500 KiB, all there from
 * the start.
 */
struct movers_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOVERS_MAX);
	__type(key, __u32);
	__type(value, struct mover);
};

extern struct movers_map movers SEC(".maps");

/* NULL when the thread has none. */
static __always_inline struct mover *mover_of(__u32 tid)
{
	__u32 index = tid & (MOVERS_MAX - 1);
	struct mover *mover = bpf_map_lookup_elem(&movers, &index);

	return mover && mover->tid == tid ? mover : NULL;
}

struct fault_cache_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fault_cache);
};

struct shootdown_cache_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct shootdown_cache);
};

extern struct ring_map events SEC(".maps");
extern struct totals_map totals SEC(".maps");
extern struct losses_map losses SEC(".maps");
extern struct migrations_map migrations SEC(".maps");
extern struct tlb_flushes_map tlb_flushes SEC(".maps");
extern struct pace_map pace SEC(".maps");
extern struct managed_map managed SEC(".maps");
extern struct processes_map processes SEC(".maps");
extern struct cgroups_map cgroups SEC(".maps");
extern struct node_pairs_map node_pairs SEC(".maps");
extern struct fault_cache_map fault_cache SEC(".maps");
extern struct shootdown_cache_map shootdown_cache SEC(".maps");

#endif
