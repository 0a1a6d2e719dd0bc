/* SPDX-License-Identifier: GPL-2.0-only */
/* clock.h - nanoseconds. */
#ifndef TIERED_CLOCK_H
#define TIERED_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC UINT64_C(1000000000)

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* Since boot, not counting suspend: the clock of the BPF events. */
static inline uint64_t clock_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread, user and kernel. */
static inline uint64_t clock_thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/*
 * CPU time of all threads of a process, those that ended included, or of a thread of the kernel;
 * one call, which never blocks. 0 or -errno. The number is that of the clock as the kernel has
 * it: clock_getcpuclockid() would ask first whether there is one.
 */
static inline int clock_process_cpu_ns(uint32_t tgid, uint64_t *ret)
{
	struct timespec now;

	if (clock_gettime((clockid_t)(~tgid << 3 | 2), &now) < 0)
		return -errno;
	*ret = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
	return 0;
}

#endif
