// SPDX-License-Identifier: GPL-2.0-only
#include "worker/trail.h"

#include <errno.h>
#include <stdlib.h>

int trail_open(struct trail *trail)
{
	trail->next = 0;
	trail->moves = calloc(TRAIL_MOVES, sizeof(*trail->moves));
	return trail->moves ? 0 : -ENOMEM;
}

void trail_close(struct trail *trail)
{
	free(trail->moves);
	trail->moves = NULL;
}

static int was_tried(const struct move *move)
{
	return move->result != MOVE_PENDING && move->result != MOVE_VOID;
}

/* Index of the first of the last so many moves that were tried: the end of a plan may not be. */
static size_t first_kept(const struct move *moves, size_t n)
{
	size_t kept = 0;

	while (n > 0 && kept < TRAIL_MOVES)
		kept += (size_t)was_tried(&moves[--n]);
	return n;
}

void trail_add(struct trail *trail, uint64_t window, const struct move *moves, size_t n)
{
	size_t i;

	for (i = first_kept(moves, n); i < n; i++) {
		const struct move *move = &moves[i];

		if (!was_tried(move))
			continue;
		trail->moves[trail->next] = (struct trail_move){
			.address = move->address,
			.window = window,
			.target = move->target,
			.rate = move->rate,
			.bar = move->bar,
			.order = move->order,
			.from = move->from,
			.to = move->to,
			.reason = move->reason,
			.result = move->result,
		};
		trail->next = (trail->next + 1) % TRAIL_MOVES;
	}
}

void trail_forget(struct trail *trail, uint32_t target)
{
	size_t i;

	for (i = 0; i < TRAIL_MOVES; i++)
		if (trail->moves[i].target == target)
			trail->moves[i].window = 0;
}

static int is_about(const struct trail_move *move, uint32_t target, uint64_t address)
{
	uint64_t bytes = UINT64_C(1) << move->order << TIERED_PAGE_SHIFT;

	return move->window && move->target == target && address >= move->address &&
	       address - move->address < bytes;
}

const struct trail_move *trail_find(const struct trail *trail, uint32_t target, uint64_t address)
{
	size_t i;

	for (i = 1; i <= TRAIL_MOVES; i++) {
		const struct trail_move *move =
			&trail->moves[(trail->next + TRAIL_MOVES - i) % TRAIL_MOVES];

		if (is_about(move, target, address))
			return move;
	}
	return NULL;
}
