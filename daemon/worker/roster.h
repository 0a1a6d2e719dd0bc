/* SPDX-License-Identifier: GPL-2.0-only */
/* roster.h - the targets that the worker holds, ascending by id. */
#ifndef TIERED_ROSTER_H
#define TIERED_ROSTER_H

#include <stddef.h>
#include <stdint.h>

#include "decide/backoff.h"
#include "decide/home.h"
#include "observe/vmas.h"
#include "report/ledger.h"
#include "tiered/tracker.h"
#include "worker/sleepers.h"

struct guard;
struct target;

/**
 * struct seat - a target and what the current window knows of it
 * @mapped_ns: when its mappings were last read
 * @mapping_ns: CPU time that this took
 * @marked: has marks in this window
 * @flushed: enum flush_state: its TLB entries are known to be flushed since, or soon
 * @gone: its process or program has ended
 * @paused: neither looked at nor moved until told otherwise
 * @sleeper: whether it runs
 * @windows: in which it had marks
 * @moved_ns: when a page of it was last moved, 0: never
 * @backoff: whether it is set aside
 * @judged_requested, @judged_failed: folios that it was judged by already
 * @home: where it should run
 * @account: what was asked of its pages, and what came of it, in all
 */
struct seat {
	struct target *target;
	uint64_t mapped_ns;
	uint64_t mapping_ns;
	uint8_t marked;
	uint8_t flushed;
	uint8_t gone;
	uint8_t paused;
	struct sleeper sleeper;
	uint64_t windows;
	uint64_t moved_ns;
	struct backoff backoff;
	uint64_t judged_requested;
	uint64_t judged_failed;
	struct home home;
	struct ledger_account account;
};

/*
 * @targets holds the same targets once more; @watched those that are neither paused nor set
 * aside, in the form trackers take, as of the last roster_watch(). @guard: of the calls of its
 * targets, or NULL; @cpu_max_ppm: of one CPU, of which reading mappings may take a part, 0: all
 * that it takes.
 */
struct roster {
	const struct guard *guard;
	uint64_t cpu_max_ppm;
	struct seat *seats;
	struct target **targets;
	struct target **watched;
	size_t n_watched;
	size_t count;
	size_t room;
};

/* Takes @target over; 0 or -ENOMEM (it stays the caller's). Ids must ascend. */
int roster_add(struct roster *roster, struct target *target);

/* Closes the target of this id; does nothing when there is none. */
void roster_remove(struct roster *roster, uint32_t id);

/* NULL when there is none. Valid until the next add or remove. */
struct seat *roster_find(const struct roster *roster, uint32_t id);

/* Finds out who is to be watched; from then on the old @watched is no more. */
void roster_watch(struct roster *roster);

/* Closes all. */
void roster_done(struct roster *roster);

/*
 * Looks at every target: flags those that are no more as gone, and reads
 * mappings that are older than a second, or, where there are so many of them that it would take
 * too much of cpu_max, older than that. 0, or -ECANCELED when @env says so.
 */
int roster_refresh(struct roster *roster, const struct tracker_env *env, vma_source_fn *source,
		   void *source_arg);

#endif
