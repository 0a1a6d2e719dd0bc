// SPDX-License-Identifier: GPL-2.0-only
/* policy_market.c - places of the fastest tier, shared out among markets. */
#include "decide/policy_market.h"

#include <errno.h>
#include <stdlib.h>

#include "decide/filter.h"
#include "util/cleanup.h"

/*
 * Pages about as hot as the level are equals to priority. Pages down to an octave below it
 * are: that is two sigma of a settled estimate. Colder ones get no place by priority.
 */
#define BAND_BINS (FILTER_OCTAVE >> HEAT_BIN_SHIFT)

/*
 * Much hotter ones have their places whatever the priority. Estimates of one rate reach up to
 * an octave above it, thousands with the very same value, and the level lies below the rate:
 * so from an octave and a half above the level on, and a growing part of them, all from two
 * and a half on. At one edge all those of a value would change sides whenever the level moves
 * by a bin, and the shares with them.
 */
#define SURE_BINS (3 * FILTER_OCTAVE / 2 >> HEAT_BIN_SHIFT)
#define SURE_SLOPE_BINS (FILTER_OCTAVE >> HEAT_BIN_SHIFT)

/*
 * Places follow estimates and move a little from window to window. A market that holds a 32nd
 * more than its own, or one batch of moves, is left alone.
 */
#define SLACK_PART 32
#define SLACK_PAGES 512

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The part @part / @whole of @pages. */
static uint64_t part_of(uint64_t pages, uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)pages * part / whole) : 0;
}

static uint64_t bounded(const struct market *market, uint64_t pages)
{
	return pages < market->floor ? market->floor : least(pages, market->ceiling);
}

static int has_wishes(const struct markets *markets, const struct group_view *group)
{
	return group->fast_min || group->fast_max != UINT64_MAX || markets->by_priority;
}

size_t market_of(const struct markets *markets, const struct snapshot *snapshot,
		 const struct target_view *target)
{
	if (target->group >= snapshot->n_groups ||
	    !has_wishes(markets, &snapshot->groups[target->group]))
		return 0;
	return (size_t)target->group + 1;
}

/* Adds pages of one target on @nodes to its market; returns those with rates above @least_rate. */
static uint64_t count_side(const struct snapshot *snapshot, const struct target_view *target,
			   const struct fit *fit, uint64_t nodes, int least_rate,
			   struct market *market)
{
	uint64_t bins[HEAT_SLOTS] = { 0 };
	uint64_t pages = 0;
	unsigned int bin;

	fit_count_target(snapshot, target, fit, nodes, bins);
	for (bin = 0; bin < HEAT_SLOTS; bin++)
		market->bins[bin] += bins[bin];
	for (bin = 0; bin < HEAT_BINS; bin++)
		if (heat_bin_rate(bin) > least_rate)
			pages += bins[bin];
	return pages;
}

static void count_target(const struct snapshot *snapshot, const struct target_view *target,
			 const struct fit *fit, int log_idle, struct market *market)
{
	uint64_t warm;

	market->fixed += fit_fixed(snapshot, target, fit);
	market->held += (int64_t)count_side(snapshot, target, fit, fit->nodes[0],
					    FILTER_RATE_MIN - 1, market);
	warm = count_side(snapshot, target, fit, fit_slower(fit, 0), log_idle, market);
	if (target->allowed_nodes & fit->nodes[0])
		market->warm += warm;
}

/* Pages of the market from bin @bin on. */
static uint64_t hotter(const struct market *market, int bin)
{
	uint64_t pages = 0;

	for (bin = bin < 0 ? 0 : bin; bin < HEAT_BINS; bin++)
		pages += market->bins[bin];
	return pages;
}

/* Pages of the market that are hot beyond doubt, all when there is no level. */
static uint64_t sure(const struct market *market, int level)
{
	uint64_t pages = 0;
	int bin, above;

	if (level < 0)
		return hotter(market, 0);
	for (bin = level + SURE_BINS; bin < HEAT_BINS; bin++) {
		above = bin - level - SURE_BINS;
		pages += part_of(market->bins[bin], least((uint64_t)above, SURE_SLOPE_BINS),
				 SURE_SLOPE_BINS);
	}
	return pages;
}

/* Nobody is promised more than there is: neither of pages nor of places. */
static void bound_floors(struct markets *markets, uint64_t places)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < markets->n; i++) {
		struct market *market = &markets->market[i];

		/* What lies there for good takes its part of either bound. */
		market->floor -= least(market->floor, market->fixed);
		if (market->ceiling != UINT64_MAX)
			market->ceiling -= least(market->ceiling, market->fixed);
		market->floor = least(market->floor, (uint64_t)market->held + market->warm);
		market->floor = least(market->floor, market->ceiling);
		sum += market->floor;
	}
	for (i = 0; i < markets->n && sum > places; i++)
		markets->market[i].floor = part_of(places, markets->market[i].floor, sum);
}

/* The bin that does not fit as a whole any more, -1: all fit; and the places left for it. */
static int find_level(const struct markets *markets, uint64_t places, uint64_t *ret_left)
{
	uint64_t used = 0;
	int bin;
	size_t i;

	for (bin = HEAT_BINS; bin >= 0; bin--) {
		uint64_t sum = 0;

		for (i = 0; i < markets->n; i++)
			sum += bounded(&markets->market[i], hotter(&markets->market[i], bin));
		if (sum > places)
			break;
		used = sum;
	}
	*ret_left = places - used;
	return bin;
}

