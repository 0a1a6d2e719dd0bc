// SPDX-License-Identifier: GPL-2.0-only
/* policy_heat.c - the hottest pages to the fastest tier, and no move in vain: border by border. */
#include "decide/filter.h"
#include "decide/policy.h"
#include "decide/policy_border.h"

static int policy_heat_decide(void *state, const struct snapshot *snapshot, struct plan *ret_plan)
{
	struct decision decision;
	int r = border_begin(&decision, snapshot);

	(void)state;
	decision.plan = ret_plan;
	for (decision.tier = 0; decision.tier + 1 < decision.fit.n_tiers && r == 0; decision.tier++)
		r = border_decide(&decision);
	border_end(&decision);
	return r;
}

static const struct target_view *target_of(const struct snapshot *snapshot, uint32_t id)
{
	size_t i;

	for (i = 0; i < snapshot->n_targets; i++)
		if (snapshot->targets[i].id == id)
			return &snapshot->targets[i];
	return NULL;
}

static int is_candidate(const struct decision *decision, const struct heat_item *folio, int up)
{
	struct heat_query query = up ? border_hot_query(decision) : border_cold_query(decision);

	return (query.nodes >> folio->node & 1) && folio->rate >= query.rate_min &&
	       folio->rate <= query.rate_max;
}

/* What keeps a folio in place whatever its rank; HOLD_NOTHING: its rank decides. */
static enum query_hold held_by_rule(struct decision *decision, const struct heat_item *folio,
				    const struct target_view *target, int up)
{
	if (!(up ? target->promote : target->demote))
		return HOLD_RULE;
	if (folio->flags & OBSERVED_SHARED)
		return HOLD_SHARED;
	if (folio->flags & OBSERVED_FIXED)
		return HOLD_FIXED;
	if (!border_take_target(decision, target, up))
		return HOLD_NODES;
	if (!border_movable(decision, folio, up))
		return HOLD_RESTS;
	return HOLD_NOTHING;
}

/* Too little is left of the budget for the folio and the one it changes places with. */
static int budget_spent(const struct decision *decision, const struct heat_item *folio)
{
	return decision->choice.budget < UINT64_C(2) << folio->order;
}

/* Hot enough to move up by its estimate, but it was not picked. */
static enum query_hold held_below(const struct decision *decision, const struct heat_item *folio)
{
	const struct choice *choice = &decision->choice;
	unsigned int bin = border_hot_bin(decision, folio);

	if (decision->full)
		return HOLD_ROOM;
	if (!border_may_rise(decision, folio))
		return HOLD_DOUBT;
	if (bin < choice->hot.cut && choice->hot.cut < HEAT_BINS &&
	    heat_bin(folio->rate) >= choice->hot.cut)
		return HOLD_DOUBT;
	if (budget_spent(decision, folio))
		return HOLD_BUDGET;
	/* There is room, but not for pages that may or may not belong up. */
	if (heat_bin_rate(bin) < choice->bar && choice->filled < choice->room)
		return HOLD_DOUBT;
	return HOLD_ROOM;
}

/* Does anybody want the places of the faster side? */
static int places_wanted(const struct choice *choice)
{
	uint64_t pages = 0;
	unsigned int bin;

	for (bin = 0; bin < HEAT_BINS; bin++)
		pages += choice->hot.bins[bin];
	return choice->pressure || choice->cold.chosen || pages > choice->hot.chosen;
}

/* Cold enough to move down by its estimate, but it was not picked. */
static enum query_hold held_above(const struct decision *decision, const struct heat_item *folio)
{
	const struct choice *choice = &decision->choice;

	if (decision->full)
		return HOLD_ROOM;
	if (!border_may_leave(decision, folio))
		return HOLD_DOUBT;
	if (choice->cold.cut < HEAT_BINS && heat_bin(folio->rate) <= choice->cold.cut &&
	    border_cold_bin(decision, folio) > choice->cold.cut)
		return HOLD_DOUBT;
	/* Those who want its place are not hotter beyond doubt, unless they cannot be moved now. */
	return budget_spent(decision, folio) ? HOLD_BUDGET : HOLD_PLACED;
}

