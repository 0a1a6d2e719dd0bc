/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hints.h - 2 MiB where something happens: mark() looks there first, out of turn.
 *
 * What was looked at that way is left out of the round that follows.
 */
#ifndef TIERED_OBSERVE_HINTS_H
#define TIERED_OBSERVE_HINTS_H

#include <stddef.h>
#include <stdint.h>

#include "round.h"
#include "spans.h"

struct event_header;

/* Regions that events told of; of more than these the first are kept. */
#define HINTS_MAX 64
struct hint {
	uint64_t start;
	uint32_t tgid;
};

/**
 * struct hints - zeros: none
 * @list: for the next mark()
 * @ahead: of this window: what was looked at out of turn
 */
struct hints {
	struct hint list[HINTS_MAX];
	size_t n;
	struct span ahead[HINTS_MAX];
	size_t n_ahead;
};

/* Faults, those by which NUMA balancing asks included: memory that is new, or in use. */
void hints_note(struct hints *hints, const struct event_header *event);

/* Another set of targets, or another window: what was looked at out of turn is no more. */
void hints_forget_ahead(struct hints *hints);

/*
 * Looks at what was noted, for a part of the budget, and then forgets it. @left: of the budget,
 * which @look takes from; @ahead: 1 meanwhile, 0 afterwards. 0, -ECANCELED or -ENOMEM.
 */
int hints_walk(struct hints *hints, struct target *const *targets, size_t n, uint64_t *left,
	       uint8_t *ahead, round_fn *look, void *arg);

/*
 * 1 with @address of this target moved behind what was looked at already, but no further than
 * @stop; else 0, with @stop lowered to where the next of it begins.
 */
int hints_step_past(const struct hints *hints, size_t target, uint64_t *address, uint64_t *stop);

#endif
