// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy_heat.c - the hottest pages to the fastest tier, and no move in vain.
 *
 * For each border between two tiers: pages below it that are hotter than the
 * threshold move up, into free memory first, then against pages above it that
 * are colder beyond doubt. Both sides are counted by a score, the end of their
 * confidence interval that speaks against the move, so that two histograms
 * tell how many moves pay, and a second pass over the candidates picks them.
 */
#include "decide/policy.h"

#include <string.h>

#include "decide/filter.h"
#include "decide/heat.h"
#include "decide/plan.h"
#include "decide/policy_fit.h"

/* Confidence intervals of hot and cold must be apart by half an octave. */
#define MARGIN (FILTER_OCTAVE / 2)

/* How many sigmas an interval reaches to one side, in quarters. */
#ifndef SIGMAS_4
#define SIGMAS_4 4
#endif

/*
 * A page pays for two moves only if it will be accessed: at one access in four
 * windows it is, eight times before its rank is in question again (32 windows).
 */
#ifndef LOG_X_IDLE
#define LOG_X_IDLE (-2 * FILTER_OCTAVE)
#endif

/* Targets with more than a tenth of ping-pong, of this many moves, need half an octave more. */
#define PINGPONG_MOVES 64
#define PINGPONG_MARGIN (FILTER_OCTAVE / 2)

/* Pages by which a tier between others may dip into its reserve for a window: one batch. */
#define PASSAGE_PAGES 512

/* Candidates of one side, by score, and how many of them are chosen: all beyond a cut. */
struct side {
	uint64_t bins[HEAT_BINS];
	unsigned int cut;
	uint64_t beyond; /* pages in all bins beyond the cut */
	uint64_t chosen; /* pages, with those of the cut bin */
};

struct decision {
	const struct snapshot *snapshot;
	struct plan *plan;
	struct fit fit;
	unsigned int tier; /* the faster side of the border */
	int log_idle;      /* rates up to here do not pay */
	struct side hot;
	struct side cold;
	uint64_t fill;     /* pages that find free memory; hot ones beyond these swap */
	uint64_t pressure; /* pages that must leave */
	uint64_t budget;
	/* Of the target in hand */
	const struct target_view *target;
	int margin;
	uint64_t quota; /* base pages of the cut bin left to be taken */
};

static uint64_t item_pages(const struct heat_item *item)
{
	return (uint64_t)item->count << item->order;
}

static int movable(const struct heat_item *item)
{
	return item->cooldown == 0 && !(item->flags & (OBSERVED_SHARED | OBSERVED_FIXED));
}

static unsigned int bin_of(int score)
{
	if (score < FILTER_RATE_MIN)
		score = FILTER_RATE_MIN;
	if (score > FILTER_RATE_MAX)
		score = FILTER_RATE_MAX;
	return heat_bin(score);
}

static int doubt(const struct decision *decision, const struct heat_item *item)
{
	return filter_sigma(item->n) * SIGMAS_4 / 4 + decision->margin;
}

static unsigned int hot_bin(const struct decision *decision, const struct heat_item *item)
{
	return bin_of(item->rate - doubt(decision, item));
}

static unsigned int cold_bin(const struct decision *decision, const struct heat_item *item)
{
	return bin_of(item->rate + doubt(decision, item));
}

/* Rates that may go up across the border: at its threshold, but below that of the one above. */
static struct heat_query hot_query(const struct decision *decision)
{
	unsigned int tier = decision->tier;
	int low = decision->fit.threshold[tier];
	struct heat_query query = { .nodes = fit_slower(&decision->fit, tier),
				    .rate_max = FILTER_RATE_MAX };

	if (low <= decision->log_idle)
		low = decision->log_idle + 1;
	if (tier > 0)
		query.rate_max = (int16_t)(decision->fit.threshold[tier - 1] - 1);
	query.rate_min = (int16_t)low;
	return query;
}

/* Rates that may go down: below the threshold, or under pressure any that no one above wants. */
static struct heat_query cold_query(const struct decision *decision)
{
	unsigned int tier = decision->tier;
	struct heat_query query = { .nodes = decision->fit.nodes[tier],
				    .rate_min = FILTER_RATE_MIN,
				    .rate_max = FILTER_RATE_MAX };

