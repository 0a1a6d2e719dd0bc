// SPDX-License-Identifier: GPL-2.0-only
/* heat_region.c - folding and unfolding of 2 MiB regions. */
#include "decide/heat_region.h"

#include <errno.h>
#include <string.h>

uint64_t store_bytes(const struct region_store *store)
{
	return store->bytes + pool_bytes(&store->states) + pool_bytes(&store->pasts);
}

int store_may_grow(const struct region_store *store, uint64_t growth)
{
	return growth == 0 || store_bytes(store) + growth <= store->memory_max;
}

unsigned int pages_run(const union page *pages, unsigned int index)
{
	unsigned int end = index + 1;

	while (end < REGION_PAGES && page_is_tail(pages[end]))
		end++;
	return end - index;
}

unsigned int pages_head(const union page *pages, unsigned int index)
{
	while (index > 0 && page_is_tail(pages[index]))
		index--;
	return index;
}

/* Makes base pages of the folio that entry @index is a tail of. */
static void break_folio(union page *pages, unsigned int index)
{
	unsigned int head = pages_head(pages, index);
	unsigned int i;

	if (!page_is_tail(pages[index]) || head == index)
		return;
	for (i = head + pages_run(pages, head); i-- > head;)
		pages[i] = pages[head];
}

void pages_place(union page *pages, unsigned int index, unsigned int length, union page page)
{
	unsigned int end = index + length;
	unsigned int i;

	break_folio(pages, index);
	if (end < REGION_PAGES)
		break_folio(pages, end);
	pages[index] = page;
	for (i = index + 1; i < end; i++)
		pages[i].word = PAGE_TAIL;
}

/* Counts (or, with @sign -1, takes back) @pages base pages of one state. */
static void count(region_bins bins, union page page, unsigned int pages, int sign)
{
	uint64_t *counts = bins[page.node];
	uint64_t change = sign > 0 ? pages : -(uint64_t)pages;

	if (!page_is_head(page) || !page_movable(page))
		return;
	counts[heat_bin(page_rate(page))] += change;
	counts[HEAT_EXPERIENCE] += change * page.n;
}

static void count_all(region_bins bins, const union page *pages, int sign)
{
	unsigned int index;
	unsigned int run;

	for (index = 0; index < REGION_PAGES; index += run) {
		run = pages_run(pages, index);
		count(bins, pages[index], run, sign);
	}
}

void region_pages(const struct region_store *store, const struct region *region, union page *ret)
{
	pages_unpack(pool_block(&store->states, region->block), ret);
}

void region_recount(const struct region_store *store, const struct region *region, region_bins bins,
		    int sign)
{
	union page pages[REGION_PAGES];

	if (region->block) {
		region_pages(store, region, pages);
		count_all(bins, pages, sign);
	} else if (region->present) {
		count(bins, region->page, region->present, sign);
	}
}

static void fill(union page *pages, union page page, unsigned int order)
{
	unsigned int i;

	for (i = 0; i < REGION_PAGES; i++) {
		if (i & ((1u << order) - 1))
			pages[i].word = PAGE_TAIL;
		else
			pages[i] = page;
	}
}

void region_unfold(struct region_store *store, const struct region *region, region_bins bins)
{
	store->inherit.word = PAGE_ABSENT;
	if (region->block) {
		region_pages(store, region, store->pages);
		count_all(bins, store->pages, -1);
		return;
	}
	region_recount(store, region, bins, -1);
	if (region->present && !region->coarse) {
		fill(store->pages, region->page, region->order);
	} else {
		memset(store->pages, 0, sizeof(store->pages));
		if (region->present)
			store->inherit = region->page;
	}
}

/* Order of the folios when all of them are alike and fill the region, or -1. */
static int uniform_order(const union page *pages)
{
	unsigned int run;

	if (!page_is_head(pages[0]))
		return -1;
	run = pages_run(pages, 0);
	if (run & (run - 1))
		return -1;
	if (memcmp(pages, pages + run, (REGION_PAGES - run) * sizeof(*pages)) != 0)
		return -1;
	return __builtin_ctz(run);
}

