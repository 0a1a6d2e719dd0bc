/* SPDX-License-Identifier: GPL-2.0-only */
/* round.h - walks over the mappings of all targets, and goes on next time where it stopped. */
#ifndef TIERED_OBSERVE_ROUND_H
#define TIERED_OBSERVE_ROUND_H

#include <stddef.h>
#include <stdint.h>

struct target;

/* Where the next round goes on: @target is an id. */
struct round_cursor {
	uint64_t address;
	uint32_t target;
};

/**
 * typedef round_fn - looks at a piece of one mapping
 * @target: index
 * @from, @to: the piece
 * @ret_reached: where it stopped, unless the return is 1
 *
 * 1: on with the next mapping; 0: that is enough for now; -ESRCH and the like: on with the next
 * target; -ECANCELED, -ENOMEM: the end.
 */
typedef int round_fn(void *arg, size_t target, uint64_t from, uint64_t to, uint64_t *ret_reached);

/* One target between two addresses; returns as @look. */
int round_target(const struct target *target, size_t index, uint64_t from, uint64_t to,
		 round_fn *look, void *arg, uint64_t *ret_reached);

/* The target to begin with: that of the cursor, else the next one, else the first; index. */
size_t round_begin(struct target *const *targets, size_t n, const struct round_cursor *cursor,
		   uint64_t *ret_address);

/*
 * One round at most, from the cursor through all targets up to the cursor again.
 * 1: that was all; 0: @look has had enough; -ECANCELED or -ENOMEM.
 */
int round_walk(struct target *const *targets, size_t n, struct round_cursor *cursor, round_fn *look,
	       void *arg);

#endif
