/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pagemap_scan.h - the kernel's PAGEMAP_SCAN, from <linux/fs.h> of Linux 6.7; Debian 12 has
 * older headers (Documentation/admin-guide/mm/pagemap.rst).
 */
#ifndef TIERED_PAGEMAP_SCAN_H
#define TIERED_PAGEMAP_SCAN_H

#include <stdint.h>
#include <sys/ioctl.h>

struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

struct scan_arg {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t vec;
	uint64_t vec_len;
	uint64_t max_pages;
	uint64_t category_inverted;
	uint64_t category_mask;
	uint64_t category_anyof_mask;
	uint64_t return_mask;
};

_Static_assert(sizeof(struct scan_arg) == 96, "kernel ABI");

#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)
#define SCAN_IS_PRESENT (UINT64_C(1) << 3)

/* Of a kernel with the companion series (kernel/): numbers that are its own. */
#define SCAN_IS_YOUNG (UINT64_C(1) << 30)
#define SCAN_CLEAR_YOUNG (UINT64_C(1) << 30)

#endif
