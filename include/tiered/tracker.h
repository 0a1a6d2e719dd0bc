/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tracker.h - the contract between a hotness tracker and the window.
 *
 * A tracker watches the memory of targets and says, folio by folio, what was
 * accessed. It knows no policy. One is chosen per run of the daemon: the
 * first in the array of trackers whose probe() succeeds, or the one named in
 * the conf.
 *
 * Order of calls, all from the worker thread:
 *
 *	probe()			any time, any number of times, changes nothing
 *	start()			once
 *	  retarget()		whenever the set of targets changed, between windows
 *	  mark() ... read()	once each per window, any number of moved() between them
 *	  on_event(), rest()	between windows
 *	stop()			once; idempotent; the kernel is as it was before start()
 */
#ifndef TIERED_TRACKER_H
#define TIERED_TRACKER_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

struct target;       /* daemon/observe/target.h */
struct topology;     /* daemon/observe/topology.h */
struct event_header; /* event.h */
struct damon_setup;  /* daemon/observe/damon_source.h */
struct young_setup;  /* daemon/observe/young_source.h */

/**
 * enum seen - what one window says about one folio
 * @SEEN_UNKNOWN: nothing: not marked, not flushed, or somebody else cleared the bit
 * @SEEN_IDLE: not accessed in the interval, and that can be relied upon
 * @SEEN_ACCESSED: accessed at least once in the interval
 *
 * Unknown is not cold: heat ignores it, it never counts against a page.
 */
enum seen {
	SEEN_UNKNOWN = 0,
	SEEN_IDLE = 1,
	SEEN_ACCESSED = 2,
};

#define OBSERVED_SHARED 1u /* mapped by more than one process */
#define OBSERVED_FILE 2u   /* file-backed or shmem, not anonymous */
#define OBSERVED_AGAIN 8u  /* shared, and in this window already seen through another mapping */
#define OBSERVED_AHEAD                                                                             \
	32u /* out of the order of addresses: says nothing of how far mark() has come */
#define OBSERVED_WILLING 16u /* by the window, in place of SHARED: all who map it let it move */
#define OBSERVED_FIXED 4u /* cannot or must not move (bound, unevictable by rule, not on an LRU) */

/**
 * struct observation - folios of one target in one window
 * @address: first mapped byte of the folio in the target's address space
 * @interval_ns: how long the mark was exposed to accesses
 * @target: id of the target (struct target.id)
 * @order: folio order as mapped here; 0 is a base page, 9 a PMD-mapped THP on x86
 * @node: node the folio lies on
 * @seen: enum seen
 * @flags: OBSERVED_*
 * @more: so many folios of the same order, node, seen and flags follow at consecutive
 *	addresses: what is cold is long, and costs the same as one
 */
struct observation {
	uint64_t address;
	uint64_t interval_ns;
	uint32_t target;
	uint8_t order;
	uint8_t node;
	uint8_t seen;
	uint8_t flags;
	uint32_t more;
};

/**
 * typedef observe_fn - receives observations, in slices
 * @arg: the caller's
 * @observations: valid during the call only; one target, ascending addresses
 * @n: at least 1
 */
typedef void observe_fn(void *arg, const struct observation *observations, size_t n);

/**
 * struct tracker_env - what a tracker may use; outlives the tracker
 * @topology: PFN to node, tiers; may be another one whenever @breathe was called, so to be
 *	looked up here each time
 * @proc_root: "/proc", or a recorded tree in tests
 * @sys_root: "/sys", or a recorded tree in tests
 * @damon: what the DAMON tracker works with; NULL: it cannot
 * @breathe: to be called about every 10 ms of own CPU; not 0: give up the
 *	     step at once, keep what is there, return -ECANCELED
 * @breathe_arg: for @breathe
 * @due: for mark(): which of the 512 pages from @base on, aligned to 2 MiB, it should look
 *	 at in this window, a bit each in @ret_pages; returns how many. NULL: at all. To be
 *	 asked once per window and 2 MiB; pages passed over are not reported
 * @due_arg: for @due
 * @young: for the tracker of that name; NULL: there is nothing for it
 * @memory_max: bytes that what it knows of memory may take, 0: as many as there are
 */
struct tracker_env {
	const struct topology *topology;
	const char *proc_root;
	const char *sys_root;
	const struct damon_setup *damon;
	int (*breathe)(void *arg);
	void *breathe_arg;
	unsigned int (*due)(void *arg, uint32_t target, uint64_t base, uint64_t ret_pages[8]);
	void *due_arg;
	const struct young_setup *young;
	uint64_t memory_max;
};

/**
 * struct tracker_cost - what a step did
 * @pages: base pages looked at; in mark() as they count against @max_pages:
 *	present ones in full, absent ones for the little that they cost
 * @marked: pages or folios marked (mark) or reported (read)
 * @calls: system calls made on the bitmap or its like
 * @helper_cpu_ns: CPU time of threads of the kernel that work for the tracker
 * @skipped: pages passed over: absent, swapped, zero, special, not ours, not due
 * @cut: of mark(): @max_pages ended before all that was due had been looked at
 */
struct tracker_cost {
	uint64_t pages;
	uint64_t marked;
	uint64_t calls;
	uint64_t skipped;
	uint64_t helper_cpu_ns;
	uint8_t cut;
};

/**
 * struct tracker_ops - one way to learn what is hot
 * @name: as in `tracker = NAME` and in [tracker.NAME]
 * @summary: half a line for --help
 * @memory_part: one part in so many of what memory_max allows is for what it knows of each
 *	2 MiB; 0: it keeps nothing of that size
 * @probe: 0, and in @reason how, where there are ways; or -EOPNOTSUPP with a reason a person
 *	can act on
 * @start: makes the tracker's state
 * @retarget: @targets, ascending by id, belong to the caller and stay valid until the
 *	      next retarget() or stop(); marks of targets that left are dropped
 * @mark: marks at most @max_pages base pages, going on where the last window
 *	  stopped, so that all memory has its turn; @ret_cost untouched on error
 * @marked_targets: after mark(): calls back once per target that has marks in
 *		    this window, for the flush
 * @moved: between mark() and read(): single pages of @target lie in other frames now, those of
 *	   the 512 from @base on, aligned to 2 MiB, that have a bit in @pages; what is in
 *	   them is the same, and so is whether it was accessed; may be NULL
 * @read: reports what was accessed since mark(); @interval_ns as given goes
 *	  into the observations
 * @rest: between windows, or in place of mark(): there is nothing to watch until the next
 *	mark(), so what works by itself stops; may be NULL
 * @on_event: hint from the BPF feed; may be NULL
 * @stop: frees the state; accepts NULL
 *
 * All int returns: 0 or -errno. A vanished process is not an error.
 */
struct tracker_ops {
	const char *name;
	const char *summary;
	unsigned int memory_part;
	int (*probe)(const struct tracker_env *env, char *reason, size_t size);
	int (*start)(const struct tracker_env *env, void **ret_state);
	int (*retarget)(void *state, struct target *const *targets, size_t n);
	int (*mark)(void *state, uint64_t max_pages, struct tracker_cost *ret_cost);
	void (*marked_targets)(void *state, void (*each)(void *arg, struct target *target),
			       void *arg);
	void (*moved)(void *state, uint32_t target, uint64_t base, const uint64_t pages[8]);
	int (*read)(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
		    struct tracker_cost *ret_cost);
	void (*rest)(void *state);
	void (*on_event)(void *state, const struct event_header *event);
	void (*stop)(void *state);
};

#endif
