// SPDX-License-Identifier: GPL-2.0-only
/* What the migrator says became of each folio. How much it asks at once: test_migrator_bounds.c */
#include "fake_move_pages.h"

static void test_moves_all(void **state)
{
	struct plan plan = { 0 };

	plan_pages(&plan, 1500);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_MOVED), 1500);
	assert_int_equal(plan.moves[1499].landed, 0);
	assert_int_equal(fake.bytes_paced, 1500 << TIERED_PAGE_SHIFT);
	assert_true(fake.largest_call >= 512);
	assert_null(fake.victim);
	plan_done(&plan);
}

/* One of each kind in the middle: each gets its class, all others move. */
static void test_classifies(void **state)
{
	struct plan plan = { 0 };

	fake.trait[10] = PINNED;
	fake.trait[20] = SHARED;
	fake.trait[30] = ABSENT;
	fake.trait[40] = BUSY_ONCE;
	fake.node[50] = 0;
	plan_pages(&plan, 100);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[10].result, MOVE_PINNED);
	assert_int_equal(plan.moves[20].result, MOVE_SHARED);
	assert_int_equal(plan.moves[30].result, MOVE_GONE);
	assert_int_equal(plan.moves[40].result, MOVE_MOVED);
	assert_int_equal(plan.moves[50].result, MOVE_ALREADY);
	assert_int_equal(count(&plan, MOVE_MOVED), 96);
	assert_int_equal(fake.last.pages, 96);
	assert_true(fake.moving_calls <= CALL_TRIES);
	plan_done(&plan);
}

static void test_whole_call_refused(void **state)
{
	static const struct {
		int error;
		enum move_result result;
	} cases[] = {
		{ EACCES, MOVE_NOT_ALLOWED }, { EPERM, MOVE_NOT_ALLOWED },
		{ ENODEV, MOVE_NOT_ALLOWED }, { ESRCH, MOVE_VOID },
		{ ENOMEM, MOVE_NO_MEMORY },   { E2BIG, MOVE_FAILED },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };

		fake.deny = cases[i].error;
		plan_pages(&plan, 600);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, cases[i].result), 600);
		plan_done(&plan);
	}
}

/* Statuses of a call that fails half-way are not written: what arrived all the same has moved. */
static void test_memory_ends_half_way(void **state)
{
	struct plan plan = { 0 };

	fake.memory = 200;
	plan_pages(&plan, 500);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_MOVED), 200);
	assert_int_equal(count(&plan, MOVE_NO_MEMORY), 300);
	assert_int_equal(plan.moves[199].result, MOVE_MOVED);
	assert_int_equal(plan.moves[199].landed, 0);
	assert_int_equal(plan.moves[200].landed, 1);
	assert_int_equal(fake.moving_calls, 1);
	assert_int_equal(fake.last.pages, 200);
	plan_done(&plan);
}

/* The same in the second chunk of a call: the statuses of the first are there. */
static void test_memory_ends_in_a_later_chunk(void **state)
{
	struct plan plan = { 0 };

	fake.trait[50] = SHARED;
	fake.memory = 200;
	plan_pages(&plan, 500);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[50].result, MOVE_SHARED);
	assert_int_equal(count(&plan, MOVE_MOVED), 200);
	assert_int_equal(plan.moves[200].result, MOVE_MOVED);
	assert_int_equal(plan.moves[201].result, MOVE_NO_MEMORY);
	assert_int_equal(count(&plan, MOVE_NO_MEMORY), 299);
	assert_int_equal(fake.moving_calls, 1);
	plan_done(&plan);
}

/* Where pages are is not told, neither before nor after the moves. */
static void test_queries_refused(void **state)
{
	static const struct {
		int error; /* of queries */
		int deny;  /* of moves */
		enum move_result result;
	} cases[] = {
		{ EPERM, EPERM, MOVE_NOT_ALLOWED },
		{ ESRCH, ESRCH, MOVE_VOID },
		{ EPERM, 0, MOVE_MOVED }, /* the moves themselves say it */
		{ ENOMEM, ENOMEM, MOVE_NO_MEMORY },
		{ ESRCH, ENOMEM, MOVE_VOID }, /* gone in between: the last word counts */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };

		fake_reset();
		fake.deny_queries = cases[i].error;
		fake.deny = cases[i].deny;
		plan_pages(&plan, 100);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, cases[i].result), 100);
		assert_int_equal(fake.moving_calls, 1);
		plan_done(&plan);
	}
}

