// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark(): walks the mappings from where the last window stopped, gathers the
 * frames of present pages in the bitmap, and hands it to the kernel.
 */
#include <errno.h>
#include <stdlib.h>

#include "idle.h"
#include "pagemap.h"
#include "target.h"
#include "util/clock.h"
#include "vmas.h"

/* Spans end where a huge page may begin, so that none is cut in two. */
#define BLOCK_PAGES 512

/*
 * An absent page costs only its pagemap entry, about a sixteenth of what a
 * present one costs with its idle flag set and tested.
 */
#define ABSENT_PER_PAGE 16

/* One call of mark() on its way. */
struct walk {
	struct idle *idle;
	uint64_t left; /* of the budget, in pages */
	struct tracker_cost cost;
	size_t target;    /* index */
	uint64_t address; /* not walked yet from here on */
	int ahead;        /* out of turn */
};

static int span_add(struct idle *idle, size_t target, uint64_t start, uint64_t end, int ahead)
{
	struct idle_span *last = idle->n_spans ? &idle->spans[idle->n_spans - 1] : NULL;

	if (last && last->target == target && last->end == start && (int)last->ahead == ahead) {
		last->end = end;
		return 0;
	}
	if (idle->n_spans == idle->room_spans) {
		size_t room = idle->room_spans ? idle->room_spans * 2 : 64;
		struct idle_span *spans = reallocarray(idle->spans, room, sizeof(*spans));

		if (!spans)
			return -ENOMEM;
		idle->spans = spans;
		idle->room_spans = room;
	}
	idle->spans[idle->n_spans++] = (struct idle_span){
		.start = start, .end = end, .target = (uint32_t)target, .ahead = (uint32_t)ahead
	};
	return 0;
}

/* Marks the present pages among @n entries; returns how many there were. */
static size_t gather(struct idle *idle, size_t n)
{
	struct idle_chunk *chunk = NULL;
	uint64_t chunk_index = UINT64_MAX;
	size_t i, present = 0;

	for (i = 0; i < n; i++) {
		uint64_t pfn = pagemap_pfn(idle->entries[i]);

		if (!pfn || folio_reader_is_zero(idle->folios, pfn))
			continue;
		if (pfn >> IDLE_CHUNK_SHIFT != chunk_index) {
			chunk_index = pfn >> IDLE_CHUNK_SHIFT;
			chunk = idle_bitmap_claim(&idle->bitmap, pfn);
		}
		if (!chunk)
			continue;
		chunk->marks[idle_word(pfn)] |= idle_bit(pfn);
		present++;
	}
	return present;
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
		n = IDLE_ENTRIES - page % BLOCK_PAGES;
	if (n > walk->left) {
		n = walk->left;
		beyond = (page + n) % BLOCK_PAGES;
		if (n > beyond)
			n -= beyond;
		else if (walk->cost.pages)
			n = 0;
	}
	return (size_t)n;
}

static void pay(struct walk *walk, uint64_t pages)
{
	walk->cost.pages += pages;
	walk->left -= pages < walk->left ? pages : walk->left;
}

/* Steps over what was looked at out of turn, or lowers @stop to where that begins. */
static int step_past(struct walk *walk, uint64_t *stop)
{
	const struct idle *idle = walk->idle;
	size_t i;

	for (i = 0; i < idle->n_ahead; i++) {
		const struct idle_span *done = &idle->ahead[i];

		if (done->target != walk->target || done->end <= walk->address)
			continue;
		if (done->start <= walk->address) {
			walk->address = done->end < *stop ? done->end : *stop;
			return 1;
		}
		if (done->start < *stop)
			*stop = done->start;
	}
	return 0;
}

/* 1: on with the next mapping; 0: the budget is used up; -ESRCH: the target is gone; -errno. */
static int mark_range(struct walk *walk, uint64_t end)
{
	struct idle *idle = walk->idle;
	const struct target *target = idle->targets[walk->target];
	uint64_t start, stop;
	size_t want, present;
	int n, err;

	while (walk->address < end) {
		stop = end;
		if (step_past(walk, &stop))
			continue;
		want = step_pages(walk, stop);
		if (!want)
			return 0;
		n = target_pagemap(target, walk->address, idle->entries, want);
		if (n < 0)
			return n;
		present = gather(idle, (size_t)n);
		start = walk->address;
		walk->address += (uint64_t)n << TIERED_PAGE_SHIFT;
		pay(walk, present + ((size_t)n - present) / ABSENT_PER_PAGE);
		walk->cost.marked += present;
		walk->cost.skipped += (size_t)n - present;
		if (present) {
			idle->marked[walk->target] = 1;
			err = span_add(idle, walk->target, start, walk->address, walk->ahead);
		} else {
			walk->address = pagemap_next_present(target, walk->address, stop);
			err = 0;
		}
		if (!err)
			err = idle_breathe(idle);
		if (err < 0)
			return err;
	}
	return 1;
}

