/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat.h - what is believed about every page: how often it is accessed.
 *
 * Pure: fed with observations, asked by policies; no I/O, no clock.
 *
 * A target's memory is kept in 2 MiB regions of 32 bytes. A region whose pages
 * all have the same state (cold memory, or one large folio) is that one state;
 * where they part it owns 3.5 bytes per page (heat_pack.h), and one more where pages were
 * moved of late. Beyond memory_max a region falls back to the mean of its
 * pages ("coarse"), which is counted.
 *
 * A region is forgotten when its target was read from end to end twice and 32
 * windows have passed without a word of it; a page, when a move finds it gone.
 */
#ifndef TIERED_HEAT_H
#define TIERED_HEAT_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/tracker.h"

struct heat;
struct move;

/* Bins of a histogram of rates: 1/8 octave each, from FILTER_RATE_MIN on. */
#define HEAT_BINS 256
#define HEAT_BIN_SHIFT 5
#define HEAT_EXPERIENCE HEAT_BINS
#define HEAT_SLOTS (HEAT_BINS + 1)

/* Two moves of one page within so many windows are a ping-pong. */
#define HEAT_PINGPONG_WINDOWS 32

/**
 * struct heat_config - bounds
 * @memory_max: bytes of state at most; beyond it regions stay unexpanded, counted
 */
struct heat_config {
	uint64_t memory_max;
};

/**
 * struct heat_stats - figures for people, in base pages unless said otherwise
 * @observed, @accessed, @unknown: of the current window
 * @asleep: of targets that sleep, known to be idle in this window; not in @observed
 * @observed_for, @accessed_for: each page as often as those like it are passed over for it
 *	(heat_due.h): what a look at all of them would have shown
 * @tracked: pages with a state
 * @oldest: the window in which that region was last seen for which this is longest ago, those
 *	apart that are asleep; 0: there is none
 * @regions, @expanded: 2 MiB regions, and those with a state per page
 * @coarse: regions that hold the mean of pages that differ
 * @refused: times a region was not expanded or not made because of memory_max, or not expanded
 *	because its pages are of more kinds than are kept (heat_pack.h)
 * @bytes: memory held
 * @moved: folios moved since the start
 * @pingpong: how many of these had been moved within the last 32 windows
 */
struct heat_stats {
	uint64_t observed;
	uint64_t accessed;
	uint64_t unknown;
	uint64_t asleep;
	uint64_t observed_for;
	uint64_t accessed_for;
	uint64_t tracked;
	uint64_t oldest;
	uint64_t regions;
	uint64_t expanded;
	uint64_t coarse;
	uint64_t refused;
	uint64_t bytes;
	uint64_t moved;
	uint64_t pingpong;
};

/**
 * struct heat_item - folios of one state at consecutive addresses
 * @address: first byte of the first folio
 * @target: id of the target
 * @count: how many folios; their number of base pages is @count << @order
 * @rate: log2 of accesses per second of each of them, in 1/256 octave
 * @order: folio order
 * @node: node they lie on
 * @flags: OBSERVED_SHARED, OBSERVED_FIXED
 * @n: confidence, see filter_sigma()
 * @cooldown: windows during which they should be left alone
 * @refused: they rest because they could not be moved, not because they were
 */
struct heat_item {
	uint64_t address;
	uint32_t target;
	uint32_t count;
	int16_t rate;
	uint8_t order;
	uint8_t node;
	uint8_t flags;
	uint8_t n;
	uint8_t cooldown;
	uint8_t refused;
};

/**
 * struct heat_query - which items are wanted; whole regions are skipped by it
 * @nodes: bit per node
 * @rate_min, @rate_max: inclusive
 */
struct heat_query {
	uint64_t nodes;
	int16_t rate_min;
	int16_t rate_max;
};

/**
 * struct heat_target_view - one target, for policies
 * @bins: for each node NULL, or HEAT_BINS counts of base pages that may be
 *	  moved (neither shared nor fixed), by rate; behind them, at
 *	  HEAT_EXPERIENCE, the sum of their n
 * @moved, @pingpong: as in struct heat_stats, of late: halved every 32 windows
 */
struct heat_target_view {
	const uint64_t *bins[TIERED_NODES_MAX];
	uint64_t moved;
	uint64_t pingpong;
};

