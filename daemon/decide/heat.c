// SPDX-License-Identifier: GPL-2.0-only
/* heat.c - the whole of it: made, kept in time, counted, forgotten. */
#include "decide/heat.h"

#include <errno.h>
#include <stdlib.h>

#include "decide/heat_table.h"
#include "decide/plan.h"

int heat_new(const struct heat_config *config, struct heat **ret)
{
	struct heat *heat = calloc(1, sizeof(*heat));

	if (!heat)
		return -ENOMEM;
	heat->store.memory_max = config->memory_max;
	heat->store.states.block_bytes = sizeof(struct pack);
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
	stats->observed_for = stats->accessed_for = 0;
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
