/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - what is to be moved, in the order in which it pays.
 *
 * A policy adds moves in any order; plan_seal() groups them into batches that
 * the kernel can flush at once (measured: alternating target nodes in one call
 * cost 500 times the TLB interrupts of grouped ones): demotions before
 * promotions, one process and one target node per batch, ascending addresses.
 */
#ifndef TIERED_PLAN_H
#define TIERED_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/types.h"

/**
 * struct move - one folio to be moved, why, and what became of it
 * @address: first mapped byte of the folio
 * @target: id of the target
 * @order: folio order
 * @from: node it was seen on
 * @to: node it shall go to
 * @reason: enum move_reason
 * @rate: its log2 access rate at decision, in 1/256 octaves of accesses per second
 * @bar: what it was compared with, same unit: the threshold, or its rival's rate
 * @result: enum move_result, set by the migrator
 * @landed: node it lies on after the move; TIERED_NODE_NONE while unknown
 */
struct move {
	uint64_t address;
	uint32_t target;
	uint8_t order;
	uint8_t from;
	uint8_t to;
	uint8_t reason;
	int16_t rate;
	int16_t bar;
	uint8_t result;
	uint8_t landed;
	uint16_t reserved;
};

/**
 * struct batch - a run of moves for one target and one node
 * @first: index of its first move
 * @count: how many
 */
struct batch {
	size_t first;
	size_t count;
	uint32_t target;
	uint8_t to;
};

/**
 * struct plan - moves and, once sealed, their batches; owns both arrays
 */
struct plan {
	struct move *moves;
	size_t n_moves;
	size_t room_moves;
	struct batch *batches;
	size_t n_batches;
	uint64_t pages; /* base pages in all moves */
};

/* Adds a copy of *move; 0 or -ENOMEM. */
int plan_add(struct plan *plan, const struct move *move);

/* Sorts the moves and cuts them into batches; 0 or -ENOMEM. Call once, after the last add. */
int plan_seal(struct plan *plan);

/* Forgets the moves, keeps the memory for the next window. */
void plan_clear(struct plan *plan);

/* Frees what the plan owns; the plan is empty afterwards. */
void plan_done(struct plan *plan);

#endif
