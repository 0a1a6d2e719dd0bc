// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark(): walks the mappings from where the last window stopped, gathers the
 * frames of present pages in the bitmap, and hands it to the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "idle.h"
#include "pagemap.h"
#include "target.h"
#include "util/clock.h"
#include "vmas.h"

/*
 * A page that is absent or not due costs only its pagemap entry, about a sixteenth of
 * what one costs whose idle flag is set and tested.
 */
#define PASSED_PER_PAGE 16

/* One call of mark() on its way. */
struct walk {
	struct idle *idle;
	uint64_t left; /* of the budget, in pages */
	struct tracker_cost cost;
	size_t target;                  /* index */
	uint64_t address;               /* not walked yet from here on */
	uint64_t asked;                 /* block that was asked about last, UINT64_MAX: none */
	uint64_t due[IDLE_BLOCK_WORDS]; /* what is due of it */
	unsigned int n_due;
	uint8_t ahead; /* out of turn */
};

/* Is page @at of those in hand due, the first of which is the @skew-th of its block? */
static int is_due(const struct idle *idle, size_t skew, size_t at)
{
	const size_t page = skew + at;

	return idle->due[page / IDLE_BLOCK_PAGES][page / 64 % IDLE_BLOCK_WORDS] >> page % 64 & 1;
}

/* Marks those among @n entries that are present and due; returns how many. */
static size_t gather(struct idle *idle, size_t skew, size_t n)
{
	struct idle_chunk *chunk = NULL;
	uint64_t chunk_index = UINT64_MAX;
	size_t i, marked = 0;

	for (i = 0; i < n; i++) {
		uint64_t pfn = pagemap_pfn(idle->entries[i]);

		if (!pfn || !is_due(idle, skew, i) || folio_reader_is_zero(idle->folios, pfn))
			continue;
		if (pfn >> IDLE_CHUNK_SHIFT != chunk_index) {
			chunk_index = pfn >> IDLE_CHUNK_SHIFT;
			chunk = idle_bitmap_claim(&idle->bitmap, pfn);
		}
		if (!chunk)
			continue;
		chunk->marks[idle_word(pfn)] |= idle_bit(pfn);
		marked++;
	}
	return marked;
}

/*
 * How many pages to look at next: no more than are left to do, and whole blocks
 * if that can be. 0: what is left is too little to go on with.
 */
static size_t step_pages(const struct walk *walk, uint64_t end)
{
	const uint64_t page = walk->address >> TIERED_PAGE_SHIFT;
	uint64_t n = (end >> TIERED_PAGE_SHIFT) - page, beyond;

	if (n > IDLE_ENTRIES)
		n = IDLE_ENTRIES - page % IDLE_BLOCK_PAGES;
	if (n > walk->left) {
		n = walk->left;
		beyond = (page + n) % IDLE_BLOCK_PAGES;
		if (n > beyond)
			n -= beyond;
		else if (walk->cost.pages)
			n = 0;
	}
	return (size_t)n;
}

/* What of the block around @page is due; the last answer is kept, for asking counts as a visit. */
static unsigned int ask(struct walk *walk, uint64_t page, uint64_t ret_due[IDLE_BLOCK_WORDS])
{
	const struct tracker_env *env = walk->idle->env;
	const uint64_t block = page / IDLE_BLOCK_PAGES;

	/* Where something happens all of it is. */
	if (!env->due || walk->ahead) {
		memset(ret_due, 0xff, sizeof(walk->due));
		return IDLE_BLOCK_PAGES;
	}
	if (walk->asked != block) {
		walk->asked = block;
		walk->n_due = env->due(env->due_arg, walk->idle->targets[walk->target]->id,
				       block * IDLE_BLOCK_PAGES << TIERED_PAGE_SHIFT, walk->due);
	}
	memcpy(ret_due, walk->due, sizeof(walk->due));
	return walk->n_due;
}

static void pay(struct walk *walk, uint64_t pages)
{
	walk->cost.pages += pages;
	walk->left -= pages < walk->left ? pages : walk->left;
}

/* Passes blocks of which nothing is due; each costs the question. */
static void pass_blocks(struct walk *walk, uint64_t end)
{
	while (walk->address < end && walk->left) {
		const uint64_t page = walk->address >> TIERED_PAGE_SHIFT;
		uint64_t next = (page / IDLE_BLOCK_PAGES + 1) * IDLE_BLOCK_PAGES
				<< TIERED_PAGE_SHIFT;

		if (ask(walk, page, walk->idle->due[0]))
			break;
		if (next > end)
			next = end;
		walk->cost.skipped += (next - walk->address) >> TIERED_PAGE_SHIFT;
		walk->address = next;
		pay(walk, 1);
	}
}

