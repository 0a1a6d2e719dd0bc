// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark(): looks at page tables from where the last window stopped, and has the
 * bits of accessed pages cleared. All others cost no more than the look.
 */
#include <errno.h>
#include <stdlib.h>

#include "target.h"
#include "util/clock.h"
#include "young.h"

/* An absent page is an empty entry of a table that is read anyway. */
#define ABSENT_PER_PAGE 16

/* Regions that were not met for so many windows are forgotten; they would be learnt again anyway. */
#define SWEEP_WINDOWS 64

/* One call of mark() on its way. */
struct walk {
	struct young *young;
	uint64_t left; /* of the budget, in pages */
	struct tracker_cost cost;
};

/* A block that is being looked at. */
struct view {
	const struct young_block *block;
	const struct young_table *table;
	const struct young_detail *detail;
	struct young_look look;
	unsigned int first; /* pages of it that are in the mapping */
	unsigned int end;
};

static uint64_t frame_of(const struct view *view, unsigned int page)
{
	const uint64_t entry = view->block->kind == YOUNG_HUGE ? view->block->entry
							       : view->table->entries[page];

	return (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT;
}

static int bit_at(const uint64_t *words, unsigned int page)
{
	return (int)(words[page / 64] >> (page % 64) & 1);
}

/* The frame whose flag counts for the page: the head of its folio. */
static uint64_t head_of(struct young *young, const struct view *view, unsigned int page)
{
	const uint64_t frame = frame_of(view, page);
	unsigned int at = page;

	if (!view->detail || !bit_at(view->detail->tails, page))
		return frame;
	while (at && bit_at(view->detail->tails, at) &&
	       frame_of(view, at - 1) == frame - (page - at) - 1)
		at--;
	if (!bit_at(view->detail->tails, at))
		return frame - (page - at);
	return folio_reader_head(young->folios, frame);
}

/* Pages of a word of 64 that are to be cleared, or asked about. */
static uint64_t wanted_bits(const struct view *view, unsigned int word)
{
	uint64_t wanted = view->look.accessed[word];
	const unsigned int base = word * 64;

	if (view->detail)
		wanted = (wanted | (view->detail->shared[word] & view->look.present[word])) &
			 ~view->detail->zero[word];
	if (view->first > base)
		wanted &= view->first - base < 64 ? UINT64_MAX << (view->first - base) : 0;
	if (view->end < base + 64)
		wanted &= view->end > base ? UINT64_MAX >> (64 - (view->end - base)) : 0;
	return wanted;
}

/* Gathers frames in the bitmap. */
static void gather(struct young *young, struct young_seat *seat, const struct view *view)
{
	struct idle_chunk *chunk = NULL;
	uint64_t chunk_index = UINT64_MAX;
	unsigned int word;

	if (!view->look.any_accessed && !view->detail)
		return;
	for (word = 0; word < YOUNG_WORDS; word++) {
		uint64_t wanted = wanted_bits(view, word);

		seat->dirty |= wanted != 0;
		for (; wanted && young->clear->by_frame; wanted &= wanted - 1) {
			const uint64_t frame = head_of(
				young, view, word * 64 + (unsigned int)__builtin_ctzll(wanted));

			if (frame >> IDLE_CHUNK_SHIFT != chunk_index) {
				chunk_index = frame >> IDLE_CHUNK_SHIFT;
				chunk = idle_bitmap_claim(&young->bitmap, frame);
			}
			if (chunk && frame)
				chunk->marks[idle_word(frame)] |= idle_bit(frame);
		}
	}
}

static unsigned int count_bits(const uint64_t *words)
{
	unsigned int i, n = 0;

	for (i = 0; i < YOUNG_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(words[i]);
	return n;
}

static void pay(struct walk *walk, uint64_t pages)
{
	walk->cost.pages += pages;
	walk->left -= pages < walk->left ? pages : walk->left;
}

/* One block between two addresses. */
static void mark_block(struct walk *walk, size_t index, uint32_t number, uint64_t from, uint64_t to)
{
	struct young *young = walk->young;
	const struct young_found *found = young->source->found;
	struct view view = { .block = &found->blocks[number], .table = &found->tables[number] };
	const struct young_region *region;
	unsigned int present;

	if (view.block->kind == YOUNG_GIANT ||
	    !young_cut(view.block, from, to, &view.first, &view.end))
		return;
	if (view.block->kind == YOUNG_HUGE) {
		young_look_at_huge(view.block->entry, &view.look);
		view.first = 0;
		view.end = 1;
	} else {
		young_look_at(view.table, &view.look);
	}
	present = view.block->kind == YOUNG_HUGE ? YOUNG_BLOCK_PAGES
						 : count_bits(view.look.present);
	pay(walk, present + (YOUNG_BLOCK_PAGES - present) / ABSENT_PER_PAGE);
	walk->cost.skipped += YOUNG_BLOCK_PAGES - present;
	if (!present)
		return;
	region = young_region_meet(&young->regions, young->targets[index], young->folios,
				   view.block, view.table, &view.look, young->window);
	if (!region)
		return;
	walk->cost.marked += present;
	young->seats[index].marked = 1;
	view.detail = young_region_detail(region);
	gather(young, &young->seats[index], &view);
}

static int span_add(struct young *young, size_t target, uint64_t start, uint64_t end)
{
	struct young_span *last = young->n_spans ? &young->spans[young->n_spans - 1] : NULL;

	if (last && last->target == target && last->end == start) {
		last->end = end;
		return 0;
	}
	if (young->n_spans == young->room_spans) {
		size_t room = young->room_spans ? young->room_spans * 2 : 64;
		struct young_span *spans = reallocarray(young->spans, room, sizeof(*spans));

		if (!spans)
			return -ENOMEM;
		young->spans = spans;
		young->room_spans = room;
	}
	young->spans[young->n_spans++] =
		(struct young_span){ .start = start, .end = end, .target = (uint32_t)target };
	return 0;
}

/* How many blocks to look at next; 0: what is left is too little to go on with. */
static uint32_t step_blocks(const struct walk *walk)
{
	uint64_t n = walk->left / YOUNG_BLOCK_PAGES;

	if (!n && !walk->cost.pages && walk->left)
		n = 1;
	return n < YOUNG_BLOCKS ? (uint32_t)n : YOUNG_BLOCKS;
}

/* As round_fn. */
static int mark_range(void *arg, size_t index, uint64_t from, uint64_t to, uint64_t *ret_reached)
{
	struct walk *walk = arg;
	struct young *young = walk->young;
	struct young_request request = { .fd = young->targets[index]->pagemap_fd, .next = from };
	uint64_t start;
	uint32_t i;
	int err;

	while (request.next < to) {
		*ret_reached = start = request.next;
		request.start = start;
		request.end = to;
		request.blocks = step_blocks(walk);
		if (!request.blocks)
			return 0;
		err = young->source->read(young->source->arg, &request);
		if (err < 0)
			return err;
		/* What a guest or a device does is not in these tables. */
		if (request.flags & YOUNG_F_SECONDARY)
			return -EOPNOTSUPP;
		walk->cost.calls++;
		if (request.next > to)
			request.next = to;
		for (i = 0; i < request.blocks; i++)
			mark_block(walk, index, i, start, request.next);
		/* A mapping costs at least its call. */
		pay(walk, 1);
		err = request.blocks ? span_add(young, index, start, request.next) : 0;
		if (!err)
			err = young_breathe(young);
		if (err < 0)
			return err;
	}
	return 1;
}

int young_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct walk walk = { .young = state, .left = max_pages };
	struct young *young = state;
	uint64_t calls = young->bitmap.calls;
	int err;

	young_drop_marks(young);
	young->window++;
	young->slice_ns = clock_thread_cpu_ns();
	folio_reader_window(young->folios);
	if (young->window % SWEEP_WINDOWS == 0)
		young_regions_sweep(&young->regions, young->window - SWEEP_WINDOWS);
	err = round_walk(young->targets, young->n_targets, &young->cursor, mark_range, &walk);
	if (!err)
		err = young->clear->commit(young);
	if (err) {
		/* What was not cleared must not pass for accessed. */
		young_drop_marks(young);
		return err;
	}
	walk.cost.calls += young->bitmap.calls - calls;
	*ret_cost = walk.cost;
	return 0;
}
