// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark(): looks at page tables from where the last window stopped, and has the
 * bits of accessed pages cleared. All others cost no more than the look.
 */
#include <errno.h>
#include <stdlib.h>

#include "target.h"
#include "util/clock.h"
#include "young_runs.h"
#include "young_view.h"

/* An absent page is an empty entry of a table that is read anyway. */
#define ABSENT_PER_PAGE 16

/* One call of mark() on its way. */
struct walk {
	struct young *young;
	uint64_t left; /* of the budget, in pages */
	struct tracker_cost cost;
	size_t target;  /* that was asked about last, index, and which of its blocks */
	uint64_t asked; /* UINT64_MAX: none */
	unsigned int due;
	uint8_t ahead; /* out of turn */
};

static void pay(struct walk *walk, uint64_t pages)
{
	walk->cost.pages += pages;
	walk->left -= pages < walk->left ? pages : walk->left;
}

/* One block between two addresses. */
static void mark_block(struct walk *walk, size_t index, uint32_t number, uint64_t from, uint64_t to)
{
	struct young *young = walk->young;
	struct young_seat *seat = &young->seats[index];
	struct young_view view;
	unsigned int present;

	if (!young_view_open(young, number, from, to, &view))
		return;
	present = young_view_present(&view);
	pay(walk, present + (YOUNG_BLOCK_PAGES - present) / ABSENT_PER_PAGE);
	walk->cost.skipped += YOUNG_BLOCK_PAGES - present;
	if (!present)
		return;
	view.region = young_region_meet(&seat->regions, young->targets[index], young->folios,
					view.block, view.table, &view.look, young->window);
	if (!view.region)
		return;
	walk->cost.marked += present;
	seat->marked = 1;
	view.detail = young_region_detail(view.region);
	view.seat = seat;
	seat->dirty |= (uint8_t)young_view_gather(young, &view, 0);
}

static int span_add(struct walk *walk, size_t target, uint64_t start, uint64_t end)
{
	return spans_add(&walk->young->spans, (struct span){ .start = start,
							     .end = end,
							     .target = (uint32_t)target,
							     .ahead = walk->ahead });
}

/* How many blocks to look at next; 0: what is left is too little to go on with. */
static uint32_t step_blocks(const struct walk *walk)
{
	uint64_t n = walk->left / YOUNG_BLOCK_PAGES;

	if (!n && !walk->cost.pages && walk->left)
		n = 1;
	return n < YOUNG_BLOCKS ? (uint32_t)n : YOUNG_BLOCKS;
}

/* As round_fn: looks at page tables. */
static int look_range(struct walk *walk, size_t index, uint64_t from, uint64_t to,
		      uint64_t *ret_reached)
{
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
		err = request.blocks ? span_add(walk, index, start, request.next) : 0;
		if (!err)
			err = slice_breathe(&young->slice, young->env);
		if (err < 0)
			return err;
	}
	return 1;
}

static uint64_t block_up(uint64_t address)
{
	return (address + YOUNG_BLOCK_BYTES - 1) & ~(YOUNG_BLOCK_BYTES - 1);
}

/* Takes blocks of a run as read() has left them, as far as the budget goes; as round_fn. */
static int take_run(struct walk *walk, size_t index, const struct young_run *run, uint64_t from,
		    uint64_t to, uint64_t *ret_reached)
{
	const uint64_t whole = (run->end - run->start) / YOUNG_BLOCK_BYTES;
	uint64_t blocks = (to - from) / YOUNG_BLOCK_BYTES, pages;
	int err;

	*ret_reached = from;
	/* As dense as they are on the average. */
	pages = (uint64_t)((unsigned __int128)run->pages * blocks / whole);
	if (pages > walk->left) {
		blocks = (uint64_t)((unsigned __int128)walk->left * whole / run->pages);
		if (!blocks && !walk->cost.pages)
			return look_range(walk, index, from, to, ret_reached);
		if (!blocks)
			return 0;
		pages = walk->left;
	}
	pay(walk, pages);
	walk->cost.marked += pages;
	walk->young->seats[index].marked = 1;
	*ret_reached = from + blocks * YOUNG_BLOCK_BYTES;
	err = span_add(walk, index, from, *ret_reached);
	return err < 0 ? err : *ret_reached == to;
}

/* As round_fn, all of it. */
static int mark_piece(struct walk *walk, size_t index, uint64_t from, uint64_t to,
		      uint64_t *ret_reached)
{
	while (from < to) {
		const struct young_run *run = young_run_find(&walk->young->fresh, index, from);
		uint64_t start = to, end = to;
		int ret;

		if (run) {
			start = block_up(run->start > from ? run->start : from);
			end = run->end < to ? run->end : to & ~(YOUNG_BLOCK_BYTES - 1);
		}
		if (start >= end)
			return look_range(walk, index, from, to, ret_reached);
		ret = look_range(walk, index, from, start, ret_reached);
		if (ret > 0)
			ret = take_run(walk, index, run, start, end, ret_reached);
		if (ret <= 0)
			return ret;
		from = end;
	}
	return 1;
}

