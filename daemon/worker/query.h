/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * query.h - questions to the worker, which alone knows the heat.
 *
 * A question only reads. The worker answers it as soon as it looks into its
 * mailbox: between windows, while a window waits, and at every breath of a
 * step, so within some 10 ms unless it is inside a call that blocks. Answers
 * are bounded: the number of cells, groups and moves is given in the question.
 */
#ifndef TIERED_WORKER_QUERY_H
#define TIERED_WORKER_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "decide/plan.h"
#include "tiered/policy.h"
#include "tiered/types.h"
#include "util/mailbox.h"

struct window;

enum query_kind {
	QUERY_EXPLAIN = 1, /* of @target, at @address (0: the hottest regions) */
	QUERY_HEATMAP,     /* of @target, in @count cells */
	QUERY_PLAN,        /* what would be moved now; the first @count moves in full */
};

#define QUERY_CELLS_MAX 512
#define QUERY_MOVES_MAX 1000
#define QUERY_GROUPS_MAX 256

/* WORKER_QUERY. @token comes back in the answer. */
struct worker_query {
	struct message message;
	enum query_kind kind;
	uint64_t token;
	uint32_t target;
	uint32_t count;
	uint64_t address;
};

/*
 * A piece of address space; @rate is that of the mean access rate of its @known
 * pages, in 1/256 octaves; meaningless when @known is 0.
 */
struct query_cell {
	uint64_t start;
	uint64_t end;
	uint64_t known;
	uint64_t fast;
	int16_t rate;
};

/* For people and JSON: "nothing", "not-watched"; "?" beyond the last. */
const char *query_hold_name(unsigned int hold);

/* A move that was made of late. */
struct query_move {
	uint64_t window; /* 0: none is remembered */
	uint8_t from;
	uint8_t to;
	uint8_t reason;
	uint8_t result;
	int16_t rate;
	int16_t bar;
};

/* One page, when QUERY_EXPLAIN named an address. */
struct query_page {
	uint64_t address; /* of the folio */
	uint64_t last_seen_window;
	enum query_hold hold;
	int16_t rate;
	int16_t bar; /* what @rate is compared with where it lies */
	uint8_t known;
	uint8_t order;
	uint8_t node;
	uint8_t n; /* confidence, see filter_sigma() */
	uint8_t flags;
	uint8_t rests;
	char mapping[64]; /* why the mapping is not watched; "" when it is */
	struct query_move last_move;
};

/* Moves of one plan that are alike. */
struct query_group {
	uint32_t target;
	uint8_t from;
	uint8_t to;
	uint8_t reason;
	uint64_t moves;
	uint64_t pages;
};

/**
 * struct worker_answer - WORKER_ANSWER; to be freed with worker_answer_free()
 * @error: 0; -ENOENT: no such target; -ENOMEM; -EAGAIN: no window has ended yet
 * @window: number of the last window
 * @cells: for QUERY_HEATMAP, and for QUERY_EXPLAIN without an address; ascending addresses
 * @page: for QUERY_EXPLAIN with an address
 * @groups, @moves: for QUERY_PLAN; @n_planned moves of @planned_pages in all
 * @cost_ns: how long the worker would take for them
 * @share_now_ppm, @share_then_ppm: share of accesses on the fastest tier, before and after
 */
struct worker_answer {
	struct message message;
	enum query_kind kind;
	uint64_t token;
	int error;
	uint32_t target;
	uint64_t window;
	struct query_cell *cells;
	size_t n_cells;
	struct query_page page;
	struct query_group *groups;
	size_t n_groups;
	struct move *moves;
	size_t n_moves;
	uint64_t n_planned;
	uint64_t planned_pages;
	uint64_t cost_ns;
	uint32_t share_now_ppm;
	uint32_t share_then_ppm;
};

/* One block: free() does the same. */
void worker_answer_free(struct worker_answer *answer);

/* For the worker: answers from what the window knows now, changes nothing; NULL without memory. */
struct worker_answer *query_answer(const struct window *window, const struct worker_query *query);

#endif
