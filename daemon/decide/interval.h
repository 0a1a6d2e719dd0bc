/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * interval.h - how long the next window should watch.
 *
 * One bit tells most about pages whose rate times the interval is 1.6, and the
 * rates that matter are those around the threshold of the fast tier. Where
 * about 1.5 times as many pages are accessed in a window as the fast tier can
 * hold, the pages at its threshold are watched at about that point. Windows
 * that are too long are the worse mistake (measured: 0.43 of oracle). That is why
 * never more than 3/8 of all pages are waited for: a fast tier that is large
 * beside its load has its threshold among cold pages that are all alike, and
 * an interval at which these are often accessed cannot tell them from pages
 * that have just turned hot (GUPS on half of its memory, bench/simulate: a jump
 * of the hot set costs 34 windows instead of 9).
 */
#ifndef TIERED_INTERVAL_H
#define TIERED_INTERVAL_H

#include <stdint.h>

/**
 * interval_next() - length of the next window
 * @interval_ns: length of the last one
 * @accessed_pages: base pages seen accessed in it. Where only a part of the memory was
 *		    watched, scale it up: accessed x tracked / observed. Do not call this
 *		    after a window in which nothing was observed: it would look idle
 * @fast_pages: base pages that the fast tiers can hold
 * @tracked_pages: base pages of all targets, accessed or not
 * @min_ns, @max_ns: bounds; those below are the widest that make sense
 *
 * Returns interval_ns x clamp(1.5 min(fast, tracked / 4) / accessed, 1/2, 2) within [min, max].
 */
uint64_t interval_next(uint64_t interval_ns, uint64_t accessed_pages, uint64_t fast_pages,
		       uint64_t tracked_pages, uint64_t min_ns, uint64_t max_ns);

/*
 * The length after a window whose marks could not be paid for: twice as long. What a window
 * costs by itself is then half as much in the same time, until something is left for pages.
 */
uint64_t interval_longer(uint64_t interval_ns, uint64_t min_ns, uint64_t max_ns);

#define INTERVAL_MIN_NS UINT64_C(50000000)
#define INTERVAL_MAX_NS UINT64_C(120000000000)

#endif
