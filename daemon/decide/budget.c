// SPDX-License-Identifier: GPL-2.0-only
#include "decide/budget.h"

#define PPM 1000000
/*
 * A first guess of the cost of one page, on the high side of what was measured
 * (page_idle set and test 2.3 M pages/s each in an emulated guest), so that
 * the first window does not overdraw.
 */
#define FIRST_PS_PER_PAGE 1500000
/* All else than looking at pages should take one part in so many. */
#define REST_PART 4
/* Savings are kept for this long: an idle hour is no licence for a burst. */
#define SAVINGS_MAX_NS (INT64_C(2) * 1000000000)

void budget_init(struct budget *budget, unsigned int share_ppm)
{
	*budget = (struct budget){ .share_ppm = share_ppm, .ps_per_page = FIRST_PS_PER_PAGE };
}

void budget_change(struct budget *budget, unsigned int share_ppm)
{
	const struct budget before = *budget;

	budget_init(budget, share_ppm);
	budget->ps_per_page = before.ps_per_page;
	budget->rest_ns = before.rest_ns;
}

static int64_t earned(const struct budget *budget, uint64_t elapsed_ns)
{
	return (int64_t)((unsigned __int128)elapsed_ns * budget->share_ppm / PPM);
}

uint64_t budget_pages(const struct budget *budget, uint64_t window_ns)
{
	int64_t available_ns =
		budget->balance_ns + earned(budget, window_ns) - (int64_t)budget->rest_ns;

	if (available_ns <= 0)
		return 0;
	return (uint64_t)((unsigned __int128)available_ns * 1000 / budget->ps_per_page);
}

uint64_t budget_least_ns(const struct budget *budget)
{
	if (!budget->share_ppm)
		return 0;
	return (uint64_t)((unsigned __int128)budget->rest_ns * REST_PART * PPM / budget->share_ppm);
}

void budget_book(struct budget *budget, uint64_t elapsed_ns, uint64_t cpu_ns, uint64_t pages_ns,
		 uint64_t pages)
{
	int64_t savings_max = earned(budget, SAVINGS_MAX_NS);

	budget->balance_ns += earned(budget, elapsed_ns) - (int64_t)cpu_ns;
	if (budget->balance_ns > savings_max)
		budget->balance_ns = savings_max;
	budget->rest_ns = (budget->rest_ns + (cpu_ns > pages_ns ? cpu_ns - pages_ns : 0)) / 2;
	/* Windows of a few pages are mostly overhead and say little about a page. */
	if (pages >= 1024) {
		uint64_t seen = pages_ns * 1000 / pages;

		budget->ps_per_page = (budget->ps_per_page + seen) / 2;
		if (!budget->ps_per_page)
			budget->ps_per_page = 1;
	}
}
