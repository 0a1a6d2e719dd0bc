/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rivals.h - others who clear accessed bits: what is seen of them, and whose pages
 * are in doubt for it. Between who looks (observe) and who judges (decide).
 */
#ifndef TIERED_RIVALS_H
#define TIERED_RIVALS_H

#include <stdint.h>

#include "types.h"

/* As in JSON; the order is that of reports. */
#define RIVAL_LIST(X)                                                                              \
	X(RIVAL_RECLAIM, reclaim)                                                                  \
	X(RIVAL_MGLRU, mglru_aging)                                                                \
	X(RIVAL_NUMA_BALANCING, numa_balancing)                                                    \
	X(RIVAL_DAMON, damon)

enum rival {
	RIVAL_LIST(TIERED_LIST_VALUE) RIVALS,
};

/**
 * struct rivals_sample - what was seen of them up to one time
 * @scanned_anon, @scanned_file: pages that reclaim looked at, anonymous (shared memory, too)
 *	and of files, whoever ran out of memory
 * @refilled: pages of active lists that it looked at, of both kinds
 * @aged: generations that MGLRU has begun anew, each after a walk over page tables
 * @blind: MGLRU is on and its generations cannot be seen
 * @hinted: entries of page tables that NUMA balancing took access from
 * @kdamonds: threads of DAMON that are at work
 */
struct rivals_sample {
	uint64_t scanned_anon;
	uint64_t scanned_file;
	uint64_t refilled;
	uint64_t aged;
	uint64_t hinted;
	uint32_t kdamonds;
	uint32_t blind;
};

/* Masks (bit per enum rival) of those who may have made accessed pages look idle. */
struct rivals_doubt {
	uint32_t anon; /* pages of anonymous and of shared memory */
	uint32_t file; /* pages of files */
};

#endif
