/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_table.h - where the regions of all targets are found.
 *
 * Per target an ascending array of 1 GiB chunks, each with an ascending array
 * of its regions: a process of many TiB in a sparse address space costs what it
 * uses, a new region moves at most 16 KiB of others, and walking it is in order.
 */
#ifndef TIERED_HEAT_TABLE_H
#define TIERED_HEAT_TABLE_H

#include "decide/heat_region.h"

#define CHUNK_SHIFT 30

struct chunk {
	uint64_t base;
	struct region *regions;
	uint32_t n;
	uint32_t room;
};

/**
 * struct heat_target - what is known of one target
 * @laps: how often its addresses were gone through, modulo 256
 * @last: address of the last observation
 * @asleep: it does not run: nothing of it fades, and readings of what is left to read are no laps
 * @idle_pages: pages that are known to be idle because of that
 * @moved, @pingpong: folios, halved every 32 windows
 */
struct heat_target {
	uint32_t id;
	uint8_t laps;
	uint8_t asleep;
	uint64_t last;
	uint64_t idle_pages;
	struct chunk *chunks;
	size_t n_chunks;
	size_t room_chunks;
	region_bins bins;
	uint64_t moved;
	uint64_t pingpong;
};

struct heat {
	struct region_store store;
	struct heat_target **targets; /* ascending id */
	size_t n_targets;
	size_t room_targets;
};

/* The target, or NULL. */
struct heat_target *table_target(const struct heat *heat, uint32_t id);

/* The target, made when it is new; NULL when there is no memory. */
struct heat_target *table_target_new(struct heat *heat, uint32_t id);
void table_target_drop(struct heat *heat, uint32_t id);

/* The region around @address, or NULL. Valid until the next region is made or swept. */
struct region *table_region(const struct heat_target *target, uint64_t address);

/* The region around @address, made when it is new; NULL when there is no memory. */
struct region *table_region_new(struct heat *heat, struct heat_target *target, uint64_t address);

/* Sees to it that pages of @node can be counted; 0 or -ENOMEM. */
int table_bins(struct heat *heat, struct heat_target *target, unsigned int node);

/* Looks through a sixteenth of the chunks: frees what faded, clears old histories. */
void table_sweep(struct heat *heat, struct heat_target *target);

#endif
