/* SPDX-License-Identifier: GPL-2.0-only */
/* vmstat.h - the kernel's own counters of moved pages, and of who looks at pages. */
#ifndef TIERED_OBSERVE_VMSTAT_H
#define TIERED_OBSERVE_VMSTAT_H

#include <stdint.h>

enum vmstat_counter {
	VMSTAT_PGPROMOTE_SUCCESS = 0,
	VMSTAT_PGPROMOTE_CANDIDATE,
	VMSTAT_PGDEMOTE_KSWAPD,
	VMSTAT_PGDEMOTE_DIRECT,
	VMSTAT_PGDEMOTE_KHUGEPAGED,
	VMSTAT_PGDEMOTE_PROACTIVE,
	VMSTAT_PGMIGRATE_SUCCESS,
	VMSTAT_PGMIGRATE_FAIL,
	VMSTAT_NUMA_PAGES_MIGRATED,
	VMSTAT_NR_TLB_REMOTE_FLUSH,
	VMSTAT_PGSCAN_ANON,
	VMSTAT_PGSCAN_FILE,
	VMSTAT_PGREFILL,
	VMSTAT_NUMA_PTE_UPDATES,
	/* Of the companion kernel only: migration that flushes later. */
	VMSTAT_DEFER_FOLIOS,
	VMSTAT_DEFER_BATCHES,
	VMSTAT_DEFER_FOLDED,
	VMSTAT_DEFER_DRAINED,
	VMSTAT_COUNTERS,
};

/* @present: a bit for each counter that this kernel has; the values of others are 0. */
struct vmstat {
	uint32_t present;
	uint64_t value[VMSTAT_COUNTERS];
};

/* The kernel's name: "pgpromote_success"; "?" beyond the last. */
const char *vmstat_name(unsigned int counter);

/* All of them in one pass over @proc_root/vmstat. 0 or -errno. */
int vmstat_read(const char *proc_root, struct vmstat *ret);

#endif
