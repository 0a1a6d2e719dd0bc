// SPDX-License-Identifier: GPL-2.0-only
/* heat_query.c - beliefs out: items, histograms. */
#include <errno.h>

#include "decide/heat_table.h"

static int region_wanted(const struct region *region, const struct heat_query *query)
{
	if (region->present == 0 || heat_bin_rate(region->bin_min) > query->rate_max ||
	    heat_bin_rate(region->bin_max + 1u) <= query->rate_min)
		return 0;
	return region->node == TIERED_NODE_NONE || (query->nodes >> region->node & 1);
}

static int page_wanted(union page page, const struct heat_query *query)
{
	int rate = page_rate(page);

	return rate >= query->rate_min && rate <= query->rate_max &&
	       (query->nodes >> page.node & 1);
}

static struct heat_item item_of(union page page, uint32_t target, uint64_t address, uint32_t count,
				unsigned int order)
{
	return (struct heat_item){ .address = address,
				   .target = target,
				   .count = count,
				   .rate = (int16_t)page_rate(page),
				   .order = (uint8_t)order,
				   .node = page.node,
				   .flags = page_flags(page),
				   .n = page.n };
}

struct walk {
	const struct region_store *store;
	const struct heat_query *query;
	heat_each_fn *each;
	void *arg;
};

static void rest_item(struct heat_item *item, union past past, uint64_t window)
{
	item->cooldown = past_cooldown(past, window);
	item->refused = past.level >= PAST_REFUSED;
}

/* A uniform region, or a coarse one, none of whose pages has a history of its own. */
static int each_uniform(const struct walk *walk, uint32_t target, const struct region *region)
{
	struct heat_item item = item_of(region->page, target, region->base,
					region->present >> region->order, region->order);

	if (!page_wanted(region->page, walk->query))
		return 0;
	rest_item(&item, region->past, walk->store->window);
	return walk->each(walk->arg, &item);
}

static int each_page(const struct walk *walk, uint32_t target, const struct region *region)
{
	union page pages[REGION_PAGES];
	unsigned int run;
	unsigned int i;

	if (region->block)
		region_pages(walk->store, region, pages);
	for (i = 0; i < REGION_PAGES; i += run) {
		union page page = region->block ? pages[i] : region->page;
		struct heat_item item;
		int r;

		run = region->block ? pages_run(pages, i) : 1u << region->order;
		if (!page_is_head(page) || !page_wanted(page, walk->query))
			continue;
		item = item_of(page, target, region->base + ((uint64_t)i << TIERED_PAGE_SHIFT), 1,
			       (unsigned int)__builtin_ctz(run));
		rest_item(&item, region_past(walk->store, region, i), walk->store->window);
		r = walk->each(walk->arg, &item);
		if (r)
			return r;
	}
	return 0;
}

int heat_each(const struct heat *heat, uint32_t target, const struct heat_query *query,
	      heat_each_fn *each, void *arg)
{
	const struct heat_target *found = table_target(heat, target);
	struct walk walk = { .store = &heat->store, .query = query, .each = each, .arg = arg };
	size_t c;
	uint32_t r;

	if (!found)
		return 0;
	for (c = 0; c < found->n_chunks; c++) {
		for (r = 0; r < found->chunks[c].n; r++) {
			const struct region *region = &found->chunks[c].regions[r];
			int result;

			if (!region_wanted(region, query))
				continue;
			if (region->coarse || (!region->block && !region->past_block))
				result = each_uniform(&walk, target, region);
			else
				result = each_page(&walk, target, region);
			if (result)
				return result;
		}
	}
	return 0;
}

int heat_target(const struct heat *heat, uint32_t target, struct heat_target_view *ret)
{
	const struct heat_target *found = table_target(heat, target);
	unsigned int node;

	if (!found)
		return -ENOENT;
	for (node = 0; node < TIERED_NODES_MAX; node++)
		ret->bins[node] = found->bins[node];
	ret->moved = found->moved;
	ret->pingpong = found->pingpong;
	return 0;
}

void heat_add_bins(const struct heat *heat, uint32_t target, uint64_t *bins)
{
	const struct heat_target *found = table_target(heat, target);
	unsigned int node, bin;

	for (node = 0; found && node < TIERED_NODES_MAX; node++)
		for (bin = 0; found->bins[node] && bin < HEAT_BINS; bin++)
			bins[bin] += found->bins[node][bin];
}

int heat_accessed(const struct heat_stats *stats, uint64_t *ret_pages)
{
	__extension__ typedef unsigned __int128 wide;
	/* What was looked at stands for the whole. */
	uint64_t known = stats->observed_for + stats->asleep;

	if (!stats->observed || !known)
		return -ENODATA;
	*ret_pages = (uint64_t)((wide)stats->accessed_for *
				(stats->tracked > known ? stats->tracked : known) / known);
	return 0;
}

/* The folio that entry @index of the region belongs to; 0 or -ENOENT. */
static int find_folio(const struct region_store *store, const struct region *region,
		      unsigned int index, union page *ret_page, unsigned int *ret_head,
		      unsigned int *ret_order)
{
	union page pages[REGION_PAGES];

	if (!region->block) {
		/* As items of such regions are told: from the first byte on, without a gap. */
		if (index >= region->present)
			return -ENOENT;
		*ret_page = region->page;
		*ret_order = region->order;
		*ret_head = index >> region->order << region->order;
		return 0;
	}
	region_pages(store, region, pages);
	*ret_head = pages_head(pages, index);
	*ret_page = pages[*ret_head];
	*ret_order = (unsigned int)__builtin_ctz(pages_run(pages, *ret_head));
	return page_is_head(*ret_page) ? 0 : -ENOENT;
}

int heat_find(const struct heat *heat, uint32_t target, uint64_t address, struct heat_item *ret,
	      uint64_t *ret_seen)
{
	const struct heat_target *found = table_target(heat, target);
	const struct region *region = found ? table_region(found, address) : NULL;
	unsigned int index = (address >> TIERED_PAGE_SHIFT) & (REGION_PAGES - 1);
	unsigned int head, order;
	union page page;

	if (!region || find_folio(&heat->store, region, index, &page, &head, &order))
		return -ENOENT;
	*ret = item_of(page, target, region->base + ((uint64_t)head << TIERED_PAGE_SHIFT), 1,
		       order);
	rest_item(ret, region->coarse ? region->past : region_past(&heat->store, region, head),
		  heat->store.window);
	*ret_seen = region->seen;
	return 0;
}
