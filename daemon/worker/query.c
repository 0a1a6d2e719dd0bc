// SPDX-License-Identifier: GPL-2.0-only
/* query.c - questions in, answers out: one block of memory each, so that free() is enough. */
#include "worker/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decide/filter.h"
#include "worker/query_internal.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	int (*answer)(const struct window *window, const struct worker_query *query,
		      struct worker_answer *answer);
	int of_target;
} kinds[] = {
	[QUERY_EXPLAIN] = { query_explain, 1 },
	[QUERY_HEATMAP] = { query_heatmap, 1 },
	[QUERY_PLAN] = { query_plan, 0 },
};

const struct heat_query query_everything = { .nodes = UINT64_MAX,
					     .rate_min = FILTER_RATE_MIN,
					     .rate_max = FILTER_RATE_MAX };

const char *query_hold_name(unsigned int hold)
{
	static const char *const names[HOLDS] = {
		[HOLD_NOTHING] = "nothing",   [HOLD_PLACED] = "placed",
		[HOLD_UNMAPPED] = "unmapped", [HOLD_NOT_WATCHED] = "not-watched",
		[HOLD_UNKNOWN] = "unknown",   [HOLD_SHARED] = "shared",
		[HOLD_FIXED] = "fixed",       [HOLD_RESTS] = "rests",
		[HOLD_DOUBT] = "doubt",       [HOLD_NODES] = "nodes",
		[HOLD_ROOM] = "room",         [HOLD_BUDGET] = "budget",
		[HOLD_OBSERVE] = "observe",   [HOLD_PAUSED] = "paused",
		[HOLD_FLOOR] = "floor",       [HOLD_CEILING] = "ceiling",
		[HOLD_RULE] = "rule",         [HOLD_ASIDE] = "aside",
	};

	return hold < HOLDS ? names[hold] : "?";
}

void query_cell_add(struct query_cell *cell, query_sum *sum, const struct heat_item *item,
		    uint64_t pages, uint64_t fast_nodes)
{
	cell->known += pages;
	if (item->node < TIERED_NODES_MAX && (fast_nodes >> item->node & 1))
		cell->fast += pages;
	*sum += (query_sum)heat_weight(item->rate) * pages;
}

void query_cell_done(struct query_cell *cell, query_sum sum)
{
	if (cell->known)
		cell->rate = heat_weight_rate((uint64_t)(sum / cell->known));
}

static int fill(const struct window *window, const struct worker_query *query,
		struct worker_answer *answer)
{
	if (query->kind >= ARRAY_SIZE(kinds) || !kinds[query->kind].answer)
		return -EINVAL;
	if (kinds[query->kind].of_target && !roster_find(&window->roster, query->target))
		return -ENOENT;
	if (!window->ended)
		return -EAGAIN;
	return kinds[query->kind].answer(window, query, answer);
}

/* Copies an array behind what is there already; returns where it is, NULL when it is empty. */
static void *append(void *block, size_t *at, const void *array, size_t bytes)
{
	void *copy = (char *)block + *at;

	if (!bytes)
		return NULL;
	memcpy(copy, array, bytes);
	*at += bytes;
	return copy;
}

_Static_assert(sizeof(struct worker_answer) % 8 == 0 && sizeof(struct query_cell) % 8 == 0 &&
		       sizeof(struct query_group) % 8 == 0 && sizeof(struct move) % 8 == 0,
	       "arrays in a row are aligned");

/* A copy with all arrays in one block, or NULL. */
static struct worker_answer *pack(const struct worker_answer *draft)
{
	size_t cells = draft->n_cells * sizeof(*draft->cells);
	size_t groups = draft->n_groups * sizeof(*draft->groups);
	size_t moves = draft->n_moves * sizeof(*draft->moves);
	size_t at = sizeof(*draft);
	struct worker_answer *answer = malloc(at + cells + groups + moves);

	if (!answer)
		return NULL;
	*answer = *draft;
	answer->cells = append(answer, &at, draft->cells, cells);
	answer->groups = append(answer, &at, draft->groups, groups);
	answer->moves = append(answer, &at, draft->moves, moves);
	return answer;
}

static struct worker_answer blank(const struct window *window, const struct worker_query *query)
{
	return (struct worker_answer){ .kind = query->kind,
				       .token = query->token,
				       .target = query->target,
				       .window = window->ended };
}

struct worker_answer *query_answer(const struct window *window, const struct worker_query *query)
{
	struct worker_answer draft = blank(window, query);
	struct worker_answer *answer = NULL;
	int error = fill(window, query, &draft);

	if (!error)
		answer = pack(&draft);
	free(draft.cells);
	free(draft.groups);
	free(draft.moves);
	if (answer)
		return answer;
	draft = blank(window, query);
	draft.error = error ? error : -ENOMEM;
	return pack(&draft);
}

void worker_answer_free(struct worker_answer *answer)
{
	free(answer);
}
