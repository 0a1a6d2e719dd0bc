// SPDX-License-Identifier: GPL-2.0-only
/* Threads into the class and back. */
#include "bpf/sched_class.h"
#include "fake_policies.h"

static void test_only_normal_ones_go_in(void **state)
{
	(void)state;
	add_thread(10, 10, NORMAL);
	add_thread(10, 11, FIFO);
	add_thread(10, 12, BATCH);
	add_thread(10, 13, NORMAL | SCHED_RESET_ON_FORK);
	add_thread(20, 20, NORMAL);
	assert_int_equal(sched_class_enter(scene.tree.root, 10), 2);
	assert_int_equal(scene.policy[10], EXT);
	assert_int_equal(scene.policy[11], FIFO);
	assert_int_equal(scene.policy[12], BATCH);
	assert_int_equal(scene.policy[13], EXT | SCHED_RESET_ON_FORK);
	assert_int_equal(scene.policy[20], NORMAL);
	assert_int_equal(sched_class_count(scene.tree.root), 2);
	assert_int_equal(sched_class_leave_all(scene.tree.root), 2);
	assert_int_equal(scene.policy[13], NORMAL | SCHED_RESET_ON_FORK);
	assert_int_equal(sched_class_count(scene.tree.root), 0);
}

/* Threads that are born while others are put back. */
static void test_births_are_followed(void **state)
{
	(void)state;
	add_thread(10, 10, EXT);
	scene.births = 3;
	assert_int_equal(sched_class_leave(scene.tree.root, 10), 4);
	assert_int_equal(sched_class_count(scene.tree.root), 0);
}

/* It does not say that all are out while it knows that more may come. */
static void test_more_births_than_can_be_followed(void **state)
{
	(void)state;
	add_thread(10, 10, EXT);
	scene.births = 100;
	assert_int_equal(sched_class_leave(scene.tree.root, 10), -EAGAIN);
	scene.births = 1;
	assert_true(sched_class_leave_all(scene.tree.root) > 0);
	assert_int_equal(sched_class_count(scene.tree.root), 0);
}

static void test_what_cannot_be_set(void **state)
{
	(void)state;
	add_thread(10, 10, NORMAL);
	assert_int_equal(sched_class_enter(scene.tree.root, 11), -ESRCH);
	scene.deny = EPERM;
	assert_int_equal(sched_class_enter(scene.tree.root, 10), -EPERM);
	/* Gone between the look and the call. */
	scene.deny = ESRCH;
	assert_int_equal(sched_class_enter(scene.tree.root, 10), 0);
}

/* A few at a time, and none is looked at twice in a pass. */
static void test_leaves_in_parts(void **state)
{
	struct sched_leaving leaving;
	unsigned int budget, parts = 0;
	int tid, ret = 1;

	(void)state;
	for (tid = 10; tid < 40; tid++)
		add_thread(10, tid, EXT);
	assert_int_equal(sched_leaving_begin(&leaving, scene.tree.root, 11), -ESRCH);
	assert_int_equal(sched_leaving_begin(&leaving, scene.tree.root, 10), 0);
	for (; ret == 1; parts++) {
		budget = 8;
		scene.looks = 0;
		ret = sched_leaving_go_on(&leaving, &budget);
		assert_int_equal(scene.looks, 8 - budget);
	}
	assert_int_equal(ret, 0);
	/* 30 threads, and once more, as others may have been born. */
	assert_int_equal(parts, 8);
	assert_int_equal(sched_class_count(scene.tree.root), 0);
	assert_null(leaving.threads);
}

/* It ends, however many are born. */
static void test_leaves_with_births(void **state)
{
	struct sched_leaving leaving;
	unsigned int budget = 1000;

	(void)state;
	add_thread(10, 10, EXT);
	scene.births = 3;
	assert_int_equal(sched_leaving_begin(&leaving, scene.tree.root, 10), 0);
	assert_int_equal(sched_leaving_go_on(&leaving, &budget), 0);
	assert_int_equal(sched_class_count(scene.tree.root), 0);
	scene.policy[10] = EXT;
	scene.births = 100;
	assert_int_equal(sched_leaving_begin(&leaving, scene.tree.root, 10), 0);
	budget = 1000;
	assert_int_equal(sched_leaving_go_on(&leaving, &budget), -EAGAIN);
	assert_null(leaving.threads);
	scene.births = 0;
	scene.deny = EPERM;
	scene.policy[10] = EXT;
	assert_int_equal(sched_leaving_begin(&leaving, scene.tree.root, 10), 0);
	assert_int_equal(sched_leaving_go_on(&leaving, &budget), -EPERM);
	assert_null(leaving.threads);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_normal_ones_go_in, make, clean),
		cmocka_unit_test_setup_teardown(test_births_are_followed, make, clean),
		cmocka_unit_test_setup_teardown(test_more_births_than_can_be_followed, make, clean),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_set, make, clean),
		cmocka_unit_test_setup_teardown(test_leaves_in_parts, make, clean),
		cmocka_unit_test_setup_teardown(test_leaves_with_births, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
