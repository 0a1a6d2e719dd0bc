// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(): walks the same addresses again. Frames are looked up anew, because
 * pages move between mark and read: a page whose frame has no mark of ours was
 * not observed.
 */
#include <errno.h>

#include "idle.h"
#include "pagemap.h"
#include "target.h"
#include "topology.h"
#include "util/clock.h"

static void hand_on(struct idle *idle)
{
	if (idle->n_batch)
		idle->observe(idle->observe_arg, idle->batch, idle->n_batch);
	idle->n_batch = 0;
	idle->run_pages = 0;
}

/* What a frame's bits say; for a tail they are the head's. */
static uint8_t seen_of(const struct idle_chunk *chunk, uint64_t pfn, uint8_t *flags)
{
	const size_t word = idle_word(pfn);
	const uint64_t bit = idle_bit(pfn);

	if (!(chunk->marks[word] & bit) || word < chunk->first || word >= chunk->valid)
		return SEEN_UNKNOWN;
	if (chunk->idle[word] & bit)
		return SEEN_IDLE;
	if (chunk->odd[word] & bit) {
		*flags |= OBSERVED_FIXED;
		return SEEN_UNKNOWN;
	}
	return SEEN_ACCESSED;
}

static int is_tail(const struct idle_chunk *chunk, uint64_t pfn)
{
	return chunk && (chunk->tails[idle_word(pfn)] & idle_bit(pfn));
}

static void remember_head(struct idle *idle, uint64_t head)
{
	if (idle->n_heads && idle->heads[idle->n_heads - 1] == head)
		return;
	if (idle->n_heads < IDLE_HEADS_MAX)
		idle->heads[idle->n_heads++] = head;
}

/*
 * The first page met of a folio whose head is not before it in this mapping.
 * Folios do not cross chunks, so the head's bits are at hand, if it was marked:
 * through another mapping of it, or because it was remembered.
 */
static uint8_t seen_of_tail(struct idle *idle, const struct idle_chunk *chunk, uint64_t pfn,
			    uint8_t *flags)
{
	uint64_t head = folio_reader_head(idle->folios, pfn);

	if (!head || head >> IDLE_CHUNK_SHIFT != pfn >> IDLE_CHUNK_SHIFT)
		return SEEN_UNKNOWN;
	remember_head(idle, head);
	return seen_of(chunk, head, flags);
}

static uint8_t order_of(uint32_t pages)
{
	return (uint8_t)(31 - __builtin_clz(pages));
}

/*
 * One more page of the folio that the last observation is about. A folio
 * mapped in part has the largest order that its mapped pages fill.
 */
static void extend(struct idle *idle, uint64_t entry)
{
	struct observation *last;

	idle->run_pages++;
	idle->run_pfn++;
	idle->run_address += TIERED_PAGE_SIZE;
	if (idle->run_silent)
		return;
	last = &idle->batch[idle->n_batch - 1];
	last->order = order_of(idle->run_pages);
	if (!(entry & PAGEMAP_EXCLUSIVE))
		last->flags |= OBSERVED_SHARED;
}

/* A page of several address spaces is to be counted in one of them: the first that is read. */
static uint8_t shared_flags(struct idle_chunk *chunk, uint64_t pfn)
{
	const uint64_t bit = idle_bit(pfn);
	uint8_t flags = OBSERVED_SHARED;

	if (!chunk)
		return flags;
	if (chunk->met[idle_word(pfn)] & bit)
		flags |= OBSERVED_AGAIN;
	chunk->met[idle_word(pfn)] |= bit;
	return flags;
}

static void add(struct idle *idle, struct observation observation)
{
	if (idle->n_batch == IDLE_BATCH)
		hand_on(idle);
	idle->batch[idle->n_batch++] = observation;
}

/* A folio begins at @address; where not all were due, nothing is said of those without a mark. */
static void report(struct idle *idle, const struct span *span, uint64_t address, uint64_t entry,
		   struct idle_chunk *chunk)
{
	const uint64_t pfn = entry & PAGEMAP_PFN_MASK;
	uint8_t seen = SEEN_UNKNOWN, flags = idle->span_flags;

