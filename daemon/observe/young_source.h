/* SPDX-License-Identifier: GPL-2.0-only */
/* young_source.h - somebody who can read page tables (daemon/bpf/young.c), as trackers know it. */
#ifndef TIERED_OBSERVE_YOUNG_SOURCE_H
#define TIERED_OBSERVE_YOUNG_SOURCE_H

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

#endif
