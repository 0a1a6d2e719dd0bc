// SPDX-License-Identifier: GPL-2.0-only
/* manager_rivals.c - others who move pages or clear accessed bits: who, and what to do about it. */
#include <inttypes.h>

#include "decide/rivals.h"
#include "manager_internal.h"
#include "util/file.h"
#include "util/log.h"

static const char *const fixes[RIVALS] = {
	[RIVAL_RECLAIM] = "it ends when memory is free again",
	[RIVAL_MGLRU] = "echo 0 > /sys/kernel/mm/lru_gen/enabled, where that matters",
	[RIVAL_NUMA_BALANCING] = "sysctl kernel.numa_balancing=0, or numa_balancing = off in "
				 "tiered.conf",
	[RIVAL_DAMON] = "stop it: 'tieredctl check' names it, and how",
};

void manager_report_rivals(void)
{
	uint64_t balancing = 0;
	char stat[16] = "";

	if (file_read_u64(&balancing, "/proc/sys/kernel/numa_balancing") == 0 && balancing)
		log_warning("kernel.numa_balancing = %" PRIu64
			    " moves pages too, and hides accesses; going on, but set it to 0, or "
			    "numa_balancing = off in the conf",
			    balancing);
	if (file_read_text(stat, sizeof(stat), "/sys/module/damon_stat/parameters/enabled") > 0 &&
	    (stat[0] == 'Y' || stat[0] == '1'))
		log_warning("DAMON_STAT clears accessed bits of all memory; going on, but no page "
			    "will be known to be cold: echo N > "
			    "/sys/module/damon_stat/parameters/enabled");
}

/* A line for the first window of each; all of them are in the summaries. */
void manager_report_new_rivals(const struct worker_window *window)
{
	unsigned int i;

	for (i = 0; i < RIVALS; i++)
		if (window->account.rivals[i] && window->totals.rivals[i] == 1)
			log_warning("window %" PRIu64 ": %s clears accessed bits as well; in such "
				    "windows pages seen idle count as unknown, not as cold; %s",
				    window->window, rivals_name(i), fixes[i]);
}
