/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nap.h - who has not run, and since when.
 *
 * A process whose CPU time stands still has accessed nothing: its private pages
 * are idle, and nobody has to look. Pure: times are given.
 *
 * The CPU time of a thread that is running comes late: at the next tick, where
 * the tick is stopped (nohz_full) within a second. So what two equal samples
 * say is sure up to NAP_LAG_NS before the second of them, and no further: who
 * ran for a moment in between is not asleep.
 */
#ifndef TIERED_NAP_H
#define TIERED_NAP_H

#include <stdint.h>

#define NAP_LAG_NS UINT64_C(1100000000)

/**
 * struct nap - one process
 * @cpu_ns: CPU time of all its threads, those that ended too, as last seen
 * @since_ns: when that was first seen; 0: never looked
 * @sure_ns: up to here it is known not to have run
 * @told_ns: up to here its memory was said to be idle
 */
struct nap {
	uint64_t cpu_ns;
	uint64_t since_ns;
	uint64_t sure_ns;
	uint64_t told_ns;
};

/* Takes a sample; 1 when it has not run since the one before, else 0: it may run now. */
int nap_sample(struct nap *nap, uint64_t now_ns, uint64_t cpu_ns);

/* Nothing is known from here on, as when its CPU time could not be had. */
void nap_forget(struct nap *nap);

/* Has it been asleep for longer than can be put down to late books? */
int nap_asleep(const struct nap *nap);

/*
 * Idle time that is to be told now, 0: none yet. Long sleep is told in ever longer
 * pieces: what it teaches about a page grows with its logarithm, and what it costs to
 * tell should not grow faster.
 */
uint64_t nap_due_ns(const struct nap *nap);

/* It has been told. */
void nap_told(struct nap *nap);

#endif
