// SPDX-License-Identifier: GPL-2.0-only
/* How much the migrator asks for at once: calls, folios of every order, room. */
#include "fake_move_pages.h"

/* A call holds the pages and the thread: 16 MiB at once at most, and no flush in vain. */
#define CALL_PAGES 4096

static void test_calls_are_bounded(void **state)
{
	static const struct {
		uint8_t order;
		size_t folios;
		uint64_t flushes;  /* the most that are needed */
		uint64_t per_call; /* folios, at most */
	} cases[] = {
		{ 0, 20000, 40, 4096 },
		{ 2, 5000, 5000, 1024 },
		{ 4, 3000, 3000, 256 },
		{ 9, 100, 100, 8 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t pages = (uint64_t)cases[i].folios << cases[i].order;
		struct plan plan = { 0 };

		fake_reset();
		plan_folios(&plan, 0, cases[i].folios, cases[i].order);
		assert_int_equal(plan_seal(&plan), 0);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, MOVE_MOVED), cases[i].folios);
		assert_true(fake.longest_call <= CALL_PAGES);
		assert_true(fake.largest_call <= cases[i].per_call);
		assert_true(fake.largest_call >= (cases[i].order ? cases[i].per_call / 2 : 512));
		assert_int_equal(fake.sum.flush_bound, cases[i].flushes);
		assert_int_equal(fake.sum.calls, fake.moving_calls);
		assert_int_equal(fake.sum.pages, pages);
		assert_int_equal(fake.sum.small, cases[i].order ? 0 : cases[i].folios);
		assert_int_equal(fake.sum.large, cases[i].order ? cases[i].folios : 0);
		assert_int_equal(fake.bytes_paced, pages << TIERED_PAGE_SHIFT);
		plan_done(&plan);
	}
}

static void test_flush_bound(void **state)
{
	struct plan plan = { 0 };

	plan_pages(&plan, 512);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(fake.last.flush_bound, 1);
	assert_int_equal(fake.last.small, 512);
	plan_done(&plan);
}

/* Base pages share a flush, each larger folio has one of its own. */
static void test_mixed_orders(void **state)
{
	struct plan plan = { 0 };
	size_t page;

	page = plan_folios(&plan, 0, 600, 0);
	page = plan_folios(&plan, page, 3, 9);
	page = plan_folios(&plan, page, 10, 4);
	plan_folios(&plan, page, 10, 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_MOVED), 623);
	assert_int_equal(fake.sum.small, 610);
	assert_int_equal(fake.sum.large, 13);
	assert_int_equal(fake.sum.pages, 610 + 3 * 512 + 10 * 16);
	/* 512 base pages; the rest of them; the large ones. */
	assert_int_equal(fake.sum.flush_bound, 1 + 1 + 13);
	plan_done(&plan);
}

/* Each try may flush again, for what it asks for. */
static void test_tries_are_in_the_bound(void **state)
{
	struct plan plan = { 0 };

	plan_folios(&plan, 0, 1, 9);
	fake.trait[0] = PINNED;
	plan_folios(&plan, 512, 20, 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[0].result, MOVE_PINNED);
	assert_int_equal(count(&plan, MOVE_MOVED), 20);
	assert_int_equal(fake.moving_calls, CALL_TRIES);
	assert_int_equal(fake.sum.calls, CALL_TRIES);
	/* All of them once, then the large one alone. */
	assert_int_equal(fake.sum.flush_bound, (1 + 1) + (CALL_TRIES - 1));
	assert_int_equal(fake.sum.pages, 20);
	assert_int_equal(fake.sum.large, 0);
	plan_done(&plan);
}

static void test_never_fills_a_node(void **state)
{
	struct plan plan = { 0 };

	fake.room = 0;
	plan_pages(&plan, 10);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_NO_MEMORY), 10);
	assert_int_equal(fake.moving_calls, 0);
	plan_done(&plan);
}

/* As many as fit, in the order of the plan. */
static void test_partial_room(void **state)
{
	static const uint64_t rooms[] = { 1, 300, 512, 999, 1000, 1001 };
	size_t i;

	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		size_t fit = rooms[i] < 1000 ? rooms[i] : 1000;
		struct plan plan = { 0 };

		fake_reset();
		fake.room = rooms[i];
		plan_pages(&plan, 1000);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, MOVE_MOVED), fit);
		assert_int_equal(count(&plan, MOVE_NO_MEMORY), 1000 - fit);
		assert_int_equal(plan.moves[fit - 1].result, MOVE_MOVED);
		assert_int_equal(fake.bytes_paced, fit << TIERED_PAGE_SHIFT);
		assert_int_equal(fake.room, rooms[i] - fit);
		plan_done(&plan);
	}
}

/* Small ones before and behind a large folio that does not fit move all the same. */
static void test_large_does_not_fit(void **state)
{
	static const struct {
		size_t before, behind;
		uint64_t room;
		size_t small; /* that move */
		enum move_result large;
	} cases[] = {
		{ 0, 50, 100, 50, MOVE_NO_MEMORY },    { 30, 30, 100, 60, MOVE_NO_MEMORY },
		{ 30, 30, 541, 60, MOVE_NO_MEMORY },   { 30, 30, 542, 30, MOVE_MOVED },
		{ 30, 30, 550, 38, MOVE_MOVED },       { 0, 0, 512, 0, MOVE_MOVED },
		{ 30, 100, 100, 100, MOVE_NO_MEMORY },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };
		size_t page;

		fake_reset();
		fake.room = cases[i].room;
		page = plan_folios(&plan, 0, cases[i].before, 0);
		page = plan_folios(&plan, page, 1, 9);
		plan_folios(&plan, page, cases[i].behind, 0);
		assert_int_equal(plan_seal(&plan), 0);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(plan.moves[cases[i].before].result, cases[i].large);
		assert_int_equal(fake.sum.small, cases[i].small);
		assert_int_equal(count(&plan, MOVE_MOVED) + count(&plan, MOVE_NO_MEMORY),
				 plan.n_moves);
		plan_done(&plan);
	}
}

/* Somebody else fills the node while the migrator waits for its turn. */
static void test_filled_during_a_wait(void **state)
{
	static const struct {
		uint64_t left; /* pages, after each wait */
		size_t moved;
	} cases[] = { { 0, 0 }, { 1, 1 }, { 300, 300 }, { 5000, 1000 } };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };

		fake_reset();
		fake.delay_ns = 1000;
		fake.room_after_wait = cases[i].left + 1;
		plan_pages(&plan, 1000);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, MOVE_MOVED), cases[i].moved);
		assert_int_equal(count(&plan, MOVE_NO_MEMORY), 1000 - cases[i].moved);
		assert_true(fake.longest_call <= cases[i].left);
		plan_done(&plan);
	}
}

/* A folio larger than a call may be is never asked for. */
static void test_larger_than_a_call(void **state)
{
	struct plan plan = { 0 };
	size_t page;

	page = plan_folios(&plan, 0, 1, 13);
	plan_folios(&plan, page, 10, 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[0].result, MOVE_NO_MEMORY);
	assert_int_equal(count(&plan, MOVE_MOVED), 10);
	assert_int_equal(fake.longest_call, 10);
	plan_done(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_calls_are_bounded),    TEST(test_flush_bound),
		TEST(test_mixed_orders),         TEST(test_tries_are_in_the_bound),
		TEST(test_never_fills_a_node),   TEST(test_partial_room),
		TEST(test_large_does_not_fit),   TEST(test_larger_than_a_call),
		TEST(test_filled_during_a_wait),
	};

	return cmocka_run_group_tests_name("migrator_bounds", tests, NULL, NULL);
}
