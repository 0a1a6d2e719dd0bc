// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decide/plan.h"

static void add(struct plan *plan, uint32_t target, uint64_t address, uint8_t to, uint8_t reason,
		uint8_t order)
{
	struct move move = {
		.target = target, .address = address, .to = to, .reason = reason, .order = order
	};

	assert_int_equal(plan_add(plan, &move), 0);
}

static int rank(uint8_t reason)
{
	return reason != MOVE_DEMOTE_PRESSURE && reason != MOVE_DEMOTE_ROOM;
}

/* Everything plan.h promises about a sealed plan. */
static void assert_sealed(const struct plan *plan)
{
	size_t covered = 0, b, i;

	for (b = 0; b < plan->n_batches; b++) {
		const struct batch *batch = &plan->batches[b];

		assert_int_equal(batch->first, covered);
		assert_true(batch->count > 0);
		for (i = batch->first; i < batch->first + batch->count; i++) {
			const struct move *move = &plan->moves[i];

			assert_int_equal(move->target, batch->target);
			assert_int_equal(move->to, batch->to);
			if (i == batch->first)
				continue;
			assert_true(move[-1].address <= move->address);
			assert_int_equal(rank(move[-1].reason), rank(move->reason));
		}
		if (b > 0)
			assert_true(rank(plan->moves[batch->first - 1].reason) <=
				    rank(plan->moves[batch->first].reason));
		covered += batch->count;
	}
	assert_int_equal(covered, plan->n_moves);
}

static void test_order(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	add(&plan, 2, 0x5000, 0, MOVE_PROMOTE_SWAP, 0);
	add(&plan, 1, 0x3000, 0, MOVE_PROMOTE_HOT, 0);
	add(&plan, 1, 0x2000, 0, MOVE_PROMOTE_SWAP, 0);
	add(&plan, 1, 0x9000, 2, MOVE_DEMOTE_ROOM, 0);
	add(&plan, 1, 0x8000, 3, MOVE_DEMOTE_PRESSURE, 0);
	add(&plan, 1, 0x7000, 2, MOVE_DEMOTE_PRESSURE, 0);
	add(&plan, 1, 0x200000, 0, MOVE_PROMOTE_HOT, 9);
	assert_int_equal(plan_seal(&plan), 0);
	assert_sealed(&plan);
	assert_int_equal(plan.n_batches, 4);
	assert_int_equal(plan.batches[0].to, 2);
	assert_int_equal(plan.batches[0].count, 2);
	assert_int_equal(plan.batches[1].to, 3);
	assert_int_equal(plan.batches[2].target, 1);
	assert_int_equal(plan.batches[2].count, 3);
	assert_int_equal(plan.moves[plan.batches[2].first].address, 0x2000);
	assert_int_equal(plan.batches[3].target, 2);
	/* a large folio is one move, and counts with all its pages */
	assert_int_equal(plan.n_moves, 7);
	assert_int_equal(plan.pages, 6 + 512);
	plan_done(&plan);
	assert_null(plan.moves);
	assert_int_equal(plan.n_batches, 0);
}

/* The same moves give the same plan, in whatever order they come. */
static void test_deterministic(void **state)
{
	struct plan forward = { 0 }, backward = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 5000; i++)
		add(&forward, i % 7, (uint64_t)(i * 7919 % 5000) << 12, (uint8_t)(i % 3),
		    (uint8_t)(i % MOVE_REASONS), 0);
	for (i = 5000; i-- > 0;)
		add(&backward, i % 7, (uint64_t)(i * 7919 % 5000) << 12, (uint8_t)(i % 3),
		    (uint8_t)(i % MOVE_REASONS), 0);
	assert_int_equal(plan_seal(&forward), 0);
	assert_int_equal(plan_seal(&backward), 0);
	assert_sealed(&forward);
	assert_int_equal(forward.n_batches, backward.n_batches);
	assert_memory_equal(forward.moves, backward.moves, 5000 * sizeof(struct move));
	assert_memory_equal(forward.batches, backward.batches,
			    forward.n_batches * sizeof(struct batch));
	plan_done(&forward);
	plan_done(&backward);
}

static void test_empty_and_again(void **state)
{
	struct plan plan = { 0 };

	(void)state;
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_batches, 0);
	add(&plan, 1, 0x1000, 0, MOVE_PROMOTE_HOT, 0);
	assert_int_equal(plan_seal(&plan), 0);
	plan_clear(&plan);
	assert_int_equal(plan.n_moves, 0);
	assert_int_equal(plan.pages, 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(plan.n_batches, 0);
	add(&plan, 3, 0x1000, 1, MOVE_DEMOTE_ROOM, 4);
	assert_int_equal(plan_seal(&plan), 0);
	assert_sealed(&plan);
	assert_int_equal(plan.pages, 16);
	plan_done(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_empty_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
