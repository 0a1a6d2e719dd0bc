/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_move_pages.h - a double of move_pages() and the surroundings of a migrator.
 *
 * It behaves as the kernel's does: a call ends at the first chunk with a folio
 * that does not move, and leaves the status of that chunk unwritten; what it
 * says of a folio that moved is the node that was asked for, wherever it landed.
 */
#ifndef TEST_FAKE_MOVE_PAGES_H
#define TEST_FAKE_MOVE_PAGES_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "act/migrator.h"
#include "observe/target.h"

#define PAGES 65536
#define STRAY_NODE 2

/* STRAY lands on STRAY_NODE, VANISHES is unmapped right after it moved. */
enum trait { FREE, PINNED, SHARED, ABSENT, BUSY_ONCE, STRAY, VANISHES };

/* By page number, less one: address 0 is no page. Large folios stand at their head. */
static struct {
	uint8_t node[PAGES];
	uint8_t trait[PAGES];
	uint8_t order[PAGES];
	int deny;                 /* errno of every moving call */
	int deny_queries;         /* errno of every call without nodes */
	uint64_t memory;          /* folios that still get memory; then calls fail with ENOMEM */
	int dies_after;           /* alive() answers until it is 0 */
	int cancel_after;         /* wait() calls until it cancels; -1: never */
	uint64_t room;            /* pages, less what moved */
	uint64_t delay_ns;        /* of each pace() */
	uint64_t room_after_wait; /* taken by others while it waits, if not 0 */
	int moving_calls;
	uint64_t largest_call; /* folios */
	uint64_t longest_call; /* pages */
	uint64_t last_query;   /* folios */
	uint64_t bytes_paced;
	const struct target *victim;
	struct migrator_call last, sum;
	int batches;
} fake;

static struct target target = { .id = 7, .key = { .tgid = 1234 } };

static inline size_t page_index(const void *page)
{
	return ((uintptr_t)page >> TIERED_PAGE_SHIFT) - 1;
}

static inline long fake_fail(int error)
{
	errno = error;
	return -1;
}

static inline long tell_nodes(unsigned long count, void **pages, int *status)
{
	unsigned long i;

	fake.last_query = count;
	if (fake.deny_queries)
		return fake_fail(fake.deny_queries);
	for (i = 0; i < count; i++) {
		size_t page = page_index(pages[i]);

		status[i] = fake.trait[page] == ABSENT ? -ENOENT : fake.node[page];
	}
	return 0;
}

/* Moves one folio; 1 when it stays. */
static inline int move_folio(size_t page, int node)
{
	switch (fake.trait[page]) {
	case PINNED:
		return 1;
	case BUSY_ONCE:
		fake.trait[page] = FREE;
		return 1;
	case STRAY:
		fake.node[page] = STRAY_NODE;
		return 0;
	case VANISHES:
		fake.trait[page] = ABSENT;
		return 0;
	default:
		fake.node[page] = (uint8_t)node;
		return 0;
	}
}

/* Moves the chunk [start, end); returns how many stayed, or -ENOMEM. */
static inline long move_chunk(unsigned long start, unsigned long end, void **pages,
			      const int *nodes, int *status)
{
	unsigned long i, stayed = 0;

	for (i = start; i < end; i++) {
		if (!fake.memory)
			return -ENOMEM;
		fake.memory--;
		stayed += (unsigned long)move_folio(page_index(pages[i]), nodes[i]);
	}
	for (i = start; i < end && !stayed; i++)
		status[i] = nodes[i];
	return (long)stayed;
}

static inline void note_call(unsigned long count, void **pages)
{
	uint64_t length = 0;
	unsigned long i;

	assert_ptr_equal(fake.victim, &target);
	fake.moving_calls++;
	for (i = 0; i < count; i++)
		length += UINT64_C(1) << fake.order[page_index(pages[i])];
	if (count > fake.largest_call)
		fake.largest_call = count;
	if (length > fake.longest_call)
		fake.longest_call = length;
}

