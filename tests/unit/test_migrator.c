// SPDX-License-Identifier: GPL-2.0-only
/*
 * The migrator against a double of move_pages() that behaves as the kernel's
 * does: it ends a call at the first chunk with a folio that does not move, and
 * leaves the status of that chunk unwritten.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "act/migrator.h"
#include "observe/target.h"

#define PAGES 4096

enum trait { FREE, PINNED, SHARED, ABSENT, BUSY_ONCE };

static struct {
	uint8_t node[PAGES];
	uint8_t trait[PAGES];
	int deny; /* errno of every moving call */
	int moving_calls;
	int largest_call;
	int dies_after; /* alive() answers until it is 0 */
	uint64_t room;
	uint64_t bytes_paced;
	int cancel_after; /* wait() calls until it cancels; -1: never */
	const struct target *victim;
	struct migrator_call last;
	int batches;
} fake;

static struct target target = { .id = 7, .key = { .tgid = 1234 } };

static size_t page_index(const void *page)
{
	return ((uintptr_t)page >> TIERED_PAGE_SHIFT) - 1;
}

static long tell_nodes(unsigned long count, void **pages, int *status)
{
	unsigned long i;

	for (i = 0; i < count; i++) {
		size_t page = page_index(pages[i]);

		status[i] = fake.trait[page] == ABSENT ? -ENOENT : fake.node[page];
	}
	return 0;
}

/* Moves the chunk [start, end); returns how many stayed. */
static long move_chunk(unsigned long start, unsigned long end, void **pages, const int *nodes,
		       int *status)
{
	unsigned long i, stayed = 0;

	for (i = start; i < end; i++) {
		size_t page = page_index(pages[i]);

		if (fake.trait[page] == PINNED || fake.trait[page] == BUSY_ONCE)
			stayed++;
		else
			fake.node[page] = (uint8_t)nodes[i];
		if (fake.trait[page] == BUSY_ONCE)
			fake.trait[page] = FREE;
	}
	for (i = start; i < end && !stayed; i++)
		status[i] = nodes[i];
	return (long)stayed;
}

static long fake_move_pages(int pid, unsigned long count, void **pages, const int *nodes,
			    int *status, int flags)
{
	unsigned long i, start = 0;
	long stayed;

	(void)flags;
	assert_int_equal(pid, 1234);
	if (!nodes)
		return tell_nodes(count, pages, status);
	assert_ptr_equal(fake.victim, &target);
	fake.moving_calls++;
	if ((int)count > fake.largest_call)
		fake.largest_call = (int)count;
	if (fake.deny) {
		errno = fake.deny;
		return -1;
	}
	for (i = 0; i <= count; i++) {
		size_t page = i < count ? page_index(pages[i]) : 0;
		int ends = i < count && (fake.trait[page] == SHARED || fake.trait[page] == ABSENT);

		if (i < count && !ends)
			continue;
		if (ends)
			status[i] = fake.trait[page] == SHARED ? -EACCES : -ENOENT;
		stayed = move_chunk(start, i, pages, nodes, status);
		if (stayed)
			return stayed + (long)(count - i);
		start = i + 1;
	}
	return 0;
}

static struct target *find(void *arg, uint32_t id)
{
	(void)arg;
	return id == target.id ? &target : NULL;
}

static uint64_t room(void *arg, uint8_t node)
{
	(void)arg;
	(void)node;
	return fake.room;
}

static int wait_for(void *arg, uint64_t ns)
{
	(void)arg;
	(void)ns;
	return fake.cancel_after >= 0 && fake.cancel_after-- == 0 ? -ECANCELED : 0;
}

static uint64_t pace(void *arg, uint64_t bytes)
{
	(void)arg;
	fake.bytes_paced += bytes;
	return 0;
}

static void victim(void *arg, const struct target *who)
{
	(void)arg;
	fake.victim = who;
}

static void done(void *arg, const struct migrator_call *call)
{
	(void)arg;
	fake.last = *call;
	fake.batches++;
}

static int alive(const struct target *who)
{
	(void)who;
	return fake.dies_after < 0 || fake.dies_after-- > 0;
}

static const struct migrator_env env = {
	.target = find,
	.room = room,
	.wait = wait_for,
	.pace = pace,
	.victim = victim,
	.done = done,
	.move_pages = fake_move_pages,
	.alive = alive,
};

static void plan_pages(struct plan *plan, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct move move = {
			.address = (i + 1) << TIERED_PAGE_SHIFT,
			.target = target.id,
			.from = 1,
			.to = 0,
			.landed = TIERED_NODE_NONE,
		};

		assert_int_equal(plan_add(plan, &move), 0);
	}
	assert_int_equal(plan_seal(plan), 0);
}

static size_t count(const struct plan *plan, enum move_result result)
{
	size_t i, n = 0;

	for (i = 0; i < plan->n_moves; i++)
		n += plan->moves[i].result == result;
	return n;
}

static int setup(void **state)
{
	struct migrator *migrator;

	memset(&fake, 0, sizeof(fake));
	memset(fake.node, 1, sizeof(fake.node));
	fake.room = UINT64_MAX;
	fake.cancel_after = -1;
	fake.dies_after = -1;
	assert_int_equal(migrator_new(&env, &migrator), 0);
	*state = migrator;
	return 0;
}

