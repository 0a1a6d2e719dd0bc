// SPDX-License-Identifier: GPL-2.0-only
/* What changes between two windows because somebody said so. */
#include "window_fixture.h"

static struct worker_tune tune_of(const struct worker_config *config)
{
	return (struct worker_tune){ .observe = config->observe,
				     .window_ns = config->window_ns,
				     .window_min_ns = config->window_min_ns,
				     .window_max_ns = config->window_max_ns,
				     .cpu_max_ppm = config->cpu_max_ppm,
				     .rate = config->rate };
}

/* The same as before changes nothing, not even what was decided. */
static void test_no_change(void **state)
{
	struct stage *stage = *state;
	struct worker_tune tune = tune_of(&stage->config);
	struct worker_config config = stage->config;
	struct window before;

	stage_run(stage, 5);
	assert_true(stage->window.plan.n_moves > 0);
	before = stage->window;
	window_tune(&stage->window, &stage->config, &tune);
	assert_memory_equal(&before, &stage->window, sizeof(before));
	assert_memory_equal(&config, &stage->config, sizeof(config));
}

static void test_pause_drops_the_plan(void **state)
{
	struct stage *stage = *state;
	struct worker_tune tune = tune_of(&stage->config);

	stage_run(stage, 5);
	assert_true(stage->window.plan.n_moves > 0);
	tune.paused = 1;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(stage->window.paused, 1);
	assert_int_equal(stage->window.plan.n_moves, 0);
	assert_int_equal(stage->window.plan.n_batches, 0);
	tune.paused = 0;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(stage->window.paused, 0);
}

static void test_rate_and_cpu_max(void **state)
{
	struct stage *stage = *state;
	struct worker_tune tune = tune_of(&stage->config);
	uint64_t ps_per_page;

	stage_run(stage, 2);
	stage->window.budget.balance_ns = -12345;
	tune.rate = 10 << 20;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(stage->window.pacer.rate, 10 << 20);
	assert_int_equal(stage->window.pacer.burst, (10 << 20) / 10);
	assert_int_equal(stage->window.budget.balance_ns, -12345);
	ps_per_page = stage->window.budget.ps_per_page;
	tune.cpu_max_ppm = 50000;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(stage->window.budget.share_ppm, 50000);
	assert_int_equal(stage->window.budget.balance_ns, 0);
	assert_int_equal(stage->window.budget.ps_per_page, ps_per_page);
	assert_int_equal(stage->config.cpu_max_ppm, 50000);
}

static void test_length(void **state)
{
	static const struct {
		uint64_t fixed, min, max, length;
	} cases[] = {
		{ 30, 1, 1000, 30 }, { 0, 1, 1000, 30 }, { 0, 50, 1000, 50 },
		{ 0, 1, 20, 20 },    { 7, 1, 20, 7 },
	};
	struct stage *stage = *state;
	struct worker_tune tune = tune_of(&stage->config);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tune.window_ns = cases[i].fixed * NSEC_PER_MSEC;
		tune.window_min_ns = cases[i].min * NSEC_PER_MSEC;
		tune.window_max_ns = cases[i].max * NSEC_PER_MSEC;
		window_tune(&stage->window, &stage->config, &tune);
		assert_int_equal(stage->window.interval_ns, cases[i].length * NSEC_PER_MSEC);
	}
}

/* What was learned without flushes may be wrong: nothing is moved on that. Back is no matter. */
static void test_end_of_observing(void **state)
{
	struct stage *stage = *state;
	struct worker_tune tune = tune_of(&stage->config);
	struct heat_target_view view;

	stage_run(stage, 5);
	assert_int_equal(heat_target(stage->window.heat, TARGET, &view), 0);
	tune.observe = 0;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(heat_target(stage->window.heat, TARGET, &view), -ENOENT);
	assert_int_equal(stage->window.plan.n_moves, 0);
	assert_int_equal(stage->config.observe, 0);
	stage_see(stage, MAP_BASE, 1, 0, 1, SEEN_ACCESSED);
	tune.observe = 1;
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(heat_target(stage->window.heat, TARGET, &view), 0);
}

/* Not handed to the tracker, not moved; what is known of it stays. */
static void test_pause_of_a_target(void **state)
{
	struct stage *stage = *state;
	struct roster *roster = &stage->window.roster;
	struct heat_target_view view;

	stage_run(stage, 5);
	assert_true(stage->window.plan.n_moves > 0);
	window_pause_target(&stage->window, 77, 1);
	assert_true(stage->window.plan.n_moves > 0);
	window_pause_target(&stage->window, TARGET, 1);
	assert_int_equal(stage->window.plan.n_moves, 0);
	roster_watch(roster);
	assert_int_equal(roster->n_watched, 0);
	assert_int_equal(roster->count, 1);
	assert_int_equal(fake_retarget(stage->window.tracker, roster->watched, 0), 0);
	stage_run(stage, 1);
	assert_int_equal(stage->window.plan.n_moves, 0);
	assert_int_equal(stage->window.account.marked_targets, 0);
	assert_int_equal(heat_target(stage->window.heat, TARGET, &view), 0);
	window_pause_target(&stage->window, TARGET, 0);
	roster_watch(roster);
	assert_int_equal(roster->n_watched, 1);
	assert_ptr_equal(roster->watched[0], roster->targets[0]);
	assert_int_equal(fake_retarget(stage->window.tracker, roster->watched, 1), 0);
	stage_run(stage, 1);
	assert_true(stage->window.plan.n_moves > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE(test_no_change),        STAGE(test_pause_drops_the_plan),
		STAGE(test_rate_and_cpu_max), STAGE(test_length),
		STAGE(test_end_of_observing), STAGE(test_pause_of_a_target),
	};

	return cmocka_run_group_tests_name("tune", tests, NULL, NULL);
}
