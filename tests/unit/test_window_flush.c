// SPDX-License-Identifier: GPL-2.0-only
/* Flushes that the kernel puts off: when their marks count, and when nobody waits any longer. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"
#include "util/clock.h"
#include "window_fixture.h"

/* A window whose only target was moved, at a time and with counters as given. */
static struct window *moved(struct stage *stage, struct tree *tree, uint64_t ago_ms,
			    uint64_t drained)
{
	struct window *window = &stage->window;
	struct seat *seat = stage_seat(stage);

	tree_text(tree, "vmstat", "pgmigrate_defer_flush 64\nmigrate_flush_drained %d\n",
		  (int)drained);
	stage->config.proc_root = tree->root;
	window->account = (struct ledger_account){ 0 };
	window->defers = 1;
	window->deferred = (struct flush_seen){ .deferred = 64, .drained = 3 };
	window->deferred_ns = clock_now_ns() - ago_ms * NSEC_PER_MSEC;
	seat->marked = 1;
	seat->flushed = FLUSH_DEFERRED;
	return window;
}

static void test_drain_is_awaited(void **state)
{
	static const struct {
		uint64_t ago_ms, drained;
		enum flush_state flushed;
		uint64_t stale;
	} cases[] = {
		{ 0, 5, FLUSH_DEFERRED, 0 },   /* one that began after the move */
		{ 300, 4, FLUSH_DEFERRED, 0 }, /* the one that was at work then is over */
		{ 3000, 3, FLUSH_NONE, 1 },    /* it does not come */
	};
	struct stage *stage = *state;
	struct tree tree;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct window *window;

		tree_make(&tree);
		window = moved(stage, &tree, cases[i].ago_ms, cases[i].drained);
		assert_int_equal(window_flush(window), 0);
		assert_int_equal(stage_seat(stage)->flushed, cases[i].flushed);
		assert_int_equal(window->account.stale_targets, cases[i].stale);
		assert_int_equal(window->deferred_ns, 0);
		tree_remove(&tree, "");
	}
}

/* The counters are gone, or somebody wants the worker: marks are not trusted, nothing hangs. */
static void test_drain_is_given_up(void **state)
{
	struct stage *stage = *state;
	struct tree tree;
	struct window *window;

	tree_make(&tree);
	window = moved(stage, &tree, 0, 3);
	window->hold = 1;
	assert_int_equal(window_flush(window), 0);
	assert_int_equal(stage_seat(stage)->flushed, FLUSH_NONE);
	assert_int_equal(window->account.stale_targets, 1);
	window->hold = 0;
	window = moved(stage, &tree, 0, 3);
	tree_remove(&tree, "");
	assert_int_equal(window_flush(window), 0);
	assert_int_equal(stage_seat(stage)->flushed, FLUSH_NONE);
}

/* A later flush that was sent at once makes the one that is to come unnecessary. */
static void test_take(void **state)
{
	struct stage *stage = *state;
	struct seat *seat = stage_seat(stage);
	struct window *window;
	struct tree tree;

	tree_make(&tree);
	window = moved(stage, &tree, 0, 3);
	seat->flushed = FLUSH_NONE;
	window->deferred_ns = 0;
	window_take_flush(window, seat, FLUSH_NONE);
	assert_int_equal(seat->flushed, FLUSH_NONE);
	window_take_flush(window, seat, FLUSH_DEFERRED);
	assert_int_equal(seat->flushed, FLUSH_DEFERRED);
	assert_true(window->deferred_ns != 0);
	window_take_flush(window, seat, FLUSH_DONE);
	assert_int_equal(seat->flushed, FLUSH_DONE);
	/* Counters that cannot be read say nothing about what is to come. */
	tree_remove(&tree, "");
	seat->flushed = FLUSH_NONE;
	window_take_flush(window, seat, FLUSH_DEFERRED);
	assert_int_equal(seat->flushed, FLUSH_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_drain_is_awaited),
		TEST(test_drain_is_given_up),
		TEST(test_take),
	};

	return cmocka_run_group_tests_name("window_flush", tests, NULL, NULL);
}
