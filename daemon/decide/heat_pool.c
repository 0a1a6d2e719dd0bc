// SPDX-License-Identifier: GPL-2.0-only
/* heat_pool.c - blocks of one size in slabs. */
#include "decide/heat_pool.h"

#include <stdlib.h>
#include <string.h>

/* 14 KiB of states: one allocation per 16 MiB of memory that parts. */
#define BLOCKS_PER_SLAB 8

uint64_t pool_growth(const struct pool *pool)
{
	return pool->free_head ? 0 : (uint64_t)BLOCKS_PER_SLAB * pool->block_bytes;
}

static int pool_grow(struct pool *pool)
{
	uint32_t first = (uint32_t)pool->n_slabs * BLOCKS_PER_SLAB + 1;
	uint32_t block;
	void *slab;

	if (pool->n_slabs >= UINT32_MAX / BLOCKS_PER_SLAB - 1)
		return 0;
	if (pool->n_slabs == pool->room_slabs) {
		size_t room = pool->room_slabs + pool->room_slabs / 2 + 8;
		void **slabs = realloc(pool->slabs, room * sizeof(*slabs));

		if (!slabs)
			return 0;
		pool->slabs = slabs;
		pool->room_slabs = room;
	}
	slab = malloc((size_t)BLOCKS_PER_SLAB * pool->block_bytes);
	if (!slab)
		return 0;
	pool->slabs[pool->n_slabs++] = slab;
	for (block = first + BLOCKS_PER_SLAB; block-- > first;) {
		pool->used++;
		pool_give(pool, block);
	}
	return 1;
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t block;

	if (!pool->free_head && !pool_grow(pool))
		return 0;
	block = pool->free_head;
	memcpy(&pool->free_head, pool_block(pool, block), sizeof(pool->free_head));
	pool->used++;
	return block;
}

void pool_give(struct pool *pool, uint32_t block)
{
	memcpy(pool_block(pool, block), &pool->free_head, sizeof(pool->free_head));
	pool->free_head = block;
	pool->used--;
}

void *pool_block(const struct pool *pool, uint32_t block)
{
	uint32_t index = block - 1;

	return (char *)pool->slabs[index / BLOCKS_PER_SLAB] +
	       (size_t)(index % BLOCKS_PER_SLAB) * pool->block_bytes;
}

uint64_t pool_bytes(const struct pool *pool)
{
	return (uint64_t)pool->n_slabs * BLOCKS_PER_SLAB * pool->block_bytes +
	       pool->room_slabs * sizeof(*pool->slabs);
}

void pool_done(struct pool *pool)
{
	size_t i;

	for (i = 0; i < pool->n_slabs; i++)
		free(pool->slabs[i]);
	free(pool->slabs);
	pool->slabs = NULL;
	pool->n_slabs = pool->room_slabs = 0;
	pool->free_head = pool->used = 0;
}
