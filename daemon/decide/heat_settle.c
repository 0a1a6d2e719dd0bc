// SPDX-License-Identifier: GPL-2.0-only
/* heat_settle.c - what became of moves. */
#include "decide/heat_table.h"
#include "decide/plan.h"

/* Node a folio is known to lie on after a move, or TIERED_NODE_NONE. */
static uint8_t node_after(const struct move *move)
{
	if (move->landed < TIERED_NODES_MAX)
		return move->landed;
	if ((move->result == MOVE_MOVED || move->result == MOVE_ALREADY) &&
	    move->to < TIERED_NODES_MAX)
		return move->to;
	return TIERED_NODE_NONE;
}

static unsigned int level_moved(struct heat *heat, struct heat_target *target, union past past)
{
	unsigned int age = past_age(past, heat->store.window);
	int again = past.level >= PAST_MOVED && past.level < PAST_REFUSED &&
		    age <= HEAT_PINGPONG_WINDOWS;

	heat->store.stats.moved++;
	target->moved++;
	if (!again)
		return PAST_MOVED;
	heat->store.stats.pingpong++;
	target->pingpong++;
	return past.level < PAST_MOVED + 2 ? past.level + 1u : past.level;
}

/* The history after a move, or the same as before when it says nothing of the page. */
static union past past_after(struct heat *heat, struct heat_target *target, union past past,
			     uint8_t result)
{
	switch (result) {
	case MOVE_MOVED:
	case MOVE_ELSEWHERE:
		return past_stamp(level_moved(heat, target, past), heat->store.window);
	case MOVE_BUSY:
		return past_stamp(past.level == PAST_REFUSED ? PAST_REFUSED + 1 : PAST_REFUSED,
				  heat->store.window);
	case MOVE_PINNED:
	case MOVE_SHARED:
	case MOVE_NOT_ALLOWED:
	case MOVE_FAILED:
		return past_stamp(PAST_REFUSED + 2, heat->store.window);
	default:
		return past;
	}
}

/* Pages that share a state cannot be told apart: one that moved speaks for all. */
static void settle_coarse(struct heat *heat, struct heat_target *target, struct region *region,
			  const struct move *move)
{
	uint8_t node = node_after(move);

	region->past = past_after(heat, target, region->past, move->result);
	if (node == TIERED_NODE_NONE || node == region->page.node || table_bins(heat, target, node))
		return;
	region_recount(&heat->store, region, target->bins, -1);
	region->page.node = node & 63;
	region->node = node;
	region_recount(&heat->store, region, target->bins, 1);
}

static void settle_page(struct heat *heat, struct heat_target *target, struct region *region,
			const struct move *move)
{
	union page *pages = heat->store.pages;
	unsigned int index = (move->address >> TIERED_PAGE_SHIFT) & (REGION_PAGES - 1);
	unsigned int head = pages_head(pages, index);
	uint8_t node = node_after(move);
	union past past;
	union past next;
	unsigned int i;

	if (!page_is_head(pages[head]))
		return;
	if (move->result == MOVE_GONE) {
		for (i = head + pages_run(pages, head); i-- > head;)
			pages[i].word = PAGE_ABSENT;
		return;
	}
	if (node != TIERED_NODE_NONE && !table_bins(heat, target, node))
		pages[head].node = node & 63;
	past = region_past(&heat->store, region, head);
	next = past_after(heat, target, past, move->result);
	/* Without memory for it, the page merely misses its rest. */
	if (next.byte != past.byte)
		(void)region_set_past(&heat->store, region, head, next);
}

/* Moves of one region, in a row. */
static void settle_region(struct heat *heat, const struct move *moves, size_t n)
{
	struct heat_target *target = table_target(heat, moves[0].target);
	struct region *region = target ? table_region(target, moves[0].address) : NULL;
	size_t i;

	if (!region)
		return;
	if (region->coarse) {
		for (i = 0; i < n; i++)
			settle_coarse(heat, target, region, &moves[i]);
		return;
	}
	region_unfold(&heat->store, region, target->bins);
	for (i = 0; i < n; i++)
		settle_page(heat, target, region, &moves[i]);
	region_fold(&heat->store, region, target->bins);
}

void heat_settle(struct heat *heat, const struct move *moves, size_t n)
{
	size_t first = 0;
	size_t end;

	for (; first < n; first = end) {
		for (end = first + 1; end < n; end++)
			if (moves[end].target != moves[first].target ||
			    moves[end].address >> REGION_SHIFT !=
				    moves[first].address >> REGION_SHIFT)
				break;
		settle_region(heat, moves + first, end - first);
	}
}