/*
 * How many pages are due of the block around @address; a look at the rest of it costs nothing
 * more. The last answer is kept, for to ask counts as a visit, and mappings may share a block.
 */
static unsigned int ask(struct walk *walk, size_t index, uint64_t address)
{
	const struct tracker_env *env = walk->young->env;
	const uint64_t block = address & ~(YOUNG_BLOCK_BYTES - 1);
	uint64_t pages[YOUNG_BLOCK_PAGES / 64];

	if (!env->due)
		return YOUNG_BLOCK_PAGES;
	if (walk->asked != block || walk->target != index) {
		walk->asked = block;
		walk->target = index;
		walk->due = env->due(env->due_arg, walk->young->targets[index]->id, block, pages);
	}
	return walk->due;
}

/*
 * How far ahead is asked before anything is looked at: with a budget that ends before, those
 * visits were for nothing. That matters where pages take turns, not where all are due.
 */
#define ASK_BYTES (32 * YOUNG_BLOCK_BYTES)
#define ASK_ALL_BYTES (512 * YOUNG_BLOCK_BYTES)

/* Where the stretch ends, from @from on, of which something is due. */
static uint64_t due_end(struct walk *walk, size_t index, uint64_t from, uint64_t to)
{
	uint64_t at = from, most = ASK_ALL_BYTES;
	unsigned int due;

	while (at < to && at - from < most) {
		due = ask(walk, index, at);
		if (!due)
			break;
		if (due < YOUNG_BLOCK_PAGES)
			most = ASK_BYTES;
		at = (at & ~(YOUNG_BLOCK_BYTES - 1)) + YOUNG_BLOCK_BYTES;
	}
	return at < to ? at : to;
}

/* Blocks of which something is due, as round_fn. Those that are passed cost the question. */
static int mark_due(struct walk *walk, size_t index, uint64_t from, uint64_t to,
		    uint64_t *ret_reached)
{
	uint64_t end;
	int ret;

	while (from < to) {
		end = due_end(walk, index, from, to);
		if (end > from) {
			ret = mark_piece(walk, index, from, end, ret_reached);
			if (ret <= 0)
				return ret;
			from = end;
			continue;
		}
		if (!walk->left) {
			*ret_reached = from;
			return 0;
		}
		end = (from & ~(YOUNG_BLOCK_BYTES - 1)) + YOUNG_BLOCK_BYTES;
		if (end > to)
			end = to;
		walk->cost.skipped += (end - from) >> TIERED_PAGE_SHIFT;
		pay(walk, 1);
		from = end;
	}
	return 1;
}

/* As round_fn: what was not looked at out of turn. */
static int mark_range(void *arg, size_t index, uint64_t from, uint64_t to, uint64_t *ret_reached)
{
	struct walk *walk = arg;
	uint64_t stop;
	int ret;

	while (from < to) {
		stop = to;
		if (hints_step_past(&walk->young->hints, index, &from, &stop))
			continue;
		ret = mark_due(walk, index, from, stop, ret_reached);
		if (ret <= 0)
			return ret;
		from = stop;
	}
	return 1;
}

/* As round_fn: where something happens all of it is due. */
static int mark_hint(void *arg, size_t index, uint64_t from, uint64_t to, uint64_t *ret_reached)
{
	return mark_piece(arg, index, from, to, ret_reached);
}

/* 1: all that is due was looked at; 0: the budget is used up; -ECANCELED or -ENOMEM. */
static int walk_all(struct walk *walk)
{
	struct young *young = walk->young;
	int err = hints_walk(&young->hints, young->targets, young->n_targets, &walk->left,
			     &walk->ahead, mark_hint, walk);

	if (err < 0)
		return err;
	return round_walk(young->targets, young->n_targets, &young->cursor, mark_range, walk);
}

static void sweep_regions(struct young *young)
{
	size_t i;

	for (i = 0; i < young->n_targets; i++)
		young_regions_sweep(&young->seats[i].regions, young->window);
	young->room.refused = 0;
}

int young_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct walk walk = { .young = state, .left = max_pages, .asked = UINT64_MAX };
	struct young *young = state;
	uint64_t calls = young->bitmap.calls;
	int whole, err;

	/* What read() has met for this window was met too long ago: it is none of any window. */
	if (!young->fresh.n || clock_now_ns() > young->fresh.until_ns) {
		young_drop_marks(young);
		young->window++;
	}
	young->window++;
	slice_begin(&young->slice);
	folio_reader_window(young->folios);
	sweep_regions(young);
	whole = walk_all(&walk);
	young->fresh.n = 0;
	err = whole < 0 ? whole : young->clear->commit(young);
	if (err) {
		/* What was not cleared must not pass for accessed. */
		young_drop_marks(young);
		return err;
	}
	walk.cost.cut = !whole;
	walk.cost.calls += young->bitmap.calls - calls;
	*ret_cost = walk.cost;
	return 0;
}
