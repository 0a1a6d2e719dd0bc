/* SPDX-License-Identifier: GPL-2.0-only */
/* heat_fixture.h - heat that is fed by hand, and held to its own histograms. */
#ifndef TEST_HEAT_FIXTURE_H
#define TEST_HEAT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decide/filter.h"
#include "decide/heat.h"
#include "decide/plan.h"

#define S UINT64_C(1000000000)
#define PAGE UINT64_C(4096)
#define REGION (512 * PAGE)
#define BASE UINT64_C(0x7f0000000000)
#define TARGET 5

static inline struct heat *make(uint64_t memory_max)
{
	struct heat_config config = { .memory_max = memory_max };
	struct heat *heat;

	assert_int_equal(heat_new(&config, &heat), 0);
	heat_window(heat, 1);
	return heat;
}

static inline struct observation see(uint64_t address, uint8_t seen)
{
	return (struct observation){
		.address = address, .interval_ns = S, .target = TARGET, .node = 1, .seen = seen
	};
}

static inline void observe(struct heat *heat, struct observation observation)
{
	assert_int_equal(heat_observe(heat, &observation, 1), 0);
}

/* All pages of a range; a page is accessed when (page * 7919) % 1000 < @permille. */
static inline int observe_range(struct heat *heat, uint64_t first, size_t pages,
				unsigned int permille)
{
	struct observation slice[512];
	int result = 0;
	size_t i, n = 0;

	for (i = 0; i < pages; i++) {
		slice[n++] = see(first + i * PAGE,
				 i * 7919 % 1000 < permille ? SEEN_ACCESSED : SEEN_IDLE);
		if (n == 512 || i + 1 == pages) {
			int r = heat_observe(heat, slice, n);

			result = r ? r : result;
			n = 0;
		}
	}
	return result;
}

static inline struct heat_stats stats_of(const struct heat *heat)
{
	struct heat_stats stats;

	heat_stats(heat, &stats);
	return stats;
}

struct tally {
	struct heat_item items[64];
	size_t n;
	uint64_t pages;
	uint64_t bins[TIERED_NODES_MAX][HEAT_BINS];
	uint64_t last_end;
};

static inline int tally_item(void *arg, const struct heat_item *item)
{
	struct tally *tally = arg;

	assert_true(item->address >= tally->last_end);
	tally->last_end = item->address + ((uint64_t)item->count << item->order) * PAGE;
	if (tally->n < 64)
		tally->items[tally->n] = *item;
	tally->n++;
	tally->pages += (uint64_t)item->count << item->order;
	if (!(item->flags & (OBSERVED_SHARED | OBSERVED_FIXED)))
		tally->bins[item->node][heat_bin(item->rate)] += (uint64_t)item->count
								 << item->order;
	return 0;
}

static const struct heat_query everything = { .nodes = UINT64_MAX,
					      .rate_min = FILTER_RATE_MIN,
					      .rate_max = FILTER_RATE_MAX };

/* Goes through all items of the target, and holds the histograms to them. */
static inline struct tally *tally_of(const struct heat *heat)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	struct heat_target_view view;
	unsigned int node;

	assert_non_null(tally);
	assert_int_equal(heat_each(heat, TARGET, &everything, tally_item, tally), 0);
	if (heat_target(heat, TARGET, &view))
		return tally;
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		uint64_t none[HEAT_BINS] = { 0 };

		assert_memory_equal(view.bins[node] ? view.bins[node] : none, tally->bins[node],
				    sizeof(none));
	}
	assert_int_equal(tally->pages, stats_of(heat).tracked);
	return tally;
}

/* The one item at @address. */
static inline struct heat_item item_at(const struct heat *heat, uint64_t address)
{
	struct tally *tally = tally_of(heat);
	struct heat_item item = { 0 };
	size_t i;

	for (i = 0; i < tally->n && i < 64; i++)
		if (tally->items[i].address == address)
			item = tally->items[i];
	free(tally);
	assert_int_equal(item.address, address);
	return item;
}

static inline struct move move_of(uint64_t address, uint8_t result)
{
	return (struct move){ .address = address,
			      .target = TARGET,
			      .from = 1,
			      .to = 0,
			      .result = result,
			      .landed = TIERED_NODE_NONE };
}

static inline void settle(struct heat *heat, struct move move)
{
	heat_settle(heat, &move, 1);
}

#endif
