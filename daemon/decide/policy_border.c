// SPDX-License-Identifier: GPL-2.0-only
/* policy_border.c - who may cross a border between tiers, who is chosen, who is picked. */
#include "decide/policy_border.h"

#include <string.h>

#include "decide/filter.h"
#include "decide/plan.h"

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

/* With less free memory than this, promotions are swaps. */
#define ROOM_FULL_PAGES 512

/*
 * A tier that lacks less than this part of its reserve is left alone; from there on it
 * gets all of it back. Some of what was just freed cannot be seen for a while (it waits in
 * the lists of CPUs), and what is demoted for that alone comes back in the next windows.
 */
#define LACK_PART 4

/* Pages by which a tier between others may dip into its reserve for a window: one batch. */
#define PASSAGE_PAGES 512

/* A rate so far on the other side is no accident that a rest could cure. */
static int beyond_doubt(const struct decision *decision, const struct heat_item *item, int up)
{
	int threshold = decision->fit.threshold[decision->tier];

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
struct heat_query border_cold_query(const struct decision *decision)
{
	unsigned int tier = decision->tier;
	struct heat_query query = { .nodes = decision->fit.nodes[tier],
				    .rate_min = FILTER_RATE_MIN,
				    .rate_max = FILTER_RATE_MAX };

	if (tier > 0)
		query.rate_max = (int16_t)(decision->fit.threshold[tier - 1] - 1);
	else if (!decision->choice.pressure)
		query.rate_max =
			(int16_t)heat_bin_rate(heat_bin(decision->fit.threshold[tier]) + 1);
	return query;
}

int border_take_target(struct decision *decision, const struct target_view *target, int up)
{
	uint64_t goals = up ? decision->fit.nodes[decision->tier]
			    : fit_slower(&decision->fit, decision->tier);
	struct heat_target_view view;

	if (!(up ? target->promote : target->demote) || !(target->allowed_nodes & goals) ||
	    heat_target(decision->snapshot->heat, target->id, &view))
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
	struct heat_query query = up ? border_hot_query(decision) : border_cold_query(decision);
	size_t i;

	if (query.rate_min > query.rate_max)
		return 0;
	for (i = 0; i < snapshot->n_targets; i++) {
		const struct target_view *target = &snapshot->targets[i];
		int r;

		if (!border_take_target(decision, target, up))
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

/* Room above the reserves of the tier's nodes, and what the tier lacks as a whole. */
static void measure_room(struct decision *decision)
{
	struct choice *choice = &decision->choice;
	int64_t net = 0;
	uint64_t lack;
	unsigned int node;

	choice->room = 0;
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		int64_t left = decision->fit.left[node];

		if (decision->fit.tier_of[node] != (int)decision->tier ||
		    (decision->fit.leaving >> node & 1))
			continue;
		net += left;
		if (left > 0)
			choice->room += (uint64_t)left;
	}
	lack = net < 0 ? (uint64_t)-net : 0;
	choice->pressure = lack > decision->fit.reserve[decision->tier] / LACK_PART ? lack : 0;
}

/* What chance does to the ranks on both sides, and from which score on a rank is beyond doubt. */
static void measure_doubt(struct decision *decision)
{
	const struct snapshot *snapshot = decision->snapshot;
	const struct fit *fit = &decision->fit;
	int bar = fit->threshold[decision->tier];
	int swap = decision->choice.room < ROOM_FULL_PAGES;
	uint64_t bins[HEAT_SLOTS];
	unsigned int n;

	fit_count(snapshot, fit, fit->nodes[decision->tier], bins);
	shrink_fit(bins, decision->log_interval, swap, &decision->above);
	fit_count(snapshot, fit, fit_slower(fit, decision->tier), bins);
	shrink_fit(bins, decision->log_interval, swap, &decision->below);
	n = shrink_n(bins);
	decision->choice.bar = bar + filter_sigma(bar, n, decision->log_interval);
}

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
		*quota -= pages;
	}
	return 0;
}

static int pick_cold(void *arg, const struct heat_item *item)
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
		move.bar = decision->fit.threshold[decision->tier];
	}
	return pick(decision, item, move, 0, bin < choice->cold.cut ? &all : &decision->quota);
}

static int pick_hot(void *arg, const struct heat_item *item)
{
	struct decision *decision = arg;
	const struct choice *choice = &decision->choice;
	unsigned int bin = border_hot_bin(decision, item);
	uint64_t all = UINT64_MAX;
	struct move move = { .reason = MOVE_PROMOTE_HOT,
			     .bar = decision->fit.threshold[decision->tier] };

	if (!border_may_rise(decision, item) || bin < choice->hot.cut)
		return 0;
	/* Hotter bins found room; with those at the cut and no room for all, somebody swaps. */
	if (choice->filled <= choice->hot.beyond && choice->filled < choice->hot.chosen) {
		move.reason = MOVE_PROMOTE_SWAP;
		move.bar = (int16_t)heat_bin_rate(choice->cold.cut);
	}
	return pick(decision, item, move, 1, bin > choice->hot.cut ? &all : &decision->quota);
}

int border_decide(struct decision *decision)
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

void border_begin(struct decision *decision, const struct snapshot *snapshot)
{
	*decision = (struct decision){ .snapshot = snapshot };
	decision->found.to = TIERED_NODE_NONE;
	decision->choice.budget = snapshot->budget_pages;
	decision->log_interval = filter_log_interval(snapshot->interval_ns);
	decision->log_idle = LOG_X_IDLE - decision->log_interval;
	fit_snapshot(snapshot, &decision->fit);
}
