/* SPDX-License-Identifier: GPL-2.0-only */
/* young_view.h - a block of page table entries under the eyes of mark() or read(). Pure, but for heads. */
#ifndef TIERED_OBSERVE_YOUNG_VIEW_H
#define TIERED_OBSERVE_YOUNG_VIEW_H

#include "young.h"

/**
 * struct young_view - a block that is being looked at
 * @first, @end: pages of it that are in the mapping; 0 and 1 for a page of 2 MiB
 * @whole: all of it is
 */
struct young_view {
	const struct young_block *block;
	const struct young_table *table;
	const struct young_region *region;
	const struct young_detail *detail;
	const struct young_seat *seat;
	struct young_look look;
	unsigned int first;
	unsigned int end;
	int whole;
};

/* The @number-th block of the last call, as far as it lies in [@start, @end); 0: it does not. */
int young_view_open(const struct young *young, uint32_t number, uint64_t start, uint64_t end,
		    struct young_view *ret);

/* Base pages that are present. */
unsigned int young_view_present(const struct young_view *view);

/* Some of its pages, present or not, are mapped by others as well, or of a file. */
int young_view_shared(const struct young_view *view);

/*
 * young_view_gather() - notes frames that are to be cleared, or asked about, in the bitmap
 * @next: for the next window, not this one
 *
 * 1 when there are such.
 */
int young_view_gather(struct young *young, const struct young_view *view, int next);

static inline uint64_t young_frame(const struct young_view *view, unsigned int page)
{
	const uint64_t entry = view->block->kind == YOUNG_HUGE ? view->block->entry
							       : view->table->entries[page];

	return (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT;
}

static inline int young_bit(const uint64_t *words, unsigned int page)
{
	return (int)(words[page / 64] >> (page % 64) & 1);
}

#endif
