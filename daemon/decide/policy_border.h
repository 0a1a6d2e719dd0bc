/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_border.h - one border between two tiers, as the heat policy sees it.
 *
 * Pages below it that are hotter than the threshold move up, into free memory
 * first, then against pages above it that are colder beyond doubt. The
 * candidates of both sides are counted by score, the choice is made on these
 * counts (policy_choose.h), and a second pass over the candidates picks the
 * pages. Deciding and explaining are the same code.
 */
#ifndef TIERED_POLICY_BORDER_H
#define TIERED_POLICY_BORDER_H

#include "decide/heat.h"
#include "decide/plan.h"
#include "decide/policy_choose.h"
#include "decide/policy_fit.h"
#include "decide/policy_market.h"
#include "decide/policy_shrink.h"
#include "tiered/policy.h"

/**
 * struct decision - one border at a time
 * @plan: what is picked goes there; NULL: it is only held against @asked
 * @asked: the folio whose move is wanted, kept in @found
 * @found: the move; its target node is TIERED_NODE_NONE while there is none
 * @full: it was its turn, but no node had room
 * @tier: the faster side of the border
 * @markets: who competes with whom for the fastest tier
 * @market: at its border the one in hand; at others that of the target in hand
 * @log_idle: rates up to here do not pay
 * @below, @above: what chance added to the rates on either side
 * @target, @margin: the target in hand, and its extra margin
 * @quota: base pages of the bin of the cut that are left to be picked
 */
struct decision {
	const struct snapshot *snapshot;
	struct plan *plan;
	const struct heat_item *asked;
	struct move found;
	int full;
	struct fit fit;
	unsigned int tier;
	struct markets markets;
	size_t market;
	int log_interval;
	int log_idle;
	struct shrink below;
	struct shrink above;
	struct choice choice;
	const struct target_view *target;
	int margin;
	uint64_t quota;
};

/* Before the first border; 0 or -ENOMEM. */
int border_begin(struct decision *decision, const struct snapshot *snapshot);
void border_end(struct decision *decision);

/* Decides what crosses the border @tier; 0 or -ENOMEM. */
int border_decide(struct decision *decision);

/* The same market by market: 1 when one had its turn, 0 when it has another, or -ENOMEM. */
size_t border_turns(const struct decision *decision);
int border_turn(struct decision *decision, size_t turn);

/* The rate at which a tier is full, for the market in hand. */
int16_t border_threshold(const struct decision *decision, unsigned int tier);

/* What items must have to be candidates: rate and node. Empty when rate_min > rate_max. */
struct heat_query border_hot_query(const struct decision *decision);
struct heat_query border_cold_query(const struct decision *decision);

/* Makes @target the one in hand; 0 when it has nothing to do with this direction. */
int border_take_target(struct decision *decision, const struct target_view *target, int up);

/*
 * Does nothing but its rank keep the page from moving up (down)? And is it known well
 * enough for that; to move up, or to make room?
 */
int border_movable(const struct decision *decision, const struct heat_item *item, int up);
int border_may_rise(const struct decision *decision, const struct heat_item *item);
int border_may_leave(const struct decision *decision, const struct heat_item *item);

/* Score of a page of the target in hand, as a bin of the choice. */
unsigned int border_hot_bin(const struct decision *decision, const struct heat_item *item);
unsigned int border_cold_bin(const struct decision *decision, const struct heat_item *item);

#endif
