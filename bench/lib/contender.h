/* SPDX-License-Identifier: GPL-2.0-only */
/* contender.h - somebody else who clears accessed bits, in a process of its own, as often as it can. */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include <stdint.h>

struct contender;

/*
 * "mglru": the aging of all cgroups, as tools that estimate working sets ask for it; "reclaim": of
 * the cgroup at @cgroup. It rests. Ends the program on failure, and when it is not known.
 */
struct contender *contender_start(const char *name, const char *cgroup);

/* From now on it works, or rests; returns when that is so. */
void contender_work(struct contender *contender, int works);

/* Waits until it has begun anew and come to an end so many times. */
void contender_await(struct contender *contender, uint64_t rounds);

/* How often it has, so far. */
uint64_t contender_rounds(const struct contender *contender);

void contender_stop(struct contender *contender);

#endif
