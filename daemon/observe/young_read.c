// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(): looks at the same page tables again. Where the frames behind 16 pages
 * are not those of mark(), nothing is known of these pages.
 *
 * Shared pages and those of files take a second turn, in which the idle bitmap is asked about them:
 * that makes the kernel clear accessed bits of everything that has its idle flag
 * since any window, so whatever is to be read from page tables is read before.
 */
#include <errno.h>

#include "target.h"
#include "util/clock.h"
#include "young_batch.h"
#include "young_runs.h"
#include "young_view.h"

static uint8_t order_of(unsigned int pages)
{
	return (uint8_t)(31 - __builtin_clz(pages));
}

/* A page of several address spaces is to be counted in one of them: the first that is read. */
static uint8_t shared_flags(struct young *young, uint64_t head)
{
	struct idle_chunk *chunk = idle_bitmap_claim(&young->bitmap, head);
	uint8_t flags = OBSERVED_SHARED;

	if (!chunk)
		return flags;
	if (chunk->met[idle_word(head)] & idle_bit(head))
		flags |= OBSERVED_AGAIN;
	chunk->met[idle_word(head)] |= idle_bit(head);
	return flags;
}

/* What the idle bitmap says of a shared folio whose bits are clear in this table. */
static uint8_t ask_bitmap(struct young *young, uint64_t head)
{
	struct idle_chunk *chunk = idle_bitmap_find(&young->bitmap, head);
	const size_t word = idle_word(head);

	if (!young_asks(young) || !chunk || !(chunk->marks[word] & idle_bit(head)))
		return SEEN_UNKNOWN;
	if (!chunk->fetched)
		idle_bitmap_fetch(&young->bitmap, chunk);
	if (word < chunk->first || word >= chunk->valid)
		return SEEN_UNKNOWN;
	return chunk->idle[word] & idle_bit(head) ? SEEN_IDLE : SEEN_ACCESSED;
}

/* What the pages [@page, @page + @run) of one folio show together. */
struct folio_view {
	uint64_t head; /* as far as it is mapped here, else the first page */
	int accessed;
	int same;
	int shared;
	int asked; /* accessed by others, too, or by calls: this table does not tell of it */
	int odd;
};

static struct folio_view view_folio(const struct young_view *view, unsigned int page,
				    unsigned int run)
{
	struct folio_view folio = { .head = young_frame(view, page), .same = 1 };
	unsigned int i;

	for (i = page; i < page + run; i++) {
		folio.accessed |= young_bit(view->look.accessed, i);
		folio.same &= young_region_same(view->region, &view->look, i / YOUNG_GROUP_PAGES);
		if (view->detail) {
			folio.shared |= young_bit(view->detail->shared, i);
			folio.asked |= young_bit(view->detail->file, i);
		}
	}
	folio.asked |= folio.shared;
	if (view->detail)
		folio.odd = young_bit(view->detail->odd, page);
	return folio;
}

static uint8_t judge(struct young *young, const struct young_view *view,
		     const struct folio_view *folio)
{
	/* Where nothing was cleared only idleness could be seen: half of the truth. */
	if (!folio->same || !view->seat->cleared)
		return SEEN_UNKNOWN;
	if (folio->accessed)
		return folio->odd ? SEEN_UNKNOWN : SEEN_ACCESSED;
	if (!folio->asked)
		return SEEN_IDLE;
	return folio->odd ? SEEN_UNKNOWN : ask_bitmap(young, folio->head);
}

/* How many pages from @page on are one folio, as far as it is mapped in a row. */
static unsigned int folio_run(const struct young_view *view, unsigned int page)
{
	const uint64_t frame = young_frame(view, page);
	unsigned int run = 1;

	while (view->detail && page + run < view->end &&
	       young_bit(view->look.present, page + run) &&
	       young_bit(view->detail->tails, page + run) &&
	       young_frame(view, page + run) == frame + run)
		run++;
	return run;
}

static void report_folio(struct young *young, const struct young_view *view, unsigned int page,
			 unsigned int run, struct folio_view *folio)
{
	/* The second turn is none of its own to heat. */
	uint8_t flags = young->shared_turn || young->ahead ? OBSERVED_AHEAD : 0;

	if (view->detail && young_bit(view->detail->tails, page))
		folio->head = folio_reader_head(young->folios, folio->head);
	if (folio->shared)
		flags |= shared_flags(young, folio->head);
	if (view->detail && young_bit(view->detail->file, page))
		flags |= OBSERVED_FILE;
	if (folio->odd && folio->accessed)
		flags |= OBSERVED_FIXED;
	*young_next(young) = (struct observation){
		.address = view->block->address + ((uint64_t)page << TIERED_PAGE_SHIFT),
		.interval_ns = young->interval_ns,
		.target = view->seat->id,
		.order = order_of(view->block->kind == YOUNG_HUGE ? YOUNG_BLOCK_PAGES : run),
		.node = young_node_of(young, young_frame(view, page)),
		.seen = judge(young, view, folio),
		.flags = flags,
	};
}

