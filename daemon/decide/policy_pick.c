// SPDX-License-Identifier: GPL-2.0-only
/* policy_pick.c - from the cuts of a choice to the pages that move. */
#include "decide/policy_pick.h"

/* Pages by which a tier between others may dip into its reserve for a window: one batch. */
#define PASSAGE_PAGES 512

/* The roomiest of the nodes in @mask that the target may use and that has room. */
static uint8_t find_node(const struct decision *decision, uint64_t mask, int64_t pages,
			 int64_t overdraft)
{
	uint8_t node = fit_roomiest(&decision->fit, mask & decision->target->allowed_nodes &
							    ~decision->fit.leaving);

	if (node == TIERED_NODE_NONE || decision->fit.left[node] + overdraft < pages)
		return TIERED_NODE_NONE;
	return node;
}

/* The next slower tier with room; those that can pass pages on may be overdrawn a little. */
static uint8_t node_below(const struct decision *decision, int64_t pages)
{
	const struct fit *fit = &decision->fit;
	uint8_t node = TIERED_NODE_NONE;
	unsigned int tier;

	for (tier = decision->tier + 1; tier < fit->n_tiers && node == TIERED_NODE_NONE; tier++)
		node = find_node(decision, fit->nodes[tier], pages,
				 tier + 1 < fit->n_tiers ? PASSAGE_PAGES : 0);
	return node;
}

/* Is the folio that was asked for in this part of an address space? */
static int asked_in(const struct decision *decision, uint32_t target, uint64_t start, uint64_t end)
{
	const struct heat_item *asked = decision->asked;

	return asked && asked->target == target && asked->address >= start && asked->address < end;
}

/* Adds a move to the plan, or keeps it when it is the one that was asked for; 0 or -ENOMEM. */
static int plan_move(struct decision *decision, const struct move *move)
{
	uint64_t bytes = UINT64_C(1) << move->order << TIERED_PAGE_SHIFT;

	if (asked_in(decision, move->target, move->address, move->address + bytes))
		decision->found = *move;
	return decision->plan ? plan_add(decision->plan, move) : 0;
}

/* Whatever was counted before: a ceiling is not passed, not even by a page. */
static int may_hold(const struct decision *decision, int64_t pages)
{
	const struct market *market = &decision->markets.market[decision->market];

	return decision->tier > 0 || market->ceiling > INT64_MAX ||
	       market->held + pages <= (int64_t)market->ceiling;
}

/* Books @pages that come to the fastest tier, or leave it. */
static void hold(struct decision *decision, int64_t pages)
{
	if (decision->tier == 0)
		decision->markets.market[decision->market].held += pages;
}

/*
 * Plans the folios of one item like @move, one by one, while @quota lasts and a
 * node has room; 0 or -ENOMEM.
 */
static int pick(struct decision *decision, const struct heat_item *item, struct move move, int up,
		uint64_t *quota)
{
	uint64_t pages = UINT64_C(1) << item->order;
	uint32_t i;

	move.target = item->target;
	move.order = item->order;
	move.from = item->node;
	move.rate = item->rate;
	move.landed = TIERED_NODE_NONE;
	for (i = 0; i < item->count && *quota >= pages; i++) {
		int r;

		move.address = item->address + i * (pages << TIERED_PAGE_SHIFT);
		if (up && !may_hold(decision, (int64_t)pages))
			return 0;
		move.to = up ? find_node(decision, decision->fit.nodes[decision->tier],
					 (int64_t)pages, 0)
			     : node_below(decision, (int64_t)pages);
		if (move.to == TIERED_NODE_NONE) {
			if (asked_in(decision, item->target, move.address, UINT64_MAX))
				decision->full = 1;
			return 0;
		}
		r = plan_move(decision, &move);
		if (r)
			return r;
		decision->fit.left[move.from] += (int64_t)pages;
		decision->fit.left[move.to] -= (int64_t)pages;
		hold(decision, up ? (int64_t)pages : -(int64_t)pages);
		*quota -= pages;
	}
	return 0;
}

int pick_cold(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	const struct choice *choice = &decision->choice;
	unsigned int bin = border_cold_bin(decision, item);
	uint64_t all = UINT64_MAX;
	struct move move = { .reason = MOVE_DEMOTE_ROOM,
			     .bar = (int16_t)heat_bin_rate(choice->hot.cut) };

	if (!border_may_leave(decision, item) || bin > choice->cold.cut)
		return 0;
	if (choice->pressure) {
		move.reason = MOVE_DEMOTE_PRESSURE;
		move.bar = border_threshold(decision, decision->tier);
	}
	return pick(decision, item, move, 0, bin < choice->cold.cut ? &all : &decision->quota);
}

int pick_hot(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	const struct choice *choice = &decision->choice;
	unsigned int bin = border_hot_bin(decision, item);
	uint64_t all = UINT64_MAX;
	struct move move = { .reason = MOVE_PROMOTE_HOT,
			     .bar = border_threshold(decision, decision->tier) };

	if (!border_may_rise(decision, item) || bin < choice->hot.cut)
		return 0;
	/* Hotter bins found room; with those at the cut and no room for all, somebody swaps. */
	if (choice->filled <= choice->hot.beyond && choice->filled < choice->hot.chosen) {
		move.reason = MOVE_PROMOTE_SWAP;
		move.bar = (int16_t)heat_bin_rate(choice->cold.cut);
	}
	return pick(decision, item, move, 1, bin > choice->hot.cut ? &all : &decision->quota);
}
