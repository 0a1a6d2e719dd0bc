/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_pool.h - blocks of one size, named by small numbers, without overhead.
 *
 * Block 0 does not exist: it says "none". Slabs are allocated as needed and
 * given back when the pool is done with.
 */
#ifndef TIERED_HEAT_POOL_H
#define TIERED_HEAT_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool {
	void **slabs;
	size_t n_slabs;
	size_t room_slabs;
	uint32_t block_bytes;
	uint32_t free_head; /* chain of free blocks, through their first four bytes */
	uint32_t used;
};

/* Bytes that the next pool_take() would allocate; 0 when a free block waits. */
uint64_t pool_growth(const struct pool *pool);

/* A block of unset content; 0 when there is no memory. */
uint32_t pool_take(struct pool *pool);
void pool_give(struct pool *pool, uint32_t block);
void *pool_block(const struct pool *pool, uint32_t block);

/* Bytes held. */
uint64_t pool_bytes(const struct pool *pool);
void pool_done(struct pool *pool);

#endif
