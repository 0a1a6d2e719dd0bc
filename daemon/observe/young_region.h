/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * young_region.h - what is known of each 2 MiB of address space beyond its page table.
 *
 * Page tables tell frames and accessed bits. Which pages belong to one folio,
 * which are mapped by others as well, and which lie on no LRU list is asked of
 * pagemap and kpageflags, at many times the cost: once, and again where the
 * table shows other frames, and every so many windows. A checksum of 16 bits
 * per 16 pages stands for the frames: 64 bytes per 2 MiB, where the frames
 * themselves would be 4096. One change in 65,536 is not seen before the next
 * time that all is learnt again; what is moved on the strength of it the kernel
 * checks itself.
 */
#ifndef TIERED_OBSERVE_YOUNG_REGION_H
#define TIERED_OBSERVE_YOUNG_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/young_walk.h"

struct folio_reader;
struct target;
struct young_region;

#define YOUNG_GROUP_PAGES 16
#define YOUNG_GROUPS (YOUNG_BLOCK_PAGES / YOUNG_GROUP_PAGES)
#define YOUNG_WORDS (YOUNG_BLOCK_PAGES / 64)

/* A table at one glance: a checksum of frames per group, and a bit per page. */
struct young_look {
	uint16_t sums[YOUNG_GROUPS];
	uint64_t present[YOUNG_WORDS];
	uint64_t accessed[YOUNG_WORDS];
	uint64_t any_accessed; /* not 0: one of them is */
	uint32_t near;         /* a bit per group whose frames all lie in one 2 MiB */
	uint8_t read_only;     /* one of them is mapped so */
};

/**
 * struct young_detail - a bit per page, where not all are alike
 * @tails: belongs to the folio of the page before
 * @shared: mapped by others as well
 * @file: not anonymous
 * @odd: on no LRU list, as far as is known, poisoned, or changed while it was looked at
 * @zero: a zero page: nobody's
 */
struct young_detail {
	uint64_t tails[YOUNG_WORDS];
	uint64_t shared[YOUNG_WORDS];
	uint64_t file[YOUNG_WORDS];
	uint64_t odd[YOUNG_WORDS];
	uint64_t zero[YOUNG_WORDS];
};

/**
 * struct young_room - what the regions of all targets take
 * @bytes, @bytes_max: that they take, and may take
 * @refused: lately there was no room for one: the user clears it after a sweep
 * @told: that there was none, ever
 */
struct young_room {
	uint64_t bytes;
	uint64_t bytes_max;
	uint8_t refused;
	uint8_t told;
};

/**
 * struct young_regions - those of one target; may be moved
 * @room: the user's
 * @swept: the next one to be looked at for whether it is still met
 */
struct young_regions {
	struct young_room *room;
	struct young_region *table;
	struct young_region *swept;
};

/* Pure: what a table shows. */
void young_look_at(const struct young_table *table, struct young_look *ret);
/* The same of a page of 2 MiB: one group, one bit. */
void young_look_at_huge(uint64_t entry, struct young_look *ret);

/*
 * young_region_meet() - the region at @block of @target as mark() sees it
 *
 * Learns what is new in it. NULL: no memory, or no more than may be, or the process may not be
 * asked: its pages are not under observation.
 */
const struct young_region *
young_region_meet(struct young_regions *regions, const struct target *target,
		  struct folio_reader *folios, const struct young_block *block,
		  const struct young_table *table, const struct young_look *look, uint32_t window);

/* The region as it was marked in @window, or NULL. */
const struct young_region *young_region_find(const struct young_regions *regions, uint64_t address,
					     uint32_t window);

/*
 * young_region_moved() - pages of the block at @address were moved since it was marked in @window
 *
 * @look is what it looks like now. Where others have not changed as well, which does not show
 * here, their groups are what they were: nothing has to be learnt again, and read() knows them.
 */
void young_region_moved(struct young_regions *regions, uint64_t address, uint32_t window,
			const struct young_look *look, const uint64_t pages[YOUNG_WORDS]);

/*
 * young_region_refresh() - who maps pages as well, now
 *
 * A fork write-protects what it makes shared, and that is seen. Pages of files, and those that
 * were read-only before, others can map without a trace here; pagemap is asked again about
 * [@first, @end) of a block that has such. 0 or -errno.
 */
int young_region_refresh(struct young_regions *regions, const struct young_region *of,
			 const struct target *target, const struct young_look *look,
			 unsigned int first, unsigned int end);

/* Frames of this group, or the one of a page of 2 MiB, are the same as when it was marked. */
int young_region_same(const struct young_region *region, const struct young_look *look,
		      unsigned int group);

/* NULL: single pages on an LRU list, of this process alone, all of them. */
const struct young_detail *young_region_detail(const struct young_region *region);

/* Is it still one page of 2 MiB, or still none? */
int young_region_is_huge(const struct young_region *region);

/*
 * Forgets those that were not met for long, as of @window; some of them are looked at in each
 * call. Where memory is short it need not be as long.
 */
void young_regions_sweep(struct young_regions *regions, uint32_t window);
void young_regions_free(struct young_regions *regions);

/* Bytes that one takes, of the room of all. */
uint64_t young_region_size(int huge, int detailed);

#endif
