// SPDX-License-Identifier: GPL-2.0-only
/* Pages of several processes: moved only when all mappings are found among the willing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "act/sharers.h"
#include "observe/pagemap.h"
#include "observe/target.h"

#define PROCESSES 3
#define GONE 9999 /* a number that nobody has any more */
#define FIRST UINT64_C(0x10000)
#define PAGES 2000
#define RUN_LEAST 400

/* Pagemaps of some processes, and the kernel's count of mappings. */
struct scene {
	struct target targets[PROCESSES];
	const struct target *willing[PROCESSES];
	struct sharers sharers;
};

/* Address spaces by the tens of a number: 11 and 12 are two processes with one. */
static int order_by_tens(struct sharers *sharers, uint32_t a, uint32_t b, int *ret_order)
{
	(void)sharers;
	if (a == GONE || b == GONE)
		return -ESRCH;
	*ret_order = (int)(a / 10) - (int)(b / 10);
	return 0;
}

static void open_scene(struct scene *scene)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++) {
		scene->targets[i] = (struct target){ .id = (uint32_t)i + 1 };
		scene->targets[i].key.tgid = 10 * (uint32_t)(PROCESSES - i) + 1;
		scene->targets[i].allowed_nodes = UINT64_MAX;
		scene->targets[i].pagemap_fd = memfd_create("pagemap", 0);
		scene->willing[i] = &scene->targets[i];
		assert_true(scene->targets[i].pagemap_fd >= 0);
	}
	scene->sharers = (struct sharers){
		.order = order_by_tens,
		.counts_fd = memfd_create("kpagecount", 0),
	};
	assert_true(scene->sharers.counts_fd >= 0);
}

static void close_scene(struct scene *scene)
{
	size_t i;

	for (i = 0; i < PROCESSES; i++)
		close(scene->targets[i].pagemap_fd);
	sharers_close(&scene->sharers);
	assert_int_equal(scene->sharers.counts_fd, -1);
}

static void map_page(const struct scene *scene, size_t process, uint64_t page, uint64_t pfn,
		     int exclusive)
{
	uint64_t entry = PAGEMAP_PRESENT | pfn | (exclusive ? PAGEMAP_EXCLUSIVE : 0);

	assert_int_equal(pwrite(scene->targets[process].pagemap_fd, &entry, sizeof(entry),
				(off_t)((FIRST + page) * sizeof(entry))),
			 sizeof(entry));
}

static void count_mappings(const struct scene *scene, uint64_t pfn, uint64_t mappings)
{
	assert_int_equal(pwrite(scene->sharers.counts_fd, &mappings, sizeof(mappings),
				(off_t)(pfn * sizeof(mappings))),
			 sizeof(mappings));
}

static struct move move_of(uint64_t page)
{
	return (struct move){ .address = (FIRST + page) << TIERED_PAGE_SHIFT, .target = 1 };
}

/* What comes of a move of one page that is mapped by this many willing ones, of so many in all. */
static unsigned int result_of(struct scene *scene, size_t n_willing, uint64_t mappings)
{
	struct move move = move_of(0);

	count_mappings(scene, 77, mappings);
	sharers_filter(&scene->sharers, &scene->targets[0], scene->willing, n_willing, &move, 1);
	return move.result;
}

static void test_all_mappings_must_be_found(void **state)
{
	struct scene scene;
	size_t i;

	(void)state;
	open_scene(&scene);
	for (i = 0; i < PROCESSES; i++)
		map_page(&scene, i, 0, 77, 0);
	assert_int_equal(result_of(&scene, 3, 3), MOVE_PENDING);
	assert_int_equal(result_of(&scene, 2, 3), MOVE_SHARED);
	assert_int_equal(result_of(&scene, 3, 4), MOVE_SHARED);
	assert_int_equal(result_of(&scene, 2, 2), MOVE_PENDING);
	/* Another frame at that address is another page. */
	map_page(&scene, 1, 0, 78, 0);
	assert_int_equal(result_of(&scene, 2, 2), MOVE_SHARED);
	assert_int_equal(result_of(&scene, 3, 2), MOVE_PENDING);
	/* Nor is one willing that may not use the node (0). */
	scene.targets[2].allowed_nodes = ~UINT64_C(1);
	assert_int_equal(result_of(&scene, 3, 2), MOVE_SHARED);
	close_scene(&scene);
}

/* Two processes with one address space have one mapping between them: the other is a stranger's. */
static void test_one_address_space_counts_once(void **state)
{
	struct scene scene;
	size_t i;

	(void)state;
	open_scene(&scene);
	for (i = 0; i < PROCESSES; i++)
		map_page(&scene, i, 0, 77, 0);
	scene.targets[2].key.tgid = scene.targets[0].key.tgid + 1;
	assert_int_equal(result_of(&scene, 3, 3), MOVE_SHARED);
	assert_int_equal(result_of(&scene, 3, 2), MOVE_PENDING);
	scene.targets[2].key.tgid = 91;
	assert_int_equal(result_of(&scene, 3, 3), MOVE_PENDING);
	/* Of one that has gone it cannot be told whose address space it had. */
	scene.targets[2].key.tgid = GONE;
	assert_int_equal(result_of(&scene, 3, 2), MOVE_SHARED);
	close_scene(&scene);
}

