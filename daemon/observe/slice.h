/* SPDX-License-Identifier: GPL-2.0-only */
/* slice.h - a tracker's CPU time in slices, so that other work of the worker gets its turn. */
#ifndef TIERED_OBSERVE_SLICE_H
#define TIERED_OBSERVE_SLICE_H

#include <errno.h>
#include <stdint.h>

#include "tiered/tracker.h"
#include "util/clock.h"

/* As struct tracker_env asks for. */
#define SLICE_NS (10 * NSEC_PER_MSEC)

/* CPU time of the thread when the slice in hand began. */
struct slice {
	uint64_t start_ns;
};

static inline void slice_begin(struct slice *slice)
{
	slice->start_ns = clock_thread_cpu_ns();
}

/* Calls env->breathe when the slice is over, and begins another; 0 or -ECANCELED. */
static inline int slice_breathe(struct slice *slice, const struct tracker_env *env)
{
	uint64_t now_ns = clock_thread_cpu_ns();

	if (now_ns - slice->start_ns < SLICE_NS)
		return 0;
	slice->start_ns = now_ns;
	return env->breathe && env->breathe(env->breathe_arg) ? -ECANCELED : 0;
}

#endif
