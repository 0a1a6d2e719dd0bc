// SPDX-License-Identifier: GPL-2.0-only
/* Answers to questions about a window that stands still: explanations and dry runs. */
#include "window_fixture.h"

static void test_errors(void **state)
{
	struct stage *stage = *state;
	static const struct {
		unsigned int kind;
		uint32_t target;
		int early, error;
	} cases[] = {
		{ QUERY_EXPLAIN, TARGET, -EAGAIN, 0 },   { QUERY_EXPLAIN, 77, -ENOENT, -ENOENT },
		{ QUERY_HEATMAP, TARGET, -EAGAIN, 0 },   { QUERY_HEATMAP, 77, -ENOENT, -ENOENT },
		{ QUERY_PLAN, 77, -EAGAIN, 0 },          { 0, TARGET, -EINVAL, -EINVAL },
		{ QUERY_PLAN + 1, 0, -EINVAL, -EINVAL },
	};
	size_t i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct worker_answer *answer =
				ask(stage, (struct worker_query){ .kind = cases[i].kind,
								  .target = cases[i].target });

			assert_int_equal(answer->error, round ? cases[i].error : cases[i].early);
			worker_answer_free(answer);
		}
		stage_run(stage, 1);
	}
}

static void test_hold_names(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < HOLDS; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(query_hold_name(i), query_hold_name(k));
	assert_string_equal(query_hold_name(HOLD_NOT_WATCHED), "not-watched");
	assert_string_equal(query_hold_name(HOLDS), "?");
}

/* Five windows of a second: what the tracker shows, without its varying intervals. */
static void see_five_windows(struct stage *stage)
{
	uint64_t hot = (uintptr_t)stage->pages, window;

	for (window = 1; window <= 5; window++) {
		heat_window(stage->window.heat, window);
		stage_see(stage, hot, FAKE_HOT, 0, SLOW_NODE, SEEN_ACCESSED);
		stage_see(stage, hot + FAKE_HOT * PAGE, FAKE_PAGES - FAKE_HOT, 0, SLOW_NODE,
			  SEEN_IDLE);
	}
	stage->window.number = stage->window.ended = 5;
	stage->window.decided_ns = NSEC_PER_SEC;
}

/* As the policy says; over it what observing and pausing say. */
static void test_explain_page(void **state)
{
	struct stage *stage = *state;
	uint64_t hot = (uintptr_t)stage->pages, cold = hot + (FAKE_PAGES - 1) * PAGE;
	struct query_page page;

	assert_int_equal(roster_refresh(&stage->window.roster, &stage->window.env, NULL, NULL), 0);
	see_five_windows(stage);
	page = explain_page(stage, hot + 123);
	assert_int_equal(page.hold, HOLD_OBSERVE);
	assert_int_equal(page.address, hot);
	assert_int_equal(page.known, 1);
	assert_int_equal(page.node, SLOW_NODE);
	assert_int_equal(page.n, 5);
	assert_int_equal(page.last_seen_window, 5);
	assert_int_equal(page.rate, rate_at(stage, hot));
	assert_true(page.rate >= page.bar);
	assert_int_equal(page.last_move.window, 0);
	stage->config.observe = 0;
	assert_int_equal(explain_page(stage, hot).hold, HOLD_NOTHING);
	page = explain_page(stage, cold);
	assert_int_equal(page.hold, HOLD_PLACED);
	assert_true(page.rate < page.bar);
	stage_seat(stage)->paused = 1;
	assert_int_equal(explain_page(stage, hot).hold, HOLD_PAUSED);
	assert_int_equal(explain_page(stage, cold).hold, HOLD_PAUSED);
	stage_seat(stage)->paused = 0;
	stage_seat(stage)->backoff.why = BACKOFF_FAILING;
	assert_int_equal(explain_page(stage, hot).hold, HOLD_ASIDE);
	stage_seat(stage)->backoff.why = BACKOFF_NONE;
	stage->window.paused = 1;
	assert_int_equal(explain_page(stage, hot).hold, HOLD_PAUSED);
}