/* The kernel's own answer, of one that shares our memory and of one that has its own. */
static void test_kcmp(void **state)
{
	struct sharers sharers;
	uint32_t self = (uint32_t)getpid();
	int there = 1, back = 1; /* the child writes them */
	int status;
	pid_t child;

	(void)state;
	sharers_open(&sharers, "/proc", NULL);
	child = vfork();
	if (child == 0) {
		if (sharers.order(&sharers, self, (uint32_t)getpid(), &there) < 0)
			there = 9;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(there, 0);
	assert_int_equal(sharers.order(&sharers, self, (uint32_t)child, &back), -ESRCH);
	assert_int_equal(sharers.order(&sharers, self, self, &back), 0);
	assert_int_equal(back, 0);
	child = fork();
	if (child == 0) {
		if (sharers.order(&sharers, self, (uint32_t)getpid(), &there) < 0 ||
		    sharers.order(&sharers, (uint32_t)getpid(), self, &back) < 0)
			_exit(2);
		_exit(there == 0 || there != -back);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	sharers_close(&sharers);
}

/* A helper thread gets the same answer. */
static void test_kcmp_by_a_helper(void **state)
{
	uint32_t self = (uint32_t)getpid(), other;
	struct sharers straight, guarded;
	struct guard *guard;
	int here, there;
	pid_t child;

	(void)state;
	assert_int_equal(guard_new(1000000000, &guard), 0);
	sharers_open(&straight, "/proc", NULL);
	sharers_open(&guarded, "/proc", guard);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	other = (uint32_t)child;
	assert_int_equal(straight.order(&straight, self, other, &here), 0);
	assert_int_equal(guarded.order(&guarded, self, other, &there), 0);
	assert_int_equal(there, here);
	assert_int_equal(guarded.order(&guarded, other, self, &there), 0);
	assert_int_equal(there, -here);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(guarded.order(&guarded, self, other, &there), -ESRCH);
	sharers_close(&straight);
	sharers_close(&guarded);
	guard_free(guard);
}

/* Of a large folio others may map another part; of a page that is not there, anybody. */
static void test_not_to_be_told(void **state)
{
	struct scene scene;
	struct move large = move_of(0), absent = move_of(1);
	size_t i;

	(void)state;
	open_scene(&scene);
	large.order = 4;
	for (i = 0; i < PROCESSES; i++)
		map_page(&scene, i, 0, 77, 0);
	count_mappings(&scene, 77, PROCESSES);
	sharers_filter(&scene.sharers, &scene.targets[0], scene.willing, PROCESSES, &large, 1);
	assert_int_equal(large.result, MOVE_SHARED);
	sharers_filter(&scene.sharers, &scene.targets[0], scene.willing, PROCESSES, &absent, 1);
	assert_int_equal(absent.result, MOVE_GONE);
	close_scene(&scene);
}

static void test_exclusive_pages_need_no_count(void **state)
{
	struct scene scene;
	struct move move = move_of(0);

	(void)state;
	open_scene(&scene);
	map_page(&scene, 0, 0, 77, 1);
	sharers_filter(&scene.sharers, &scene.targets[0], scene.willing, 1, &move, 1);
	assert_int_equal(move.result, MOVE_PENDING);
	close_scene(&scene);
}

/* Without the kernel's counts, what is shared stays. */
static void test_no_counts(void **state)
{
	struct scene scene;
	struct sharers none;
	struct move move = move_of(0);

	(void)state;
	open_scene(&scene);
	map_page(&scene, 0, 0, 77, 0);
	assert_true(sharers_open(&none, "/nonexistent", NULL) < 0);
	sharers_filter(&none, &scene.targets[0], scene.willing, 3, &move, 1);
	assert_int_equal(move.result, MOVE_SHARED);
	sharers_close(&none);
	close_scene(&scene);
}

/* Many moves with gaps between them: each is judged by its own page. */
static void test_runs(void **state)
{
	static struct move moves[PAGES];
	struct scene scene;
	size_t i, n = 0;

	(void)state;
	open_scene(&scene);
	for (i = 0; i < PAGES; i += 1 + i % 7) {
		map_page(&scene, 0, i, 1000 + i, i % 5 == 0);
		if (i % 3 == 0)
			map_page(&scene, 2, i, 1000 + i, 0);
		count_mappings(&scene, 1000 + i, 2);
		moves[n++] = move_of(i);
	}
	sharers_filter(&scene.sharers, &scene.targets[0], scene.willing, 3, moves, n);
	assert_true(n > RUN_LEAST);
	for (i = 0; i < n; i++) {
		uint64_t page = (moves[i].address >> TIERED_PAGE_SHIFT) - FIRST;
		int stays = page % 5 != 0 && page % 3 != 0;

		assert_int_equal(moves[i].result, stays ? MOVE_SHARED : MOVE_PENDING);
	}
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_mappings_must_be_found),
		cmocka_unit_test(test_one_address_space_counts_once),
		cmocka_unit_test(test_kcmp),
		cmocka_unit_test(test_kcmp_by_a_helper),
		cmocka_unit_test(test_not_to_be_told),
		cmocka_unit_test(test_exclusive_pages_need_no_count),
		cmocka_unit_test(test_no_counts),
		cmocka_unit_test(test_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