static int teardown(void **state)
{
	migrator_free(*state);
	return 0;
}

static void test_moves_all(void **state)
{
	struct plan plan = { 0 };

	plan_pages(&plan, 1500);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_MOVED), 1500);
	assert_int_equal(plan.moves[1499].landed, 0);
	assert_int_equal(fake.bytes_paced, 1500 << TIERED_PAGE_SHIFT);
	assert_true(fake.largest_call >= 512);
	assert_null(fake.victim);
	plan_done(&plan);
}

/* One of each kind in the middle: each gets its class, all others move. */
static void test_classifies(void **state)
{
	struct plan plan = { 0 };

	fake.trait[10] = PINNED;
	fake.trait[20] = SHARED;
	fake.trait[30] = ABSENT;
	fake.trait[40] = BUSY_ONCE;
	fake.node[50] = 0;
	plan_pages(&plan, 100);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[10].result, MOVE_PINNED);
	assert_int_equal(plan.moves[20].result, MOVE_SHARED);
	assert_int_equal(plan.moves[30].result, MOVE_GONE);
	assert_int_equal(plan.moves[40].result, MOVE_MOVED);
	assert_int_equal(plan.moves[50].result, MOVE_ALREADY);
	assert_int_equal(count(&plan, MOVE_MOVED), 96);
	assert_int_equal(fake.last.pages, 96);
	assert_true(fake.moving_calls <= MIGRATOR_TRIES);
	plan_done(&plan);
}

static void test_whole_call_refused(void **state)
{
	static const struct {
		int error;
		enum move_result result;
	} cases[] = {
		{ EACCES, MOVE_NOT_ALLOWED }, { EPERM, MOVE_NOT_ALLOWED },
		{ ENODEV, MOVE_NOT_ALLOWED }, { ESRCH, MOVE_VOID },
		{ ENOMEM, MOVE_NO_MEMORY },   { E2BIG, MOVE_FAILED },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan plan = { 0 };

		fake.deny = cases[i].error;
		plan_pages(&plan, 600);
		assert_int_equal(migrator_run(*state, &plan), 0);
		assert_int_equal(count(&plan, cases[i].result), 600);
		plan_done(&plan);
	}
}

static void test_death_voids(void **state)
{
	struct plan plan = { 0 };

	fake.dies_after = 1; /* before the call it lives, after it no more */
	plan_pages(&plan, 10);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_VOID), 10);
	assert_int_equal(fake.last.pages, 0);
	plan_done(&plan);

	fake.dies_after = 0; /* dead before: nobody is asked */
	fake.moving_calls = 0;
	plan_pages(&plan, 10);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_VOID), 10);
	assert_int_equal(fake.moving_calls, 0);
	plan_done(&plan);
}

static void test_never_fills_a_node(void **state)
{
	struct plan plan = { 0 };

	fake.room = 0;
	plan_pages(&plan, 10);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(count(&plan, MOVE_NO_MEMORY), 10);
	assert_int_equal(fake.moving_calls, 0);
	plan_done(&plan);
}

static void test_cancel_leaves_pending(void **state)
{
	struct plan plan = { 0 };

	fake.cancel_after = 1;
	plan_pages(&plan, 2000);
	assert_int_equal(migrator_run(*state, &plan), -ECANCELED);
	assert_int_equal(count(&plan, MOVE_MOVED) + count(&plan, MOVE_PENDING), 2000);
	assert_true(count(&plan, MOVE_PENDING) > 0);
	plan_done(&plan);
}

static void test_unknown_target(void **state)
{
	struct plan plan = { 0 };
	struct move move = { .address = 4096, .target = 99, .to = 0 };

	assert_int_equal(plan_add(&plan, &move), 0);
	assert_int_equal(plan_seal(&plan), 0);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(plan.moves[0].result, MOVE_VOID);
	plan_done(&plan);
}

static void test_flush_bound(void **state)
{
	struct plan plan = { 0 };

	plan_pages(&plan, 512);
	assert_int_equal(migrator_run(*state, &plan), 0);
	assert_int_equal(fake.last.flush_bound, 1);
	assert_int_equal(fake.last.small, 512);
	plan_done(&plan);
}

static void test_one_page(void **state)
{
	assert_int_equal(migrator_move_page(*state, &target, 4096, 0), 0);
	assert_int_equal(fake.node[0], 0);
	fake.trait[1] = PINNED;
	assert_int_equal(migrator_move_page(*state, &target, 8192, 0), -EBUSY);
	fake.dies_after = 0;
	assert_int_equal(migrator_move_page(*state, &target, 12288, 0), -ESRCH);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_moves_all),          TEST(test_classifies),
		TEST(test_whole_call_refused), TEST(test_death_voids),
		TEST(test_never_fills_a_node), TEST(test_cancel_leaves_pending),
		TEST(test_unknown_target),     TEST(test_flush_bound),
		TEST(test_one_page),
	};

	return cmocka_run_group_tests_name("migrator", tests, NULL, NULL);
}