static void test_explain_what_is_not_known(void **state)
{
	struct stage *stage = *state;
	uintptr_t stack = (uintptr_t)&stage;
	struct query_page page;

	assert_int_equal(roster_refresh(&stage->window.roster, &stage->window.env, NULL, NULL), 0);
	stage_run(stage, 1);
	page = explain_page(stage, stack);
	assert_int_equal(page.hold, HOLD_UNKNOWN);
	assert_int_equal(page.known, 0);
	assert_int_equal(page.node, TIERED_NODE_NONE);
	page = explain_page(stage, 4096);
	assert_int_equal(page.hold, HOLD_UNMAPPED);
	assert_string_equal(page.mapping, "");
	page = explain_page(stage, (uintptr_t)stage->hidden + 5);
	assert_int_equal(page.hold, HOLD_NOT_WATCHED);
	assert_int_equal(page.address, (uintptr_t)stage->hidden);
	assert_string_equal(page.mapping, "not accessible (PROT_NONE)");
	/* A mapping that came after the last look. */
	stage_map(stage, two_mappings, 0);
	assert_int_equal(explain_page(stage, stack).hold, HOLD_UNKNOWN);
	kill(stage->child, SIGKILL);
	waitpid(stage->child, NULL, 0);
	stage->child = 0;
	worker_answer_free(ask(stage, (struct worker_query){ .kind = QUERY_EXPLAIN,
							     .target = TARGET,
							     .address = stack }));
}

static void test_explain_last_move(void **state)
{
	struct stage *stage = *state;
	uint64_t hot = (uintptr_t)stage->pages;
	struct move move = { .address = hot,
			     .target = TARGET,
			     .from = 1,
			     .to = 2,
			     .reason = MOVE_DEMOTE_ROOM,
			     .rate = -5,
			     .bar = 17,
			     .result = MOVE_BUSY,
			     .landed = TIERED_NODE_NONE };
	struct query_page page;

	assert_int_equal(roster_refresh(&stage->window.roster, &stage->window.env, NULL, NULL), 0);
	stage_run(stage, 3);
	stage->config.observe = 0;
	trail_add(&stage->window.trail, 3, &move, 1);
	heat_settle(stage->window.heat, &move, 1);
	page = explain_page(stage, hot + 7);
	assert_int_equal(page.last_move.window, 3);
	assert_int_equal(page.last_move.from, 1);
	assert_int_equal(page.last_move.to, 2);
	assert_int_equal(page.last_move.reason, MOVE_DEMOTE_ROOM);
	assert_int_equal(page.last_move.result, MOVE_BUSY);
	assert_int_equal(page.last_move.rate, -5);
	assert_int_equal(page.last_move.bar, 17);
	assert_true(page.rests > 0);
	assert_int_equal(page.hold, HOLD_RESTS);
	assert_int_equal(explain_page(stage, hot + PAGE).last_move.window, 0);
}

static struct worker_answer *dry_run(const struct stage *stage, uint32_t count)
{
	struct worker_answer *answer =
		ask(stage, (struct worker_query){ .kind = QUERY_PLAN, .count = count });

	assert_int_equal(answer->error, 0);
	return answer;
}

/* The same moves that the window has just decided on, and nothing is changed by asking. */
static void test_plan_is_what_was_decided(void **state)
{
	struct stage *stage = *state;
	const struct plan *plan = &stage->window.plan;
	struct worker_answer *answer;
	struct window before;
	struct move moves[FAKE_PAGES];
	size_t n;

	stage_run(stage, 5);
	n = plan->n_moves;
	assert_in_range(n, FAKE_HOT, FAKE_PAGES);
	memcpy(moves, plan->moves, n * sizeof(moves[0]));
	before = stage->window;
	answer = dry_run(stage, 10);
	assert_memory_equal(&before, &stage->window, sizeof(before));
	assert_memory_equal(moves, plan->moves, n * sizeof(moves[0]));
	assert_int_equal(answer->n_planned, n);
	assert_int_equal(answer->planned_pages, plan->pages);
	assert_int_equal(answer->n_moves, 10);
	assert_memory_equal(answer->moves, moves, 10 * sizeof(moves[0]));
	assert_int_equal(answer->n_groups, 1);
	assert_int_equal(answer->groups[0].target, TARGET);
	assert_int_equal(answer->groups[0].from, SLOW_NODE);
	assert_int_equal(answer->groups[0].to, 0);
	assert_int_equal(answer->groups[0].reason, MOVE_PROMOTE_HOT);
	assert_int_equal(answer->groups[0].moves, n);
	assert_int_equal(answer->groups[0].pages, n);
	assert_int_equal(answer->share_now_ppm, 0);
	assert_in_range(answer->share_then_ppm, 500000, 1000000);
	worker_answer_free(answer);
	answer = dry_run(stage, UINT32_MAX);
	assert_int_equal(answer->n_moves, n);
	assert_memory_equal(answer->moves, moves, n * sizeof(moves[0]));
	worker_answer_free(answer);
}

