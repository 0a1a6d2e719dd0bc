// SPDX-License-Identifier: GPL-2.0-only
#include "worker/turns.h"

#include "decide/policy_fit.h"
#include "observe/target.h"
#include "worker/view.h"

void turns_begin(struct window *window)
{
	uint64_t bins[HEAT_BINS] = { 0 };
	size_t i;

	/* Where all pages are due it does not matter where the border is. */
	for (i = 0; window->due.level && i < window->roster.count; i++)
		heat_add_bins(window->heat, window->roster.targets[i]->id, bins);
	window->due.border = fit_threshold(bins, view_fast_pages(window));
	heat_take_turns(window->heat, &window->due);
}

unsigned int turns_due(void *arg, uint32_t target, uint64_t base, uint64_t ret_pages[DUE_WORDS])
{
	const struct window *window = arg;

	return heat_due(window->heat, target, base, ret_pages);
}

void turns_end(struct window *window, uint64_t budget, const struct tracker_cost *cost)
{
	window->due.level = due_level(window->due.level, budget, cost->pages, !cost->cut);
}
