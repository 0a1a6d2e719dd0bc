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
#include "young.h"

/* A block that is being reported. */
struct view {
	const struct young_block *block;
	const struct young_table *table;
	const struct young_region *region;
	const struct young_detail *detail;
	const struct young_seat *seat;
	struct young_look look;
	unsigned int first; /* pages of it that are in the mapping */
	unsigned int end;
};

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

static inline uint64_t frame_of(const struct view *view, unsigned int page)
{
	const uint64_t entry = view->block->kind == YOUNG_HUGE ? view->block->entry
							       : view->table->entries[page];

	return (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT;
}

static inline int bit_at(const uint64_t *words, unsigned int page)
{
	return (int)(words[page / 64] >> (page % 64) & 1);
}

static uint8_t order_of(unsigned int pages)
{
	return (uint8_t)(31 - __builtin_clz(pages));
}

/* A group of single pages of this process alone; returns how many were present. */
static unsigned int report_group(struct young *young, const struct view *view, unsigned int group)
{
	const unsigned int base = group * YOUNG_GROUP_PAGES, shift = base % 64;
	const uint64_t accessed = view->look.accessed[base / 64] >> shift;
	uint64_t present = view->look.present[base / 64] >> shift & 0xffff;
	const int same = young_region_same(view->region, &view->look, group);
	const uint8_t hit = same && view->seat->cleared ? SEEN_ACCESSED : SEEN_UNKNOWN;
	const uint8_t miss = same ? SEEN_IDLE : SEEN_UNKNOWN;
	unsigned int i, n = 0;

	for (i = 0; i < YOUNG_GROUP_PAGES; i++) {
		if (!(present >> i & 1) || base + i < view->first || base + i >= view->end)
			continue;
		*next_observation(young) = (struct observation){
			.address =
				view->block->address + ((uint64_t)(base + i) << TIERED_PAGE_SHIFT),
			.interval_ns = young->interval_ns,
			.target = view->seat->id,
			.node = node_of(young, frame_of(view, base + i)),
			.seen = accessed >> i & 1 ? hit : miss,
		};
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

static struct folio_view view_folio(const struct view *view, unsigned int page, unsigned int run)
{
	struct folio_view folio = { .head = frame_of(view, page), .same = 1 };
	unsigned int i;

	for (i = page; i < page + run; i++) {
		folio.accessed |= bit_at(view->look.accessed, i);
		folio.same &= young_region_same(view->region, &view->look, i / YOUNG_GROUP_PAGES);
		if (view->detail)
			folio.shared |= bit_at(view->detail->shared, i);
	}
	if (view->detail)
		folio.odd = bit_at(view->detail->odd, page);
	return folio;
}

static uint8_t judge(struct young *young, const struct view *view, const struct folio_view *folio)
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
static unsigned int folio_run(const struct view *view, unsigned int page)
{
	const uint64_t frame = frame_of(view, page);
	unsigned int run = 1;

	while (view->detail && page + run < view->end && bit_at(view->look.present, page + run) &&
	       bit_at(view->detail->tails, page + run) && frame_of(view, page + run) == frame + run)
		run++;
	return run;
}

static void report_folio(struct young *young, const struct view *view, unsigned int page,
			 unsigned int run, struct folio_view *folio)
{
	uint8_t flags = 0;

	if (view->detail && bit_at(view->detail->tails, page))
		folio->head = folio_reader_head(young->folios, folio->head);
	if (folio->shared)
		flags |= shared_flags(young, folio->head);
	if (view->detail && bit_at(view->detail->file, page))
		flags |= OBSERVED_FILE;
	if (folio->odd && folio->accessed)
		flags |= OBSERVED_FIXED;
	*next_observation(young) = (struct observation){
		.address = view->block->address + ((uint64_t)page << TIERED_PAGE_SHIFT),
		.interval_ns = young->interval_ns,
		.target = view->seat->id,
		.order = order_of(view->block->kind == YOUNG_HUGE ? YOUNG_BLOCK_PAGES : run),
		.node = node_of(young, frame_of(view, page)),
		.seen = judge(young, view, folio),
		.flags = flags,
	};
}

static int is_zero(const struct view *view, unsigned int page)
{
	return view->detail && bit_at(view->detail->zero, page);
}

/* Single pages of this process alone; returns how many observations it made. */
static uint64_t report_plain(struct young *young, const struct view *view)
{
	unsigned int group;
	uint64_t n = 0;

	for (group = 0; group < YOUNG_GROUPS; group++)
		if (view->look.present[group / 4] >> group % 4 * YOUNG_GROUP_PAGES & 0xffff)
			n += report_group(young, view, group);
	return n;
}

/* Folio by folio, those whose turn it is. */
static uint64_t report_folios(struct young *young, const struct view *view, uint32_t *ret_shared)
{
	unsigned int page, run;
	uint64_t n = 0;

	for (page = view->first; page < view->end; page += run) {
		struct folio_view folio;
		int later;

		run = 1;
		if (!bit_at(view->look.present, page) || is_zero(view, page))
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

/* One block between two addresses. */
static void read_block(struct young *young, struct young_span *span, uint32_t number,
		       struct tracker_cost *cost)
{
	const struct young_found *found = young->source->found;
	struct view view = {
		.block = &found->blocks[number],
		.table = &found->tables[number],
		.seat = &young->seats[span->target],
	};
	const int huge = view.block->kind == YOUNG_HUGE;

	cost->pages += YOUNG_BLOCK_PAGES;
	if (view.block->kind == YOUNG_GIANT ||
	    !young_cut(view.block, span->start, span->end, &view.first, &view.end))
		return;
	view.region = young_region_find(&young->regions, view.seat->id, view.block->address,
					young->window);
	/* Not there at mark(), or a huge page then and pieces now, or the other way round. */
	if (!view.region || young_region_is_huge(view.region) != huge) {
		cost->skipped += YOUNG_BLOCK_PAGES;
		return;
	}
	if (young->shared_turn && !young_region_detail(view.region))
		return;
	if (huge) {
		young_look_at_huge(view.block->entry, &view.look);
		view.first = 0;
		view.end = 1;
	} else {
		young_look_at(view.table, &view.look);
	}
	if (!young->shared_turn &&
	    young_region_refresh(&young->regions, view.region, young->targets[span->target],
				 &view.look, view.first, view.end) < 0)
		return;
	view.detail = young_region_detail(view.region);
	if (!view.detail && !huge)
		cost->marked += report_plain(young, &view);
	else
		cost->marked += report_folios(young, &view, &span->shared);
}

/* 0, -ESRCH when the target is gone, -ECANCELED. */
static int read_span(struct young *young, struct young_span *span, struct tracker_cost *cost)
{
	struct young_request request = {
		.fd = young->targets[span->target]->pagemap_fd,
		.next = span->start,
		.end = span->end,
	};
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
			read_block(young, span, i, cost);
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
	young_drop_marks(young);
	if (err < 0)
		return err;
	*ret_cost = cost;
	return 0;
}
