/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bare.h - the least code that learns what was accessed, or what is there, straight from the
 * kernel's interfaces. It knows neither large folios nor pages on no LRU list, and reports to nobody.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdint.h>

struct bare;

/* For @pages pages from @start on, of the process whose pagemap is @pagemap_fd. Ends the program on failure. */
struct bare *bare_new(int pagemap_fd, const void *start, uint64_t pages);
void bare_free(struct bare *bare);

/* Sets the idle flag of all pages: pagemap to frames, one bit per frame, 4096 bytes a call. */
void bare_mark(struct bare *bare);

/* How many have lost it: the same again, because pages move. */
uint64_t bare_read(struct bare *bare);

/* How many are present, by pagemap. */
uint64_t bare_pagemap(struct bare *bare);

/* The same by PAGEMAP_SCAN (Linux 6.7); 0 where there is none. */
uint64_t bare_pagemap_scan(struct bare *bare);

/* Clears all accessed bits by PAGEMAP_SCAN, and says how many pages have theirs set: companion kernel. */
void bare_young_mark(struct bare *bare);
uint64_t bare_young_read(struct bare *bare);

/* System calls that were made so far. */
uint64_t bare_calls(const struct bare *bare);

#endif
