// SPDX-License-Identifier: GPL-2.0-only
/* Threads of a tree in place of /proc, with policies of a double of the two system calls. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/sched_class.h"
#include "tree.h"

#define NORMAL 0
#define FIFO 1
#define BATCH 3
#define EXT 7

#define THREADS 128

/* Thread 0 is none. @births: so many are born, one whenever thread 10 is looked at. */
static struct {
	struct tree tree;
	int policy[THREADS];
	int deny; /* errno of each set */
	int births;
	int last;
} scene;

static void add_thread(int tgid, int tid, int policy)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/task/%d/stat", tgid, tid);
	tree_text(&scene.tree, path, "x\n");
	scene.policy[tid] = policy;
	scene.last = tid;
}

int sched_getscheduler(pid_t tid)
{
	if (tid == 10 && scene.births > 0) {
		scene.births--;
		add_thread(10, scene.last + 1, EXT);
	}
	if (tid > 0 && tid < THREADS)
		return scene.policy[tid];
	errno = ESRCH;
	return -1;
}

int sched_setscheduler(pid_t tid, int policy, const struct sched_param *param)
{
	assert_int_equal(param->sched_priority, 0);
	if (scene.deny) {
		errno = scene.deny;
		return -1;
	}
	scene.policy[tid] = policy;
	return 0;
}

static int make(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	tree_make(&scene.tree);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	tree_remove(&scene.tree, "");
	return 0;
}

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_only_normal_ones_go_in, make, clean),
		cmocka_unit_test_setup_teardown(test_births_are_followed, make, clean),
		cmocka_unit_test_setup_teardown(test_more_births_than_can_be_followed, make, clean),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_set, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
