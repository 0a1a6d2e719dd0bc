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

/*
 * Lists of words. Each is written once, as X(value, name), in the order of its
 * enum; whatever shows or takes these words (JSON, metrics, tables for cat) is
 * made of the list. Values are part of the ABI: new ones go to the end.
 */
#define TIERED_LIST_VALUE(value, name) value,
#define TIERED_LIST_NAME(value, name) [value] = #name,
#define TIERED_LIST_FIELD(value, name) __u64 name;

#define MOVE_REASON_LIST(X)                                                                        \
	X(MOVE_PROMOTE_HOT, promote_hot)                                                           \
	X(MOVE_PROMOTE_SWAP, promote_swap)                                                         \
	X(MOVE_DEMOTE_ROOM, demote_room)                                                           \
	X(MOVE_DEMOTE_PRESSURE, demote_pressure)                                                   \
	X(MOVE_FLUSH, flush)

/**
 * enum move_reason - why a folio was (to be) moved; every planned move carries one
 * @MOVE_PROMOTE_HOT: hotter than the threshold of a faster tier that has room
 * @MOVE_PROMOTE_SWAP: hotter, beyond doubt, than the page that leaves for it
 * @MOVE_DEMOTE_ROOM: coldest of its tier, leaves for a hotter page
 * @MOVE_DEMOTE_PRESSURE: coldest of its tier, leaves because the tier lacks free memory
 * @MOVE_FLUSH: one page moved so that the kernel flushes the TLBs of its address space
 */
enum move_reason {
	MOVE_REASON_LIST(TIERED_LIST_VALUE) MOVE_REASONS,
};

#define MOVE_RESULT_LIST(X)                                                                        \
	X(MOVE_PENDING, pending)                                                                   \
	X(MOVE_MOVED, moved)                                                                       \
	X(MOVE_ALREADY, already)                                                                   \
	X(MOVE_BUSY, busy)                                                                         \
	X(MOVE_PINNED, pinned)                                                                     \
	X(MOVE_SHARED, shared)                                                                     \
	X(MOVE_GONE, gone)                                                                         \
	X(MOVE_NO_MEMORY, no_memory)                                                               \
	X(MOVE_NOT_ALLOWED, not_allowed)                                                           \
	X(MOVE_ELSEWHERE, elsewhere)                                                               \
	X(MOVE_VOID, process_gone)                                                                 \
	X(MOVE_FAILED, failed)

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
	MOVE_RESULT_LIST(TIERED_LIST_VALUE) MOVE_RESULTS,
};

#define SEEN_REASON_LIST(X)                                                                        \
	X(SEEN_TIERED, tiered)                                                                     \
	X(SEEN_SYSCALL, syscall)                                                                   \
	X(SEEN_MBIND, mbind)                                                                       \
	X(SEEN_NUMA_BALANCING, numa_balancing)                                                     \
	X(SEEN_DEMOTION, demotion)                                                                 \
	X(SEEN_COMPACTION, compaction)                                                             \
	X(SEEN_DAMON, damon)                                                                       \
	X(SEEN_HOTPLUG, hotplug)                                                                   \
	X(SEEN_MEMORY_FAILURE, memory_failure)                                                     \
	X(SEEN_CONTIG_RANGE, contig_range)                                                         \
	X(SEEN_LONGTERM_PIN, longterm_pin)                                                         \
	X(SEEN_UNKNOWN_REASON, unknown)

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
	SEEN_REASON_LIST(TIERED_LIST_VALUE) SEEN_REASONS,
};

_Static_assert(sizeof(struct target_key) == 16, "target_key is part of the ABI");
_Static_assert(__builtin_offsetof(struct target_key, tgid) == 8, "target_key is part of the ABI");
_Static_assert(__builtin_offsetof(struct target_key, exec_count) == 12,
	       "target_key is part of the ABI");
_Static_assert(MOVE_FLUSH == 4, "reasons keep their values");
_Static_assert(MOVE_FAILED == 11, "results keep their values");
_Static_assert(SEEN_UNKNOWN_REASON == 11, "reasons keep their values");

#endif
