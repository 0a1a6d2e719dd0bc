/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat.h - what is believed about every page: how often it is accessed.
 *
 * Pure: fed with observations, asked by policies; no I/O, no clock.
 */
#ifndef TIERED_HEAT_H
#define TIERED_HEAT_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/tracker.h"

struct heat;
struct move;

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
 * @tracked: pages with a state
 * @regions, @expanded: 2 MiB regions, and those with a state per page
 * @refused: regions that were not expanded because of memory_max
 * @bytes: memory held
 */
struct heat_stats {
	uint64_t observed;
	uint64_t accessed;
	uint64_t unknown;
	uint64_t tracked;
	uint64_t regions;
	uint64_t expanded;
	uint64_t refused;
	uint64_t bytes;
};

int heat_new(const struct heat_config *config, struct heat **ret);
void heat_free(struct heat *heat);

/* Starts window @window: counters of the window go to zero, pages that were not seen for long fade. */
void heat_window(struct heat *heat, uint64_t window);

/* Feeds observations of one target; 0 or -ENOMEM (what did not fit is counted and left out). */
int heat_observe(struct heat *heat, const struct observation *observations, size_t n);

/* Tells what became of moves: nodes are updated, failures cool down, moved pages are remembered. */
void heat_settle(struct heat *heat, const struct move *moves, size_t n);

/* Forgets a target. */
void heat_forget(struct heat *heat, uint32_t target);

void heat_stats(const struct heat *heat, struct heat_stats *ret);

#endif
