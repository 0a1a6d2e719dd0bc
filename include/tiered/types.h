/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * types.h - the words that every part of tiered shares.
 *
 * Used on both sides of the BPF boundary, so: fixed-width kernel types only,
 * no pointers, no bool, no implicit padding.
 */
#ifndef TIERED_TYPES_H
#define TIERED_TYPES_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Linux allows 1024 nodes; machines that tier have a handful. Node sets are one __u64. */
#define TIERED_NODES_MAX 64
#define TIERED_NODE_NONE 0xff

/* The base page of every architecture this runs on (x86-64); folio orders count from it. */
#define TIERED_PAGE_SHIFT 12
#define TIERED_PAGE_SIZE (1UL << TIERED_PAGE_SHIFT)

/**
 * struct target_key - names one address space of one process, once and for all
 * @start_ns: start of the process in nanoseconds since boot (/proc/PID/stat field 22)
 * @tgid: process id in the initial pid namespace
 * @exec_count: how many times this process was seen to exec; a new program is a new key
 */
struct target_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 exec_count;
};

/**
 * enum move_reason - why a folio was (to be) moved; every planned move carries one
 * @MOVE_PROMOTE_HOT: hotter than the threshold of a faster tier that has room
 * @MOVE_PROMOTE_SWAP: hotter, beyond doubt, than the page that leaves for it
 * @MOVE_DEMOTE_ROOM: coldest of its tier, leaves for a hotter page
 * @MOVE_DEMOTE_PRESSURE: coldest of its tier, leaves because the tier lacks free memory
 * @MOVE_FLUSH: one page moved so that the kernel flushes the TLBs of its address space
 */
enum move_reason {
	MOVE_PROMOTE_HOT = 0,
	MOVE_PROMOTE_SWAP = 1,
	MOVE_DEMOTE_ROOM = 2,
	MOVE_DEMOTE_PRESSURE = 3,
	MOVE_FLUSH = 4,
	MOVE_REASONS = 5,
};

/**
 * enum move_result - what became of a move that was asked for
 * @MOVE_PENDING: not asked for (yet)
 * @MOVE_MOVED: on its target node, said by the kernel
 * @MOVE_ALREADY: was there before
 * @MOVE_BUSY: EBUSY: locked, under writeback or briefly pinned; worth another try later
 * @MOVE_PINNED: stayed busy through all tries: taken as pinned
 * @MOVE_SHARED: EACCES on the page: mapped by another process too
 * @MOVE_GONE: ENOENT or EFAULT: no page there any more
 * @MOVE_NO_MEMORY: ENOMEM: the target node has none to give
 * @MOVE_NOT_ALLOWED: EACCES or EPERM on the whole call: cpuset, or not ours to move
 * @MOVE_ELSEWHERE: moved, but to another node than asked for
 * @MOVE_VOID: the process died, exec'ed or was replaced during the call: nothing is known
 * @MOVE_FAILED: any other error
 */
enum move_result {
	MOVE_PENDING = 0,
	MOVE_MOVED = 1,
	MOVE_ALREADY = 2,
	MOVE_BUSY = 3,
	MOVE_PINNED = 4,
	MOVE_SHARED = 5,
	MOVE_GONE = 6,
	MOVE_NO_MEMORY = 7,
	MOVE_NOT_ALLOWED = 8,
	MOVE_ELSEWHERE = 9,
	MOVE_VOID = 10,
	MOVE_FAILED = 11,
	MOVE_RESULTS = 12,
};

/**
 * enum seen_reason - who had pages moved, as the kernel was seen doing it
 *
 * The kernel's enum migrate_reason has other numbers on other kernels; the
 * daemon translates by name, from BTF, when the programs are loaded.
 *
 * @SEEN_TIERED: this daemon's worker, by move_pages()
 * @SEEN_SYSCALL: move_pages(), migrate_pages() or a cpuset of somebody else
 * @SEEN_MBIND: mbind() and other memory policies
 * @SEEN_NUMA_BALANCING: NUMA balancing, its promotions too
 * @SEEN_DEMOTION: reclaim that demotes instead of writing out
 * @SEEN_COMPACTION: compaction
 * @SEEN_DAMON: a scheme of DAMON
 * @SEEN_HOTPLUG: memory going offline
 * @SEEN_MEMORY_FAILURE: a page with hardware errors
 * @SEEN_CONTIG_RANGE: a contiguous range, for a driver or a huge page
 * @SEEN_LONGTERM_PIN: memory about to be pinned, moved out of a movable zone
 * @SEEN_UNKNOWN_REASON: none of these, or begun before the programs were attached
 */
enum seen_reason {
	SEEN_TIERED = 0,
	SEEN_SYSCALL = 1,
	SEEN_MBIND = 2,
	SEEN_NUMA_BALANCING = 3,
	SEEN_DEMOTION = 4,
	SEEN_COMPACTION = 5,
	SEEN_DAMON = 6,
	SEEN_HOTPLUG = 7,
	SEEN_MEMORY_FAILURE = 8,
	SEEN_CONTIG_RANGE = 9,
	SEEN_LONGTERM_PIN = 10,
	SEEN_UNKNOWN_REASON = 11,
	SEEN_REASONS = 12,
};

_Static_assert(sizeof(struct target_key) == 16, "target_key is part of the ABI");

#endif