/*
 * What heat alone gives a market beyond its sure places: the weight with which it competes for
 * those within the band. Of the bin of the level it gets as large a part as everybody.
 */
static uint64_t claim(const struct markets *markets, const struct market *market, int level,
		      uint64_t left)
{
	uint64_t all = 0, pages;
	size_t i;

	for (i = 0; i < markets->n; i++)
		all += markets->market[i].bins[level];
	pages = bounded(market, hotter(market, level + 1) +
					part_of(least(left, all), market->bins[level], all));
	return pages > market->places ? pages - market->places : 0;
}

/* Hands out @rest places by claim and priority, none beyond @most; returns what is left. */
static uint64_t share_round(struct markets *markets, const uint64_t *claims, const uint64_t *most,
			    uint64_t rest)
{
	uint64_t total = 0, given = 0;
	size_t i;

	for (i = 0; i < markets->n; i++)
		if (markets->market[i].places < most[i])
			total += claims[i] * markets->market[i].priority;
	for (i = 0; i < markets->n; i++) {
		struct market *market = &markets->market[i];
		uint64_t part = part_of(rest, claims[i] * market->priority, total);

		if (market->places >= most[i])
			continue;
		part = least(part, most[i] - market->places);
		market->places += part;
		given += part;
	}
	return rest - given;
}

/*
 * All that is sure, then what all but ties at the level. Where priorities decide, pages of
 * the band are equals, and each counts as much: by heat, a market that was looked at in a
 * slow moment would lose its places to the next. 0 or -ENOMEM.
 */
static int share_places(struct markets *markets, uint64_t places)
{
	auto_free uint64_t *claims = calloc(markets->n * 2, sizeof(*claims));
	uint64_t left, rest = places, *most;
	int level = find_level(markets, places, &left);
	size_t i, round;

	if (!claims)
		return -ENOMEM;
	most = claims + markets->n;
	for (i = 0; i < markets->n; i++) {
		struct market *market = &markets->market[i];

		market->places = bounded(market, sure(market, level));
		most[i] = bounded(market, hotter(market, level - BAND_BINS));
		if (level >= 0)
			claims[i] = markets->by_priority ? most[i] - market->places
							 : claim(markets, market, level, left);
		rest -= least(rest, market->places);
	}
	/* Each round fills up a market, or hands out all but some odd pages. */
	for (round = 0; round < markets->n && rest > 0; round++)
		rest = share_round(markets, claims, most, rest);
	/* What nobody claims is for those who have no claim of their own. */
	markets->market[0].places += rest;
	return 0;
}

uint64_t market_room(const struct market *market)
{
	if (market->held < 0)
		return market->places;
	return market->places - least(market->places, (uint64_t)market->held);
}

/* What is above a ceiling leaves to the last page. */
static uint64_t excess(const struct market *market)
{
	uint64_t slack = least(market->places / SLACK_PART, SLACK_PAGES);
	uint64_t held = (uint64_t)market->held;

	if (market->places == market->ceiling)
		slack = 0;
	return held > market->places + slack ? held - market->places : 0;
}

/* All places there are: a tier that lacks a little of its reserve is taken as full. */
static uint64_t all_places(const struct markets *markets, const struct fit *fit)
{
	uint64_t held = 0;
	size_t i;

	for (i = 0; i < markets->n; i++)
		held += (uint64_t)markets->market[i].held;
	return fit_lack(fit, 0) || fit->places > held ? fit->places : held;
}

static int fill(const struct snapshot *snapshot, const struct fit *fit, int log_idle,
		struct markets *markets)
{
	uint64_t places;
	size_t i;
	int ret = 0;

	for (i = 0; i < snapshot->n_targets; i++)
		count_target(snapshot, &snapshot->targets[i], fit, log_idle,
			     &markets->market[market_of(markets, snapshot, &snapshot->targets[i])]);
	places = all_places(markets, fit);
	bound_floors(markets, places);
	if (markets->n > 1)
		ret = share_places(markets, places);
	else
		markets->market[0].places = fit->places;
	for (i = 0; i < markets->n; i++) {
		struct market *market = &markets->market[i];

		market->threshold = fit_threshold(market->bins, market->places);
		market->excess = excess(market);
	}
	return ret;
}

int market_open(const struct snapshot *snapshot, const struct fit *fit, int log_idle,
		struct markets *ret)
{
	struct markets markets = { .n = 1, .level = fit->threshold[0] };
	size_t i;
	int error;

	for (i = 0; i < snapshot->n_groups; i++)
		markets.by_priority |= snapshot->groups[i].priority != GROUP_PRIORITY;
	for (i = 0; i < snapshot->n_groups; i++)
		if (has_wishes(&markets, &snapshot->groups[i]))
			markets.n = i + 2;
	markets.market = calloc(markets.n, sizeof(*markets.market));
	if (!markets.market)
		return -ENOMEM;
	markets.market[0] = (struct market){ .ceiling = UINT64_MAX, .priority = GROUP_PRIORITY };
	for (i = 1; i < markets.n; i++)
		markets.market[i] = (struct market){ .floor = snapshot->groups[i - 1].fast_min,
						     .ceiling = snapshot->groups[i - 1].fast_max,
						     .priority = snapshot->groups[i - 1].priority };
	error = fill(snapshot, fit, log_idle, &markets);
	if (error)
		market_close(&markets);
	else
		*ret = markets;
	return error;
}

void market_close(struct markets *markets)
{
	free(markets->market);
	*markets = (struct markets){ 0 };
}
