/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pagemap.h - entries of /proc/PID/pagemap and ways past its empty parts
 * (Documentation/admin-guide/mm/pagemap.rst).
 */
#ifndef TIERED_PAGEMAP_H
#define TIERED_PAGEMAP_H

#include <stdint.h>

struct target;

#define PAGEMAP_PFN_MASK ((UINT64_C(1) << 55) - 1)
#define PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56)
#define PAGEMAP_FILE (UINT64_C(1) << 61)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)

/*
 * Frame of an entry, 0 when there is none to be had: absent, swapped (poisoned
 * and migrating pages look like that), or hidden for lack of CAP_SYS_ADMIN.
 * Frame 0 belongs to no process.
 */
static inline uint64_t pagemap_pfn(uint64_t entry)
{
	if ((entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != PAGEMAP_PRESENT)
		return 0;
	return entry & PAGEMAP_PFN_MASK;
}

/**
 * pagemap_next_present() - first address from @start on, below @end, with a page behind it
 *
 * Uses PAGEMAP_SCAN (Linux 6.7), which steps over empty page tables at once;
 * where there is none, and on any failure, the answer is @start: look yourself.
 * The answer is @end when there is nothing.
 */
uint64_t pagemap_next_present(const struct target *target, uint64_t start, uint64_t end);

/* Can accessed bits be cleared by address here? It needs the companion series; 0 or -errno. */
int pagemap_clear_probe(const char *proc_root);

/*
 * pagemap_clear_young() - clears the accessed bits of all pages in [@start, @end)
 *
 * Those that are set, and in the table of @target only. Reclaim still knows of them. Holds
 * mmap_lock for reading. 0 or -errno: some may have been cleared.
 */
int pagemap_clear_young(const struct target *target, uint64_t start, uint64_t end);

#endif
