/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * turns.h - for window.c: which pages the tracker looks at when cpu_max does not pay for all.
 * The rule is in decide/heat_due.h.
 */
#ifndef TIERED_TURNS_H
#define TIERED_TURNS_H

#include "decide/heat_due.h"
#include "worker/window.h"

/* Before mark(): where the border is now. */
void turns_begin(struct window *window);

/* For struct tracker_env. */
unsigned int turns_due(void *arg, uint32_t target, uint64_t base, uint64_t ret_pages[DUE_WORDS]);

/* After mark(), which could pay for @budget pages: did it get through? */
void turns_end(struct window *window, uint64_t budget, const struct tracker_cost *cost);

#endif