	if (!(entry & PAGEMAP_EXCLUSIVE))
		flags |= shared_flags(chunk, pfn);
	if (entry & PAGEMAP_FILE)
		flags |= OBSERVED_FILE;
	if (is_tail(chunk, pfn))
		seen = seen_of_tail(idle, chunk, pfn, &flags);
	else if (chunk)
		seen = seen_of(chunk, pfn, &flags);
	idle->run_silent = span->partly && seen == SEEN_UNKNOWN && !(flags & OBSERVED_FIXED);
	if (!idle->run_silent)
		add(idle, (struct observation){
				  .address = address,
				  .interval_ns = idle->interval_ns,
				  .target = idle->targets[span->target]->id,
				  .node = topology_node_of_pfn(idle->env->topology, pfn),
				  .seen = seen,
				  .flags = flags,
			  });
	idle->run_pages = 1;
	idle->run_pfn = pfn + 1;
	idle->run_address = address + TIERED_PAGE_SIZE;
}

/* The chunk of a frame, read from the kernel the first time; NULL when nothing of it is marked. */
static int chunk_of(struct idle *idle, uint64_t pfn, struct idle_chunk **ret)
{
	struct idle_chunk *chunk = idle_bitmap_find(&idle->bitmap, pfn);
	int err = 0;

	if (chunk && !chunk->fetched) {
		idle_bitmap_fetch(&idle->bitmap, chunk);
		folio_reader_scan(idle->folios, chunk);
		err = slice_breathe(&idle->slice, idle->env);
	}
	*ret = chunk;
	return err;
}

/* Reports @n pages from @address on, whose entries are read; adds to @cost. */
static int report_pages(struct idle *idle, const struct span *span, uint64_t address, size_t n,
			struct tracker_cost *cost)
{
	struct idle_chunk *chunk = NULL;
	uint64_t chunk_index = UINT64_MAX;
	size_t i, present = 0;
	int err;

	for (i = 0; i < n; i++, address += TIERED_PAGE_SIZE) {
		const uint64_t entry = idle->entries[i], pfn = pagemap_pfn(entry);

		if (!pfn)
			continue;
		if (pfn >> IDLE_CHUNK_SHIFT != chunk_index) {
			chunk_index = pfn >> IDLE_CHUNK_SHIFT;
			err = chunk_of(idle, pfn, &chunk);
			if (err < 0)
				return err;
		}
		if (folio_reader_is_zero(idle->folios, pfn))
			continue;
		present++;
		if (idle->run_pages && pfn == idle->run_pfn && address == idle->run_address &&
		    is_tail(chunk, pfn)) {
			extend(idle, entry);
			continue;
		}
		report(idle, span, address, entry, chunk);
		cost->marked += !idle->run_silent;
	}
	cost->pages += n;
	cost->skipped += n - present;
	return 0;
}

/* 0, -ESRCH when the target is gone, -ECANCELED. */
static int read_span(struct idle *idle, const struct span *span, struct tracker_cost *cost)
{
	const struct target *target = idle->targets[span->target];
	uint64_t address = span->start;
	int n, err;

	idle->span_flags = span->ahead ? OBSERVED_AHEAD : 0;
	while (address < span->end) {
		size_t want = (size_t)((span->end - address) >> TIERED_PAGE_SHIFT);

		if (want > IDLE_ENTRIES)
			want = IDLE_ENTRIES;
		n = target_pagemap(target, address, idle->entries, want);
		if (n < 0)
			return n;
		err = report_pages(idle, span, address, (size_t)n, cost);
		if (!err)
			err = slice_breathe(&idle->slice, idle->env);
		if (err < 0)
			return err;
		address += (uint64_t)n << TIERED_PAGE_SHIFT;
	}
	return 0;
}

static int read_spans(struct idle *idle, struct tracker_cost *cost)
{
	size_t i;
	int err;

	for (i = 0; i < idle->spans.n; i++) {
		const struct span *span = &idle->spans.list[i];

		if (i && !span_continues(span - 1, span))
			hand_on(idle);
		err = read_span(idle, span, cost);
		if (err == -ECANCELED)
			return err;
		/* Gone, or not to be read any more: what is left of it stays unknown. */
	}
	return 0;
}

int idle_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	      struct tracker_cost *ret_cost)
{
	struct idle *idle = state;
	struct tracker_cost cost = { 0 };
	uint64_t calls = idle->bitmap.calls;
	int err;

	idle->interval_ns = interval_ns;
	idle->observe = observe;
	idle->observe_arg = arg;
	idle->n_batch = 0;
	idle->run_pages = 0;
	slice_begin(&idle->slice);
	folio_reader_window(idle->folios);
	err = read_spans(idle, &cost);
	hand_on(idle);
	cost.calls = idle->bitmap.calls - calls;
	idle_drop_marks(idle);
	if (err < 0)
		return err;
	*ret_cost = cost;
	return 0;
}
