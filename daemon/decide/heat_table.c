// SPDX-License-Identifier: GPL-2.0-only
/* heat_table.c - targets, their chunks and regions. */
#include "decide/heat_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Each chunk is looked through once in so many windows. */
#define SWEEP_WINDOWS 16

/* A region is kept for so many windows, and two readings of the target, after it was seen. */
#define FADE_WINDOWS 32
#define FADE_LAPS 2

/* Grows an array to hold one more; counts the bytes; 0 or -ENOMEM. */
static int array_grow(struct region_store *store, void **array, size_t n, size_t *room, size_t size)
{
	size_t grown = *room + *room / 4 + 4;
	void *memory;

	if (n < *room)
		return 0;
	if (!store_may_grow(store, (grown - *room) * size))
		return -ENOMEM;
	memory = realloc(*array, grown * size);
	if (!memory)
		return -ENOMEM;
	store->bytes += (grown - *room) * size;
	*array = memory;
	*room = grown;
	return 0;
}

/* Index of the first target whose id is not below @id. */
static size_t target_place(const struct heat *heat, uint32_t id)
{
	size_t low = 0;
	size_t high = heat->n_targets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (heat->targets[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct heat_target *table_target(const struct heat *heat, uint32_t id)
{
	size_t place = target_place(heat, id);

	if (place == heat->n_targets || heat->targets[place]->id != id)
		return NULL;
	return heat->targets[place];
}

struct heat_target *table_target_new(struct heat *heat, uint32_t id)
{
	struct heat_target *target = table_target(heat, id);
	void *array = heat->targets;
	size_t place;

	if (target)
		return target;
	if (!store_may_grow(&heat->store, sizeof(*target)) ||
	    array_grow(&heat->store, &array, heat->n_targets, &heat->room_targets,
		       sizeof(*heat->targets)))
		return NULL;
	heat->targets = array;
	target = calloc(1, sizeof(*target));
	if (!target)
		return NULL;
	target->id = id;
	heat->store.bytes += sizeof(*target);
	place = target_place(heat, id);
	memmove(heat->targets + place + 1, heat->targets + place,
		(heat->n_targets - place) * sizeof(*heat->targets));
	heat->targets[place] = target;
	heat->n_targets++;
	return target;
}

static void chunk_free(struct region_store *store, struct chunk *chunk)
{
	free(chunk->regions);
	store->bytes -= (uint64_t)chunk->room * sizeof(*chunk->regions);
}

void table_target_drop(struct heat *heat, uint32_t id)
{
	size_t place = target_place(heat, id);
	struct heat_target *target;
	size_t c;
	size_t r;

	if (place == heat->n_targets || heat->targets[place]->id != id)
		return;
	target = heat->targets[place];
	for (c = 0; c < target->n_chunks; c++) {
		for (r = 0; r < target->chunks[c].n; r++)
			region_drop(&heat->store, &target->chunks[c].regions[r], target->bins);
		chunk_free(&heat->store, &target->chunks[c]);
	}
	heat->store.bytes -= target->room_chunks * sizeof(*target->chunks) + sizeof(*target);
	for (c = 0; c < TIERED_NODES_MAX; c++) {
		if (target->bins[c])
			heat->store.bytes -= HEAT_SLOTS * sizeof(uint64_t);
		free(target->bins[c]);
	}
	free(target->chunks);
	free(target);
	heat->n_targets--;
	memmove(heat->targets + place, heat->targets + place + 1,
		(heat->n_targets - place) * sizeof(*heat->targets));
}

static size_t chunk_place(const struct heat_target *target, uint64_t base)
{
	size_t low = 0;
	size_t high = target->n_chunks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (target->chunks[middle].base < base)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t region_place(const struct chunk *chunk, uint64_t base)
{
	uint32_t low = 0;
	uint32_t high = chunk->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (chunk->regions[middle].base < base)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t align(uint64_t address, unsigned int shift)
{
	return address >> shift << shift;
}

struct region *table_region(const struct heat_target *target, uint64_t address)
{
	uint64_t base = align(address, REGION_SHIFT);
	size_t at = chunk_place(target, align(address, CHUNK_SHIFT));
	struct chunk *chunk = &target->chunks[at];
	uint32_t place;

	if (at == target->n_chunks || chunk->base != align(address, CHUNK_SHIFT))
		return NULL;
	place = region_place(chunk, base);
	if (place == chunk->n || chunk->regions[place].base != base)
		return NULL;
	return &chunk->regions[place];
}

static struct chunk *chunk_new(struct heat *heat, struct heat_target *target, uint64_t base)
{
	size_t place = chunk_place(target, base);
	void *array = target->chunks;

	if (place < target->n_chunks && target->chunks[place].base == base)
		return &target->chunks[place];
	if (array_grow(&heat->store, &array, target->n_chunks, &target->room_chunks,
		       sizeof(*target->chunks)))
		return NULL;
	target->chunks = array;
	memmove(target->chunks + place + 1, target->chunks + place,
		(target->n_chunks - place) * sizeof(*target->chunks));
	target->chunks[place] = (struct chunk){ .base = base };
	target->n_chunks++;
	return &target->chunks[place];
}

struct region *table_region_new(struct heat *heat, struct heat_target *target, uint64_t address)
{
	uint64_t base = align(address, REGION_SHIFT);
	struct region *region = table_region(target, address);
	struct chunk *chunk;
	size_t room;
	void *array;
	uint32_t place;

	if (region)
		return region;
	chunk = chunk_new(heat, target, align(address, CHUNK_SHIFT));
	if (!chunk)
		return NULL;
	array = chunk->regions;
	room = chunk->room;
	if (array_grow(&heat->store, &array, chunk->n, &room, sizeof(*chunk->regions)))
		return NULL;
	chunk->regions = array;
	chunk->room = (uint32_t)room;
	place = region_place(chunk, base);
	region = &chunk->regions[place];
	memmove(region + 1, region, (chunk->n - place) * sizeof(*region));
	*region = (struct region){ .base = base, .node = TIERED_NODE_NONE };
	chunk->n++;
	return region;
}

int table_bins(struct heat *heat, struct heat_target *target, unsigned int node)
{
	uint64_t bytes = HEAT_SLOTS * sizeof(uint64_t);

	if (target->bins[node])
		return 0;
	if (!store_may_grow(&heat->store, bytes))
		return -ENOMEM;
	target->bins[node] = calloc(1, bytes);
	if (!target->bins[node])
		return -ENOMEM;
	heat->store.bytes += bytes;
	return 0;
}

static int faded(const struct region_store *store, const struct heat_target *target,
		 const struct region *region)
{
	if (target->asleep)
		return region->present == 0;
	return region->present == 0 || ((uint32_t)store->window - region->seen >= FADE_WINDOWS &&
					((target->laps - region->lap) & REGION_LAPS) >= FADE_LAPS);
}

static void chunk_sweep(struct region_store *store, struct heat_target *target, struct chunk *chunk)
{
	/* The last eighth of the memory is for those who need it: similar pages share a state. */
	int scarce = store_bytes(store) > store->memory_max - store->memory_max / 8;
	uint32_t kept = 0;
	uint32_t r;

	for (r = 0; r < chunk->n; r++) {
		struct region *region = &chunk->regions[r];

		if (faded(store, target, region)) {
			region_drop(store, region, target->bins);
			continue;
		}
		region_expire_past(store, region);
		if (scarce)
			region_coarsen(store, region, target->bins);
		chunk->regions[kept++] = *region;
	}
	chunk->n = kept;
}

void table_sweep(struct heat *heat, struct heat_target *target)
{
	size_t kept = 0;
	size_t c;

	for (c = 0; c < target->n_chunks; c++) {
		struct chunk *chunk = &target->chunks[c];

		if (((chunk->base >> CHUNK_SHIFT) + heat->store.window) % SWEEP_WINDOWS == 0)
			chunk_sweep(&heat->store, target, chunk);
		if (chunk->n == 0) {
			chunk_free(&heat->store, chunk);
			continue;
		}
		target->chunks[kept++] = *chunk;
	}
	target->n_chunks = kept;
}
