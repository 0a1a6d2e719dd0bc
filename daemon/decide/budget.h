/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * budget.h - how many pages may be looked at without using more than cpu_max.
 *
 * An account in nanoseconds of CPU time: it earns the allowed share of real
 * time and pays what was really used, kernel time included. What a page costs
 * is measured as it goes. Pure: times are given.
 */
#ifndef TIERED_BUDGET_H
#define TIERED_BUDGET_H

#include <stdint.h>

struct budget {
	uint64_t share_ppm;   /* of one core */
	int64_t balance_ns;   /* negative: used more than allowed so far */
	uint64_t ps_per_page; /* picoseconds of CPU time per page marked and read */
	uint64_t rest_ns;     /* CPU time of a window for all else, running mean */
};

void budget_init(struct budget *budget, unsigned int share_ppm);

/* Another share from now on: savings and debts go, what things cost is still known. */
void budget_change(struct budget *budget, unsigned int share_ppm);

/*
 * Pages that fit into what is left now plus what @window_ns will earn, less what a window costs
 * without any; 0 when nothing is left.
 */
uint64_t budget_pages(const struct budget *budget, uint64_t window_ns);

/*
 * Windows shorter than this would go for what they cost without any pages: it is a quarter of
 * what they earn.
 */
uint64_t budget_least_ns(const struct budget *budget);

/* Books a window: it took @elapsed_ns, cost @cpu_ns, of which @pages_ns went for @pages pages. */
void budget_book(struct budget *budget, uint64_t elapsed_ns, uint64_t cpu_ns, uint64_t pages_ns,
		 uint64_t pages);

#endif