static int is_zero(const struct young_view *view, unsigned int page)
{
	return view->detail && young_bit(view->detail->zero, page);
}

/* Folio by folio, those whose turn it is. */
static uint64_t report_folios(struct young *young, const struct young_view *view,
			      uint8_t *ret_shared)
{
	unsigned int page, run;
	uint64_t n = 0;

	for (page = view->first; page < view->end; page += run) {
		struct folio_view folio;
		int later;

		run = 1;
		if (!young_bit(view->look.present, page) || is_zero(view, page))
			continue;
		run = folio_run(view, page);
		folio = view_folio(view, page, run);
		later = folio.asked && young_asks(young);
		*ret_shared |= (uint8_t)later;
		if (later != young->shared_turn)
			continue;
		report_folio(young, view, page, run, &folio);
		n++;
	}
	return n;
}

/* Where the frame of a page is known, it was there at mark() and could be observed. */
static void report_block(struct young *young, struct span *span, const struct young_view *view,
			 struct tracker_cost *cost)
{
	if (!view->detail && view->block->kind == YOUNG_TABLE)
		cost->marked += young_report_plain(young, view);
	else
		cost->marked += report_folios(young, view, &span->shared);
}

/* One block between two addresses; returns the run that the next one may belong to. */
static struct young_run *read_block(struct young *young, struct span *span, uint32_t number,
				    struct young_run *run, struct tracker_cost *cost)
{
	struct young_seat *seat = &young->seats[span->target];
	struct young_view view;

	cost->pages += young->shared_turn ? 0 : YOUNG_BLOCK_PAGES;
	if (!young_view_open(young, number, span->start, span->end, &view))
		return NULL;
	view.seat = seat;
	view.region = young_region_find(&seat->regions, view.block->address, young->window);
	/* Not there at mark(), or a huge page then and pieces now, or the other way round. */
	if (!view.region || young_region_is_huge(view.region) != (view.block->kind == YOUNG_HUGE)) {
		cost->skipped += young->shared_turn ? 0 : YOUNG_BLOCK_PAGES;
	} else {
		if (!young->shared_turn &&
		    young_region_refresh(&seat->regions, view.region, young->targets[span->target],
					 &view.look, view.first, view.end) < 0)
			return NULL;
		view.detail = young_region_detail(view.region);
		if (!young->shared_turn || view.detail)
			report_block(young, span, &view, cost);
	}
	return young->shared_turn ? NULL : young_run_extend(young, span->target, &view, run);
}

/* 0, -ESRCH when the target is gone, -ECANCELED. */
static int read_span(struct young *young, struct span *span, struct tracker_cost *cost)
{
	struct young_request request = {
		.fd = young->targets[span->target]->pagemap_fd,
		.next = span->start,
		.end = span->end,
	};
	struct young_run *run = NULL;
	uint32_t i;
	int err;

	while (request.next < span->end) {
		request.start = request.next;
		request.blocks = YOUNG_BLOCKS;
		err = young->source->read(young->source->arg, &request);
		if (err < 0)
			return err;
		/* A guest or a device has come since mark(). */
		if (request.flags & YOUNG_F_SECONDARY)
			return -EOPNOTSUPP;
		cost->calls++;
		for (i = 0; i < request.blocks; i++)
			run = read_block(young, span, i, run, cost);
		err = slice_breathe(&young->slice, young->env);
		if (err < 0)
			return err;
	}
	return 0;
}

static int read_spans(struct young *young, struct tracker_cost *cost)
{
	const struct span *last = NULL;
	size_t i;
	int err;

	for (i = 0; i < young->spans.n; i++) {
		struct span *span = &young->spans.list[i];

		if (young->shared_turn && !span->shared)
			continue;
		if (last && !span_continues(last, span))
			young_hand_on(young);
		last = span;
		young->ahead = span->ahead;
		err = read_span(young, span, cost);
		if (err == -ECANCELED)
			return err;
		/* Gone, or not to be read any more: what is left of it stays unknown. */
	}
	return 0;
}

int young_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	       struct tracker_cost *ret_cost)
{
	struct young *young = state;
	struct tracker_cost cost = { 0 };
	uint64_t calls = young->bitmap.calls;
	int err;

	young->interval_ns = interval_ns;
	young->observe = observe;
	young->observe_arg = arg;
	young->n_batch = 0;
	young->node_block = UINT64_MAX;
	slice_begin(&young->slice);
	folio_reader_window(young->folios);
	for (young->shared_turn = 0, err = 0; young->shared_turn < 2 && !err;
	     young->shared_turn++) {
		err = read_spans(young, &cost);
		young_hand_on(young);
	}
	cost.calls += young->bitmap.calls - calls;
	if (err < 0) {
		young_drop_marks(young);
		return err;
	}
	young_runs_close(young);
	young_turn_marks(young);
	*ret_cost = cost;
	return 0;
}
