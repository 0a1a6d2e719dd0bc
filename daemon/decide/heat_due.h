/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_due.h - which pages are worth a look when not all can be had.
 *
 * Where cpu_max does not pay for all memory in every window, what is spent on pages that
 * are far from the border of the fast tier tells little: they stay where they are anyway.
 * So they take turns: at each visit of their 2 MiB, one in 2, 4, 8 ... of them is due, the
 * rarer the further they are from the border. Pages near it, pages that are hardly known
 * and pages that have just behaved unlike themselves are due at each visit.
 *
 * How far this goes is the level: it rises while a window's budget ends before all that is
 * due was visited, and falls when there is plenty; at level 0 everything is due.
 */
#ifndef TIERED_HEAT_DUE_H
#define TIERED_HEAT_DUE_H

#include <stdint.h>

#include "decide/heat.h"

/* One page in 2^6 at least: beyond that a change would be noticed too late. */
#define DUE_LEVEL_MAX 6

#define DUE_WORDS 8 /* of 64 pages each: 2 MiB */

/**
 * struct due - what the turns depend on
 * @border: rate of the pages at the border of the fastest tier, in 1/256 octave
 * @level: 0 (all are due) to DUE_LEVEL_MAX: turns of 2^level visits at most
 */
struct due {
	int16_t border;
	uint8_t level;
};

/* From now on it is by @due that pages take turns; in the beginning all are always due. */
void heat_take_turns(struct heat *heat, const struct due *due);

/*
 * Pages that are due among the 512 from @base on, which is aligned to 2 MiB: a bit each in
 * @ret_pages, and how many there are. A folio is due as a whole. Each call is a visit.
 */
unsigned int heat_due(struct heat *heat, uint32_t target, uint64_t base,
		      uint64_t ret_pages[DUE_WORDS]);

/*
 * The level after a window that could pay for @budget pages and looked at @used: @whole when
 * all that was due was visited.
 */
uint8_t due_level(uint8_t level, uint64_t budget, uint64_t used, int whole);

#endif
