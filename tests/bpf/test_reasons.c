// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: the kernel is made to move pages of a child for a reason
 * that is known: shared pages by this program, reclaim in a cgroup of the
 * child's own, NUMA balancing of pages that are used on the other node. All
 * that was moved must be put down to that reason, and in the right direction.
 */
#include <dirent.h>

#include "scene.h"
#include "util/clock.h"

#define PAGES 1024
#define SHARED_PAGES 16
#define BALANCING "/proc/sys/kernel/numa_balancing"
#define DEMOTION "/sys/kernel/mm/numa/demotion_enabled"

static void do_nothing(void *arg)
{
	(void)arg;
}

/* Pages that a fork left in two processes: each has a mapping that moves. */
static void test_shared_pages_count_for_both(void **state)
{
	struct scene scene = { .arena = arena_make(SHARED_PAGES, MADV_NOHUGEPAGE) };
	struct stats_process parent, child;

	(void)state;
	if (!node_exists(1))
		skip_because("one memory node: nowhere to move to");
	arena_fill(&scene.arena);
	scene.child = child_start(do_nothing, NULL);
	child_run(&scene.child);
	scene.start_ns = proc_start_ns(scene.child.pid);
	pages_move(&scene, TIERED_PAGE_SIZE, 0, MPOL_MF_MOVE_ALL);
	scene.bpf = open_with_tiers(NULL);
	assert_true(bpf_enabled(scene.bpf, "migration-owners"));
	pages_move(&scene, TIERED_PAGE_SIZE, 1, MPOL_MF_MOVE_ALL);
	child = process_of(&scene);
	assert_int_equal(
		bpf_process(scene.bpf, (uint32_t)getpid(), proc_start_ns(getpid()), &parent), 0);
	assert_int_equal(child.moved, SHARED_PAGES);
	assert_int_equal(child.demoted_pages, SHARED_PAGES);
	assert_int_equal(parent.moved, SHARED_PAGES);
	assert_int_equal(parent.by_reason.syscall, SHARED_PAGES);
	scene_close(&scene);
}

/* Tiers of the kernel's own: 6.1 does not make them from what the firmware says. */
static int kernel_tiers(void)
{
	DIR *dir = opendir("/sys/devices/virtual/memory_tiering");
	const struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += !strncmp(entry->d_name, "memory_tier", 11);
	if (dir)
		closedir(dir);
	return n;
}

/* Reclaim in the cgroup of the child finds a slower node to put its pages on. */
static void test_demotion_has_its_reason(void **state)
{
	struct scene scene = scene_open(PAGES, MADV_NOHUGEPAGE);
	const uint64_t deadline_ns = clock_now_ns() + 60 * NSEC_PER_SEC;
	struct stats_process process = { 0 };

	(void)state;
	if (kernel_tiers() < 2) {
		scene_close(&scene);
		skip_because("one memory tier: nowhere to demote to");
	}
	if (access(DEMOTION, W_OK) < 0 || access(CGROUP "/memory.reclaim", W_OK) < 0) {
		scene_close(&scene);
		skip_because("no reclaim that demotes");
	}
	file_write(DEMOTION, "1");
	while (!process.by_reason.demotion && clock_now_ns() < deadline_ns) {
		file_write(CGROUP "/memory.reclaim", "1M");
		bpf_process(scene.bpf, (uint32_t)scene.child.pid, scene.start_ns, &process);
	}
	file_write(DEMOTION, "0");
	process = process_of(&scene);
	printf("# demoted %llu pages\n", (unsigned long long)process.by_reason.demotion);
	assert_true(process.by_reason.demotion > 0);
	assert_int_equal(process.by_reason.demotion, process.moved_pages);
	assert_int_equal(process.demoted_pages, process.moved_pages);
	scene_close(&scene);
}

static void arena_use(void *arg)
{
	const struct arena *arena = arg;
	const uint64_t end_ns = clock_now_ns() + NSEC_PER_SEC / 5;

	while (clock_now_ns() < end_ns)
		for (size_t i = 0; i < arena->pages; i++)
			((volatile char *)arena->memory)[i * TIERED_PAGE_SIZE]++;
}

/* Touches its pages again and again, the first time to fill them. */
static void arena_work(void *arg)
{
	const struct arena *arena = arg;

	if (!arena->memory[0])
		arena_fill(arg);
	arena_use(arg);
}

/* All CPUs are on node 0: the kernel takes pages that are used there from node 1. */
static void test_numa_balancing_has_its_reason(void **state)
{
	struct scene scene = { .arena = arena_make(PAGES, MADV_NOHUGEPAGE) };
	const uint64_t deadline_ns = clock_now_ns() + 120 * NSEC_PER_SEC;
	struct stats_process process = { 0 };

	(void)state;
	if (!node_exists(1) || access(BALANCING, W_OK) < 0)
		skip_because("no NUMA balancing, or one node");
	scene.child = child_start(arena_work, &scene.arena);
	scene.start_ns = proc_start_ns(scene.child.pid);
	child_run(&scene.child);
	pages_move(&scene, TIERED_PAGE_SIZE, 1, MPOL_MF_MOVE);
	scene.bpf = open_with_tiers(NULL);
	assert_true(bpf_enabled(scene.bpf, "migration-owners"));
	file_write(BALANCING, "1");
	while (!process.by_reason.numa_balancing && clock_now_ns() < deadline_ns) {
		child_run(&scene.child);
		bpf_process(scene.bpf, (uint32_t)scene.child.pid, scene.start_ns, &process);
	}
	file_write(BALANCING, "0");
	process = process_of(&scene);
	printf("# NUMA balancing promoted %llu pages\n",
	       (unsigned long long)process.by_reason.numa_balancing);
	assert_true(process.by_reason.numa_balancing > 0);
	assert_int_equal(process.by_reason.numa_balancing, process.moved_pages);
	assert_int_equal(process.promoted_pages, process.moved_pages);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_pages_count_for_both),
		cmocka_unit_test(test_demotion_has_its_reason),
		cmocka_unit_test(test_numa_balancing_has_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
