// SPDX-License-Identifier: GPL-2.0-only
/* policy_border.c - who may cross a border between tiers, who is chosen, who is picked. */
#include "decide/policy_border.h"

#include <errno.h>
#include <string.h>

#include "decide/filter.h"
#include "decide/policy_pick.h"

/*
 * A score is half a sigma on the safe side. Chance is taken out by policy_shrink;
 * this is for pages that know less than most.
 */
#define SIGMA_PARTS 2

/*
 * A page pays for two moves only if it will be accessed: at one access in four
 * windows it is, eight times before its rank is in question again (32 windows).
 */
#define LOG_X_IDLE (-2 * FILTER_OCTAVE)

/* Observations before a page is swapped for another. */
#define LEAVE_N 4

/*
 * After a single look all accessed pages are alike: none is moved up on that. Counted by
 * page, not on average: where a window sees a slice of memory only, there are always some
 * that were looked at once, and the others must not wait for them.
 */
#define FILL_N 2

/* Targets with more than a tenth of ping-pong, of this many moves, need half an octave more. */
#define PINGPONG_MOVES 64
#define PINGPONG_MARGIN (FILTER_OCTAVE / 2)

/* The change of rate that counts as one (filter.c): 8 times. */
#define BEYOND_DOUBT (3 * FILTER_OCTAVE)

/*
 * With less than this part of a tier free, promotions are swaps. Free memory comes and
 * goes by some hundred pages, and what is there by chance does not make mistakes cheap.
 */
#define ROOM_FULL_PART 16

int16_t border_threshold(const struct decision *decision, unsigned int tier)
{
	return tier == 0 ? decision->markets.market[decision->market].threshold
			 : decision->fit.threshold[tier];
}

/* A rate so far on the other side is no accident that a rest could cure. */
static int beyond_doubt(const struct decision *decision, const struct heat_item *item, int up)
{
	int threshold = border_threshold(decision, decision->tier);

	return up ? item->rate >= threshold + BEYOND_DOUBT : item->rate <= threshold - BEYOND_DOUBT;
}

int border_movable(const struct decision *decision, const struct heat_item *item, int up)
{
	if (item->flags & (OBSERVED_SHARED | OBSERVED_FIXED))
		return 0;
	return item->cooldown == 0 || (!item->refused && beyond_doubt(decision, item, up));
}

static unsigned int bin_of(int score)
{
	if (score < FILTER_RATE_MIN)
		score = FILTER_RATE_MIN;
	if (score > FILTER_RATE_MAX)
		score = FILTER_RATE_MAX;
	return heat_bin(score);
}

/* May the page make room? Some windows of silence, in a new process, are no reason to. */
int border_may_leave(const struct decision *decision, const struct heat_item *item)
{
	return border_movable(decision, item, 0) &&
	       (item->n >= LEAVE_N || decision->choice.pressure);
}

static int doubt(const struct decision *decision, const struct heat_item *item)
{
	int sigma = filter_sigma(item->rate, item->n, decision->log_interval);

	return sigma / SIGMA_PARTS + decision->margin;
}

unsigned int border_hot_bin(const struct decision *decision, const struct heat_item *item)
{
	return bin_of(item->rate + decision->below.by[heat_bin(item->rate)] -
		      doubt(decision, item));
}

/* May the page go up? */
int border_may_rise(const struct decision *decision, const struct heat_item *item)
{
	return border_movable(decision, item, 1) && item->n >= FILL_N;
}

unsigned int border_cold_bin(const struct decision *decision, const struct heat_item *item)
{
	return bin_of(item->rate + decision->above.by[heat_bin(item->rate)] +
		      doubt(decision, item));
}

/* Rates that may go up across the border: at its threshold, but below that of the one above. */
struct heat_query border_hot_query(const struct decision *decision)
{
	unsigned int tier = decision->tier;
	int low = border_threshold(decision, tier);
	struct heat_query query = { .nodes = fit_slower(&decision->fit, tier),
				    .rate_max = FILTER_RATE_MAX };

