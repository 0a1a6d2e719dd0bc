// SPDX-License-Identifier: GPL-2.0-only
/* policy_fit.c - thresholds fitted to the tiers. */
#include "decide/policy_fit.h"

#include <string.h>

#include "decide/filter.h"
#include "decide/heat.h"

/*
 * A tier that lacks less than this part of its reserve is left alone; from there on it
 * gets all of it back. Some of what was just freed cannot be seen for a while (it waits in
 * the lists of CPUs), and what is demoted for that alone comes back in the next windows.
 */
#define LACK_PART 4

static void map_nodes(const struct snapshot *snapshot, struct fit *fit)
{
	size_t i;

	memset(fit->tier_of, -1, sizeof(fit->tier_of));
	for (i = 0; i < snapshot->n_nodes; i++) {
		const struct node_view *node = &snapshot->nodes[i];

		if (node->id >= TIERED_NODES_MAX || node->tier >= TIERED_NODES_MAX)
			continue;
		fit->tier_of[node->id] = (int8_t)node->tier;
		fit->nodes[node->tier] |= UINT64_C(1) << node->id;
		if (node->leaving) {
			fit->leaving |= UINT64_C(1) << node->id;
		} else {
			fit->left[node->id] = (int64_t)node->free - (int64_t)node->reserve;
			fit->reserve[node->tier] += node->reserve;
		}
		if (node->tier >= fit->n_tiers)
			fit->n_tiers = node->tier + 1;
	}
	if (fit->n_tiers == 0)
		fit->n_tiers = 1;
}

/* May pages of @target that lie on @tier compete for places? Others take theirs for good. */
static int competes(const struct target_view *target, const struct fit *fit, unsigned int tier)
{
	int down = target->demote && tier + 1 < fit->n_tiers;
	int up = target->promote && tier > 0;

	return up || down;
}

void fit_count_target(const struct snapshot *snapshot, const struct target_view *target,
		      const struct fit *fit, uint64_t nodes, uint64_t *bins)
{
	struct heat_target_view view;
	unsigned int node;
	unsigned int bin;

	if (heat_target(snapshot->heat, target->id, &view))
		return;
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		int tier = fit->tier_of[node];

		if (!(nodes >> node & 1) || !view.bins[node] || tier < 0 ||
		    !competes(target, fit, (unsigned int)tier))
			continue;
		for (bin = 0; bin < HEAT_SLOTS; bin++)
			bins[bin] += view.bins[node][bin];
	}
}

uint64_t fit_fixed(const struct snapshot *snapshot, const struct target_view *target,
		   const struct fit *fit)
{
	struct heat_target_view view;
	uint64_t pages = 0;
	unsigned int node;
	unsigned int bin;

	if (competes(target, fit, 0) || heat_target(snapshot->heat, target->id, &view))
		return 0;
	for (node = 0; node < TIERED_NODES_MAX; node++)
		for (bin = 0; fit->tier_of[node] == 0 && view.bins[node] && bin < HEAT_BINS; bin++)
			pages += view.bins[node][bin];
	return pages;
}

static void count_all(const struct snapshot *snapshot, const struct fit *fit, uint64_t nodes,
		      uint64_t bins[HEAT_SLOTS])
{
	size_t i;

	memset(bins, 0, HEAT_SLOTS * sizeof(*bins));
	for (i = 0; i < snapshot->n_targets; i++)
		fit_count_target(snapshot, &snapshot->targets[i], fit, nodes, bins);
}

/* What lies on the tier and may leave, and what is free above the reserves. */
static uint64_t capacity(const struct snapshot *snapshot, const struct fit *fit, unsigned int tier)
{
	uint64_t bins[HEAT_SLOTS];
	int64_t pages = 0;
	unsigned int i;

	count_all(snapshot, fit, fit->nodes[tier], bins);
	for (i = 0; i < HEAT_BINS; i++)
		pages += (int64_t)bins[i];
	for (i = 0; i < TIERED_NODES_MAX; i++)
		if (fit->tier_of[i] == (int)tier)
			pages += fit->left[i];
	return pages > 0 ? (uint64_t)pages : 0;
}

/* Of a bin that does not fit as a whole all pages may compete: they may well have the same rate. */
int16_t fit_threshold(const uint64_t *bins, uint64_t places)
{
	unsigned int bin;

	for (bin = HEAT_BINS; bin-- > 0;) {
		if (bins[bin] > places)
			return (int16_t)heat_bin_rate(places > 0 ? bin : bin + 1);
		places -= bins[bin];
	}
	return FILTER_RATE_MIN;
}

void fit_snapshot(const struct snapshot *snapshot, struct fit *ret)
{
	uint64_t bins[HEAT_SLOTS];
	uint64_t places = 0;
	unsigned int tier;

	memset(ret, 0, sizeof(*ret));
	map_nodes(snapshot, ret);
	count_all(snapshot, ret, UINT64_MAX, bins);
	for (tier = 0; tier + 1 < ret->n_tiers; tier++) {
		places += capacity(snapshot, ret, tier);
		if (tier == 0)
			ret->places = places;
		ret->threshold[tier] = fit_threshold(bins, places);
	}
}

uint64_t fit_lack(const struct fit *fit, unsigned int tier)
{
	int64_t net = 0;
	uint64_t lack;
	unsigned int node;

	for (node = 0; node < TIERED_NODES_MAX; node++)
		if (fit->tier_of[node] == (int)tier && !(fit->leaving >> node & 1))
			net += fit->left[node];
	lack = net < 0 ? (uint64_t)-net : 0;
	return lack > fit->reserve[tier] / LACK_PART ? lack : 0;
}

uint64_t fit_slower(const struct fit *fit, unsigned int tier)
{
	uint64_t mask = 0;

	for (tier++; tier < fit->n_tiers; tier++)
		mask |= fit->nodes[tier];
	return mask;
}

uint8_t fit_roomiest(const struct fit *fit, uint64_t mask)
{
	uint8_t best = TIERED_NODE_NONE;
	uint8_t node;

	for (node = 0; node < TIERED_NODES_MAX; node++) {
		if (!(mask >> node & 1) || fit->tier_of[node] < 0)
			continue;
		if (best == TIERED_NODE_NONE || fit->left[node] > fit->left[best])
			best = node;
	}
	return best;
}
