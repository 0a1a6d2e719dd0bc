// SPDX-License-Identifier: GPL-2.0-only
/*
 * base.bpf.c - the one definition of everything shared.
 *
 * Its name sorts before those of all programs: the linker of bpftool 7.1 loses
 * the offset of a map or variable that it meets as extern first.
 */
#include "common.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct ring_map events SEC(".maps");
struct totals_map totals SEC(".maps");
struct losses_map losses SEC(".maps");
struct migrations_map migrations SEC(".maps");
struct tlb_flushes_map tlb_flushes SEC(".maps");
struct pace_map pace SEC(".maps");
struct managed_map managed SEC(".maps");
struct processes_map processes SEC(".maps");
struct cgroups_map cgroups SEC(".maps");
struct node_pairs_map node_pairs SEC(".maps");
struct movers_map movers SEC(".maps");
struct fault_cache_map fault_cache SEC(".maps");
struct shootdown_cache_map shootdown_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats_meta);
} meta SEC(".maps");

/* The daemon's ledger: no program looks at it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROCESSES_MAX);
	__type(key, struct target_key);
	__type(value, struct stats_target);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats_daemon);
} daemon SEC(".maps");

const volatile __u32 managed_only = 1;
const volatile __u64 event_cost_ns = 0;
const volatile __u8 can_cast = 0;
const volatile __u64 folio_cost_ns = 0;
const volatile __u8 reason_seen[MIGRATE_REASONS_MAX] = {};

volatile __u32 worker_tid;
volatile __u32 victim_tgid;
volatile __u32 worker_aside;
volatile __u32 worker_step;
volatile __u32 watch;
volatile __u32 watch_tgid;
volatile __u8 tier_of[TIERED_NODES_MAX];
volatile __u32 managed_generation;
volatile __u64 worker_full_flushes;
volatile __u64 worker_partial_flushes;
volatile __u8 faults_dirty[DIRTY_CPUS];
volatile __u8 shootdowns_dirty[DIRTY_CPUS];
