// SPDX-License-Identifier: GPL-2.0-only
/* The moves of late: found by any address of the folio, newest first, bounded, forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/trail.h"

#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x7f0000000000)

static int open_trail(void **state)
{
	struct trail *trail = malloc(sizeof(*trail));

	*state = trail;
	return trail ? trail_open(trail) : -1;
}

static int close_trail(void **state)
{
	trail_close(*state);
	free(*state);
	return 0;
}

static struct move move_of(uint32_t target, uint64_t page, uint8_t order, uint8_t result)
{
	return (struct move){ .address = BASE + page * PAGE,
			      .target = target,
			      .order = order,
			      .from = 1,
			      .to = 0,
			      .reason = MOVE_PROMOTE_SWAP,
			      .rate = 700,
			      .bar = 500,
			      .result = result };
}

static void add(struct trail *trail, uint64_t window, struct move move)
{
	trail_add(trail, window, &move, 1);
}

static uint64_t window_of(const struct trail *trail, uint32_t target, uint64_t address)
{
	const struct trail_move *found = trail_find(trail, target, address);

	return found ? found->window : 0;
}

/* Time ran out in the middle of a large plan: what was moved before is what is remembered. */
static void test_rest_of_a_plan_is_pending(void **state)
{
	struct trail *trail = *state;
	size_t n = 2 * TRAIL_MOVES, i;
	struct move *moves = calloc(n, sizeof(*moves));

	assert_non_null(moves);
	for (i = 0; i < n; i++)
		moves[i] = move_of(1, i, 0, i < n / 2 + 10 ? MOVE_MOVED : MOVE_PENDING);
	trail_add(trail, 5, moves, n);
	free(moves);
	assert_int_equal(window_of(trail, 1, BASE + 9 * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 10 * PAGE), 5);
	assert_int_equal(window_of(trail, 1, BASE + (n / 2 + 9) * PAGE), 5);
	assert_int_equal(window_of(trail, 1, BASE + (n / 2 + 10) * PAGE), 0);
}

static void test_all_of_a_move(void **state)
{
	struct trail *trail = *state;
	const struct trail_move *found;

	add(trail, 9, move_of(1, 3, 0, MOVE_BUSY));
	found = trail_find(trail, 1, BASE + 3 * PAGE);
	assert_non_null(found);
	assert_int_equal(found->window, 9);
	assert_int_equal(found->from, 1);
	assert_int_equal(found->to, 0);
	assert_int_equal(found->reason, MOVE_PROMOTE_SWAP);
	assert_int_equal(found->result, MOVE_BUSY);
	assert_int_equal(found->rate, 700);
	assert_int_equal(found->bar, 500);
}

static void test_whole_folio_newest_first(void **state)
{
	struct trail *trail = *state;

	add(trail, 1, move_of(1, 16, 4, MOVE_MOVED));
	add(trail, 2, move_of(1, 20, 0, MOVE_MOVED));
	add(trail, 3, move_of(2, 20, 0, MOVE_MOVED));
	assert_int_equal(window_of(trail, 1, BASE + 15 * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 16 * PAGE), 1);
	assert_int_equal(window_of(trail, 1, BASE + 32 * PAGE - 1), 1);
	assert_int_equal(window_of(trail, 1, BASE + 32 * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 20 * PAGE + 5), 2);
	assert_int_equal(window_of(trail, 2, BASE + 20 * PAGE), 3);
	assert_int_equal(window_of(trail, 3, BASE + 20 * PAGE), 0);
}

static void test_what_leaves_no_trail(void **state)
{
	struct trail *trail = *state;

	add(trail, 1, move_of(1, 0, 0, MOVE_MOVED));
	add(trail, 2, move_of(1, 0, 0, MOVE_PENDING));
	add(trail, 3, move_of(1, 0, 0, MOVE_VOID));
	assert_int_equal(window_of(trail, 1, BASE), 1);
	assert_int_equal(trail->next, 1);
}

static void test_bound(void **state)
{
	struct trail *trail = *state;
	size_t n = TRAIL_MOVES + 100, i;
	struct move *moves = calloc(n, sizeof(*moves));

	assert_non_null(moves);
	for (i = 0; i < n; i++)
		moves[i] = move_of(1, i, 0, MOVE_MOVED);
	add(trail, 1, move_of(1, n, 0, MOVE_MOVED));
	trail_add(trail, 2, moves, n);
	/* The last so many are there, the first ones gave way. */
	assert_int_equal(window_of(trail, 1, BASE + n * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 99 * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 100 * PAGE), 2);
	assert_int_equal(window_of(trail, 1, BASE + (n - 1) * PAGE), 2);
	add(trail, 3, move_of(1, 0, 0, MOVE_MOVED));
	assert_int_equal(window_of(trail, 1, BASE + 100 * PAGE), 0);
	assert_int_equal(window_of(trail, 1, BASE + 101 * PAGE), 2);
	free(moves);
}

static void test_forgets_a_target(void **state)
{
	struct trail *trail = *state;

	add(trail, 1, move_of(1, 0, 0, MOVE_MOVED));
	add(trail, 1, move_of(2, 0, 0, MOVE_MOVED));
	trail_forget(trail, 1);
	assert_int_equal(window_of(trail, 1, BASE), 0);
	assert_int_equal(window_of(trail, 2, BASE), 1);
}

#define TRAIL(test) cmocka_unit_test_setup_teardown(test, open_trail, close_trail)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRAIL(test_all_of_a_move),        TRAIL(test_whole_folio_newest_first),
		TRAIL(test_what_leaves_no_trail), TRAIL(test_bound),
		TRAIL(test_forgets_a_target),     TRAIL(test_rest_of_a_plan_is_pending),
	};

	return cmocka_run_group_tests_name("trail", tests, NULL, NULL);
}
