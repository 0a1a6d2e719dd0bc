/* SPDX-License-Identifier: GPL-2.0-only */
/* idle.h - what the files of the idle tracker share. Not for others: use tracker.h. */
#ifndef TIERED_IDLE_H
#define TIERED_IDLE_H

#include "folio.h"
#include "hints.h"
#include "idle_bitmap.h"
#include "round.h"
#include "slice.h"
#include "spans.h"
#include "tiered/tracker.h"

/* Entries of pagemap read at once: 32 MiB of address space, 64 KiB of entries, stays in the L2. */
#define IDLE_ENTRIES 8192

/* Observations handed on at once: 24 KiB. */
#define IDLE_BATCH 1024

/* Heads remembered for the next window, 512 KiB at most; more partly mapped folios stay unknown. */
#define IDLE_HEADS_MAX 65536

/* Pages that heat can say of which are due: 2 MiB. No huge page lies in two of them. */
#define IDLE_BLOCK_PAGES 512
#define IDLE_BLOCK_WORDS (IDLE_BLOCK_PAGES / 64)
/* Blocks that the entries read at once may lie in. */
#define IDLE_BLOCKS (IDLE_ENTRIES / IDLE_BLOCK_PAGES + 1)

/**
 * struct idle - state of the tracker
 * @targets: the caller's
 * @marked: per target: has marks in this window
 * @heads: frames to be marked as well: heads, not mapped by those who map their
 *	tails, of folios that read() came across
 * @due: pages that are due, of the blocks that @entries lie in
 * @run_pages: pages of the folio that the last observation in @batch is about
 * @run_silent: nothing is said of that folio
 * @run_pfn, @run_address: what would be the next page of that folio
 */
struct idle {
	const struct tracker_env *env;
	struct idle_bitmap bitmap;
	struct folio_reader *folios;
	struct target *const *targets;
	size_t n_targets;
	uint8_t *marked;
	struct round_cursor cursor;
	struct spans spans;
	struct hints hints;
	uint64_t *heads;
	size_t n_heads;
	uint64_t due[IDLE_BLOCKS][IDLE_BLOCK_WORDS];
	struct slice slice;

	uint8_t span_flags; /* of observations of the span in hand */
	uint64_t interval_ns;
	observe_fn *observe;
	void *observe_arg;
	size_t n_batch;
	uint32_t run_pages;
	int run_silent;
	uint64_t run_pfn;
	uint64_t run_address;

	uint64_t entries[IDLE_ENTRIES];
	struct observation batch[IDLE_BATCH];
};

int idle_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost);
int idle_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	      struct tracker_cost *ret_cost);

/* Forgets the marks of this window. */
void idle_drop_marks(struct idle *idle);

#endif