static inline long fake_move_pages(int pid, unsigned long count, void **pages, const int *nodes,
				   int *status, int flags)
{
	unsigned long i, start = 0;
	long stayed;

	(void)flags;
	assert_int_equal(pid, 1234);
	if (!nodes)
		return tell_nodes(count, pages, status);
	note_call(count, pages);
	if (fake.deny)
		return fake_fail(fake.deny);
	for (i = 0; i <= count; i++) {
		size_t page = i < count ? page_index(pages[i]) : 0;
		int ends = i < count && (fake.trait[page] == SHARED || fake.trait[page] == ABSENT);

		if (i < count && !ends)
			continue;
		if (ends)
			status[i] = fake.trait[page] == SHARED ? -EACCES : -ENOENT;
		stayed = move_chunk(start, i, pages, nodes, status);
		if (stayed < 0)
			return fake_fail((int)-stayed);
		if (stayed)
			return stayed + (long)(count - i);
		start = i + 1;
	}
	return 0;
}

static inline struct target *fake_find(void *arg, uint32_t id)
{
	(void)arg;
	return id == target.id ? &target : NULL;
}

static inline uint64_t fake_room(void *arg, uint8_t node)
{
	(void)arg;
	(void)node;
	return fake.room;
}

static inline int fake_wait(void *arg, uint64_t ns)
{
	(void)arg;
	if (ns && fake.room_after_wait)
		fake.room = fake.room_after_wait - 1;
	return fake.cancel_after >= 0 && fake.cancel_after-- == 0 ? -ECANCELED : 0;
}

static inline uint64_t fake_pace(void *arg, uint64_t bytes)
{
	(void)arg;
	fake.bytes_paced += bytes;
	return fake.delay_ns;
}

static inline void fake_victim(void *arg, const struct target *who)
{
	(void)arg;
	fake.victim = who;
}

static inline void fake_done(void *arg, const struct migrator_call *call)
{
	(void)arg;
	fake.last = *call;
	fake.sum.calls += call->calls;
	fake.sum.small += call->small;
	fake.sum.large += call->large;
	fake.sum.pages += call->pages;
	fake.sum.flush_bound += call->flush_bound;
	assert_true(call->pages <= fake.room);
	fake.room -= call->pages;
	fake.batches++;
}

static inline int fake_alive(const struct target *who)
{
	(void)who;
	if (fake.dies_after > 0)
		fake.dies_after--;
	else if (fake.dies_after == 0)
		return 0;
	return 1;
}

static inline void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(fake.node, 1, sizeof(fake.node));
	fake.room = UINT64_MAX;
	fake.memory = UINT64_MAX;
	fake.cancel_after = -1;
	fake.dies_after = -1;
}

/* Adds @n folios of @order, from page number @first on, from node 1 to node 0; returns the next page. */
static inline size_t plan_folios(struct plan *plan, size_t first, size_t n, uint8_t order)
{
	size_t i, page = first;

	for (i = 0; i < n; i++, page += (size_t)1 << order) {
		struct move move = {
			.address = (page + 1) << TIERED_PAGE_SHIFT,
			.target = target.id,
			.order = order,
			.from = 1,
			.to = 0,
			.landed = TIERED_NODE_NONE,
		};

		assert_true(page < PAGES);
		fake.order[page] = order;
		assert_int_equal(plan_add(plan, &move), 0);
	}
	return page;
}

static inline void plan_pages(struct plan *plan, size_t n)
{
	plan_folios(plan, 0, n, 0);
	assert_int_equal(plan_seal(plan), 0);
}

/* Folios that came to this end. */
static inline size_t count(const struct plan *plan, enum move_result result)
{
	size_t i, n = 0;

	for (i = 0; i < plan->n_moves; i++)
		n += plan->moves[i].result == result;
	return n;
}

static inline int setup(void **state)
{
	static const struct migrator_env env = {
		.target = fake_find,
		.room = fake_room,
		.wait = fake_wait,
		.pace = fake_pace,
		.victim = fake_victim,
		.done = fake_done,
		.move_pages = fake_move_pages,
		.alive = fake_alive,
	};
	struct migrator *migrator;

	fake_reset();
	if (migrator_new(&env, &migrator) < 0)
		return -1;
	*state = migrator;
	return 0;
}

static inline int teardown(void **state)
{
	migrator_free(*state);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
