// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(): looks at the same page tables again. Where the frames behind 16 pages
 * are not those of mark(), nothing is known of these pages.
 *
 * Shared pages take a second turn, in which the idle bitmap is asked about them:
 * that makes the kernel clear accessed bits of everything that has its idle flag
 * since any window, so whatever is to be read from page tables is read before.
 */
#include <errno.h>

#include "target.h"
#include "topology.h"
#include "util/clock.h"
#include "young_runs.h"
#include "young_view.h"

static void hand_on(struct young *young)
{
	if (young->n_batch)
		young->observe(young->observe_arg, young->batch, young->n_batch);
	young->n_batch = 0;
}

static struct observation *next_observation(struct young *young)
{
	if (young->n_batch == YOUNG_BATCH)
		hand_on(young);
	return &young->batch[young->n_batch++];
}

/* No 2 MiB of frames belong to two nodes. */
static inline uint8_t node_of(struct young *young, uint64_t frame)
{
	if (frame / YOUNG_BLOCK_PAGES != young->node_block) {
		young->node_block = frame / YOUNG_BLOCK_PAGES;
		young->node = topology_node_of_pfn(young->env->topology, frame);
	}
	return young->node;
}

static uint8_t order_of(unsigned int pages)
{
	return (uint8_t)(31 - __builtin_clz(pages));
}

/* What is the same in all observations of one page each in a group. */
static struct observation start_group(const struct young *young, const struct young_view *view,
				      unsigned int group)
{
	const int same = young_region_same(view->region, &view->look, group);

	return (struct observation){
		.address = view->block->address +
			   ((uint64_t)group * YOUNG_GROUP_PAGES << TIERED_PAGE_SHIFT),
		.interval_ns = young->interval_ns,
		.target = view->seat->id,
		.seen = same ? SEEN_IDLE : SEEN_UNKNOWN,
	};
}

/* What a page that was accessed is reported as. */
static uint8_t hit_of(const struct young_view *view, const struct observation *start)
{
	return start->seen == SEEN_IDLE && view->seat->cleared ? SEEN_ACCESSED : SEEN_UNKNOWN;
}

/* A whole group of single pages on one node, of this process alone: as few instructions as can be. */
static void report_whole_group(struct young *young, const struct young_view *view,
			       unsigned int group)
{
	const unsigned int base = group * YOUNG_GROUP_PAGES;
	uint64_t accessed = view->look.accessed[base / 64] >> base % 64 & 0xffff;
	struct observation one = start_group(young, view, group), *out;
	const uint8_t hit = hit_of(view, &one);
	unsigned int i;

	if (young->n_batch + YOUNG_GROUP_PAGES > YOUNG_BATCH)
		hand_on(young);
	out = &young->batch[young->n_batch];
	young->n_batch += YOUNG_GROUP_PAGES;
	one.node = node_of(young, young_frame(view, base));
#pragma GCC unroll 16
	for (i = 0; i < YOUNG_GROUP_PAGES; i++) {
		out[i] = one;
		out[i].address = one.address + i * TIERED_PAGE_SIZE;
	}
	for (; accessed; accessed &= accessed - 1)
		out[__builtin_ctzll(accessed)].seen = hit;
}

/* The same with holes, or over the edge of a mapping; returns how many were present. */
static unsigned int report_group(struct young *young, const struct young_view *view,
				 unsigned int group)
{
	const unsigned int base = group * YOUNG_GROUP_PAGES, shift = base % 64;
	const uint64_t accessed = view->look.accessed[base / 64] >> shift;
	const uint64_t present = view->look.present[base / 64] >> shift & 0xffff;
	struct observation one = start_group(young, view, group);
	const uint8_t miss = one.seen, hit = hit_of(view, &one);
	unsigned int i, n = 0;

	for (i = 0; i < YOUNG_GROUP_PAGES; i++, one.address += TIERED_PAGE_SIZE) {
		if (!(present >> i & 1) || base + i < view->first || base + i >= view->end)
			continue;
		one.node = node_of(young, young_frame(view, base + i));
		one.seen = accessed >> i & 1 ? hit : miss;
		*next_observation(young) = one;
		n++;
	}
	return n;
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

	if (!young->clear->by_frame || !chunk || !(chunk->marks[word] & idle_bit(head)))
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
		if (view->detail)
			folio.shared |= young_bit(view->detail->shared, i);
	}
	if (view->detail)
		folio.odd = young_bit(view->detail->odd, page);
	return folio;
}

