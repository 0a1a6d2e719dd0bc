// SPDX-License-Identifier: GPL-2.0-only
/* What is to be cleared by address: runs of pages between two that were accessed, block by block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/young_view.h"

#define BASE (UINT64_C(1) << 40)
#define BLOCK(n) (BASE + (n)*YOUNG_BLOCK_BYTES)
#define AT(n, page) (BLOCK(n) + (uint64_t)(page)*TIERED_PAGE_SIZE)

static struct {
	struct young *young;
	struct young_seat seats[2];
	struct young_block block;
	struct young_view view;
} it;

static int setup(void **state)
{
	(void)state;
	memset(&it, 0, sizeof(it));
	it.young = calloc(1, sizeof(*it.young));
	if (!it.young)
		return -1;
	it.young->clear = &young_clear_companion;
	it.young->bitmap.fd = -1;
	it.young->seats = it.seats;
	it.young->n_targets = 2;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spans_free(&it.young->due);
	spans_free(&it.young->next_due);
	free(it.young);
	return 0;
}

/* A block of @seat in which pages @a and @b were accessed; returns what gather says. */
static int gather(int seat, unsigned int number, unsigned int a, unsigned int b, int next)
{
	it.block = (struct young_block){ .address = BLOCK(number), .kind = YOUNG_TABLE };
	it.view = (struct young_view){
		.block = &it.block,
		.seat = &it.seats[seat],
		.end = YOUNG_BLOCK_PAGES,
	};
	it.view.look.any_accessed = 1;
	it.view.look.accessed[a / 64] |= UINT64_C(1) << (a % 64);
	it.view.look.accessed[b / 64] |= UINT64_C(1) << (b % 64);
	return young_view_gather(it.young, &it.view, next);
}

static void assert_span(const struct spans *spans, size_t i, uint32_t target, uint64_t start,
			uint64_t end)
{
	assert_true(i < spans->n);
	assert_int_equal(spans->list[i].target, target);
	assert_int_equal(spans->list[i].start, start);
	assert_int_equal(spans->list[i].end, end);
}

/* Blocks side by side are one call; what lies far from the last one is another. */
static void test_runs(void **state)
{
	(void)state;
	assert_int_equal(gather(0, 0, 3, 500, 0), 1);
	assert_int_equal(gather(0, 1, 9, 9, 0), 1);
	assert_int_equal(gather(0, 5, 0, 511, 0), 1);
	assert_int_equal(gather(1, 6, 70, 71, 0), 1);
	assert_int_equal(it.young->due.n, 3);
	assert_span(&it.young->due, 0, 0, AT(0, 3), AT(1, 10));
	assert_span(&it.young->due, 1, 0, BLOCK(5), BLOCK(6));
	assert_span(&it.young->due, 2, 1, AT(6, 70), AT(6, 72));
	assert_int_equal(it.young->next_due.n, 0);
	assert_int_equal(it.young->bitmap.n_active, 0);
}

/* What read() has met is for the next window. */
static void test_next(void **state)
{
	(void)state;
	assert_int_equal(gather(0, 0, 1, 1, 1), 1);
	assert_int_equal(it.young->due.n, 0);
	assert_span(&it.young->next_due, 0, 0, AT(0, 1), AT(0, 2));
	it.seats[0].missed = MISSED_NEXT;
	it.young->n_targets = 1;
	young_turn_marks(it.young);
	assert_int_equal(it.young->next_due.n, 0);
	assert_span(&it.young->due, 0, 0, AT(0, 1), AT(0, 2));
	assert_int_equal(it.seats[0].missed, MISSED_NOW);
	young_drop_marks(it.young);
	assert_int_equal(it.young->due.n, 0);
	assert_int_equal(it.seats[0].missed, 0);
}

/* Only within the mapping; and a huge page is whole: it has one bit. */
static void test_edges(void **state)
{
	(void)state;
	gather(0, 0, 10, 300, 0);
	it.young->due.n = 0;
	it.view.first = 11;
	it.view.end = 300;
	assert_int_equal(young_view_gather(it.young, &it.view, 0), 0);
	assert_int_equal(it.young->due.n, 0);
	it.block = (struct young_block){ .address = BLOCK(2), .kind = YOUNG_HUGE };
	it.view.first = 0;
	it.view.end = 1;
	it.view.look = (struct young_look){ .accessed = { 1 }, .any_accessed = 1 };
	assert_int_equal(young_view_gather(it.young, &it.view, 0), 1);
	assert_span(&it.young->due, 0, 0, BLOCK(2), BLOCK(3));
}

/* A page that others map too is also asked about, where there is a bitmap. */
static void test_shared(void **state)
{
	struct young_detail detail = { 0 };

	(void)state;
	gather(0, 0, 4, 8, 0);
	it.young->due.n = 0;
	detail.shared[0] = UINT64_C(1) << 8;
	it.view.detail = &detail;
	assert_int_equal(young_view_gather(it.young, &it.view, 0), 1);
	assert_span(&it.young->due, 0, 0, AT(0, 4), AT(0, 9));
	assert_false(young_asks(it.young));
	assert_int_equal(it.young->bitmap.n_active, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next, setup, teardown),
		cmocka_unit_test_setup_teardown(test_edges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
