// SPDX-License-Identifier: GPL-2.0-only
/* heat_share.c - from logarithms of rates to accesses: means, and shares of nodes. */
#include <errno.h>

#include "decide/filter.h"
#include "decide/heat_table.h"
#include "decide/plan.h"

/* Accesses of 1/8 octave steps within one octave, in 1/1024: 2^(i/8). */
static const uint16_t eighths[9] = { 1024, 1117, 1218, 1328, 1448, 1579, 1722, 1878, 2048 };

/* Rates this far below the hottest page weigh nothing, and sums stay within 64 bits. */
#define SHARE_BINS 160

uint64_t heat_weight(int rate)
{
	unsigned int above = (unsigned int)(rate - FILTER_RATE_MIN);
	unsigned int eighth = above >> HEAT_BIN_SHIFT;
	unsigned int part = above & ((1u << HEAT_BIN_SHIFT) - 1);
	unsigned int from = eighths[eighth % 8], to = eighths[eighth % 8 + 1];

	/* Between two entries a straight line is off by a thousandth. */
	return (uint64_t)(from + ((to - from) * part >> HEAT_BIN_SHIFT)) << eighth / 8;
}

int16_t heat_weight_rate(uint64_t weight)
{
	/* Logarithms of seconds serve for weights as well. */
	int above = filter_log_interval(weight) - filter_log_interval(eighths[0]);

	if (above < 0)
		return FILTER_RATE_MIN;
	if (above > FILTER_RATE_MAX - FILTER_RATE_MIN)
		return FILTER_RATE_MAX;
	return (int16_t)(FILTER_RATE_MIN + above);
}

/* Accesses of all, and of those on some nodes, in a unit that depends on the base only. */
struct share {
	unsigned int base;
	uint64_t all;
	uint64_t there;
};

static unsigned int hottest_bin(const struct heat_target *target, unsigned int hottest)
{
	unsigned int node;
	unsigned int bin;

	for (node = 0; node < TIERED_NODES_MAX; node++) {
		const uint64_t *bins = target->bins[node];

		for (bin = HEAT_BINS; bins && bin-- > hottest + 1;)
			if (bins[bin])
				hottest = bin;
	}
	return hottest;
}

static unsigned int base_of(unsigned int hottest)
{
	return hottest > SHARE_BINS ? hottest - SHARE_BINS : 0;
}

/* Accesses of all pages in @bins. */
static uint64_t accesses(const uint64_t *bins, unsigned int base)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i <= SHARE_BINS && base + i < HEAT_BINS; i++)
		sum += (bins[base + i] * eighths[i % 8] >> 10) << i / 8;
	return sum;
}

static void add_target(struct share *share, const struct heat_target *target, uint64_t nodes)
{
	unsigned int node;

	for (node = 0; node < TIERED_NODES_MAX; node++) {
		const uint64_t *bins = target->bins[node];
		uint64_t sum = bins ? accesses(bins, share->base) : 0;

		share->all += sum;
		share->there += nodes >> node & 1 ? sum : 0;
	}
}

static uint32_t ppm_of(struct share share)
{
	while (share.all >= UINT64_MAX / 1000000) {
		share.all >>= 1;
		share.there >>= 1;
	}
	return share.all ? (uint32_t)(share.there * 1000000 / share.all) : 0;
}

static struct share share_of(const struct heat *heat, uint64_t nodes)
{
	struct share share = { 0 };
	unsigned int hottest = 0;
	size_t t;

	for (t = 0; t < heat->n_targets; t++)
		hottest = hottest_bin(heat->targets[t], hottest);
	share.base = base_of(hottest);
	for (t = 0; t < heat->n_targets; t++)
		add_target(&share, heat->targets[t], nodes);
	return share;
}

uint32_t heat_share_ppm(const struct heat *heat, uint64_t nodes)
{
	return ppm_of(share_of(heat, nodes));
}

uint32_t heat_target_share_ppm(const struct heat *heat, uint32_t target, uint64_t nodes)
{
	const struct heat_target *found = table_target(heat, target);
	struct share share = { 0 };

	if (!found)
		return 0;
	share.base = base_of(hottest_bin(found, 0));
	add_target(&share, found, nodes);
	return ppm_of(share);
}

int heat_target_nodes(const struct heat *heat, uint32_t target, uint64_t ret[TIERED_NODES_MAX])
{
	const struct heat_target *found = table_target(heat, target);
	unsigned int node, base;

	if (!found)
		return -ENOENT;
	base = base_of(hottest_bin(found, 0));
	for (node = 0; node < TIERED_NODES_MAX; node++)
		ret[node] = found->bins[node] ? accesses(found->bins[node], base) : 0;
	return 0;
}

static int is_in(uint64_t nodes, uint8_t node)
{
	return node < TIERED_NODES_MAX && (nodes >> node & 1);
}

uint32_t heat_moved_share_ppm(const struct heat *heat, uint64_t nodes, const struct move *moves,
			      size_t n)
{
	struct share share = share_of(heat, nodes);
	uint64_t come[HEAT_BINS] = { 0 };
	uint64_t leave[HEAT_BINS] = { 0 };
	uint64_t left;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t pages = UINT64_C(1) << moves[i].order;

		if (is_in(nodes, moves[i].to) && !is_in(nodes, moves[i].from))
			come[heat_bin(moves[i].rate)] += pages;
		if (is_in(nodes, moves[i].from) && !is_in(nodes, moves[i].to))
			leave[heat_bin(moves[i].rate)] += pages;
	}
	share.there += accesses(come, share.base);
	left = accesses(leave, share.base);
	share.there -= left < share.there ? left : share.there;
	/* Pieces of a bin are rounded down apart. */
	if (share.there > share.all)
		share.there = share.all;
	return ppm_of(share);
}