/* After the decision on a border: what it means for a folio that could cross it. */
static enum query_hold held_at_border(struct decision *decision, const struct heat_item *folio,
				      const struct target_view *target, int up)
{
	enum query_hold hold;

	if (!up && !places_wanted(&decision->choice))
		return HOLD_PLACED;
	hold = held_by_rule(decision, folio, target, up);
	if (hold != HOLD_NOTHING)
		return hold;
	return up ? held_below(decision, folio) : held_above(decision, folio);
}

/* The rate at which the folio would change its tier, as far as the border in hand tells. */
static int16_t bar_of(const struct decision *decision, const struct heat_item *folio, int16_t bar)
{
	int tier = decision->fit.tier_of[folio->node];

	if (tier == (int)decision->tier + 1 || is_candidate(decision, folio, 1))
		return border_hot_query(decision).rate_min;
	if (tier == (int)decision->tier && (tier == 0 || is_candidate(decision, folio, 0)))
		return border_threshold(decision, (unsigned int)tier);
	return bar;
}

/* A limit decided when the rate alone would say something else. */
static enum query_hold held_by_limit(const struct decision *decision, const struct heat_item *folio,
				     const struct target_view *target, enum query_hold hold)
{
	size_t market = market_of(&decision->markets, decision->snapshot, target);
	const struct market *mine = &decision->markets.market[market];
	int fast = decision->fit.tier_of[folio->node] == 0;
	int hot = folio->rate >= decision->markets.level && folio->rate > decision->log_idle;

	if (hold != HOLD_PLACED && hold != HOLD_ROOM)
		return hold;
	if (fast && !hot && mine->floor && mine->places <= mine->floor)
		return HOLD_FLOOR;
	return !fast && hot && mine->places >= mine->ceiling ? HOLD_CEILING : hold;
}

/* After the turn of the folio's market at a border. */
static void judge(struct decision *decision, const struct heat_item *folio,
		  const struct target_view *target, struct policy_verdict *verdict)
{
	int up = is_candidate(decision, folio, 1);

	verdict->bar = bar_of(decision, folio, verdict->bar);
	if (verdict->hold == HOLD_PLACED && (up || is_candidate(decision, folio, 0)))
		verdict->hold = held_at_border(decision, folio, target, up);
}

static void explain_border(struct decision *decision, const struct heat_item *folio,
			   const struct target_view *target, struct policy_verdict *verdict)
{
	size_t market = market_of(&decision->markets, decision->snapshot, target), turn;

	for (turn = 0; turn < border_turns(decision); turn++) {
		if (border_turn(decision, turn) != 1)
			continue;
		if (decision->tier > 0)
			decision->market = market;
		if (decision->found.to == TIERED_NODE_NONE && decision->market == market)
			judge(decision, folio, target, verdict);
	}
}

static void policy_heat_explain(const void *state, const struct snapshot *snapshot,
				const struct heat_item *folio, struct policy_verdict *ret)
{
	const struct target_view *target = target_of(snapshot, folio->target);
	struct policy_verdict verdict = { .hold = HOLD_PLACED, .bar = FILTER_RATE_MIN };
	struct decision decision;

	(void)state;
	*ret = verdict;
	if (!target || border_begin(&decision, snapshot))
		return;
	decision.asked = folio;
	for (decision.tier = 0; decision.tier + 1 < decision.fit.n_tiers; decision.tier++) {
		explain_border(&decision, folio, target, &verdict);
		if (decision.found.to != TIERED_NODE_NONE)
			break;
	}
	verdict.hold = held_by_limit(&decision, folio, target, verdict.hold);
	if (decision.found.to != TIERED_NODE_NONE)
		verdict = (struct policy_verdict){ HOLD_NOTHING, decision.found.bar };
	border_end(&decision);
	*ret = verdict;
}

const struct policy_ops policy_heat = {
	.name = "heat",
	.summary = "hottest pages to the fastest tier, by estimated access rates (default)",
	.decide = policy_heat_decide,
	.explain = policy_heat_explain,
};
