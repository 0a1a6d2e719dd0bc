/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_market.h - who competes with whom for the fastest tier.
 *
 * Pages compete for places within a market: hotter ones push colder ones out.
 * Groups without wishes are one market, the common one; a group with a limit
 * is a market of its own, and so are all groups once one of them has another
 * priority. How many places each gets follows from one level of heat for all:
 * as many as it has pages that are hotter, but no less than its floor and no
 * more than its ceiling, and of those that all but tie, more by priority. So a
 * limit is no special case: it is the number of places, and the rest of the
 * policy sees nothing else.
 */
#ifndef TIERED_POLICY_MARKET_H
#define TIERED_POLICY_MARKET_H

#include "decide/heat.h"
#include "decide/policy_fit.h"
#include "tiered/policy.h"

/**
 * struct market - in base pages
 * @priority: its weight
 * @floor, @ceiling: bounds of @places
 * @bins: its pages that compete, by rate, on all tiers; HEAT_SLOTS
 * @fixed: pages on the fastest tier that do not compete; they count against the bounds
 * @held: how many of these lie on the fastest tier, with what is planned
 * @warm: how many of the others are accessed often enough to pay
 * @places: what it may hold there
 * @excess: pages that must leave it, for the sake of others or of its ceiling
 * @threshold: the rate at which its places are full
 */
struct market {
	uint64_t priority;
	uint64_t floor;
	uint64_t ceiling;
	uint64_t bins[HEAT_SLOTS];
	uint64_t fixed;
	int64_t held;
	uint64_t warm;
	uint64_t places;
	uint64_t excess;
	int16_t threshold;
};

/**
 * struct markets - of one snapshot
 * @market: the common one, then one for each group; unused ones are empty
 * @by_priority: a group has another priority than the others
 * @level: the rate at which the fastest tier is full if all competed in one market
 */
struct markets {
	struct market *market;
	size_t n;
	int by_priority;
	int16_t level;
};

/* Rates up to @log_idle do not pay. 0 or -ENOMEM; to be given back with market_close(). */
int market_open(const struct snapshot *snapshot, const struct fit *fit, int log_idle,
		struct markets *ret);
void market_close(struct markets *markets);

/* The market of a target: index of @markets. */
size_t market_of(const struct markets *markets, const struct snapshot *snapshot,
		 const struct target_view *target);

/* Pages that may come on top of those there. */
uint64_t market_room(const struct market *market);

#endif