	if (tier > 0)
		query.rate_max = (int16_t)(decision->fit.threshold[tier - 1] - 1);
	else if (!decision->pressure)
		query.rate_max = decision->fit.threshold[tier];
	return query;
}

/* Goes through the items of all targets that may cross the border upwards (or downwards). */
static int each_candidate(struct decision *decision, int up, heat_each_fn *each)
{
	const struct snapshot *snapshot = decision->snapshot;
	struct heat_query query = up ? hot_query(decision) : cold_query(decision);
	uint64_t goals = up ? decision->fit.nodes[decision->tier]
			    : fit_slower(&decision->fit, decision->tier);
	struct heat_target_view view;
	size_t i;

	if (query.rate_min > query.rate_max)
		return 0;
	for (i = 0; i < snapshot->n_targets; i++) {
		const struct target_view *target = &snapshot->targets[i];
		int r;

		if (!(up ? target->promote : target->demote) || !(target->allowed_nodes & goals) ||
		    heat_target(snapshot->heat, target->id, &view))
			continue;
		decision->target = target;
		decision->margin = view.moved >= PINGPONG_MOVES && view.pingpong * 10 > view.moved
					   ? PINGPONG_MARGIN
					   : 0;
		r = heat_each(snapshot->heat, target->id, &query, each, decision);
		if (r)
			return r;
	}
	return 0;
}

static int count_hot(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;

	if (movable(item))
		decision->hot.bins[hot_bin(decision, item)] += item_pages(item);
	return 0;
}

static int count_cold(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;

	if (movable(item))
		decision->cold.bins[cold_bin(decision, item)] += item_pages(item);
	return 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Room above the reserves of the tier's nodes, and what the tier lacks as a whole. */
static void measure_room(struct decision *decision)
{
	int64_t net = 0;
	unsigned int node;

	decision->fill = 0;
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		int64_t left = decision->fit.left[node];

		if (decision->fit.tier_of[node] != (int)decision->tier)
			continue;
		net += left;
		if (left > 0)
			decision->fill += (uint64_t)left;
	}
	decision->pressure = net < 0 ? (uint64_t)-net : 0;
}

static uint64_t take(struct side *side, unsigned int bin, uint64_t pages)
{
	uint64_t before = bin == side->cut ? side->chosen - side->beyond : 0;
	uint64_t taken = least(pages, side->bins[bin] - before);

	if (taken == 0)
		return 0;
	if (bin != side->cut) {
		side->beyond = side->chosen;
		side->cut = bin;
	}
	side->chosen += taken;
	return taken;
}

/* Pages of @bin that were not taken yet. */
static uint64_t waiting(const struct side *side, unsigned int bin)
{
	return side->bins[bin] - (bin == side->cut ? side->chosen - side->beyond : 0);
}

/* Takes the coldest pages that must leave whatever comes. */
static unsigned int choose_pressed(struct decision *decision)
{
	uint64_t left = least(decision->pressure, decision->budget);
	unsigned int bin;

	decision->budget -= left;
	for (bin = 0; bin < HEAT_BINS; bin++) {
		left -= take(&decision->cold, bin, left);
		if (left == 0)
			break;
	}
	decision->budget += left;
	return bin < HEAT_BINS ? bin : HEAT_BINS - 1;
}

/* Takes the hottest: first as many as there is room for, then one for one against the coldest. */
static void choose(struct decision *decision)
{
	unsigned int cold = choose_pressed(decision);
	uint64_t room = decision->fill;
	unsigned int hot;

	decision->fill = 0;
	for (hot = HEAT_BINS; hot-- > 0;) {
		uint64_t filled = take(&decision->hot, hot, least(room, decision->budget));

		room -= filled;
		decision->fill += filled;
		decision->budget -= filled;
		while (decision->budget >= 2 && waiting(&decision->hot, hot)) {
			uint64_t pages;

			while (cold < HEAT_BINS - 1 && !waiting(&decision->cold, cold))
				cold++;
			if (heat_bin_rate(hot) - heat_bin_rate(cold) < MARGIN)
				return;
			pages = least(waiting(&decision->hot, hot),
				      least(waiting(&decision->cold, cold), decision->budget / 2));
			if (pages == 0)
				return;
			take(&decision->hot, hot, pages);
			take(&decision->cold, cold, pages);
			decision->budget -= 2 * pages;
		}
	}
}

