/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_fit.h - how hot a page must be to deserve each tier.
 *
 * All movable pages of all targets, sorted by rate, are poured into the tiers
 * from the fastest on; the rate at which a tier is full is its threshold. What
 * a tier can hold is what lies there already and may leave, and what is free
 * above the reserve.
 */
#ifndef TIERED_POLICY_FIT_H
#define TIERED_POLICY_FIT_H

#include "decide/heat.h"
#include "tiered/policy.h"

/**
 * struct fit - tiers of a snapshot
 * @n_tiers: at least 1
 * @tier_of: by node; -1: no tier
 * @nodes: node mask of each tier
 * @places: pages that the fastest tier can hold of those that compete for it
 * @leaving: nodes that take nothing: what they have free is no room
 * @threshold: of each tier but the last, in 1/256 octave; FILTER_RATE_MIN: all pages fit
 * @reserve: by tier: pages that must stay free
 * @left: by node: free pages above the reserve, less what is planned; may be negative
 */
struct fit {
	unsigned int n_tiers;
	int8_t tier_of[TIERED_NODES_MAX];
	uint64_t nodes[TIERED_NODES_MAX];
	uint64_t places;
	uint64_t leaving;
	int16_t threshold[TIERED_NODES_MAX];
	uint64_t reserve[TIERED_NODES_MAX];
	int64_t left[TIERED_NODES_MAX];
};

void fit_snapshot(const struct snapshot *snapshot, struct fit *ret);

/* Adds to a histogram (HEAT_SLOTS) the pages of @target on @nodes that compete for places. */
void fit_count_target(const struct snapshot *snapshot, const struct target_view *target,
		      const struct fit *fit, uint64_t nodes, uint64_t *bins);

/* Pages of @target on the fastest tier that compete for nothing: it may not be demoted. */
uint64_t fit_fixed(const struct snapshot *snapshot, const struct target_view *target,
		   const struct fit *fit);

/* The rate from which on @places of the pages in @bins are as hot or hotter. */
int16_t fit_threshold(const uint64_t *bins, uint64_t places);

/* Pages that the tier lacks of its reserve as a whole; 0 when that is little. */
uint64_t fit_lack(const struct fit *fit, unsigned int tier);

/* Nodes of all tiers slower than @tier. */
uint64_t fit_slower(const struct fit *fit, unsigned int tier);

/* Of the nodes in @mask the one with most pages left, or TIERED_NODE_NONE when none is in it. */
uint8_t fit_roomiest(const struct fit *fit, uint64_t mask);

#endif
