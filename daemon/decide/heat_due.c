// SPDX-License-Identifier: GPL-2.0-only
/* heat_due.c - turns for pages whose place is not in doubt. */
#include "decide/heat_due.h"

#include <string.h>

#include "decide/heat_table.h"

/* Estimates of fewer windows than that are hardly more than a guess. */
#define KNOWN_N 4
/* Octaves to the border within which a page is due at each visit. */
#define NEAR 2
/* Hot pages are few, and one that cools down holds a place on the fast tier. */
#define HOT_LEVEL_MAX 2

/* The page is due in one of 2^this visits. */
static unsigned int turn_of(const struct region_store *store, union page page)
{
	int far, octaves;

	if (!store->due.level || !page_is_head(page))
		return 0;
	if (page.n < KNOWN_N || page_filter(page).sum > 0)
		return 0;
	far = page_rate(page) - store->due.border;
	octaves = (far < 0 ? -far : far) / FILTER_OCTAVE - (NEAR - 1);
	if (octaves <= 0)
		return 0;
	if (far > 0 && octaves > HOT_LEVEL_MAX)
		octaves = HOT_LEVEL_MAX;
	return octaves < store->due.level ? (unsigned int)octaves : store->due.level;
}

static int is_turn(unsigned int turn, uint64_t visit)
{
	return (visit & ((UINT64_C(1) << turn) - 1)) == 0;
}

/* Not all regions have their turn at once. */
static uint64_t visit_of(const struct region *region)
{
	return region->visits + (region->base >> REGION_SHIFT);
}

uint64_t region_stands_for(const struct region_store *store, const struct region *region,
			   union page page)
{
	unsigned int turn = turn_of(store, page);

	return is_turn(turn, visit_of(region)) ? UINT64_C(1) << turn : 0;
}

static void all_due(uint64_t pages[DUE_WORDS], int due)
{
	memset(pages, due ? 0xff : 0, DUE_WORDS * sizeof(*pages));
}

static unsigned int count(const uint64_t pages[DUE_WORDS])
{
	unsigned int n = 0, i;

	for (i = 0; i < DUE_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(pages[i]);
	return n;
}

/* Tails go with their head, absent pages with those before them. */
static void pages_due(const struct region_store *store, const union page *states, uint64_t visit,
		      uint64_t pages[DUE_WORDS])
{
	uint32_t word = PAGE_ABSENT;
	int is_due = 0;
	unsigned int i;

	all_due(pages, 0);
	for (i = 0; i < REGION_PAGES; i++) {
		/* Neighbours are often alike. */
		if (states[i].word != word && !page_is_tail(states[i])) {
			word = states[i].word;
			is_due = is_turn(turn_of(store, states[i]), visit);
		}
		pages[i / 64] |= (uint64_t)is_due << i % 64;
	}
}

void heat_take_turns(struct heat *heat, const struct due *due)
{
	heat->store.due = *due;
}

unsigned int heat_due(struct heat *heat, uint32_t target, uint64_t base,
		      uint64_t ret_pages[DUE_WORDS])
{
	const struct region_store *store = &heat->store;
	union page states[REGION_PAGES];
	struct heat_target *found = store->due.level ? table_target(heat, target) : NULL;
	struct region *region = found ? table_region(found, base) : NULL;
	unsigned int n;

	all_due(ret_pages, 1);
	if (!region || !region->present)
		return REGION_PAGES;
	region->visits++;
	if (region->block) {
		region_pages(store, region, states);
		pages_due(store, states, visit_of(region), ret_pages);
	} else {
		all_due(ret_pages, is_turn(turn_of(store, region->page), visit_of(region)));
	}
	n = count(ret_pages);
	/* Whoever is passed over has not faded; of the others it is to be seen. */
	if (!n)
		region->lap = found->laps & REGION_LAPS;
	return n;
}

uint8_t due_level(uint8_t level, uint64_t budget, uint64_t used, int whole)
{
	if (!whole)
		return level < DUE_LEVEL_MAX ? (uint8_t)(level + 1) : DUE_LEVEL_MAX;
	/* A level less costs about twice as much. */
	if (level && used < budget / 2)
		return (uint8_t)(level - 1);
	return level;
}
