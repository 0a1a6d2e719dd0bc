/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_region.h - 2 MiB of one address space: one state for all, or one per page.
 *
 * To change pages, a region is unfolded into 512 entries, worked on there and
 * folded up again; folding finds out whether the entries are all alike. The
 * order of a folio is not stored: it is the length of a head and its tails, a
 * power of two.
 */
#ifndef TIERED_HEAT_REGION_H
#define TIERED_HEAT_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "decide/heat.h"
#include "decide/heat_due.h"
#include "decide/heat_pack.h"
#include "decide/heat_page.h"
#include "decide/heat_pool.h"

#define REGION_SHIFT 21
#define REGION_PAGES 512u
#define REGION_ORDER 9u
_Static_assert(REGION_PAGES == PACK_PAGES, "a pack is a region");
/* Laps are counted modulo this and one. */
#define REGION_LAPS 63u
/* Pieces of which it is known whether others may access their pages. */
#define REGION_PIECES 4u

/**
 * struct region - summary of 2 MiB
 * @base: address of its first byte
 * @page: state of each folio, unless there is a @block
 * @block: in the pool of states: 512 entries, packed; 0: none
 * @past_block: in the pool of histories: 512 bytes; 0: @past is that of every page
 * @seen: window of the last observation
 * @present: base pages that have a state
 * @coarse: @page is the mean of pages that differ
 * @order: of each folio, unless there is a @block
 * @bin_min, @bin_max: coldest and hottest bin of any page
 * @node: of all pages, or TIERED_NODE_NONE when they differ
 * @lap: times the target had been read from end to end, modulo 64, when last observed
 * @foreign: a bit per 512 KiB: as of the last look, pages there may be accessed by others
 *	than the target
 * @visits: how often it was asked what of it is due, modulo 64
 */
struct region {
	uint64_t base;
	union page page;
	uint32_t block;
	uint32_t past_block;
	uint32_t seen;
	uint16_t present : 10;
	uint16_t coarse : 1;
	uint16_t order : 5;
	union past past;
	uint8_t bin_min;
	uint8_t bin_max;
	uint8_t node;
	uint16_t lap : 6;
	uint16_t visits : 6;
	uint16_t foreign : 4;
};

_Static_assert(sizeof(struct region) == 32, "a region is half a cache line");

/**
 * struct region_store - where regions keep what they own, and the entries in hand
 * @memory_max: bound of @bytes and the pools together
 * @bytes: held outside of the pools
 * @due: turns that pages take to be looked at
 * @pages: the region in hand, unfolded
 * @inherit: state of pages that are new to a coarse region; code PAGE_ABSENT: none
 */
struct region_store {
	struct pool states;
	struct pool pasts;
	uint64_t memory_max;
	uint64_t bytes;
	uint64_t window;
	struct due due;
	struct heat_stats stats;
	union page pages[REGION_PAGES];
	union page inherit;
};

/* Histograms by node, HEAT_BINS each; allocated before a page of that node is stored. */
typedef uint64_t *region_bins[TIERED_NODES_MAX];

/* May @growth more bytes be held? */
int store_may_grow(const struct region_store *store, uint64_t growth);
uint64_t store_bytes(const struct region_store *store);

/* Counts the pages of @region in @bins; with @sign -1 it takes them out. */
void region_recount(const struct region_store *store, const struct region *region, region_bins bins,
		    int sign);

/* Takes the pages of @region out of @bins and unfolds them into @store->pages. */
void region_unfold(struct region_store *store, const struct region *region, region_bins bins);

/* Folds @store->pages back into @region and counts them in @bins. */
void region_fold(struct region_store *store, struct region *region, region_bins bins);

/* Frees what @region owns and takes it out of @bins. */
void region_drop(struct region_store *store, struct region *region, region_bins bins);

/* Replaces similar pages by their mean, to save memory; 1 when it did. */
int region_coarsen(struct region_store *store, struct region *region, region_bins bins);

/* Pages that others may access, too. */
void region_note_foreign(struct region *region, unsigned int index, unsigned int length);

/* The states of the pages of a region that has a block. */
void region_pages(const struct region_store *store, const struct region *region, union page *ret);

/* Base pages of the folio whose head is entry @index of unfolded pages. */
unsigned int pages_run(const union page *pages, unsigned int index);

/* Index of the head that entry @index belongs to. */
unsigned int pages_head(const union page *pages, unsigned int index);

/* Makes one folio of @length entries with state @page at @index; cut folios become base pages. */
void pages_place(union page *pages, unsigned int index, unsigned int length, union page page);

/*
 * For how many visits of @region the look at a page of it, in this state until now, stands: 0 when
 * it was not due, but looked at all the same.
 */
uint64_t region_stands_for(const struct region_store *store, const struct region *region,
			   union page page);

/* History of the page at @index: read, or written (0, or -ENOMEM). */
union past region_past(const struct region_store *store, const struct region *region,
		       unsigned int index);
int region_set_past(struct region_store *store, struct region *region, unsigned int index,
		    union past past);

/* Clears histories that no longer matter and frees the block when none is left. */
void region_expire_past(struct region_store *store, struct region *region);

#endif