	if (low <= decision->log_idle)
		low = decision->log_idle + 1;
	if (tier > 0)
		query.rate_max = (int16_t)(border_threshold(decision, tier - 1) - 1);
	query.rate_min = (int16_t)low;
	return query;
}

/* Rates that may go down: below the threshold, or under pressure any that no one above wants. */
struct heat_query border_cold_query(const struct decision *decision)
{
	unsigned int tier = decision->tier;
	struct heat_query query = { .nodes = decision->fit.nodes[tier],
				    .rate_min = FILTER_RATE_MIN,
				    .rate_max = FILTER_RATE_MAX };

	if (tier > 0)
		query.rate_max = (int16_t)(border_threshold(decision, tier - 1) - 1);
	else if (!decision->choice.pressure)
		query.rate_max =
			(int16_t)heat_bin_rate(heat_bin(border_threshold(decision, tier)) + 1);
	return query;
}

/* At the border of the fastest tier each market is decided on by itself. */
static int takes_part(struct decision *decision, const struct target_view *target)
{
	size_t market = market_of(&decision->markets, decision->snapshot, target);

	if (decision->tier > 0)
		decision->market = market;
	return market == decision->market;
}

int border_take_target(struct decision *decision, const struct target_view *target, int up)
{
	uint64_t goals = up ? decision->fit.nodes[decision->tier]
			    : fit_slower(&decision->fit, decision->tier);
	struct heat_target_view view;

	if (!(up ? target->promote : target->demote) || !(target->allowed_nodes & goals) ||
	    heat_target(decision->snapshot->heat, target->id, &view) ||
	    !takes_part(decision, target))
		return 0;
	decision->target = target;
	decision->margin = 0;
	if (view.moved >= PINGPONG_MOVES && view.pingpong * 10 > view.moved)
		decision->margin = PINGPONG_MARGIN;
	return 1;
}

/* Goes through the items of all targets that may cross the border upwards (or downwards). */
static int each_candidate(struct decision *decision, int up, heat_each_fn *each)
{
	const struct snapshot *snapshot = decision->snapshot;
	size_t i;

	for (i = 0; i < snapshot->n_targets; i++) {
		const struct target_view *target = &snapshot->targets[i];
		struct heat_query query;
		int r;

		if (!border_take_target(decision, target, up))
			continue;
		query = up ? border_hot_query(decision) : border_cold_query(decision);
		if (query.rate_min > query.rate_max)
			continue;
		r = heat_each(snapshot->heat, target->id, &query, each, decision);
		if (r)
			return r;
	}
	return 0;
}

static int count_hot(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	uint64_t pages = (uint64_t)item->count << item->order;

	if (border_may_rise(decision, item))
		decision->choice.hot.bins[border_hot_bin(decision, item)] += pages;
	if (item->n < FILL_N)
		decision->choice.young += pages;
	else
		decision->choice.grown += pages;
	return 0;
}

static int count_cold(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;

	if (border_may_leave(decision, item))
		decision->choice.cold.bins[border_cold_bin(decision, item)] += (uint64_t)item->count
									       << item->order;
	return 0;
}

/*
 * Room above the reserves of the tier's nodes, and what the tier lacks as a whole. Among
 * several markets each has room up to its places, and what one holds beyond them is
 * what the others lack.
 */
static void measure_room(struct decision *decision)
{
	const struct market *market = &decision->markets.market[decision->market];
	struct choice *choice = &decision->choice;
	unsigned int node;

	choice->room = 0;
	for (node = 0; node < TIERED_NODES_MAX; node++)
		if (decision->fit.tier_of[node] == (int)decision->tier &&
		    !(decision->fit.leaving >> node & 1) && decision->fit.left[node] > 0)
			choice->room += (uint64_t)decision->fit.left[node];
	choice->pressure = fit_lack(&decision->fit, decision->tier);
	if (decision->tier > 0 || decision->markets.n == 1)
		return;
	choice->pressure = market->excess;
	if (choice->room > market_room(market))
		choice->room = market_room(market);
}

