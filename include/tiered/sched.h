/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched.h - what the daemon and its scheduler (bpf/sched.bpf.c) tell each other.
 *
 * Nodes with CPUs have a slot each, from 0 on: an index into the tables here, and the id of
 * their queue. An ABI like stats.h: __u32 and __u64 only, no implicit padding.
 *
 *	map		kind		key		value
 *	homes		hash		__u32, tgid	__u32, slot or SCHED_NO_SLOT: who is managed
 *	homes_version	array		0		__u32, another one after each change of homes
 *	strays		hash		__u32, tgid	__u32, 1: came in by a fork, is not managed
 *							(those there was no room for are counted)
 *	sched		per-CPU array	0		struct stats_sched
 *	sched_processes	hash		__u32, tgid	struct stats_sched_process
 *	ended		array		0		struct sched_ended
 *	narrow		array		0		struct sched_narrow
 *
 * `sched` and `sched_processes` are pinned beside the maps of stats.h.
 */
#ifndef TIERED_SCHED_H
#define TIERED_SCHED_H

#include "types.h"

#define SCHED_NAME "tiered"
/* Nodes with CPUs, and CPUs, that there is room for; larger machines go without. */
#define SCHED_SLOTS 16
#define SCHED_CPUS 512
#define SCHED_WORDS (SCHED_CPUS / 64)
#define SCHED_NO_SLOT 0xffffffffU
/* As many as there may be targets. */
#define SCHED_PROCESSES 16384
/* Cgroups that threads run in at a time; where there are more, some count as if they had one thread. */
#define SCHED_GROUPS 4096
/* Forks of about two looks of the daemon; when there were more, it looks at all processes. */
#define SCHED_STRAYS 512

/**
 * struct sched_setup - set once, before loading
 * @slots: nodes with CPUs
 * @partial: 1: only threads of policy SCHED_EXT are scheduled; 0: all that are not of a
 *	     real-time class
 * @cpus: of each slot, a bit for each CPU
 * @n_cpus: how many these are
 * @slot_of: of each CPU
 * @near: of each slot all slots, itself first, then by distance
 * @mask_words: of 64 CPUs each, up to the last one: the kernel may have made its masks no longer
 * @narrow: `narrow` counts. Off by default: bench/results/sched-narrow says why
 */
struct sched_setup {
	__u32 slots;
	__u32 partial;
	__u64 cpus[SCHED_SLOTS][SCHED_WORDS];
	__u32 n_cpus[SCHED_SLOTS];
	__u32 slot_of[SCHED_CPUS];
	__u32 near[SCHED_SLOTS][SCHED_SLOTS];
	__u32 mask_words;
	__u32 narrow;
};

/**
 * struct sched_kernel - set once, before loading: what this kernel has
 * @sets_slice: scx_bpf_task_set_slice(), from 6.19 on; before, a slice is written
 */
struct sched_kernel {
	__u32 sets_slice;
};

/**
 * struct stats_sched - what was scheduled
 * @enqueued: times that a thread had to wait in a queue of a node
 * @woken: times that a thread that woke up found an idle CPU
 * @at_home, @elsewhere: turns, on the node of its home or not: that a thread came from a queue, or
 *	to an idle CPU; hand-overs from then on are part of one, which is counted when it is booked
 * @homeless: the same of threads without a home
 * @home_ns, @elsewhere_ns, @homeless_ns: for how long
 * @strays_lost: times that `strays` had no room
 */
struct stats_sched {
	__u64 enqueued;
	__u64 woken;
	__u64 at_home;
	__u64 elsewhere;
	__u64 homeless;
	__u64 home_ns;
	__u64 elsewhere_ns;
	__u64 homeless_ns;
	__u64 strays_lost;
};

/* One process that has a home; goes when it is no longer managed. */
struct stats_sched_process {
	__u64 home_ns;
	__u64 elsewhere_ns;
};

/**
 * struct sched_narrow - a process whose pages are being moved
 * @tgid: its threads are not spread onto CPUs that do not hold its address space, 0: nobody's
 * @until_ns: and no longer than that, by the monotonic clock
 */
struct sched_narrow {
	__u32 tgid;
	__u32 reserved;
	__u64 until_ns;
};

/**
 * struct sched_ended - why the scheduler is no more
 * @kind: the kernel's enum scx_exit_kind; 0: it is at work
 */
struct sched_ended {
	__u64 kind;
	__u64 code;
	char reason[64];
	char message[128];
};

_Static_assert(sizeof(struct sched_setup) ==
		       16 + SCHED_SLOTS * (8 * SCHED_WORDS + 4 + 4 * SCHED_SLOTS) + 4 * SCHED_CPUS,
	       "sched ABI");
_Static_assert(sizeof(struct stats_sched) == 72, "sched ABI");
_Static_assert(sizeof(struct stats_sched_process) == 16, "sched ABI");
_Static_assert(sizeof(struct sched_narrow) == 16, "sched ABI");
_Static_assert(sizeof(struct sched_ended) == 208, "sched ABI");

#endif
