// SPDX-License-Identifier: GPL-2.0-only
/* query_explain.c - why a page is where it is, and where the heat of a target is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/vmas.h"
#include "observe/target.h"
#include "observe/vmas.h"
#include "worker/query_internal.h"
#include "worker/view.h"

/* As many regions as fit on a screen beside the rest; heat keeps memory in 2 MiB. */
#define HOTTEST 10
#define REGION_BYTES (UINT64_C(2) << 20)

/* Regions by accesses, the hottest first. */
struct hottest {
	uint64_t fast_nodes;
	struct query_cell cells[HOTTEST];
	query_sum sums[HOTTEST];
	size_t n;
	struct query_cell cell; /* the region in hand */
	query_sum sum;
};

/* The region in hand takes its rank, if it has one. */
static void rank_region(struct hottest *hottest)
{
	size_t place = hottest->n < HOTTEST ? hottest->n++ : HOTTEST;

	if (place == HOTTEST) {
		if (hottest->sums[HOTTEST - 1] >= hottest->sum)
			return;
		place--;
	}
	for (; place > 0 && hottest->sums[place - 1] < hottest->sum; place--) {
		hottest->cells[place] = hottest->cells[place - 1];
		hottest->sums[place] = hottest->sums[place - 1];
	}
	query_cell_done(&hottest->cell, hottest->sum);
	hottest->cells[place] = hottest->cell;
	hottest->sums[place] = hottest->sum;
}

static int add_item(void *arg, const struct heat_item *item)
{
	struct hottest *hottest = arg;
	uint64_t start = item->address / REGION_BYTES * REGION_BYTES;

	if (hottest->cell.known && hottest->cell.start != start)
		rank_region(hottest);
	if (hottest->cell.start != start || !hottest->cell.known) {
		hottest->cell = (struct query_cell){ .start = start, .end = start + REGION_BYTES };
		hottest->sum = 0;
	}
	query_cell_add(&hottest->cell, &hottest->sum, item, (uint64_t)item->count << item->order,
		       hottest->fast_nodes);
	return 0;
}

static int compare_cells(const void *a_, const void *b_)
{
	const struct query_cell *a = a_;
	const struct query_cell *b = b_;

	return a->start < b->start ? -1 : a->start > b->start;
}

static int explain_target(const struct window *window, const struct worker_query *query,
			  struct worker_answer *answer)
{
	struct hottest hottest = { .fast_nodes = view_fast_nodes(window) };

	heat_each(window->heat, query->target, &query_everything, add_item, &hottest);
	if (hottest.cell.known)
		rank_region(&hottest);
	if (!hottest.n)
		return 0;
	answer->cells = calloc(hottest.n, sizeof(*answer->cells));
	if (!answer->cells)
		return -ENOMEM;
	memcpy(answer->cells, hottest.cells, hottest.n * sizeof(*answer->cells));
	answer->n_cells = hottest.n;
	qsort(answer->cells, answer->n_cells, sizeof(*answer->cells), compare_cells);
	return 0;
}

static int is_watched(const struct target *target, uint64_t address)
{
	size_t low = 0, high, n;
	const struct vma *vmas = target_mappings(target, &n);

	for (high = n; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (vmas[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && address >= vmas[low].start;
}

/* What is at an address that is not watched, as the kernel says now; 0 or -errno. */
static int explain_mapping(const struct window *window, const struct target *target,
			   struct query_page *page)
{
	struct bpf *bpf = window->config->bpf;
	enum vma_verdict verdict;
	int ret;

	ret = vmas_ask(target, window->config->proc_root, bpf ? bpf_vmas : NULL, bpf, page->address,
		       &verdict);
	if (ret == -ENOENT) {
		page->hold = HOLD_UNMAPPED;
		return 0;
	}
	if (ret < 0)
		return ret == -ESRCH ? -ENOENT : ret;
	/* Watched, but too new to be in the list. */
	page->hold = verdict == VMA_TRACKED ? HOLD_UNKNOWN : HOLD_NOT_WATCHED;
	snprintf(page->mapping, sizeof(page->mapping), "%s", vma_verdict_reason(verdict));
	return 0;
}

static void fill_page(struct query_page *page, const struct heat_item *folio)
{
	page->known = 1;
	page->address = folio->address;
	page->order = folio->order;
	page->node = folio->node;
	page->rate = folio->rate;
	page->n = folio->n;
	page->flags = folio->flags;
	page->rests = folio->cooldown;
}

/* What the policy says of it. */
static int judge(const struct window *window, const struct heat_item *folio,
		 struct query_page *page)
{
	const struct policy_ops *policy = window->config->policy;
	struct policy_verdict verdict = { .hold = HOLD_UNKNOWN };
	struct view view;
	int ret;

	if (policy->explain) {
		ret = view_take(window, &view);
		if (ret < 0)
			return ret;
		policy->explain(window->policy, &view.snapshot, folio, &verdict);
		view_done(&view);
	}
	page->hold = verdict.hold;
	page->bar = verdict.bar;
	return 0;
}

/* Whatever the policy would: nothing moves where nothing may. */
static void overrule(const struct window *window, const struct seat *seat, struct query_page *page)
{
	if (window->paused || seat->paused)
		page->hold = HOLD_PAUSED;
	else if (seat->backoff.why != BACKOFF_NONE)
		page->hold = HOLD_ASIDE;
	else if (window->config->observe &&
		 (page->hold == HOLD_NOTHING || page->hold == HOLD_BUDGET))
		page->hold = HOLD_OBSERVE;
}

static void recall_move(const struct window *window, uint32_t target, struct query_page *page)
{
	const struct trail_move *move = trail_find(&window->trail, target, page->address);

	if (!move)
		return;
	page->last_move = (struct query_move){ .window = move->window,
					       .from = move->from,
					       .to = move->to,
					       .reason = move->reason,
					       .result = move->result,
					       .rate = move->rate,
					       .bar = move->bar };
}

static int explain_page(const struct window *window, const struct worker_query *query,
			struct query_page *page)
{
	const struct seat *seat = roster_find(&window->roster, query->target);
	struct heat_item folio;
	int ret = 0;

	page->address = query->address & ~(uint64_t)(TIERED_PAGE_SIZE - 1);
	page->node = TIERED_NODE_NONE;
	page->hold = HOLD_UNKNOWN;
	recall_move(window, query->target, page);
	if (!is_watched(seat->target, page->address)) {
		ret = explain_mapping(window, seat->target, page);
		if (ret < 0 || page->hold != HOLD_UNKNOWN)
			return ret;
	} else if (heat_find(window->heat, query->target, page->address, &folio,
			     &page->last_seen_window) == 0) {
		fill_page(page, &folio);
		ret = judge(window, &folio, page);
	}
	overrule(window, seat, page);
	return ret;
}

int query_explain(const struct window *window, const struct worker_query *query,
		  struct worker_answer *answer)
{
	if (!query->address)
		return explain_target(window, query, answer);
	return explain_page(window, query, &answer->page);
}
