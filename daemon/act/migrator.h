/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migrator.h - carries out a plan with move_pages(2). The only place that moves pages.
 *
 * One call is for one process and one target node and holds up to a few
 * thousand folios: the kernel flushes TLBs once per 512 of them
 * (NR_MAX_BATCHED_MIGRATION in mm/migrate.c), and each call costs an
 * expedited RCU wait (lru_cache_disable()), so small calls are what makes
 * migration slow.
 */
#ifndef TIERED_MIGRATOR_H
#define TIERED_MIGRATOR_H

#include <stddef.h>
#include <stdint.h>

#include "act/call.h"
#include "decide/plan.h"

struct migrator;
struct target;

/**
 * struct migrator_call - what one batch did, for the books
 * @target: whose pages
 * @to: target node
 * @calls: move_pages() calls that moved or tried to move
 * @small, @large: folios that moved: base pages, and folios of order > 0
 * @pages: base pages that moved, @left: the same by the node they left
 * @flush_bound: most full TLB flushes the kernel needs for it: per call,
 *	ceil(small folios asked / 512) + large folios asked
 * @cpu_ns: CPU time of this thread, kernel included
 */
struct migrator_call {
	const struct target *target;
	uint8_t to;
	uint64_t calls;
	uint64_t small;
	uint64_t large;
	uint64_t pages;
	uint64_t left[TIERED_NODES_MAX];
	uint64_t flush_bound;
	uint64_t cpu_ns;
};

/**
 * struct migrator_env - what the migrator needs from its surroundings
 * @target: the target of an id, NULL when it is gone
 * @room: pages that @node can take before it comes to its reserve
 * @wait: waits for pacing (0: just breathes); not 0: end here, the rest stays pending
 * @pace: delay in ns before @bytes may be moved
 * @admit: settles those of @n moves that must not be made; returns 1 when the
 *	others are to be moved even where other processes map them. NULL: none of these are
 * @victim: announces whose pages move next, NULL when the call is over
 * @done: told after each batch
 * @move_pages: move_pages(2), or a double in tests
 * @alive: is the process still the one it was; target_alive(), or a double
 */
struct migrator_env {
	struct target *(*target)(void *arg, uint32_t id);
	uint64_t (*room)(void *arg, uint8_t node);
	int (*wait)(void *arg, uint64_t ns);
	uint64_t (*pace)(void *arg, uint64_t bytes);
	int (*admit)(void *arg, const struct target *target, struct move *moves, size_t n);
	void (*victim)(void *arg, const struct target *target);
	void (*done)(void *arg, const struct migrator_call *call);
	move_pages_fn *move_pages;
	int (*alive)(const struct target *target);
	void *arg;
};

/* @env is copied. 0 or -ENOMEM. */
int migrator_new(const struct migrator_env *env, struct migrator **ret);
void migrator_free(struct migrator *migrator);

/*
 * Carries out a sealed plan; every move gets its result (MOVE_PENDING: not
 * reached because of @wait). Returns 0, or what @wait said.
 */
int migrator_run(struct migrator *migrator, struct plan *plan);

/* Moves one base page, unpaced; 0 when it moved, -errno (-EBUSY: it did not). */
int migrator_move_page(struct migrator *migrator, struct target *target, uint64_t address,
		       uint8_t node);

#endif
