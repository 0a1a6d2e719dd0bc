/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flush.h - makes sure that accesses after the marking can be seen.
 *
 * x86 clears accessed bits without flushing the TLB; a page that stays in a
 * TLB looks idle however hot it is. So every marked address space needs one
 * full flush on the CPUs it runs on. From Linux 6.3 on x86 the batched unmap
 * of migration gives one: moves that were due anyway do it for free, else one
 * page is moved for it. A window without it is stale: its idle pages are
 * unknown.
 *
 * A kernel with the companion series puts the flush off for pages that nobody
 * may write. It comes all the same, a tenth of a second later: marks count from
 * then on.
 */
#ifndef TIERED_FLUSH_H
#define TIERED_FLUSH_H

#include <stddef.h>
#include <stdint.h>

struct target;
struct topology;

enum flush_method {
	FLUSH_MOVE,    /* a batched move flushes fully */
	FLUSH_NATURAL, /* nothing to be done: wait for the TLB to turn over; never confirmed */
};

enum flush_state {
	FLUSH_NONE = 0,
	FLUSH_DONE,
	FLUSH_DEFERRED, /* it is to come: see flush_drained() */
};

/**
 * struct flush_seen - full and partial flushes sent by the worker thread, as BPF counts them
 * @full: interrupts sent for a full flush (tlb:tlb_flush reason 4, pages -1)
 * @partial: interrupts sent for single pages
 * @deferred: folios of the whole machine whose flush was put off (pgmigrate_defer_flush)
 * @drained: flushes sent for such folios (migrate_flush_drained)
 */
struct flush_seen {
	uint64_t full;
	uint64_t partial;
	uint64_t deferred;
	uint64_t drained;
};

/**
 * struct flush_ops - what the flush needs from the rooms below it
 * @move_page: moves the page at @address to @node; 0 when it moved, -errno
 * @seen: counters now; 0, or -EOPNOTSUPP when nobody counts. What it cannot count is 0
 * @other_node: a node other than @node that may take one page of the target, or
 *	TIERED_NODE_NONE
 * @proc_root: for kpageflags, to choose pages that are no part of a large folio;
 *	NULL: judged by how the pages lie
 */
struct flush_ops {
	int (*move_page)(void *arg, struct target *target, uint64_t address, uint8_t node);
	int (*seen)(void *arg, struct flush_seen *ret);
	uint8_t (*other_node)(void *arg, const struct target *target, uint8_t node);
	const char *proc_root;
	void *arg;
};

/**
 * flush_method_probe() - what this kernel gives
 * @release: as uname -r says
 * @cpuinfo_flags: "flags" line of /proc/cpuinfo; "invlpgb" flushes without a trace
 * @reason: a sentence for a person
 */
enum flush_method flush_method_probe(const char *release, const char *machine,
				     const char *cpuinfo_flags, char *reason, size_t size);

/* The same for the machine it runs on. @reason may be NULL. */
enum flush_method flush_method_here(const char *proc_root, char *reason, size_t size);

/*
 * Pure: do these counters, before and after moves that did move small folios,
 * confirm a flush?
 *
 * A full flush seen does. So does none at all: then no other CPU was running
 * the address space, and each flushes it whole when it next switches to it,
 * because the kernel's generation of its page tables has moved on. Only
 * partial ones seen: the kernel flushed the moved page and no other. Where
 * nobody counts, both are zero and the method alone is trusted.
 *
 * None sent, and folios deferred meanwhile: those of these moves may be among
 * them, so their flush is taken for one that is to come.
 */
enum flush_state flush_confirmed(enum flush_method method, const struct flush_seen *before,
				 const struct flush_seen *after, uint64_t small_folios_moved);

/* Pure: has the flush been sent by now that was deferred when @then was seen? */
enum flush_drain {
	FLUSH_DRAIN_WAIT,
	FLUSH_DRAINED,
	FLUSH_DRAIN_LATE, /* it should have come long ago; not waited for any longer */
};
enum flush_drain flush_drained(const struct flush_seen *then, const struct flush_seen *now,
			       uint64_t waited_ns);

/**
 * flush_force() - moves one page of @target for the flush's sake
 *
 * The page of the last time if it is still there and has somewhere to go, else
 * an exclusive anonymous one that has; up to 8 are tried.
 *
 * Returns FLUSH_DONE or FLUSH_DEFERRED when the flush is confirmed, FLUSH_NONE
 * when it could not be had (the window is stale for this target), -errno on failure.
 */
int flush_force(const struct flush_ops *ops, enum flush_method method,
		const struct topology *topology, struct target *target);

#endif
