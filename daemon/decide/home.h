/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * home.h - on the CPUs of which node a process should run. Pure.
 *
 * The one from which its accesses have the shortest way: the sum over all nodes of the heat of
 * its pages there, times the distance. By heat, not by pages: where cold ones are does not matter.
 */
#ifndef TIERED_HOME_H
#define TIERED_HOME_H

#include <stdint.h>

#include "tiered/sched.h"
#include "tiered/types.h"

/**
 * struct home - of one process; HOME_NONE at first
 * @slot: its home, of the nodes with CPUs, or SCHED_NO_SLOT
 * @better: another one that was better in the last @windows windows
 */
struct home {
	uint32_t slot;
	uint32_t better;
	uint32_t windows;
};

#define HOME_NONE ((struct home){ .slot = SCHED_NO_SLOT, .better = SCHED_NO_SLOT })

/* The first home must be shorter than the mean of all by this part, a new one than the old. */
#define HOME_MARGIN 8
/* In so many windows in a row. */
#define HOME_WINDOWS 2

/**
 * home_next() - after a window
 * @heat: of the pages on each node, by id, in any unit
 * @distance: from each slot to each node, by id; 0: there is no such node
 * @slots: how many there are
 *
 * Returns 1 when the home is another one now. Without heat nothing changes.
 */
int home_next(struct home *home, const uint64_t heat[TIERED_NODES_MAX],
	      const uint32_t distance[][TIERED_NODES_MAX], uint32_t slots);

#endif
