// SPDX-License-Identifier: GPL-2.0-only
/* plan.c - moves grouped so that the kernel can flush them at once. */
#include "decide/plan.h"

#include <errno.h>
#include <stdlib.h>

int plan_add(struct plan *plan, const struct move *move)
{
	if (plan->n_moves == plan->room_moves) {
		size_t room = plan->room_moves ? plan->room_moves * 2 : 1024;
		struct move *moves;

		if (room > SIZE_MAX / sizeof(*moves))
			return -ENOMEM;
		moves = realloc(plan->moves, room * sizeof(*moves));
		if (!moves)
			return -ENOMEM;
		plan->moves = moves;
		plan->room_moves = room;
	}
	plan->moves[plan->n_moves++] = *move;
	plan->pages += UINT64_C(1) << move->order;
	return 0;
}

/* Demotions make the room that promotions need. */
static int turn(const struct move *move)
{
	switch (move->reason) {
	case MOVE_DEMOTE_PRESSURE:
	case MOVE_DEMOTE_ROOM:
		return 0;
	default:
		return 1;
	}
}

static int compare_moves(const void *a_, const void *b_)
{
	const struct move *a = a_;
	const struct move *b = b_;

	if (turn(a) != turn(b))
		return turn(a) - turn(b);
	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->order - b->order;
}

static int same_batch(const struct move *a, const struct move *b)
{
	return turn(a) == turn(b) && a->target == b->target && a->to == b->to;
}

int plan_seal(struct plan *plan)
{
	struct batch *batches;
	size_t n = 0;
	size_t i;

	if (plan->n_moves == 0)
		return 0;
	qsort(plan->moves, plan->n_moves, sizeof(*plan->moves), compare_moves);
	for (i = 0; i < plan->n_moves; i++)
		n += i == 0 || !same_batch(&plan->moves[i - 1], &plan->moves[i]);
	batches = reallocarray(plan->batches, n, sizeof(*batches));
	if (!batches)
		return -ENOMEM;
	plan->batches = batches;
	plan->n_batches = 0;
	for (i = 0; i < plan->n_moves; i++) {
		const struct move *move = &plan->moves[i];

		if (i == 0 || !same_batch(move - 1, move))
			plan->batches[plan->n_batches++] = (struct batch){ .first = i,
									   .target = move->target,
									   .to = move->to };
		plan->batches[plan->n_batches - 1].count++;
	}
	return 0;
}

void plan_clear(struct plan *plan)
{
	plan->n_moves = 0;
	plan->n_batches = 0;
	plan->pages = 0;
}

void plan_done(struct plan *plan)
{
	free(plan->moves);
	free(plan->batches);
	*plan = (struct plan){ 0 };
}