/* The kernel says "moved" with the node that was asked for. One in 64 is looked up again. */
static void test_lands_elsewhere(void **state)
{
	struct plan plan = { 0 };

	fake.trait[0] = STRAY;
	fake.trait[1] = STRAY;
	fake.trait[64] = STRAY;
	fake.trait[128] = VANISHES;
	plan_pages(&plan, 130);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[0].result, MOVE_ELSEWHERE);
	assert_int_equal(plan.moves[0].landed, STRAY_NODE);
	assert_int_equal(plan.moves[64].result, MOVE_ELSEWHERE);
	assert_int_equal(count(&plan, MOVE_ELSEWHERE), 2);
	/* Not in the sample; unmapped since, which proves nothing. */
	assert_int_equal(plan.moves[1].result, MOVE_MOVED);
	assert_int_equal(plan.moves[128].result, MOVE_MOVED);
	assert_int_equal(fake.last_query, 3);
	/* Wherever they are now, they were moved. */
	assert_int_equal(fake.last.pages, 130);
	assert_int_equal(fake.moving_calls, 1);
	plan_done(&plan);
}

static void test_death_voids(void **state)
{
	static const struct {
		int dies_after; /* so many looks at it */
		int calls;
	} cases[] = {
		{ 0, 0 }, /* dead before: nobody is asked */
		{ 1, 0 }, /* while it was asked where its pages are */
		{ 2, 1 }, /* in the call: what is still busy is not tried again */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };

		fake_reset();
		fake.dies_after = cases[i].dies_after;
		fake.trait[3] = BUSY_ONCE;
		plan_pages(&plan, 10);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, MOVE_VOID), 10);
		assert_int_equal(fake.last.pages, 0);
		assert_int_equal(fake.moving_calls, cases[i].calls);
		plan_done(&plan);
	}
}

static void test_cancel_leaves_pending(void **state)
{
	struct plan plan = { 0 };

	fake.cancel_after = 1;
	plan_pages(&plan, 2000);
	assert_int_equal(migrator_run(*state, &plan), -ECANCELED);
	assert_int_equal(count(&plan, MOVE_MOVED) + count(&plan, MOVE_PENDING), 2000);
	assert_true(count(&plan, MOVE_PENDING) > 0);
	plan_done(&plan);
}

static void test_unknown_target(void **state)
{
	struct plan plan = { 0 };
	struct move move = { .address = 4096, .target = 99, .to = 0 };

	assert_int_equal(plan_add(&plan, &move), 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[0].result, MOVE_VOID);
	plan_done(&plan);
}

static void test_one_page(void **state)
{
	assert_int_equal(migrator_move_page(*state, &target, 4096, 0), 0);
	assert_int_equal(fake.node[0], 0);
	fake.trait[1] = PINNED;
	assert_int_equal(migrator_move_page(*state, &target, 8192, 0), -EBUSY);
	fake.trait[2] = STRAY;
	assert_int_equal(migrator_move_page(*state, &target, 12288, 0), -EBUSY);
	fake.trait[2] = FREE;
	fake.dies_after = 0;
	assert_int_equal(migrator_move_page(*state, &target, 12288, 0), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moves_all),
		TEST(test_classifies),
		TEST(test_whole_call_refused),
		TEST(test_memory_ends_half_way),
		TEST(test_memory_ends_in_a_later_chunk),
		TEST(test_queries_refused),
		TEST(test_lands_elsewhere),
		TEST(test_death_voids),
		TEST(test_cancel_leaves_pending),
		TEST(test_unknown_target),
		TEST(test_one_page),
	};

	return cmocka_run_group_tests_name("migrator", tests, NULL, NULL);
}