int heat_new(const struct heat_config *config, struct heat **ret);
void heat_free(struct heat *heat);

/* Starts window @window: counters of the window go to zero, pages that were not seen for long fade. */
void heat_window(struct heat *heat, uint64_t window);

/* Feeds observations of one target; 0 or -ENOMEM (what did not fit is counted and left out). */
int heat_observe(struct heat *heat, const struct observation *observations, size_t n);

/*
 * Tells what became of moves: nodes are updated, failures cool down, moved pages are remembered.
 * MOVE_VOID and MOVE_PENDING change nothing; order and number of the moves are free.
 */
void heat_settle(struct heat *heat, const struct move *moves, size_t n);

/*
 * Says, in each window anew, whether a target is asleep: then only a part of it is read, and the
 * rest must not fade.
 */
void heat_sleep(struct heat *heat, uint32_t target, int asleep);

/*
 * All pages of @target but those that others may access were idle for @interval_ns, as far as
 * they were looked at in window @since or later. Returns how many these are.
 */
uint64_t heat_idle(struct heat *heat, uint32_t target, uint64_t since, uint64_t interval_ns);

/* Calls @each for the ranges where others may access pages of @target, ascending, as heat_each(). */
typedef int heat_range_fn(void *arg, uint64_t start, uint64_t end);
int heat_foreign(const struct heat *heat, uint32_t target, heat_range_fn *each, void *arg);

/* How often the target was read from end to end, modulo 256. */
uint8_t heat_laps(const struct heat *heat, uint32_t target);

/* Forgets a target. */
void heat_forget(struct heat *heat, uint32_t target);

void heat_stats(const struct heat *heat, struct heat_stats *ret);

/*
 * Calls @each for the items of @target that fit @query, ascending addresses, until it
 * returns other than 0; returns that, or 0.
 */
typedef int heat_each_fn(void *arg, const struct heat_item *item);
int heat_each(const struct heat *heat, uint32_t target, const struct heat_query *query,
	      heat_each_fn *each, void *arg);

/*
 * The folio around @address as an item of one, and the window in which anything of
 * its 2 MiB was seen last; 0, or -ENOENT when nothing is known of it.
 */
int heat_find(const struct heat *heat, uint32_t target, uint64_t address, struct heat_item *ret,
	      uint64_t *ret_seen);

/* 0, or -ENOENT when nothing was observed of @target. Valid until heat is changed. */
int heat_target(const struct heat *heat, uint32_t target, struct heat_target_view *ret);

/* Adds what may be moved of @target's pages on all nodes to @bins, HEAT_BINS of them. */
void heat_add_bins(const struct heat *heat, uint32_t target, uint64_t *bins);

/*
 * Base pages that a look at all memory would have shown to be accessed in this window; of those
 * who sleep it is known: none. 0 or -ENODATA: nothing was looked at.
 */
int heat_accessed(const struct heat_stats *stats, uint64_t *ret_pages);

static inline unsigned int heat_bin(int rate)
{
	return (unsigned int)(rate + 12 * 256) >> HEAT_BIN_SHIFT;
}

/* Lowest rate of a bin. */
static inline int heat_bin_rate(unsigned int bin)
{
	return (int)(bin << HEAT_BIN_SHIFT) - 12 * 256;
}

/*
 * Share of the accesses (by estimated rates) that go to @nodes, of all targets, in
 * millionths; 0 when there are none.
 */
uint32_t heat_share_ppm(const struct heat *heat, uint64_t nodes);

/* The same of one target; and of all, once @moves are done. */
uint32_t heat_target_share_ppm(const struct heat *heat, uint32_t target, uint64_t nodes);
/* Accesses (by estimated rates) of one target's pages on each node, by id. 0 or -ENOENT. */
int heat_target_nodes(const struct heat *heat, uint32_t target, uint64_t ret[TIERED_NODES_MAX]);
uint32_t heat_moved_share_ppm(const struct heat *heat, uint64_t nodes, const struct move *moves,
			      size_t n);

/*
 * Accesses of a page of this rate, in 1/1024 of the lowest rate's, below 2^43: they add
 * up where rates do not. And back.
 */
uint64_t heat_weight(int rate);
int16_t heat_weight_rate(uint64_t weight);

#endif
