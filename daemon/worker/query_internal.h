/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * query_internal.h - one function for each kind of question.
 *
 * Each fills in its part of @answer, with arrays of its own that query_answer()
 * frees, and returns 0 or -errno. They only read: no waiting, no breathing, nothing
 * of the window is changed. So they may run in the middle of a step.
 */
#ifndef TIERED_QUERY_INTERNAL_H
#define TIERED_QUERY_INTERNAL_H

#include "worker/query.h"
#include "worker/window.h"

int query_explain(const struct window *window, const struct worker_query *query,
		  struct worker_answer *answer);
int query_heatmap(const struct window *window, const struct worker_query *query,
		  struct worker_answer *answer);
int query_plan(const struct window *window, const struct worker_query *query,
	       struct worker_answer *answer);

/* Sums of accesses: 2^43 for each of up to 2^40 pages. */
__extension__ typedef unsigned __int128 query_sum;

/* Counts @pages of @item in @cell; @sum becomes the rate with query_cell_done(). */
void query_cell_add(struct query_cell *cell, query_sum *sum, const struct heat_item *item,
		    uint64_t pages, uint64_t fast_nodes);
void query_cell_done(struct query_cell *cell, query_sum sum);

/* For heat_each(): everything there is. */
extern const struct heat_query query_everything;

#endif
