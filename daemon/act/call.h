/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - move_pages(2) for some folios of one process to one node, and what came of each.
 *
 * The kernel gives up a call at the first chunk in which one folio did not
 * move, and leaves the status of the chunk unwritten. What is left open is
 * therefore asked for (move_pages() without nodes tells where pages are), and
 * what did not move is tried again, CALL_TRIES times in all.
 */
#ifndef TIERED_CALL_H
#define TIERED_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "decide/plan.h"

#define CALL_TRIES 3
/*
 * Folios per call: beyond 4096 nothing is gained (measured: 6.7 x, 6.8 x, 6.9 x
 * the rate of single pages at 512, 4096 and 32768).
 */
#define CALL_FOLIOS_MAX 4096

typedef long move_pages_fn(int pid, unsigned long count, void **pages, const int *nodes,
			   int *status, int flags);

struct guard_client;
struct target;

/*
 * The arrays that the system call takes; one entry per folio.
 * @alive: asked of @target right before each call that moves; NULL: it is not asked
 * @client: who makes the calls, NULL: this thread
 * @shared: pages that others map, too, are to be moved
 */
struct call {
	int (*alive)(const struct target *target);
	const struct target *target;
	struct guard_client *client;
	move_pages_fn *move_pages;
	int shared;
	void *pages[CALL_FOLIOS_MAX];
	int nodes[CALL_FOLIOS_MAX];
	int status[CALL_FOLIOS_MAX];
	struct move *moves[CALL_FOLIOS_MAX];
};

/**
 * struct call_cost - added up over calls
 * @calls: move_pages() calls that moved or tried to move
 * @flush_bound: most TLB flushes they needed: per call, ceil(small folios / 512) + large ones
 */
struct call_cost {
	uint64_t calls;
	uint64_t flush_bound;
};

/* @double_or_null: a double of move_pages(2) in tests. */
void call_init(struct call *call, move_pages_fn *double_or_null);

/*
 * Moves those of @n folios (at most CALL_FOLIOS_MAX) of @pid that have no result yet; each gets
 * one. Adds to @cost.
 */
void call_run(struct call *call, int pid, struct move *moves, size_t n, struct call_cost *cost);

/* Pure: the class of one status value; @to is the node asked for. */
enum move_result call_classify(int status, int to);

/* Notes a result; @landed: node, or below 0 when it is not known. */
void call_settle(struct move *move, enum move_result result, int landed);

#endif