static void count_nodes(struct decision *decision, uint64_t nodes, uint64_t bins[HEAT_SLOTS])
{
	const struct snapshot *snapshot = decision->snapshot;
	size_t i;

	memset(bins, 0, HEAT_SLOTS * sizeof(*bins));
	for (i = 0; i < snapshot->n_targets; i++)
		if (takes_part(decision, &snapshot->targets[i]))
			fit_count_target(snapshot, &snapshot->targets[i], &decision->fit, nodes,
					 bins);
}

/* What chance does to the ranks on both sides, and from which score on a rank is beyond doubt. */
static void measure_doubt(struct decision *decision)
{
	const struct fit *fit = &decision->fit;
	int bar = border_threshold(decision, decision->tier);
	uint64_t above[HEAT_SLOTS];
	uint64_t below[HEAT_SLOTS];
	uint64_t places = decision->choice.room;
	unsigned int n;
	unsigned int i;
	int swap;

	count_nodes(decision, fit->nodes[decision->tier], above);
	count_nodes(decision, fit_slower(fit, decision->tier), below);
	for (i = 0; i < HEAT_BINS; i++)
		places += above[i];
	swap = decision->choice.room < places / ROOM_FULL_PART;
	shrink_fit(above, decision->log_interval, swap, &decision->above);
	shrink_fit(below, decision->log_interval, swap, &decision->below);
	n = shrink_n(below);
	decision->choice.bar = bar + filter_sigma(bar, n, decision->log_interval);
	for (i = 0; i < HEAT_SLOTS; i++)
		above[i] += below[i];
	decision->choice.chance = shrink_chance(above, decision->log_interval);
}

static int decide_market(struct decision *decision)
{
	struct choice *choice = &decision->choice;
	int r = 0;

	choice_reset(choice);
	measure_room(decision);
	measure_doubt(decision);
	each_candidate(decision, 1, count_hot);
	if (choice->pressure || choice->room < choice->budget)
		each_candidate(decision, 0, count_cold);
	choice_make(choice);
	decision->quota = choice->cold.chosen - choice->cold.beyond;
	if (choice->cold.chosen)
		r = each_candidate(decision, 0, pick_cold);
	decision->quota = choice->hot.chosen - choice->hot.beyond;
	if (r == 0 && choice->hot.chosen)
		r = each_candidate(decision, 1, pick_hot);
	return r;
}

/* Those who must leave make room for those who come; with wishes of their own first. */
int border_turn(struct decision *decision, size_t turn)
{
	const struct markets *markets = &decision->markets;
	size_t market = markets->n - 1 - turn % markets->n;

	if (decision->tier == 0)
		decision->market = market;
	else if (turn > 0)
		return 0;
	if (decision->tier == 0 && !markets->market[market].excess != (turn >= markets->n))
		return 0;
	return decide_market(decision) ? -ENOMEM : 1;
}

size_t border_turns(const struct decision *decision)
{
	return decision->tier == 0 ? 2 * decision->markets.n : 1;
}

int border_decide(struct decision *decision)
{
	size_t turn;
	int r = 0;

	for (turn = 0; turn < border_turns(decision) && r >= 0; turn++)
		r = border_turn(decision, turn);
	return r < 0 ? r : 0;
}

int border_begin(struct decision *decision, const struct snapshot *snapshot)
{
	*decision = (struct decision){ .snapshot = snapshot };
	decision->found.to = TIERED_NODE_NONE;
	decision->choice.budget = snapshot->budget_pages;
	decision->log_interval = filter_log_interval(snapshot->interval_ns);
	decision->log_idle = LOG_X_IDLE - decision->log_interval;
	fit_snapshot(snapshot, &decision->fit);
	return market_open(snapshot, &decision->fit, decision->log_idle, &decision->markets);
}

void border_end(struct decision *decision)
{
	market_close(&decision->markets);
}
