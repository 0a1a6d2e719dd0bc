/* SPDX-License-Identifier: GPL-2.0-only */
/* damon_record.h - what DAMON says of one region after each aggregation, as the program sends it. */
#ifndef TIERED_DAMON_RECORD_H
#define TIERED_DAMON_RECORD_H

#include "types.h"

/**
 * struct damon_record - one region
 * @start, @end: addresses
 * @target: index in the order in which they were given to DAMON
 * @accesses: of the samples of this aggregation, in how many the page looked at was accessed
 * @regions: of this target
 */
struct damon_record {
	__u64 start;
	__u64 end;
	__u32 target;
	__u32 accesses;
	__u32 regions;
	__u32 pad;
};

_Static_assert(sizeof(struct damon_record) == 32, "shared with the program");

#endif
