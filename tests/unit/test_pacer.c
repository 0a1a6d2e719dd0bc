// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "act/pacer.h"

#define S UINT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)

/* Moves @bytes in steps of @step as fast as the pacer lets; returns how long it took. */
static uint64_t pour(struct pacer *pacer, uint64_t now, uint64_t bytes, uint64_t step)
{
	uint64_t start = now;

	while (bytes > 0) {
		now += pacer_delay_ns(pacer, now, step);
		assert_int_equal(pacer_delay_ns(pacer, now, step), 0);
		pacer_take(pacer, now, step);
		bytes -= step < bytes ? step : bytes;
	}
	return now - start;
}

/* Neither small batches nor folios larger than the bucket leak: rate x time + burst is all. */
static void test_rate_is_kept(void **state)
{
	static const uint64_t steps[] = { 4096, 12288, 2 * MIB, 64 * MIB };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pacer pacer;
		uint64_t took, again;

		pacer_init(&pacer, 200 * MIB, 20 * MIB, 5 * S);
		took = pour(&pacer, 5 * S, 2048 * MIB, steps[i]);
		/* 2048 MiB at 200 MiB/s, less the burst; debt at the end is paid by the next */
		again = pour(&pacer, 5 * S + took, 2048 * MIB, steps[i]);
		assert_in_range(took + again, (4096 - 20 - 64) * S / 200, (4096 + 64) * S / 200);
	}
}

static void test_debt(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, MIB, 4096, 0);
	assert_int_equal(pacer_delay_ns(&pacer, 0, 2 * MIB), 0);
	pacer_take(&pacer, 0, 2 * MIB);
	/* 2 MiB less the bucket to be paid off, and one page to be saved */
	assert_int_equal(pacer_delay_ns(&pacer, 0, 4096), 2 * S);
	assert_int_equal(pacer_delay_ns(&pacer, S, 4096), S);
	assert_int_equal(pacer_delay_ns(&pacer, 2 * S, 4096), 0);
}

/* No fraction of a byte is lost, however often time is looked at. */
static void test_exact(void **state)
{
	struct pacer pacer;
	uint64_t now;

	(void)state;
	pacer_init(&pacer, 1000003, 1 << 30, 0);
	pacer_take(&pacer, 0, (1 << 30) + 1000003);
	for (now = 0; now < S; now += 333)
		assert_true(pacer_delay_ns(&pacer, now, 0) > 0);
	/* one byte short: it is waited for as a whole, about a microsecond */
	assert_in_range(pacer_delay_ns(&pacer, S - 1, 0), 1, 1000);
	assert_int_equal(pacer_delay_ns(&pacer, S, 0), 0);
}

static void test_idle_saves_one_burst(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, MIB, 8 * MIB, 0);
	pacer_take(&pacer, 0, 8 * MIB);
	assert_int_equal(pacer_delay_ns(&pacer, 10000 * S, 8 * MIB), 0);
	pacer_take(&pacer, 10000 * S, 8 * MIB);
	assert_int_equal(pacer_delay_ns(&pacer, 10000 * S, MIB), S);
	/* time that runs backwards earns nothing and breaks nothing */
	assert_int_equal(pacer_delay_ns(&pacer, 9000 * S, MIB), S);
}

static void test_unlimited(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, 0, 0, 0);
	pacer_take(&pacer, 0, UINT64_C(1) << 50);
	assert_int_equal(pacer_delay_ns(&pacer, 0, UINT64_C(1) << 50), 0);
	assert_true(pacer_earns(&pacer, 1) == UINT64_MAX);
	pacer_init(&pacer, 500 * MIB, MIB, 0);
	assert_int_equal(pacer_earns(&pacer, 2 * S), 1000 * MIB);
	assert_true(pacer_earns(&pacer, UINT64_MAX) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_is_kept), cmocka_unit_test(test_debt),
		cmocka_unit_test(test_exact),        cmocka_unit_test(test_idle_saves_one_burst),
		cmocka_unit_test(test_unlimited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