/* Nodes in reach for a folio of @pages: the roomiest one, or TIERED_NODE_NONE. */
static uint8_t find_node(const struct decision *decision, uint64_t mask, int64_t pages,
			 int64_t overdraft)
{
	uint8_t node = fit_roomiest(&decision->fit, mask & decision->target->allowed_nodes);

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

/* Plans the folios of one item, one by one, while @decision->quota lasts; 0 or -ENOMEM. */
static int plan_item(struct decision *decision, const struct heat_item *item, int up, int bar,
		     enum move_reason reason, uint64_t *quota)
{
	uint64_t pages = UINT64_C(1) << item->order;
	struct move move = { .target = item->target,
			     .order = item->order,
			     .from = item->node,
			     .reason = (uint8_t)reason,
			     .rate = item->rate,
			     .bar = (int16_t)bar,
			     .landed = TIERED_NODE_NONE };
	uint32_t i;

	for (i = 0; i < item->count && *quota >= pages; i++) {
		int r;

		move.to = up ? find_node(decision, decision->fit.nodes[decision->tier],
					 (int64_t)pages, 0)
			     : node_below(decision, (int64_t)pages);
		if (move.to == TIERED_NODE_NONE)
			return 0;
		move.address = item->address + i * (pages << TIERED_PAGE_SHIFT);
		r = plan_add(decision->plan, &move);
		if (r)
			return r;
		decision->fit.left[move.from] += (int64_t)pages;
		decision->fit.left[move.to] -= (int64_t)pages;
		*quota -= pages;
	}
	return 0;
}

static int emit_cold(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	unsigned int bin = cold_bin(decision, item);
	uint64_t all = UINT64_MAX;
	int pressed = decision->pressure > 0;

	if (!movable(item) || bin > decision->cold.cut)
		return 0;
	return plan_item(decision, item, 0,
			 pressed ? decision->fit.threshold[decision->tier]
				 : heat_bin_rate(decision->hot.cut),
			 pressed ? MOVE_DEMOTE_PRESSURE : MOVE_DEMOTE_ROOM,
			 bin < decision->cold.cut ? &all : &decision->quota);
}

static int emit_hot(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	unsigned int bin = hot_bin(decision, item);
	uint64_t all = UINT64_MAX;
	int fills = decision->hot.chosen == decision->fill || decision->fill > decision->hot.beyond;

	if (!movable(item) || bin < decision->hot.cut)
		return 0;
	return plan_item(decision, item, 1,
			 fills ? decision->fit.threshold[decision->tier]
			       : heat_bin_rate(decision->cold.cut),
			 fills ? MOVE_PROMOTE_HOT : MOVE_PROMOTE_SWAP,
			 bin > decision->hot.cut ? &all : &decision->quota);
}

static int decide_border(struct decision *decision)
{
	int r;

	memset(&decision->hot, 0, sizeof(decision->hot));
	memset(&decision->cold, 0, sizeof(decision->cold));
	decision->hot.cut = decision->cold.cut = HEAT_BINS;
	measure_room(decision);
	each_candidate(decision, 1, count_hot);
	each_candidate(decision, 0, count_cold);
	choose(decision);
	if (decision->cold.chosen) {
		decision->quota = decision->cold.chosen - decision->cold.beyond;
		r = each_candidate(decision, 0, emit_cold);
		if (r)
			return r;
	}
	if (decision->hot.chosen) {
		decision->quota = decision->hot.chosen - decision->hot.beyond;
		r = each_candidate(decision, 1, emit_hot);
		if (r)
			return r;
	}
	return 0;
}

static int policy_heat_decide(void *state, const struct snapshot *snapshot, struct plan *ret_plan)
{
	struct decision decision = { .snapshot = snapshot,
				     .plan = ret_plan,
				     .budget = snapshot->budget_pages };
	int r = 0;

	(void)state;
	fit_snapshot(snapshot, &decision.fit);
	decision.log_idle = LOG_X_IDLE - filter_log_interval(snapshot->interval_ns);
	for (decision.tier = 0; decision.tier + 1 < decision.fit.n_tiers && r == 0; decision.tier++)
		r = decide_border(&decision);
	return r;
}

const struct policy_ops policy_heat = {
	.name = "heat",
	.summary = "hottest pages to the fastest tier, by estimated access rates (default)",
	.decide = policy_heat_decide,
};
