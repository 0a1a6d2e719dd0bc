// SPDX-License-Identifier: GPL-2.0-only
/* heat_past.c - which pages were moved, or refused to be, of late. */
#include "decide/heat_region.h"

#include <errno.h>
#include <string.h>

/*
 * A page that was moved rests shortly, one that was moved back for as long as a
 * ping-pong is counted, one that did so again three times that. Refusals back
 * off likewise. All plus one sweep (16 windows) fit into the 128 of the stamp.
 */
const uint8_t past_cooldowns[PAST_LEVELS] = { 0, 4, 32, 96, 0, 4, 16, 96 };

union past region_past(const struct region_store *store, const struct region *region,
		       unsigned int index)
{
	const union past *pasts;

	if (!region->past_block)
		return region->past;
	pasts = pool_block(&store->pasts, region->past_block);
	return pasts[index];
}

int region_set_past(struct region_store *store, struct region *region, unsigned int index,
		    union past past)
{
	union past *pasts;

	/* One folio that fills the region needs no block. */
	if (!region->block && region->order == REGION_ORDER && !region->past_block) {
		region->past = past;
		return 0;
	}
	if (!region->past_block) {
		if (!store_may_grow(store, pool_growth(&store->pasts)))
			return -ENOMEM;
		region->past_block = pool_take(&store->pasts);
		if (!region->past_block)
			return -ENOMEM;
		memset(pool_block(&store->pasts, region->past_block), region->past.byte,
		       REGION_PAGES);
	}
	pasts = pool_block(&store->pasts, region->past_block);
	pasts[index] = past;
	return 0;
}

static union past expired(union past past, uint64_t window)
{
	unsigned int keep = past_cooldowns[past.level];

	if (keep < HEAT_PINGPONG_WINDOWS)
		keep = HEAT_PINGPONG_WINDOWS;
	/* The stamp is a multiple of 4: up to 3 windows older than the truth. */
	if (past_age(past, window) > keep + 3)
		past.byte = 0;
	return past;
}

void region_expire_past(struct region_store *store, struct region *region)
{
	union past *pasts;
	unsigned int left = 0;
	unsigned int i;

	if (!region->past_block) {
		region->past = expired(region->past, store->window);
		return;
	}
	pasts = pool_block(&store->pasts, region->past_block);
	for (i = 0; i < REGION_PAGES; i++) {
		pasts[i] = expired(pasts[i], store->window);
		left |= pasts[i].byte;
	}
	if (left)
		return;
	pool_give(&store->pasts, region->past_block);
	region->past_block = 0;
	region->past.byte = 0;
}