static uint8_t judge(struct young *young, const struct young_view *view,
		     const struct folio_view *folio)
{
	if (!folio->same)
		return SEEN_UNKNOWN;
	if (folio->accessed)
		return folio->odd || !view->seat->cleared ? SEEN_UNKNOWN : SEEN_ACCESSED;
	if (!folio->shared)
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
	uint8_t flags = 0;

	if (view->detail && young_bit(view->detail->tails, page))
		folio->head = folio_reader_head(young->folios, folio->head);
	if (folio->shared)
		flags |= shared_flags(young, folio->head);
	if (view->detail && young_bit(view->detail->file, page))
		flags |= OBSERVED_FILE;
	if (folio->odd && folio->accessed)
		flags |= OBSERVED_FIXED;
	*next_observation(young) = (struct observation){
		.address = view->block->address + ((uint64_t)page << TIERED_PAGE_SHIFT),
		.interval_ns = young->interval_ns,
		.target = view->seat->id,
		.order = order_of(view->block->kind == YOUNG_HUGE ? YOUNG_BLOCK_PAGES : run),
		.node = node_of(young, young_frame(view, page)),
		.seen = judge(young, view, folio),
		.flags = flags,
	};
}

static int is_zero(const struct young_view *view, unsigned int page)
{
	return view->detail && young_bit(view->detail->zero, page);
}

/* Single pages of this process alone; returns how many observations it made. */
static uint64_t report_plain(struct young *young, const struct young_view *view)
{
	unsigned int group;
	uint64_t n = 0;

	for (group = 0; group < YOUNG_GROUPS; group++) {
		const unsigned int base = group * YOUNG_GROUP_PAGES;
		const uint64_t present = view->look.present[base / 64] >> base % 64 & 0xffff;

		if (present == 0xffff && view->look.near >> group & 1 && base >= view->first &&
		    base + YOUNG_GROUP_PAGES <= view->end) {
			report_whole_group(young, view, group);
			n += YOUNG_GROUP_PAGES;
		} else if (present) {
			n += report_group(young, view, group);
		}
	}
	return n;
}

/* Folio by folio, those whose turn it is. */
static uint64_t report_folios(struct young *young, const struct young_view *view,
			      uint32_t *ret_shared)
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
		later = folio.shared && young->clear->by_frame;
		*ret_shared |= (uint32_t)later;
		if (later != young->shared_turn)
			continue;
		report_folio(young, view, page, run, &folio);
		n++;
	}
	return n;
}

/* Where the frame of a page is known, it was there at mark() and could be observed. */
static void report_block(struct young *young, struct young_span *span,
			 const struct young_view *view, struct tracker_cost *cost)
{
	if (!view->detail && view->block->kind == YOUNG_TABLE)
		cost->marked += report_plain(young, view);
	else
		cost->marked += report_folios(young, view, &span->shared);
}

/* One block between two addresses; returns the run that the next one may belong to. */
static struct young_run *read_block(struct young *young, struct young_span *span, uint32_t number,
				    struct young_run *run, struct tracker_cost *cost)
{
	struct young_view view;

	cost->pages += young->shared_turn ? 0 : YOUNG_BLOCK_PAGES;
	if (!young_view_open(young, number, span->start, span->end, &view))
		return NULL;
	view.seat = &young->seats[span->target];
	view.region = young_region_find(&young->regions, view.seat->id, view.block->address,
					young->window);
	/* Not there at mark(), or a huge page then and pieces now, or the other way round. */
	if (!view.region || young_region_is_huge(view.region) != (view.block->kind == YOUNG_HUGE)) {
		cost->skipped += young->shared_turn ? 0 : YOUNG_BLOCK_PAGES;
	} else {
		if (!young->shared_turn &&
		    young_region_refresh(&young->regions, view.region, young->targets[span->target],
					 &view.look, view.first, view.end) < 0)
			return NULL;
		view.detail = young_region_detail(view.region);
		if (!young->shared_turn || view.detail)
			report_block(young, span, &view, cost);
	}
	return young->shared_turn ? NULL : young_run_extend(young, span->target, &view, run);
}

/* 0, -ESRCH when the target is gone, -ECANCELED. */
static int read_span(struct young *young, struct young_span *span, struct tracker_cost *cost)
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
		cost->calls++;
		for (i = 0; i < request.blocks; i++)
			run = read_block(young, span, i, run, cost);
		err = young_breathe(young);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Observations of one call are of one target and ascend. */
static int continues(const struct young_span *span, const struct young_span *next)
{
	return span->target == next->target && span->end <= next->start;
}

static int read_spans(struct young *young, struct tracker_cost *cost)
{
	size_t i;
	int err;

	for (i = 0; i < young->n_spans; i++) {
		if (young->shared_turn && !young->spans[i].shared)
			continue;
		if (i && !continues(&young->spans[i - 1], &young->spans[i]))
			hand_on(young);
		err = read_span(young, &young->spans[i], cost);
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
	young->slice_ns = clock_thread_cpu_ns();
	folio_reader_window(young->folios);
	for (young->shared_turn = 0, err = 0; young->shared_turn < 2 && !err;
	     young->shared_turn++) {
		err = read_spans(young, &cost);
		hand_on(young);
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
