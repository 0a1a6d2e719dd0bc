// SPDX-License-Identifier: GPL-2.0-only
/* Targets that do not run, by a real process: left out once they are known, and back at once. */
#include "window_fixture.h"

/* As the worker does it, with the mappings read each time. */
static void turn(struct stage *stage)
{
	sleepers_look(&stage->window);
	if (!stage_seat(stage)->sleeper.narrow)
		stage_seat(stage)->mapped_ns = clock_now_ns();
	stage_run(stage, 1);
}

static void turn_until_narrow(struct stage *stage)
{
	uint64_t end_ns = clock_now_ns() + 20 * NSEC_PER_SEC;

	while (!stage_seat(stage)->sleeper.narrow) {
		assert_true(clock_now_ns() < end_ns);
		turn(stage);
		poll(NULL, 0, 20);
	}
}

static void map_two(struct stage *stage)
{
	stage_map(stage, two_mappings, 2);
}

static void test_asleep_then_awake(void **state)
{
	struct stage *stage = *state;
	struct seat *seat = stage_seat(stage);
	uint64_t address = fake.address, end_ns = clock_now_ns() + 20 * NSEC_PER_SEC;
	int16_t before;
	size_t n;

	map_two(stage);
	turn_until_narrow(stage);
	/* Nothing of it is shared: nothing is left to look at, but it is still there. */
	assert_int_equal(seat->target->n_vmas, 0);
	assert_ptr_not_equal(target_mappings(seat->target, &n), NULL);
	assert_int_equal(n, 2);

	/* The tracker sees nothing from here on. */
	fake_retarget(stage->window.tracker, NULL, 0);
	before = rate_at(stage, address);
	while (rate_at(stage, address) >= before) {
		assert_true(clock_now_ns() < end_ns);
		turn(stage);
		poll(NULL, 0, 20);
	}
	turn(stage);
	assert_int_equal(stage->window.account.marked_targets, 0);
	assert_int_equal(stage->window.account.observed, 0);
	assert_int_equal(stage->window.account.asleep, FAKE_PAGES);
	assert_int_equal(stage->window.account.asleep_targets, 1);

	/* To be stopped it must run for a moment. */
	kill(stage->child, SIGSTOP);
	assert_int_equal(waitpid(stage->child, NULL, WUNTRACED), stage->child);
	sleepers_look(&stage->window);
	assert_int_equal(seat->sleeper.narrow, 0);
	assert_int_equal(seat->mapped_ns, 0);
	assert_int_equal(seat->target->n_vmas, 2);
	stage_run(stage, 1);
	assert_int_equal(stage->window.account.asleep, 0);
	assert_int_equal(stage->window.account.asleep_targets, 0);
}

/* A pause, or an address space that others walk: as if it might run at any time. */
static void test_never_asleep(void **state)
{
	struct stage *stage = *state;
	struct seat *seat = stage_seat(stage);

	map_two(stage);
	turn_until_narrow(stage);
	seat->target->secondary = 1;
	turn(stage);
	assert_int_equal(seat->sleeper.narrow, 0);
	assert_int_equal(seat->sleeper.nap.since_ns, 0);
	seat->target->secondary = 0;
	turn_until_narrow(stage);
	seat->paused = 1;
	turn(stage);
	assert_int_equal(seat->sleeper.narrow, 0);
}

/* What is left to look at are the parts where others may access pages. */
static void test_shared_parts_are_looked_at(void **state)
{
	struct stage *stage = *state;
	struct seat *seat = stage_seat(stage);
	uint64_t end_ns = clock_now_ns() + 20 * NSEC_PER_SEC;
	struct observation shared = { .address = MAP_BASE + 1000 * PAGE,
				      .interval_ns = NSEC_PER_SEC,
				      .target = TARGET,
				      .node = SLOW_NODE,
				      .seen = SEEN_IDLE,
				      .flags = OBSERVED_SHARED };

	map_two(stage);
	while (!seat->sleeper.narrow) {
		assert_true(clock_now_ns() < end_ns);
		turn(stage);
		assert_int_equal(heat_observe(stage->window.heat, &shared, 1), 0);
		poll(NULL, 0, 20);
	}
	assert_int_equal(seat->target->n_vmas, 1);
	assert_int_equal(seat->target->vmas[0].start, MAP_BASE + 1000 * PAGE);
	assert_int_equal(seat->target->vmas[0].end, MAP_BASE + 1024 * PAGE);
}

/* What was known is forgotten: all of it is looked at again. */
static void test_woken_by_a_new_mode(void **state)
{
	struct stage *stage = *state;
	struct worker_tune tune = { .cpu_max_ppm = 8000000, .rate = 1 << 30, .observe = 0 };

	map_two(stage);
	turn_until_narrow(stage);
	window_tune(&stage->window, &stage->config, &tune);
	assert_int_equal(stage_seat(stage)->sleeper.narrow, 0);
	assert_int_equal(stage_seat(stage)->target->n_vmas, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE(test_asleep_then_awake),
		STAGE(test_never_asleep),
		STAGE(test_shared_parts_are_looked_at),
		STAGE(test_woken_by_a_new_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