static void test_plan_costs(void **state)
{
	struct stage *stage = *state;
	struct worker_answer *answer;

	stage_run(stage, 5);
	answer = dry_run(stage, 0);
	assert_null(answer->moves);
	assert_int_equal(answer->cost_ns, answer->planned_pages * stage->window.ns_per_move);
	worker_answer_free(answer);
	/* A page a second: it takes as many seconds as there are pages. */
	stage->config.rate = PAGE;
	answer = dry_run(stage, 0);
	assert_int_equal(answer->cost_ns, answer->planned_pages * NSEC_PER_SEC);
	worker_answer_free(answer);
}

static void test_plan_leaves_paused_targets(void **state)
{
	struct stage *stage = *state;
	struct worker_answer *answer;

	stage_run(stage, 5);
	stage->window.paused = 1; /* of the daemon: a dry run is one all the same */
	answer = dry_run(stage, 0);
	assert_true(answer->n_planned > 0);
	worker_answer_free(answer);
	stage_seat(stage)->paused = 1;
	answer = dry_run(stage, 0);
	assert_int_equal(answer->n_planned, 0);
	assert_int_equal(answer->n_groups, 0);
	assert_int_equal(answer->share_now_ppm, answer->share_then_ppm);
	worker_answer_free(answer);
}

/* Counts its decisions in its state, and plans one move for each of them. */
static int counting_decide(void *state, const struct snapshot *snapshot, struct plan *ret_plan)
{
	uint64_t i, decisions = ++*(uint64_t *)state;
	int ret = 0;

	(void)snapshot;
	for (i = 0; i < decisions * 100 && ret == 0; i++) {
		struct move move = { .target = (uint32_t)i + 1, .to = 1 };

		ret = plan_add(ret_plan, &move);
	}
	return ret;
}

/* A policy's state goes into the dry run and stays as it was; groups have a bound, sums have not. */
static void test_plan_state_and_bounds(void **state)
{
	struct stage *stage = *state;
	struct worker_answer *answer;
	uint64_t decisions = 3;

	stage_run(stage, 1);
	stage->policy = (struct policy_ops){ .name = "counting",
					     .state_size = sizeof(decisions),
					     .decide = counting_decide };
	stage->config.policy = &stage->policy;
	free(stage->window.policy);
	stage->window.policy = malloc(sizeof(decisions));
	memcpy(stage->window.policy, &decisions, sizeof(decisions));
	answer = dry_run(stage, 5);
	assert_memory_equal(stage->window.policy, &decisions, sizeof(decisions));
	assert_int_equal(answer->n_planned, 400);
	assert_int_equal(answer->n_groups, QUERY_GROUPS_MAX);
	worker_answer_free(answer);
	/* This one cannot explain. */
	stage_map(stage, &(struct vma){ MAP_BASE, MAP_BASE + PAGE }, 1);
	stage_see(stage, MAP_BASE, 1, 0, 0, SEEN_ACCESSED);
	assert_int_equal(explain_page(stage, MAP_BASE).hold, HOLD_UNKNOWN);
	assert_int_equal(explain_page(stage, MAP_BASE).known, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE(test_errors),
		STAGE(test_hold_names),
		STAGE(test_explain_page),
		STAGE(test_explain_what_is_not_known),
		STAGE(test_explain_last_move),
		STAGE(test_plan_is_what_was_decided),
		STAGE(test_plan_costs),
		STAGE(test_plan_leaves_paused_targets),
		STAGE(test_plan_state_and_bounds),
	};

	return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