static void summarize(const union page *pages, struct region *region)
{
	unsigned int present = 0;
	unsigned int bin_min = HEAT_BINS - 1;
	unsigned int bin_max = 0;
	unsigned int node = TIERED_NODE_NONE;
	int mixed = 0;
	unsigned int i;

	for (i = 0; i < REGION_PAGES; i++) {
		unsigned int bin;

		present += pages[i].code != PAGE_ABSENT;
		if (!page_is_head(pages[i]))
			continue;
		bin = heat_bin(page_rate(pages[i]));
		bin_min = bin < bin_min ? bin : bin_min;
		bin_max = bin > bin_max ? bin : bin_max;
		mixed |= node != TIERED_NODE_NONE && node != pages[i].node;
		node = pages[i].node;
	}
	region->present = present & 1023;
	region->bin_min = (uint8_t)bin_min;
	region->bin_max = (uint8_t)bin_max;
	region->node = (uint8_t)(mixed ? TIERED_NODE_NONE : node);
}

static uint32_t take_bounded(struct region_store *store, struct pool *pool)
{
	if (!store_may_grow(store, pool_growth(pool)))
		return 0;
	return pool_take(pool);
}

/* What is in hand goes into a block; 0 where there is none to be had. */
static int keep_pages(struct region_store *store, struct region *region)
{
	if (!region->block)
		region->block = take_bounded(store, &store->states);
	return region->block &&
	       pages_pack(store->pages, pool_block(&store->states, region->block)) == 0;
}

static void leave_block(struct region_store *store, struct region *region)
{
	if (!region->block)
		return;
	pool_give(&store->states, region->block);
	region->block = 0;
}

/*
 * The mean of the pages stands for all; the node is that of most. Of @was pages
 * that were coarse before, those not in hand keep their say.
 */
static void fold_coarse(struct region_store *store, struct region *region, unsigned int was)
{
	uint16_t on_node[TIERED_NODES_MAX] = { 0 };
	union page page = store->pages[pages_head(store->pages, 0)];
	int64_t rates = 0;
	unsigned int heads = 0;
	unsigned int n = FILTER_N_MAX;
	unsigned int node = 0;
	struct filter filter;
	unsigned int i;

	for (i = 0; i < REGION_PAGES; i++) {
		if (!page_is_head(store->pages[i]))
			continue;
		page = store->pages[i];
		rates += page_rate(page);
		n = page.n < n ? page.n : n;
		heads++;
		if (++on_node[page.node] > on_node[node])
			node = page.node;
	}
	if (heads == 0)
		return;
	if (page_is_head(store->inherit) && was > region->present) {
		rates += (int64_t)page_rate(store->inherit) * (was - region->present);
		heads += was - region->present;
		region->present = was & 1023;
	}
	filter = (struct filter){ .rate = (int16_t)(rates / (int64_t)heads), .n = (uint8_t)n };
	page_set_filter(&page, filter);
	page.node = node & 63;
	region->page = page;
	region->order = 0;
	region->coarse = 1;
	region->node = (uint8_t)node;
	region->bin_min = region->bin_max = (uint8_t)heat_bin(filter.rate);
}

void region_fold(struct region_store *store, struct region *region, region_bins bins)
{
	int order = uniform_order(store->pages);
	unsigned int was = region->coarse ? region->present : 0;

	summarize(store->pages, region);
	region->coarse = 0;
	if (order >= 0) {
		region->page = store->pages[0];
		region->order = (uint16_t)order & 31;
		leave_block(store, region);
	} else if (region->present == 0) {
		leave_block(store, region);
	} else if (keep_pages(store, region)) {
		count_all(bins, store->pages, 1);
		return;
	} else {
		leave_block(store, region);
		store->stats.refused++;
		fold_coarse(store, region, was);
	}
	region_recount(store, region, bins, 1);
}

void region_drop(struct region_store *store, struct region *region, region_bins bins)
{
	region_recount(store, region, bins, -1);
	leave_block(store, region);
	if (region->past_block)
		pool_give(&store->pasts, region->past_block);
	region->past_block = 0;
	region->present = 0;
}

/* Pages within one octave, on one node, none missing, no large folios. */
static int similar(const struct region_store *store, const struct region *region)
{
	union page pages[REGION_PAGES];
	unsigned int i;

	if (!region->block || region->present != REGION_PAGES || region->node == TIERED_NODE_NONE ||
	    region->bin_max - region->bin_min > 8)
		return 0;
	region_pages(store, region, pages);
	for (i = 0; i < REGION_PAGES; i++)
		if (!page_is_head(pages[i]) || page_flags(pages[i]) != page_flags(pages[0]))
			return 0;
	return 1;
}

int region_coarsen(struct region_store *store, struct region *region, region_bins bins)
{
	if (!similar(store, region))
		return 0;
	region_unfold(store, region, bins);
	leave_block(store, region);
	fold_coarse(store, region, 0);
	region_recount(store, region, bins, 1);
	return 1;
}
