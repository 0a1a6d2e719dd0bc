/* SPDX-License-Identifier: GPL-2.0-only */
/* young_runs.h - blocks that read() has looked at for the next window as well. */
#ifndef TIERED_OBSERVE_YOUNG_RUNS_H
#define TIERED_OBSERVE_YOUNG_RUNS_H

#include "young_view.h"

/*
 * Does the work of the next mark() for this block, if it lies whole in the mapping and nobody
 * shares a page of it. @run: that it may belong to, or NULL. The one that the next may belong to.
 */
struct young_run *young_run_extend(struct young *young, uint32_t target, struct young_view *view,
				   struct young_run *run);

/* All have been made; sorts them, and lets them age from now on. */
void young_runs_close(struct young *young);

/* The first that ends beyond @address of this target, or NULL. */
const struct young_run *young_run_find(const struct young_runs *fresh, size_t target,
				       uint64_t address);

#endif
