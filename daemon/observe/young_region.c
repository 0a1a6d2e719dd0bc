// SPDX-License-Identifier: GPL-2.0-only
#include "young_region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A table that cannot grow is slower, not the end of the daemon; a failed add is seen below. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "folio.h"
#include "pagemap.h"
#include "target.h"
#include "util/log.h"

/*
 * What pagemap and kpageflags said is believed for so many looks while the
 * frames stay the same: folios are split in place, and others cease to map a page.
 * Where pages take turns a look comes every so many windows, and is to cost no more for it;
 * but not for ever. The first divides 256.
 */
#define RELEARN_LOOKS 64
#define RELEARN_WINDOWS 1024

/*
 * A region that was not met for so many windows is forgotten: no turn is that long. Where there is
 * no room for others it goes earlier; it would be learnt again.
 */
#define FORGET_WINDOWS 1024
#define FORGET_SCARCE_WINDOWS 64
/* Of the regions of a target one in so many is looked at in one sweep. */
#define SWEEP_PART 256

#define BUCKET_BYTES 8 /* its part of the buckets of the hash table */
#define TABLE_BYTES (sizeof(UT_hash_table) + 32 * sizeof(UT_hash_bucket)) /* an almost empty one */

struct young_region {
	uint64_t address;
	uint32_t window; /* last met */
	uint32_t learnt;
	uint8_t looks; /* modulo 256 */
	uint8_t known; /* was learnt at all */
	uint8_t huge;
	struct young_detail *detail;
	UT_hash_handle hh;
	uint16_t sums[]; /* one for a page of 2 MiB */
};

