// SPDX-License-Identifier: GPL-2.0-only
/* heat.c - observations in, beliefs kept. */
#include "decide/heat.h"

#include <errno.h>
#include <stdlib.h>

#include "decide/heat_table.h"
#include "decide/plan.h"

/* Folios that were joined or split keep their rate, but little confidence. */
#define N_RESHAPED 3u

int heat_new(const struct heat_config *config, struct heat **ret)
{
	struct heat *heat = calloc(1, sizeof(*heat));

	if (!heat)
		return -ENOMEM;
	heat->store.memory_max = config->memory_max;
	heat->store.states.block_bytes = REGION_PAGES * sizeof(union page);
	heat->store.pasts.block_bytes = REGION_PAGES * sizeof(union past);
	heat->store.bytes = sizeof(*heat);
	*ret = heat;
	return 0;
}

void heat_free(struct heat *heat)
{
	if (!heat)
		return;
	while (heat->n_targets > 0)
		table_target_drop(heat, heat->targets[heat->n_targets - 1]->id);
	pool_done(&heat->store.states);
	pool_done(&heat->store.pasts);
	free(heat->targets);
	free(heat);
}

void heat_window(struct heat *heat, uint64_t window)
{
	struct heat_stats *stats = &heat->store.stats;
	size_t t;

	stats->observed = stats->accessed = stats->unknown = stats->asleep = 0;
	heat->store.window = window;
	for (t = 0; t < heat->n_targets; t++) {
		struct heat_target *target = heat->targets[t];

		table_sweep(heat, target);
		if (window % HEAT_PINGPONG_WINDOWS == 0) {
			target->moved /= 2;
			target->pingpong /= 2;
		}
	}
}

void heat_forget(struct heat *heat, uint32_t target)
{
	table_target_drop(heat, target);
	/* Blocks are not given back one by one, but nobody needs any now. */
	if (heat->store.states.used == 0)
		pool_done(&heat->store.states);
	if (heat->store.pasts.used == 0)
		pool_done(&heat->store.pasts);
}

/* What the pages under a folio that changed its shape leave to it: the hottest, doubted. */
static union page reshaped(const union page *pages, unsigned int index, unsigned int length)
{
	union page hottest = pages[pages_head(pages, index)];
	unsigned int i;

	for (i = index + 1; i < index + length; i++)
		if (page_is_head(pages[i]) && pages[i].code > hottest.code)
			hottest = pages[i];
	if (page_is_tail(hottest))
		hottest.word = PAGE_ABSENT;
	if (hottest.n > N_RESHAPED)
		hottest.n = N_RESHAPED;
	return hottest;
}

/* Folios that reach beyond their region (mapped at an odd address) count with what fits. */
static unsigned int folio_length(const struct observation *seen, unsigned int index)
{
	unsigned int length = seen->order >= REGION_ORDER ? REGION_PAGES : 1u << seen->order;

	while (length > REGION_PAGES - index)
		length /= 2;
	return length;
}

static void observe_folio(struct region_store *store, struct page_memo *memo,
			  const struct observation *seen)
{
	unsigned int index = (seen->address >> TIERED_PAGE_SHIFT) & (REGION_PAGES - 1);
	unsigned int length = folio_length(seen, index);
	union page page = store->pages[index];
	int same = page_is_head(page) && pages_run(store->pages, index) == length;

	store->stats.observed += length;
	if (seen->seen == SEEN_ACCESSED)
		store->stats.accessed += length;
	if (!same)
		page = reshaped(store->pages, index, length);
	if (!page_is_head(page))
		page = store->inherit;
	if (seen->seen != SEEN_IDLE && seen->seen != SEEN_ACCESSED) {
		store->stats.unknown += length;
		if (!page_is_head(page))
			return;
	} else {
		page = page_learn(memo, page, seen->interval_ns, seen->seen == SEEN_ACCESSED);
	}
	page.node = seen->node & 63;
	page.shared = (seen->flags & OBSERVED_SHARED) != 0;
	page.fixed = (seen->flags & OBSERVED_FIXED) != 0;
	if (same)
		store->pages[index] = page;
	else
		pages_place(store->pages, index, length, page);
}

/* Pages of files are read and written by calls, too, whoever maps them. */
static void note_foreign(struct region *region, const struct observation *seen)
{
	unsigned int index = (seen->address >> TIERED_PAGE_SHIFT) & (REGION_PAGES - 1);

	if (seen->flags & (OBSERVED_SHARED | OBSERVED_WILLING | OBSERVED_FILE))
		region_note_foreign(region, index, folio_length(seen, index));
}

/* Observations of one region: returns how many were taken, all of them on success. */
static int observe_region(struct heat *heat, struct heat_target *target, struct page_memo *memo,
			  const struct observation *seen, size_t n)
{
	struct region *region = table_region_new(heat, target, seen->address);
	int result = 0;
	size_t i;

	if (!region) {
		heat->store.stats.refused++;
		return -ENOMEM;
	}
	if (region->seen != (uint32_t)heat->store.window)
		region->foreign = 0;
	region_unfold(&heat->store, region, target->bins);
	for (i = 0; i < n; i++) {
		note_foreign(region, &seen[i]);
		if (seen[i].node >= TIERED_NODES_MAX)
			continue;
		if (table_bins(heat, target, seen[i].node)) {
			result = -ENOMEM;
			continue;
		}
		observe_folio(&heat->store, memo, &seen[i]);
	}
	region->seen = (uint32_t)heat->store.window;
	region->lap = target->laps;
	region_fold(&heat->store, region, target->bins);
	return result;
}

int heat_observe(struct heat *heat, const struct observation *observations, size_t n)
{
	struct page_memo memo = { 0 };
	struct heat_target *target;
	int result = 0;
	size_t first = 0;

	if (n == 0)
		return 0;
	target = table_target_new(heat, observations[0].target);
	if (!target)
		return -ENOMEM;
	/* What is looked at out of turn says nothing about the turn. */
	if (!(observations[0].flags & OBSERVED_AHEAD)) {
		if (observations[0].address <= target->last && !target->asleep)
			target->laps++;
		target->last = observations[n - 1].address;
	}
	while (first < n) {
		uint64_t base = observations[first].address >> REGION_SHIFT;
		size_t end = first + 1;
		int r;

		while (end < n && observations[end].address >> REGION_SHIFT == base)
			end++;
		r = observe_region(heat, target, &memo, observations + first, end - first);
		if (r < 0)
			result = r;
		first = end;
	}
	return result;
}

static void count_age(struct heat_stats *stats, const struct heat_target *target,
		      const struct region *region)
{
	if (!region->present || (target->asleep && !region->foreign))
		return;
	if (!stats->oldest || region->seen < stats->oldest)
		stats->oldest = region->seen;
}

void heat_stats(const struct heat *heat, struct heat_stats *ret)
{
	size_t t;
	size_t c;
	size_t r;

	*ret = heat->store.stats;
	ret->oldest = 0;
	ret->bytes = store_bytes(&heat->store);
	for (t = 0; t < heat->n_targets; t++) {
		const struct heat_target *target = heat->targets[t];

		for (c = 0; c < target->n_chunks; c++) {
			const struct chunk *chunk = &target->chunks[c];

			for (r = 0; r < chunk->n; r++) {
				ret->regions++;
				ret->expanded += chunk->regions[r].block != 0;
				ret->coarse += chunk->regions[r].coarse;
				ret->tracked += chunk->regions[r].present;
				count_age(ret, target, &chunk->regions[r]);
			}
		}
	}
}
