// SPDX-License-Identifier: GPL-2.0-only
/* heat_sleep.c - targets that do not run: their private pages are idle, and nobody looks. */
#include "decide/heat_table.h"

/* See struct region.foreign. */
#define PIECE_PAGES (REGION_PAGES / REGION_PIECES)
#define ALL_PIECES ((1u << REGION_PIECES) - 1)

static unsigned int pieces_of(unsigned int index, unsigned int length)
{
	unsigned int first = index / PIECE_PAGES, last = (index + length - 1) / PIECE_PAGES;

	return (2u << last) - (1u << first);
}

void region_note_foreign(struct region *region, unsigned int index, unsigned int length)
{
	region->foreign |= pieces_of(index, length) & ALL_PIECES;
}

uint8_t heat_laps(const struct heat *heat, uint32_t target)
{
	const struct heat_target *found = table_target(heat, target);

	return found ? found->laps : 0;
}

void heat_sleep(struct heat *heat, uint32_t target, int asleep)
{
	struct heat_target *found = table_target(heat, target);

	if (!found)
		return;
	found->asleep = asleep != 0;
	if (!asleep)
		found->idle_pages = 0;
	heat->store.stats.asleep += found->idle_pages;
}

/* All pages are in one state: so is what becomes of them. */
static void idle_uniform(struct region *region, struct page_memo *memo, uint64_t interval_ns,
			 const struct region_store *store, region_bins bins)
{
	union page page = page_learn(memo, region->page, interval_ns, 0);

	if (page.word == region->page.word)
		return;
	region_recount(store, region, bins, -1);
	region->page = page;
	region->bin_min = region->bin_max = (uint8_t)heat_bin(page_rate(page));
	region_recount(store, region, bins, 1);
}

/* Pages of the private pieces; with @change, they learn. */
static unsigned int idle_pages(const struct region *region, union page *pages,
			       struct page_memo *memo, uint64_t interval_ns)
{
	unsigned int index, run, n = 0;

	for (index = 0; index < REGION_PAGES; index += run) {
		run = pages_run(pages, index);
		if (!page_is_head(pages[index]) || (region->foreign & pieces_of(index, run)))
			continue;
		n += run;
		pages[index] = page_learn(memo, pages[index], interval_ns, 0);
	}
	return n;
}

/* How many pages it has that are idle. */
static unsigned int idle_region(struct heat *heat, struct heat_target *target,
				struct region *region, uint64_t interval_ns)
{
	struct region_store *store = &heat->store;
	struct page_memo memo = { 0 };
	unsigned int n;

	if (!region->present || region->foreign == ALL_PIECES)
		return 0;
	if (!region->block && !region->foreign) {
		idle_uniform(region, &memo, interval_ns, store, target->bins);
		return region->present;
	}
	/* A mean cannot be taken apart: it stays. */
	if (region->coarse)
		return 0;
	region_unfold(store, region, target->bins);
	n = idle_pages(region, store->pages, &memo, interval_ns);
	region_fold(store, region, target->bins);
	return n;
}

uint64_t heat_idle(struct heat *heat, uint32_t target, uint64_t since, uint64_t interval_ns)
{
	struct heat_target *found = table_target(heat, target);
	uint64_t n = 0;
	size_t c;
	uint32_t r;

	if (!found)
		return 0;
	for (c = 0; c < found->n_chunks; c++) {
		for (r = 0; r < found->chunks[c].n; r++) {
			struct region *region = &found->chunks[c].regions[r];

			if (region->seen >= since)
				n += idle_region(heat, found, region, interval_ns);
		}
	}
	found->idle_pages = n;
	return n;
}

/* A run of pieces that begins at or behind *@at; 0 when there is none. */
static int next_foreign(const struct region *region, unsigned int *at, unsigned int *ret_end)
{
	unsigned int end;

	while (*at < REGION_PIECES && !(region->foreign >> *at & 1))
		(*at)++;
	for (end = *at; end < REGION_PIECES && (region->foreign >> end & 1); end++)
		;
	*ret_end = end;
	return *at < REGION_PIECES;
}

static int foreign_of(const struct region *region, heat_range_fn *each, void *arg)
{
	const uint64_t piece_bytes = PIECE_PAGES * TIERED_PAGE_SIZE;
	unsigned int at = 0, end;
	int ret = 0;

	for (; !ret && next_foreign(region, &at, &end); at = end)
		ret = each(arg, region->base + at * piece_bytes, region->base + end * piece_bytes);
	return ret;
}

int heat_foreign(const struct heat *heat, uint32_t target, heat_range_fn *each, void *arg)
{
	const struct heat_target *found = table_target(heat, target);
	size_t c;
	uint32_t r;
	int ret = 0;

	for (c = 0; found && !ret && c < found->n_chunks; c++)
		for (r = 0; !ret && r < found->chunks[c].n; r++)
			ret = foreign_of(&found->chunks[c].regions[r], each, arg);
	return ret;
}
