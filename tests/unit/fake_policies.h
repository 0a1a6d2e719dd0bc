/* SPDX-License-Identifier: GPL-2.0-only */
/* fake_policies.h - threads of a tree in place of /proc, and a double of the two system calls. */
#ifndef TEST_FAKE_POLICIES_H
#define TEST_FAKE_POLICIES_H

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
	int looks; /* at policies */
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
	scene.looks++;
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

#endif