/* How many of the next @n pages come before a block of which nothing is due. */
static size_t due_pages(struct walk *walk, size_t n, uint8_t *ret_partly)
{
	const uint64_t page = walk->address >> TIERED_PAGE_SHIFT;
	const size_t skew = page % IDLE_BLOCK_PAGES;
	size_t block;

	*ret_partly = 0;
	for (block = 0; block * IDLE_BLOCK_PAGES < skew + n; block++) {
		const size_t before = block * IDLE_BLOCK_PAGES;
		unsigned int due = ask(walk, page - skew + before, walk->idle->due[block]);

		if (!due && block)
			return before - skew;
		*ret_partly |= due < IDLE_BLOCK_PAGES;
	}
	return n;
}

/* One reading of pagemap, and the marks that follow from it; 0 or -errno. */
static int mark_pages(struct walk *walk, size_t want, uint64_t end)
{
	struct idle *idle = walk->idle;
	const struct target *target = idle->targets[walk->target];
	const uint64_t start = walk->address;
	size_t marked;
	uint8_t partly;
	int n;

	want = due_pages(walk, want, &partly);
	n = target_pagemap(target, start, idle->entries, want);
	if (n < 0)
		return n;
	marked = gather(idle, (start >> TIERED_PAGE_SHIFT) % IDLE_BLOCK_PAGES, (size_t)n);
	walk->address += (uint64_t)n << TIERED_PAGE_SHIFT;
	pay(walk, marked + ((size_t)n - marked) / PASSED_PER_PAGE);
	walk->cost.marked += marked;
	walk->cost.skipped += (size_t)n - marked;
	if (marked) {
		idle->marked[walk->target] = 1;
		return spans_add(&idle->spans, (struct span){ .start = start,
							      .end = walk->address,
							      .target = (uint32_t)walk->target,
							      .ahead = walk->ahead,
							      .partly = partly });
	}
	walk->address = pagemap_next_present(target, walk->address, end);
	return 0;
}

/* 1: on with the next mapping; 0: the budget is used up; -ESRCH: the target is gone; -errno. */
static int mark_range(struct walk *walk, uint64_t end)
{
	uint64_t stop;
	size_t want;
	int err;

	for (;;) {
		stop = end;
		if (walk->address < end &&
		    hints_step_past(&walk->idle->hints, walk->target, &walk->address, &stop))
			continue;
		pass_blocks(walk, stop);
		if (walk->address >= end)
			return 1;
		if (walk->address >= stop)
			continue;
		want = step_pages(walk, stop);
		if (!want)
			return 0;
		err = mark_pages(walk, want, stop);
		if (!err)
			err = slice_breathe(&walk->idle->slice, walk->idle->env);
		if (err < 0)
			return err;
	}
}

/* As round_fn. */
static int mark_mapping(void *arg, size_t target, uint64_t from, uint64_t to, uint64_t *ret_reached)
{
	struct walk *walk = arg;
	int ret;

	if (walk->target != target)
		walk->asked = UINT64_MAX;
	walk->target = target;
	walk->address = from;
	ret = mark_range(walk, to);
	*ret_reached = walk->address;
	/* A mapping costs at least its system call. */
	if (ret > 0)
		pay(walk, 1);
	return ret;
}

/*
 * Folios of which only tails are mapped have their idle flag at a head that no
 * walk meets. A frame that has become something else meanwhile does no harm:
 * nobody asks for it.
 */
static void gather_heads(struct idle *idle)
{
	size_t i;

	for (i = 0; i < idle->n_heads; i++) {
		struct idle_chunk *chunk = idle_bitmap_claim(&idle->bitmap, idle->heads[i]);

		if (chunk)
			chunk->marks[idle_word(idle->heads[i])] |= idle_bit(idle->heads[i]);
	}
	idle->n_heads = 0;
}

static int write_chunks(struct idle *idle)
{
	int err = 0;
	size_t i;

	gather_heads(idle);
	for (i = 0; i < idle->bitmap.n_active && !err; i++) {
		err = idle_bitmap_write(&idle->bitmap, idle->bitmap.active[i]);
		if (!err)
			err = slice_breathe(&idle->slice, idle->env);
	}
	return err;
}

int idle_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct walk walk = { .idle = state, .left = max_pages, .asked = UINT64_MAX };
	struct idle *idle = state;
	uint64_t calls = idle->bitmap.calls;
	int whole = 1, err;

	idle_drop_marks(idle);
	slice_begin(&idle->slice);
	err = hints_walk(&idle->hints, idle->targets, idle->n_targets, &walk.left, &walk.ahead,
			 mark_mapping, &walk);
	if (!err)
		whole = round_walk(idle->targets, idle->n_targets, &idle->cursor, mark_mapping,
				   &walk);
	if (!err)
		err = whole < 0 ? whole : write_chunks(idle);
	if (err) {
		/* What did not get through is not marked: it must not pass for accessed. */
		idle_drop_marks(idle);
		return err;
	}
	walk.cost.cut = !whole;
	walk.cost.calls = idle->bitmap.calls - calls;
	*ret_cost = walk.cost;
	return 0;
}
