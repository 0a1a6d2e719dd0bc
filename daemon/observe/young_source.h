/* SPDX-License-Identifier: GPL-2.0-only */
/* young_source.h - somebody who can read page tables (daemon/bpf/young.c), as trackers know it. */
#ifndef TIERED_OBSERVE_YOUNG_SOURCE_H
#define TIERED_OBSERVE_YOUNG_SOURCE_H

#include <stdint.h>

#include "tiered/young_walk.h"

/**
 * struct young_source - reads page tables into memory that it shares
 * @read: 0, with the answer in @request and @found, good until the next call; -ESRCH when the
 *	address space is gone; -errno. Takes no lock of the process, so it never blocks.
 *	NULL: it cannot be had here
 * @why: a sentence, where @read is NULL
 */
struct young_source {
	int (*read)(void *arg, struct young_request *request);
	void *arg;
	const struct young_found *found;
	char why[200];
};

/**
 * struct young_setup - what the young tracker works with; outlives it
 * @source: NULL: nobody reads page tables
 * @clear: how accessed bits are cleared: a name that young_clear_known() knows
 * @lock_max_ns: an address space is not cleared where that would take its mmap_lock for longer
 * @lock_share_ppm: part of the time that it may be held in all
 */
struct young_setup {
	const struct young_source *source;
	char clear[32];
	uint64_t lock_max_ns;
	unsigned int lock_share_ppm;
};

/* Is it "auto", or one of the ways to clear accessed bits? */
int young_clear_known(const char *name);

#endif
