// SPDX-License-Identifier: GPL-2.0-only
#include "pagemap.h"

#include <sys/ioctl.h>

#include "target.h"

/* From <linux/fs.h> of Linux 6.7; Debian 12 has older headers. */
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

uint64_t pagemap_next_present(const struct target *target, uint64_t start, uint64_t end)
{
	struct scan_region region;
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = start,
		.end = end,
		.vec = (uint64_t)(uintptr_t)&region,
		.vec_len = 1,
		.max_pages = 1,
		.category_mask = SCAN_IS_PRESENT,
		.return_mask = SCAN_IS_PRESENT,
	};
	int n = ioctl(target->pagemap_fd, SCAN_IOCTL, &arg);

	if (n < 0)
		return start;
	if (n == 0)
		return end;
	return region.start >= start && region.start < end ? region.start : start;
}
