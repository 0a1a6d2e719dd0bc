// SPDX-License-Identifier: GPL-2.0-only
#include "young_view.h"

int young_view_open(const struct young *young, uint32_t number, uint64_t start, uint64_t end,
		    struct young_view *ret)
{
	const struct young_block *block = &young->source->found->blocks[number];
	uint64_t from = start > block->address ? start - block->address : 0;
	uint64_t to = end > block->address ? end - block->address : 0;

	if (to > YOUNG_BLOCK_BYTES)
		to = YOUNG_BLOCK_BYTES;
	/* Pages of 1 GiB are those of hugetlbfs and of devices: nobody's to move. */
	if (from >= to || block->kind == YOUNG_GIANT)
		return 0;
	ret->block = block;
	ret->table = &young->source->found->tables[number];
	ret->region = NULL;
	ret->detail = NULL;
	ret->whole = to - from == YOUNG_BLOCK_BYTES;
	if (block->kind == YOUNG_HUGE) {
		young_look_at_huge(block->entry, &ret->look);
		ret->first = 0;
		ret->end = 1;
	} else {
		young_look_at(ret->table, &ret->look);
		ret->first = (unsigned int)(from >> TIERED_PAGE_SHIFT);
		ret->end = (unsigned int)(to >> TIERED_PAGE_SHIFT);
	}
	return 1;
}

unsigned int young_view_present(const struct young_view *view)
{
	unsigned int i, n = 0;

	if (view->block->kind == YOUNG_HUGE)
		return YOUNG_BLOCK_PAGES;
	for (i = 0; i < YOUNG_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(view->look.present[i]);
	return n;
}

int young_view_shared(const struct young_view *view)
{
	unsigned int i;

	for (i = 0; view->detail && i < YOUNG_WORDS; i++)
		if (view->detail->shared[i] | view->detail->file[i])
			return 1;
	return 0;
}

/* The frame whose flag counts for the page: the head of its folio. */
static uint64_t head_of(struct young *young, const struct young_view *view, unsigned int page)
{
	const uint64_t frame = young_frame(view, page);
	unsigned int at = page;

	if (!view->detail || !young_bit(view->detail->tails, page))
		return frame;
	while (at && young_bit(view->detail->tails, at) &&
	       young_frame(view, at - 1) == frame - (page - at) - 1)
		at--;
	if (!young_bit(view->detail->tails, at))
		return frame - (page - at);
	return folio_reader_head(young->folios, frame);
}

/* Pages of a word of 64 that are to be cleared, or asked about. */
static uint64_t wanted_bits(const struct young_view *view, unsigned int word)
{
	uint64_t wanted = view->look.accessed[word];
	const unsigned int base = word * 64;

	if (view->detail)
		wanted = (wanted | ((view->detail->shared[word] | view->detail->file[word]) &
				    view->look.present[word])) &
			 ~view->detail->zero[word];
	if (view->first > base)
		wanted &= view->first - base < 64 ? UINT64_MAX << (view->first - base) : 0;
	if (view->end < base + 64)
		wanted &= view->end > base ? UINT64_MAX >> (64 - (view->end - base)) : 0;
	return wanted;
}

static void note(struct young *young, uint64_t frame, int next)
{
	struct idle_chunk *chunk = frame ? idle_bitmap_claim(&young->bitmap, frame) : NULL;

	if (!chunk)
		return;
	if (next)
		chunk->next[idle_word(frame)] |= idle_bit(frame);
	else
		chunk->marks[idle_word(frame)] |= idle_bit(frame);
}

/* Pages between the first and the last that were accessed; 0: none. A page of 2 MiB is whole. */
static int accessed_range(const struct young_view *view, unsigned int *ret_first,
			  unsigned int *ret_end)
{
	unsigned int first = YOUNG_BLOCK_PAGES, end = 0, page;

	if (view->block->kind == YOUNG_HUGE) {
		*ret_first = 0;
		*ret_end = YOUNG_BLOCK_PAGES;
		return view->look.accessed[0] & 1;
	}
	for (page = view->first; page < view->end; page++)
		if (young_bit(view->look.accessed, page)) {
			if (first == YOUNG_BLOCK_PAGES)
				first = page;
			end = page + 1;
		}
	*ret_first = first;
	*ret_end = end;
	return end != 0;
}

/* A call clears more in the time that a second one takes. */
static int joins(const struct span *last, const struct span *span)
{
	return last->target == span->target && last->end <= span->start &&
	       span->start - last->end < YOUNG_BLOCK_BYTES;
}

/* Addresses to be cleared; without memory for that nothing is known of the process. */
static void note_addresses(struct young *young, const struct young_view *view, int next)
{
	struct spans *spans = next ? &young->next_due : &young->due;
	struct span span = { .target = (uint32_t)(view->seat - young->seats) };
	unsigned int first, end;

	if (!accessed_range(view, &first, &end))
		return;
	span.start = view->block->address + ((uint64_t)first << TIERED_PAGE_SHIFT);
	span.end = view->block->address + ((uint64_t)end << TIERED_PAGE_SHIFT);
	if (spans->n && joins(&spans->list[spans->n - 1], &span))
		spans->list[spans->n - 1].end = span.end;
	else if (spans_add(spans, span) < 0)
		young->seats[span.target].missed |= next ? MISSED_NEXT : MISSED_NOW;
}

/* Of those, what goes into the bitmap. */
static uint64_t frame_bits(const struct young *young, const struct young_view *view,
			   unsigned int word, uint64_t wanted)
{
	if (young->clear->by_frame)
		return wanted;
	if (!young_asks(young) || !view->detail)
		return 0;
	return wanted & (view->detail->shared[word] | view->detail->file[word]);
}

int young_view_gather(struct young *young, const struct young_view *view, int next)
{
	unsigned int word;
	int some = 0;

	if (!view->look.any_accessed && !view->detail)
		return 0;
	if (young->clear->by_address)
		note_addresses(young, view, next);
	for (word = 0; word < YOUNG_WORDS; word++) {
		uint64_t wanted = wanted_bits(view, word);

		some |= wanted != 0;
		wanted = frame_bits(young, view, word, wanted);
		for (; wanted; wanted &= wanted - 1)
			note(young,
			     head_of(young, view,
				     word * 64 + (unsigned int)__builtin_ctzll(wanted)),
			     next);
	}
	return some;
}
