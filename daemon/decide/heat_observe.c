// SPDX-License-Identifier: GPL-2.0-only
/* heat_observe.c - observations in. */
#include <errno.h>

#include "decide/heat_table.h"

/* Folios that were joined or split keep their rate, but little confidence. */
#define N_RESHAPED 3u

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

/* Pages of files are read and written by calls, too, whoever maps them. */
static void note_foreign(struct region *region, const struct observation *seen, unsigned int index,
			 unsigned int length)
{
	if (seen->flags & (OBSERVED_SHARED | OBSERVED_WILLING | OBSERVED_FILE))
		region_note_foreign(region, index, length);
}

static int is_known(const struct observation *seen)
{
	return seen->seen == SEEN_IDLE || seen->seen == SEEN_ACCESSED;
}

/* @before: their state until now. */
static void count_pages(struct region_store *store, const struct region *region,
			const struct observation *seen, union page before, unsigned int pages)
{
	struct heat_stats *stats = &store->stats;
	uint64_t stands_for = pages * region_stands_for(store, region, before);

	stats->observed += pages;
	stats->observed_for += stands_for;
	if (seen->seen == SEEN_ACCESSED) {
		stats->accessed += pages;
		stats->accessed_for += stands_for;
	}
	if (!is_known(seen))
		stats->unknown += pages;
}

/* The state of a folio that was in state @page until now; absent when nothing is known of it. */
static union page page_after(struct page_memo *memo, union page page,
			     const struct observation *seen)
{
	if (is_known(seen))
		page = page_learn(memo, page, seen->interval_ns, seen->seen == SEEN_ACCESSED);
	if (!page_is_head(page))
		return page;
	page.node = seen->node & 63;
	page.shared = (seen->flags & OBSERVED_SHARED) != 0;
	page.fixed = (seen->flags & OBSERVED_FIXED) != 0;
	return page;
}

static void observe_folio(struct region_store *store, struct region *region, struct page_memo *memo,
			  const struct observation *seen)
{
	unsigned int index = (seen->address >> TIERED_PAGE_SHIFT) & (REGION_PAGES - 1);
	unsigned int length = folio_length(seen, index);
	union page page = store->pages[index];
	int same = page_is_head(page) && pages_run(store->pages, index) == length;

	note_foreign(region, seen, index, length);
	if (!same)
		page = reshaped(store->pages, index, length);
	if (!page_is_head(page))
		page = store->inherit;
	count_pages(store, region, seen, page, length);
	page = page_after(memo, page, seen);
	if (same)
		store->pages[index] = page;
	else if (page_is_head(page))
		pages_place(store->pages, index, length, page);
}

/*
 * The whole region is folios of one kind before and after: one state says it all, and is
 * changed in place. That is what cold memory costs. 0: it has to be looked at page by page.
 */
static int observe_uniform(struct heat *heat, struct heat_target *target, struct region *region,
			   struct page_memo *memo, const struct observation *seen)
{
	struct region_store *store = &heat->store;
	union page page = { .word = PAGE_ABSENT };

	if (region->block || region->coarse || seen->order > REGION_ORDER ||
	    seen->address & ((UINT64_C(1) << REGION_SHIFT) - 1) ||
	    ((uint64_t)seen->more + 1) << seen->order < REGION_PAGES ||
	    (region->present && (region->present != REGION_PAGES || region->order != seen->order)))
		return 0;
	if (region->present)
		page = region->page;
	note_foreign(region, seen, 0, REGION_PAGES);
	count_pages(store, region, seen, page, REGION_PAGES);
	page = page_after(memo, page, seen);
	if (!page_is_head(page))
		return 1;
	region_recount(store, region, target->bins, -1);
	region->page = page;
	region->order = seen->order & 31;
	region->present = REGION_PAGES;
	region->node = page.node;
	region->bin_min = region->bin_max = (uint8_t)heat_bin(page_rate(page));
	region_recount(store, region, target->bins, 1);
	return 1;
}

/* Takes @folios from the front of a run; 1 when none are left of it. No folio is of order 32. */
static int run_take(struct observation *seen, uint64_t folios)
{
	if (folios > seen->more || seen->order >= 32)
		return 1;
	seen->more -= (uint32_t)folios;
	seen->address += folios << (TIERED_PAGE_SHIFT + seen->order);
	return 0;
}

/**
 * struct feed - observations of one target on their way
 * @next: the first that was not taken yet; of a run, what is left of it
 * @rest: those after it, @n of them
 * @refused: some were left out for want of memory
 */
struct feed {
	struct heat *heat;
	struct heat_target *target;
	struct observation next;
	const struct observation *rest;
	size_t n;
	int done;
	int refused;
};

/* The next one whose node can be counted on. */
static void feed_next(struct feed *feed)
{
	while (feed->n) {
		feed->next = *feed->rest++;
		feed->n--;
		if (feed->next.node >= TIERED_NODES_MAX)
			continue;
		if (!table_bins(feed->heat, feed->target, feed->next.node))
			return;
		feed->refused = 1;
	}
	feed->done = 1;
}

static void feed_take(struct feed *feed, uint64_t folios)
{
	if (run_take(&feed->next, folios))
		feed_next(feed);
}

static int observe_region(struct feed *feed, struct page_memo *memo)
{
	struct heat *heat = feed->heat;
	struct heat_target *target = feed->target;
	const uint64_t base = feed->next.address >> REGION_SHIFT;
	struct region *region = table_region_new(heat, target, feed->next.address);

	if (!region)
		return -ENOMEM;
	/* Where pages take turns, those that had none may still be others', too. */
	if (region->seen != (uint32_t)heat->store.window && !heat->store.due.level)
		region->foreign = 0;
	region->seen = (uint32_t)heat->store.window;
	region->lap = target->laps & REGION_LAPS;
	if (observe_uniform(heat, target, region, memo, &feed->next)) {
		feed_take(feed, REGION_PAGES >> feed->next.order);
		return 0;
	}
	region_unfold(&heat->store, region, target->bins);
	while (!feed->done && feed->next.address >> REGION_SHIFT == base) {
		observe_folio(&heat->store, region, memo, &feed->next);
		feed_take(feed, 1);
	}
	region_fold(&heat->store, region, target->bins);
	return 0;
}

/* Passes what there is no region for. */
static void skip_region(struct feed *feed)
{
	const uint64_t base = feed->next.address >> REGION_SHIFT;

	feed->heat->store.stats.refused++;
	feed->refused = 1;
	while (!feed->done && feed->next.address >> REGION_SHIFT == base)
		feed_take(feed, 1);
}

int heat_observe(struct heat *heat, const struct observation *observations, size_t n)
{
	struct feed feed = { .heat = heat, .rest = observations, .n = n };
	struct page_memo memo = { 0 };

	if (n == 0)
		return 0;
	feed.target = table_target_new(heat, observations[0].target);
	if (!feed.target)
		return -ENOMEM;
	/* What is looked at out of turn says nothing about the turn. */
	if (!(observations[0].flags & OBSERVED_AHEAD)) {
		if (observations[0].address <= feed.target->last && !feed.target->asleep)
			feed.target->laps++;
		feed.target->last = observations[n - 1].address;
	}
	feed_next(&feed);
	while (!feed.done)
		if (observe_region(&feed, &memo))
			skip_region(&feed);
	return feed.refused ? -ENOMEM : 0;
}