/* Walks one target between two addresses; returns as mark_range(). */
static int mark_target(struct walk *walk, uint64_t from, uint64_t to)
{
	const struct target *target = walk->idle->targets[walk->target];
	size_t i;
	int ret;

	walk->address = from;
	for (i = 0; i < target->n_vmas; i++) {
		const struct vma *vma = &target->vmas[i];

		if (vma->end <= walk->address)
			continue;
		if (vma->start >= to)
			break;
		if (vma->start > walk->address)
			walk->address = vma->start;
		ret = mark_range(walk, vma->end < to ? vma->end : to);
		if (ret <= 0)
			return ret;
		/* A mapping costs at least its system call. */
		pay(walk, 1);
	}
	return 1;
}

static int find_process(const struct idle *idle, uint32_t tgid, size_t *ret)
{
	size_t i;

	for (i = 0; i < idle->n_targets; i++) {
		if (idle->targets[i]->key.tgid != tgid)
			continue;
		*ret = i;
		return 1;
	}
	return 0;
}

/* Where something happens, before anything else; 0, -ECANCELED or -ENOMEM. */
static int walk_hints(struct walk *walk)
{
	struct idle *idle = walk->idle;
	const uint64_t most = walk->left / IDLE_HINTS_PART, rest = walk->left - most;
	size_t i;
	int ret = 1;

	walk->left = most;
	walk->ahead = 1;
	for (i = 0; i < idle->n_hints && walk->left; i++) {
		uint64_t start = idle->hints[i].start;

		if (!find_process(idle, idle->hints[i].tgid, &walk->target))
			continue;
		ret = mark_target(walk, start, start + IDLE_REGION_BYTES);
		if (ret == -ECANCELED || ret == -ENOMEM)
			return ret;
		idle->ahead[idle->n_ahead++] = (struct idle_span){
			.start = start,
			.end = ret == 0 ? walk->address : start + IDLE_REGION_BYTES,
			.target = (uint32_t)walk->target,
		};
	}
	idle->n_hints = 0;
	walk->ahead = 0;
	walk->left += rest;
	return 0;
}

/* The target to begin with: that of the cursor, else the next one, else the first. */
static size_t find_cursor(const struct idle *idle, uint64_t *ret_address)
{
	size_t i;

	*ret_address = 0;
	for (i = 0; i < idle->n_targets; i++) {
		if (idle->targets[i]->id == idle->cursor.target)
			*ret_address = idle->cursor.address;
		if (idle->targets[i]->id >= idle->cursor.target)
			return i;
	}
	return 0;
}

/* One round at most: from the cursor through all targets up to the cursor again. */
static int walk_round(struct walk *walk)
{
	struct idle *idle = walk->idle;
	const size_t n = idle->n_targets;
	uint64_t first_address;
	const size_t first = find_cursor(idle, &first_address);
	size_t i;
	int ret;

	for (i = 0; i <= n && n; i++) {
		walk->target = (first + i) % n;
		ret = mark_target(walk, i ? 0 : first_address, i == n ? first_address : UINT64_MAX);
		if (ret == -ECANCELED || ret == -ENOMEM)
			return ret;
		if (ret == 0) {
			idle->cursor.target = idle->targets[walk->target]->id;
			idle->cursor.address = walk->address;
			return 0;
		}
		/* Gone, or not to be read: the next one. Whoever holds it finds out as well. */
	}
	return 0;
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
			err = idle_breathe(idle);
	}
	return err;
}

int idle_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct walk walk = { .idle = state, .left = max_pages };
	struct idle *idle = state;
	uint64_t calls = idle->bitmap.calls;
	int err;

	idle_drop_marks(idle);
	idle->slice_ns = clock_thread_cpu_ns();
	err = walk_hints(&walk);
	if (!err)
		err = walk_round(&walk);
	if (!err)
		err = write_chunks(idle);
	if (err) {
		/* What did not get through is not marked: it must not pass for accessed. */
		idle_drop_marks(idle);
		return err;
	}
	walk.cost.calls = idle->bitmap.calls - calls;
	*ret_cost = walk.cost;
	return 0;
}
