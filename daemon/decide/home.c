// SPDX-License-Identifier: GPL-2.0-only
#include "decide/home.h"

/* Heat is scaled to this many bits, so that sums of it times distances stay within 64. */
#define HEAT_BITS 40

/* A node that is not there, or at a distance that says nothing, is as far as any. */
#define FAR 255

static unsigned int shift_of(const uint64_t heat[TIERED_NODES_MAX])
{
	unsigned int node, shift = 0;

	for (node = 0; node < TIERED_NODES_MAX; node++)
		while (heat[node] >> shift >> HEAT_BITS)
			shift++;
	return shift;
}

/* How long the way of all accesses is from one slot. */
static uint64_t way_from(const uint64_t heat[TIERED_NODES_MAX],
			 const uint32_t distance[TIERED_NODES_MAX], unsigned int shift)
{
	uint64_t sum = 0;
	unsigned int node;

	for (node = 0; node < TIERED_NODES_MAX; node++)
		sum += (heat[node] >> shift) *
		       (distance[node] && distance[node] < FAR ? distance[node] : FAR);
	return sum;
}

int home_next(struct home *home, const uint64_t heat[TIERED_NODES_MAX],
	      const uint32_t distance[][TIERED_NODES_MAX], uint32_t slots)
{
	unsigned int shift = shift_of(heat);
	uint64_t way, best_way = UINT64_MAX, home_way = 0, sum = 0;
	uint32_t slot, best = 0;

	for (slot = 0; slot < slots && slot < SCHED_SLOTS; slot++) {
		way = way_from(heat, distance[slot], shift);
		sum += way;
		if (way < best_way) {
			best_way = way;
			best = slot;
		}
		if (slot == home->slot)
			home_way = way;
	}
	if (!sum)
		return 0;
	if (!home_way)
		home_way = sum / slot;
	if (best == home->slot || best_way >= home_way - home_way / HOME_MARGIN) {
		home->windows = 0;
		return 0;
	}
	home->windows = best == home->better ? home->windows + 1 : 1;
	home->better = best;
	if (home->windows < HOME_WINDOWS)
		return 0;
	home->slot = best;
	home->windows = 0;
	return 1;
}
