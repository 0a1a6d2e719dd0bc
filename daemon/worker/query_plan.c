// SPDX-License-Identifier: GPL-2.0-only
/* query_plan.c - what would be moved now, at what cost and to what gain; nothing is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "worker/query_internal.h"
#include "worker/view.h"

/* A plan to look at is cut off here, 16 GiB of base pages: its moves take 96 MiB. */
#define PLAN_PAGES_MAX (UINT64_C(1) << 22)

static int decide(const struct window *window, struct plan *plan)
{
	const struct policy_ops *policy = window->config->policy;
	void *state = malloc(policy->state_size + 1);
	struct view view;
	int ret;

	if (!state)
		return -ENOMEM;
	/* What the policy learns from this decision is not for the next one. */
	memcpy(state, window->policy, policy->state_size);
	ret = view_take(window, &view);
	if (ret == 0) {
		if (view.snapshot.budget_pages > PLAN_PAGES_MAX)
			view.snapshot.budget_pages = PLAN_PAGES_MAX;
		ret = policy->decide(state, &view.snapshot, plan);
		view_done(&view);
	}
	free(state);
	return ret < 0 ? ret : plan_seal(plan);
}

static int is_of(const struct query_group *group, const struct move *move)
{
	return group->target == move->target && group->from == move->from &&
	       group->to == move->to && group->reason == move->reason;
}

/*
 * The group of a move among the last of the answer, made when it is new; NULL when
 * there are too many. A sealed plan has the moves of one target to one node in a
 * row, so that a group is not far back.
 */
static struct query_group *group_of(struct worker_answer *answer, const struct move *move)
{
	size_t i;

	for (i = answer->n_groups; i-- > 0 && answer->groups[i].target == move->target;)
		if (is_of(&answer->groups[i], move))
			return &answer->groups[i];
	if (answer->n_groups == QUERY_GROUPS_MAX)
		return NULL;
	answer->groups[answer->n_groups] = (struct query_group){
		.target = move->target, .from = move->from, .to = move->to, .reason = move->reason
	};
	return &answer->groups[answer->n_groups++];
}

static void count_moves(struct worker_answer *answer, const struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_moves; i++) {
		struct query_group *group = group_of(answer, &plan->moves[i]);

		if (!group)
			continue;
		group->moves++;
		group->pages += UINT64_C(1) << plan->moves[i].order;
	}
}

/* As long as the pages take, or as long as the rate makes them take. */
static uint64_t cost_ns(const struct window *window, uint64_t pages)
{
	uint64_t rate = window->config->rate;
	uint64_t by_speed = pages * window->ns_per_move;
	unsigned __int128 by_rate = (unsigned __int128)(pages << TIERED_PAGE_SHIFT) * NSEC_PER_SEC;

	by_rate = rate ? by_rate / rate : 0;
	return by_rate > by_speed ? (uint64_t)by_rate : by_speed;
}

static int fill(const struct window *window, const struct plan *plan, size_t n_moves,
		struct worker_answer *answer)
{
	uint64_t fast_nodes = view_fast_nodes(window);

	answer->groups = calloc(QUERY_GROUPS_MAX, sizeof(*answer->groups));
	answer->moves = calloc(n_moves + 1, sizeof(*answer->moves));
	if (!answer->groups || !answer->moves)
		return -ENOMEM;
	count_moves(answer, plan);
	answer->n_moves = n_moves;
	if (n_moves)
		memcpy(answer->moves, plan->moves, n_moves * sizeof(*answer->moves));
	answer->n_planned = plan->n_moves;
	answer->planned_pages = plan->pages;
	answer->cost_ns = cost_ns(window, plan->pages);
	answer->share_now_ppm = heat_share_ppm(window->heat, fast_nodes);
	answer->share_then_ppm =
		heat_moved_share_ppm(window->heat, fast_nodes, plan->moves, plan->n_moves);
	return 0;
}

int query_plan(const struct window *window, const struct worker_query *query,
	       struct worker_answer *answer)
{
	size_t n_moves = query->count < QUERY_MOVES_MAX ? query->count : QUERY_MOVES_MAX;
	struct plan plan = { 0 };
	int ret = decide(window, &plan);

	if (ret == 0)
		ret = fill(window, &plan, n_moves < plan.n_moves ? n_moves : plan.n_moves, answer);
	plan_done(&plan);
	return ret;
}
