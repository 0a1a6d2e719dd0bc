/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trim.h - memory of targets that have left goes back to the kernel.
 *
 * What is free lies between what is not, and stays the daemon's: where targets come and go, more
 * and more of it. What heat had of them it keeps for others, until it has nothing any more.
 */
#ifndef TIERED_WORKER_TRIM_H
#define TIERED_WORKER_TRIM_H

#include <stdint.h>

/* How often between windows, at most. */
#define TRIM_NS UINT64_C(60000000000)

/* @due: a target has left since; zeroed at first. */
struct trim {
	int due;
	uint64_t last_ns;
};

/* If it is due, and @least_ns are over since the last time. */
void trim_memory(struct trim *trim, uint64_t least_ns);

#endif
