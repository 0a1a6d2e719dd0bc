/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * damon_area.h - what DAMON says of an address space, or of memory, and what that says of pages.
 *
 * DAMON looks at one page of each region per sample, another one each time, and
 * says in how many samples of an aggregation the page was accessed. It keeps
 * regions such that their pages should be alike; so a page is taken for what
 * its region is. What single pages do within a region that is not of one kind,
 * it does not know, and neither do we.
 *
 * Pure. Areas of one address space ascend and do not overlap.
 */
#ifndef TIERED_OBSERVE_DAMON_AREA_H
#define TIERED_OBSERVE_DAMON_AREA_H

#include <stddef.h>
#include <stdint.h>

/* More than that are not believed: the kernel was told of far fewer. */
#define DAMON_AREAS_MAX 4096

/* Samples and hits are counted in parts of one: a part of a region has a part of its samples. */
#define DAMON_AREA_UNIT 1024u

/* Pages that are given one bit in a window, by their region's chance: 2 MiB. */
#define DAMON_PIECE_SHIFT 21

/**
 * struct damon_area - one region, of one or more aggregations
 * @samples: pages looked at, in 1/DAMON_AREA_UNIT
 * @hits: how many of them were accessed in the time of a sample, in the same
 */
struct damon_area {
	uint64_t start;
	uint64_t end;
	uint64_t samples;
	uint64_t hits;
};

struct damon_areas {
	struct damon_area *list;
	size_t n;
	size_t room;
};

void damon_areas_free(struct damon_areas *areas);

/* One region of one aggregation, behind the last one. 0; -EINVAL when it is not behind it; -ENOMEM. */
int damon_areas_add(struct damon_areas *areas, uint64_t start, uint64_t end, uint32_t hits,
		    uint32_t samples);

/* Regions change from one aggregation to the next: @now gets what was seen of its areas in @before. */
void damon_areas_carry(struct damon_areas *now, const struct damon_areas *before);

/* The one that @address is in, or NULL. */
const struct damon_area *damon_areas_find(const struct damon_areas *areas, uint64_t address);

/*
 * Chance, in 1/65536, that a page of the area is accessed in so many times the length of a
 * sample; 0 only when no page was seen accessed.
 */
uint32_t damon_area_chance(const struct damon_area *area, uint64_t times);

/*
 * One bit for a piece of memory: over windows it is set as often as the chance says, evenly;
 * over the pieces of one window, too.
 */
int damon_piece_accessed(uint32_t chance, uint64_t address, uint32_t window);

#endif
