// SPDX-License-Identifier: GPL-2.0-only
/* The board: what every view is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "decide/plan.h"
#include "report/board.h"

static struct target_key key_of(uint32_t tgid)
{
	return (struct target_key){ .start_ns = UINT64_C(1000) * tgid, .tgid = tgid };
}

static void add(struct board *board, uint32_t tgid, uint32_t id)
{
	struct target_key key = key_of(tgid);

	assert_int_equal(board_add(board, &key, id, 3, 1000, 77, "some-program"), 0);
}

/* Many come, every third leaves: each is found by id and by process, none twice. */
static void test_come_and_go(void **state)
{
	struct board *board;
	size_t n;

	(void)state;
	assert_int_equal(board_new(&board), 0);
	for (uint32_t i = 1; i <= 500; i++)
		add(board, 1000 + i, i);
	for (uint32_t i = 3; i <= 500; i += 3)
		board_remove(board, i);
	board_remove(board, 9999);
	board_list(board, &n);
	assert_int_equal(n, 500 - 166);
	for (uint32_t i = 1; i <= 500; i++) {
		struct board_target *target = board_find(board, i);

		assert_ptr_equal(target, board_find_process(board, 1000 + i));
		assert_int_equal(target == NULL, i % 3 == 0);
		if (!target)
			continue;
		assert_int_equal(target->id, i);
		assert_int_equal(target->key.tgid, 1000 + i);
		assert_string_equal(target->stats.comm, "some-program");
	}
	board_free(board);
}

/* A process that exec'ed is a new target: its number leads to the new one, also once the old goes. */
static void test_new_program(void **state)
{
	struct board *board;

	(void)state;
	assert_int_equal(board_new(&board), 0);
	add(board, 42, 1);
	add(board, 42, 2);
	assert_int_equal(board_find_process(board, 42)->id, 2);
	board_remove(board, 1);
	assert_int_equal(board_find_process(board, 42)->id, 2);
	add(board, 42, 2);
	board_remove(board, 2);
	assert_null(board_find_process(board, 42));
	board_free(board);
}

/* Named fields get the pages of their enum value. */
static void test_fields(void **state)
{
	const struct board_figure first = { .share_ppm = 100, .tracked_pages = 10, .windows = 1 };
	const struct board_figure later = { .share_ppm = 900,
					    .fast_pages = 4,
					    .tracked_pages = 10,
					    .windows = 8,
					    .last_move_ns = 5 };
	const struct board_figure blind = { .share_ppm = 0 };
	struct ledger_account account = { .windows = 1, .share_ppm = 123 };
	struct stats_target *stats;
	struct stats_daemon *daemon;
	struct board *board;

	(void)state;
	account.requested.pages = 600;
	account.results[MOVE_MOVED].pages = 512;
	account.results[MOVE_VOID].pages = 88;
	account.reasons[MOVE_DEMOTE_PRESSURE].pages = 512;
	account.planned[MOVE_PROMOTE_SWAP].pages = 7;
	account.demoted.pages = 512;
	assert_int_equal(board_new(&board), 0);
	add(board, 42, 1);
	stats = &board_find(board, 1)->stats;
	board_set_target(board, 1, &account, &blind);
	assert_int_equal(stats->windows, 0);
	board_set_target(board, 1, &account, &first);
	board_set_target(board, 1, &account, &later);
	board_set_target(board, 77, &account, &later);
	assert_int_equal(stats->requested, 600);
	assert_int_equal(stats->results.moved, 512);
	assert_int_equal(stats->results.process_gone, 88);
	assert_int_equal(stats->moved_for.demote_pressure, 512);
	assert_int_equal(stats->demoted, 512);
	assert_int_equal(stats->first_share_ppm, 100);
	assert_int_equal(stats->share_ppm, 900);
	assert_int_equal(stats->windows, 8);
	assert_int_equal(board_last(board)->window, 0);
	board_set_window(board, 9, 12345, 1, &account, &account);
	daemon = board_daemon(board);
	assert_int_equal(daemon->requested, 600);
	assert_int_equal(daemon->planned.promote_swap, 7);
	assert_int_equal(daemon->results.process_gone, 88);
	assert_int_equal(daemon->share_ppm, 123);
	assert_int_equal(daemon->updated_ns, 12345);
	assert_int_equal(board_last(board)->window, 9);
	board_free(board);
}

/* What came between windows is booked at the end of the next: until then all views tell the same. */
static void test_between_windows(void **state)
{
	const struct ledger_account account = { .windows = 1 };
	const struct board_figure figure = { .windows = 1 };
	struct board_target *target;
	struct board *board;

	(void)state;
	assert_int_equal(board_new(&board), 0);
	add(board, 4711, 1);
	target = board_find(board, 1);
	target->new_faults = 5;
	target->new_shootdowns = 2;
	assert_int_equal(target->stats.faults, 0);
	board_set_target(board, 1, &account, &figure);
	assert_int_equal(target->stats.faults, 5);
	assert_int_equal(target->stats.shootdowns, 2);
	target->new_faults = 1;
	board_set_target(board, 1, &account, &figure);
	assert_int_equal(target->stats.faults, 6);
	assert_int_equal(target->stats.shootdowns, 2);
	board_free(board);
}

/* What a section holds is what its targets hold together; a floor needs a target. */
static void test_floors(void **state)
{
	struct ledger_account account = { .windows = 1 };
	struct board_figure figure = { .fast_pages = 4000, .tracked_pages = 9000, .windows = 1 };
	struct board *board;
	uint64_t held;
	size_t n;

	(void)state;
	assert_int_equal(board_new(&board), 0);
	assert_int_equal(board_floor_unmet(board, 3, 100, &held), 0);
	add(board, 1, 1);
	add(board, 2, 2);
	assert_int_equal(board_floor_unmet(board, 3, 100, &held), 1);
	board_set_target(board, 1, &account, &figure);
	board_set_target(board, 2, &account, &figure);
	assert_int_equal(board_fast_pages(board, 3, &n), 8000);
	assert_int_equal(n, 2);
	assert_int_equal(board_fast_pages(board, 2, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(board_floor_unmet(board, 3, 0, &held), 0);
	assert_int_equal(board_floor_unmet(board, 3, 8200, &held), 0);
	assert_int_equal(board_floor_unmet(board, 3, 8300, &held), 1);
	assert_int_equal(held, 8000);
	/* Never more than a batch of moves. */
	board_set_target(board, 1, &account,
			 &(struct board_figure){ .fast_pages = 996000, .tracked_pages = 1 });
	assert_int_equal(board_floor_unmet(board, 3, 1000512, &held), 0);
	assert_int_equal(board_floor_unmet(board, 3, 1000513, &held), 1);
	board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_come_and_go), cmocka_unit_test(test_new_program),
		cmocka_unit_test(test_fields),      cmocka_unit_test(test_between_windows),
		cmocka_unit_test(test_floors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