static uint64_t frame_at(const struct young_block *block, const struct young_table *table,
			 unsigned int page)
{
	const uint64_t entry = block->kind == YOUNG_HUGE ? block->entry : table->entries[page];

	return entry & YOUNG_PRESENT ? (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT : 0;
}

static void set_bit(uint64_t *words, unsigned int page)
{
	words[page / 64] |= UINT64_C(1) << (page % 64);
}

/* One page that is present, by what pagemap and kpageflags say. */
static void learn_page(struct young_detail *detail, unsigned int page, uint64_t entry,
		       uint64_t flags)
{
	/* What a tail is on, its head knows. */
	const int tail = folio_flags_tail(flags);

	if (!(entry & PAGEMAP_EXCLUSIVE))
		set_bit(detail->shared, page);
	if (entry & PAGEMAP_FILE)
		set_bit(detail->file, page);
	if (tail)
		set_bit(detail->tails, page);
	if (folio_flags_zero(flags))
		set_bit(detail->zero, page);
	if (!tail && folio_flags_odd(flags))
		set_bit(detail->odd, page);
}

/* Pages [@first, @end), which are groups, or a page of 2 MiB. */
static void forget_pages(struct young_detail *detail, unsigned int first, unsigned int end)
{
	unsigned int page;

	for (page = first; page < end; page += YOUNG_GROUP_PAGES) {
		const uint64_t keep = ~(UINT64_C(0xffff) << page % 64);

		detail->shared[page / 64] &= keep;
		detail->file[page / 64] &= keep;
		detail->tails[page / 64] &= keep;
		detail->zero[page / 64] &= keep;
		detail->odd[page / 64] &= keep;
	}
}

/* Pages [@first, @end) of a block; 0 or -errno. */
static int learn_pages(const struct target *target, struct folio_reader *folios,
		       const struct young_block *block, const struct young_table *table,
		       unsigned int first, unsigned int end, struct young_detail *detail)
{
	uint64_t entries[YOUNG_BLOCK_PAGES], flags[YOUNG_BLOCK_PAGES];
	unsigned int page, i, run, n;
	int read = target_pagemap(target, block->address + ((uint64_t)first << TIERED_PAGE_SHIFT),
				  entries, end - first);

	if (read < 0)
		return read;
	forget_pages(detail, first, end);
	for (page = first; page < end; page += run) {
		const uint64_t frame = frame_at(block, table, page);

		run = 1;
		if (!frame || page - first >= (unsigned int)read ||
		    pagemap_pfn(entries[page - first]) != frame) {
			/* Pagemap comes later than the table: it may be another already. */
			if (frame)
				set_bit(detail->odd, page);
			continue;
		}
		while (page + run < end && page + run - first < (unsigned int)read &&
		       frame_at(block, table, page + run) == frame + run &&
		       pagemap_pfn(entries[page + run - first]) == frame + run)
			run++;
		n = (unsigned int)folio_reader_flags(folios, frame, flags, run);
		for (i = 0; i < run; i++)
			learn_page(detail, page + i, entries[page + i - first],
				   i < n ? flags[i] : FOLIO_FLAGS_PLAIN);
	}
	return 0;
}

static int is_plain(const struct young_detail *detail)
{
	static const struct young_detail plain;

	return memcmp(detail, &plain, sizeof(plain)) == 0;
}

/* What malloc() takes for so many bytes: with its own 8, in steps of 16. */
#define MALLOC_BYTES(bytes) (((bytes) + 8 + 15) / 16 * 16)

#define DETAIL_BYTES MALLOC_BYTES(sizeof(struct young_detail))

static size_t struct_bytes(int huge)
{
	return sizeof(struct young_region) +
	       (huge ? 1 : YOUNG_GROUPS) * sizeof(((struct young_region *)NULL)->sums[0]);
}

uint64_t young_region_size(int huge, int detailed)
{
	return MALLOC_BYTES(struct_bytes(huge)) + BUCKET_BYTES + (detailed ? DETAIL_BYTES : 0);
}

/* Is there room for so much more? */
static int may_grow(struct young_room *room, uint64_t bytes)
{
	if (room->bytes + bytes <= room->bytes_max)
		return 1;
	if (!room->told)
		log_warning("memory_max has no room for what is known of more than %llu KiB of "
			    "page tables: some memory is not watched, and stays where it is; a "
			    "larger memory_max helps",
			    (unsigned long long)room->bytes >> 10);
	room->told = room->refused = 1;
	return 0;
}

static void drop_detail(struct young_regions *regions, struct young_region *region)
{
	if (region->detail)
		regions->room->bytes -= DETAIL_BYTES;
	free(region->detail);
	region->detail = NULL;
}

static int keep_detail(struct young_regions *regions, struct young_region *region,
		       const struct young_detail *detail)
{
	if (is_plain(detail)) {
		drop_detail(regions, region);
		return 0;
	}
	if (!region->detail) {
		if (may_grow(regions->room, DETAIL_BYTES))
			region->detail = malloc(sizeof(*detail));
		if (!region->detail)
			return -ENOMEM;
		regions->room->bytes += DETAIL_BYTES;
	}
	*region->detail = *detail;
	return 0;
}

/* Some looks apart from each other, so that not all is learnt again at once. */
static int is_stale(const struct young_region *region, uint32_t window)
{
	const uint32_t turn = (uint32_t)(region->address / YOUNG_BLOCK_BYTES);

	return !region->known || window - region->learnt >= RELEARN_WINDOWS ||
	       (region->looks + turn) % RELEARN_LOOKS == 0;
}

/* Is there something to be learnt of this group? */
static int is_open(const struct young_region *region, const struct young_look *look,
		   unsigned int group)
{
	const unsigned int shift = group % 4 * YOUNG_GROUP_PAGES;

	if (region->sums[group] != look->sums[group])
		return 1;
	return region->detail && (region->detail->odd[group / 4] >> shift & 0xffff);
}

/* Learns what has to be learnt; 0 or -errno. */
static int learn(struct young_regions *regions, struct young_region *region,
		 const struct target *target, struct folio_reader *folios,
		 const struct young_block *block, const struct young_table *table,
		 const struct young_look *look, uint32_t window)
{
	struct young_detail detail = { .odd = { 0 } };
	const unsigned int groups = region->huge ? 1 : YOUNG_GROUPS;
	unsigned int first = 0, end = groups;
	int err;

	region->looks++;
	if (!is_stale(region, window)) {
		while (first < groups && !is_open(region, look, first))
			first++;
		while (end > first && !is_open(region, look, end - 1))
			end--;
	} else {
		region->learnt = window;
	}
	if (first == end)
		return 0;
	if (region->detail)
		detail = *region->detail;
	err = learn_pages(target, folios, block, table, first * YOUNG_GROUP_PAGES,
			  region->huge ? 1 : end * YOUNG_GROUP_PAGES, &detail);
	if (!err)
		err = keep_detail(regions, region, &detail);
	region->known |= !err;
	return err;
}

static void drop(struct young_regions *regions, struct young_region *region)
{
	if (regions->swept == region)
		regions->swept = region->hh.next;
	HASH_DEL(regions->table, region);
	drop_detail(regions, region);
	regions->room->bytes -= young_region_size(region->huge, 0);
	if (!regions->table)
		regions->room->bytes -= TABLE_BYTES;
	free(region);
}

static struct young_region *find(const struct young_regions *regions, uint64_t address)
{
	struct young_region *region;

	HASH_FIND(hh, regions->table, &address, sizeof(address), region);
	return region;
}

static struct young_region *add(struct young_regions *regions, const struct young_block *block)
{
	const int huge = block->kind == YOUNG_HUGE;
	const uint64_t bytes = young_region_size(huge, 0);
	const uint64_t more = bytes + (regions->table ? 0 : TABLE_BYTES);
	struct young_region *region = may_grow(regions->room, more) ? calloc(1, struct_bytes(huge))
								    : NULL;

	if (!region)
		return NULL;
	region->address = block->address;
	region->huge = (uint8_t)huge;
	HASH_ADD(hh, regions->table, address, sizeof(region->address), region);
	if (find(regions, block->address) != region) {
		free(region);
		return NULL;
	}
	regions->room->bytes += more;
	return region;
}

const struct young_region *
young_region_meet(struct young_regions *regions, const struct target *target,
		  struct folio_reader *folios, const struct young_block *block,
		  const struct young_table *table, const struct young_look *look, uint32_t window)
{
	struct young_region *region = find(regions, block->address);

	/* Two mappings in one block: what was marked first counts. */
	if (region && region->window == window)
		return region->huge == (block->kind == YOUNG_HUGE) ? region : NULL;
	if (region && region->huge != (block->kind == YOUNG_HUGE)) {
		drop(regions, region);
		region = NULL;
	}
	if (!region)
		region = add(regions, block);
	if (!region)
		return NULL;
	if (learn(regions, region, target, folios, block, table, look, window) < 0) {
		drop(regions, region);
		return NULL;
	}
	region->window = window;
	memcpy(region->sums, look->sums,
	       (region->huge ? 1 : YOUNG_GROUPS) * sizeof(region->sums[0]));
	return region;
}

const struct young_region *young_region_find(const struct young_regions *regions, uint64_t address,
					     uint32_t window)
{
	const struct young_region *region = find(regions, address);

	return region && region->window == window ? region : NULL;
}

void young_region_moved(struct young_regions *regions, uint64_t address, uint32_t window,
			const struct young_look *look, const uint64_t pages[YOUNG_WORDS])
{
	struct young_region *region = find(regions, address);
	unsigned int group;

	if (!region || region->window != window || region->huge)
		return;
	for (group = 0; group < YOUNG_GROUPS; group++)
		if (pages[group / 4] >> group % 4 * YOUNG_GROUP_PAGES & 0xffff)
			region->sums[group] = look->sums[group];
}

/* Pages of files, or read-only ones: others may map them, and nothing here shows it. */
static int may_be_joined(const struct young_region *region, const struct young_look *look)
{
	unsigned int i;

	if (look->read_only)
		return 1;
	for (i = 0; region->detail && i < YOUNG_WORDS; i++)
		if (region->detail->file[i])
			return 1;
	return 0;
}

int young_region_refresh(struct young_regions *regions, const struct young_region *of,
			 const struct target *target, const struct young_look *look,
			 unsigned int first, unsigned int end)
{
	struct young_region *region = find(regions, of->address);
	struct young_detail detail = { .odd = { 0 } };
	uint64_t entries[YOUNG_BLOCK_PAGES];
	unsigned int i;
	int n;

	if (region != of || !may_be_joined(region, look))
		return 0;
	n = target_pagemap(target, of->address + ((uint64_t)first << TIERED_PAGE_SHIFT), entries,
			   end - first);
	if (n < 0)
		return n;
	if (region->detail)
		detail = *region->detail;
	for (i = 0; i < end - first; i++)
		if (i >= (unsigned int)n ||
		    (pagemap_pfn(entries[i]) && !(entries[i] & PAGEMAP_EXCLUSIVE)))
			set_bit(detail.shared, first + i);
	n = keep_detail(regions, region, &detail);
	/* What is known of it is not so any more: to be learnt again, or not watched. */
	if (n < 0)
		drop(regions, region);
	return n;
}

int young_region_same(const struct young_region *region, const struct young_look *look,
		      unsigned int group)
{
	return region->sums[group] == look->sums[group];
}

const struct young_detail *young_region_detail(const struct young_region *region)
{
	return region->detail;
}

int young_region_is_huge(const struct young_region *region)
{
	return region->huge;
}

void young_regions_sweep(struct young_regions *regions, uint32_t window)
{
	const uint32_t age = regions->room->refused ? FORGET_SCARCE_WINDOWS : FORGET_WINDOWS;
	size_t n = HASH_COUNT(regions->table) / SWEEP_PART + 1;
	struct young_region *region;

	while (n-- && regions->table) {
		region = regions->swept ? regions->swept : regions->table;
		regions->swept = region->hh.next;
		if ((int32_t)(region->window - (window - age)) < 0)
			drop(regions, region);
	}
}

void young_regions_free(struct young_regions *regions)
{
	struct young_region *region, *next;

	HASH_ITER(hh, regions->table, region, next)
		drop(regions, region);
}
