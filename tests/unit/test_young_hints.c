// SPDX-License-Identifier: GPL-2.0-only
/* The young tracker told where something happens: it looks there first, and at nothing twice. */
#include "fake_idle.h"

#include <stdlib.h>

#include "observe/young_source.h"
#include "tiered/event.h"

#define BLOCK 512u
#define BLOCKS 8
#define TGID 77

/* Page tables made from what the fake pagemap says. */
static struct young_found found;

static void read_table(int fd, uint64_t address, struct young_table *ret)
{
	uint64_t entry;
	unsigned int i;

	for (i = 0; i < BLOCK; i++) {
		off_t at = (off_t)((address / TIERED_PAGE_SIZE + i) * 8);
		uint64_t pfn;

		ret->entries[i] = 0;
		if (pread(fd, &entry, 8, at) != 8 || !(entry & PAGEMAP_PRESENT))
			continue;
		pfn = pagemap_pfn(entry);
		ret->entries[i] = pfn << TIERED_PAGE_SHIFT | YOUNG_PRESENT | YOUNG_WRITABLE;
		if (fake.accessed[pfn / 64] >> pfn % 64 & 1)
			ret->entries[i] |= YOUNG_ACCESSED;
	}
}

static int read_tables(void *arg, struct young_request *request)
{
	uint64_t address = request->start & ~(YOUNG_BLOCK_BYTES - 1);
	uint32_t n = 0;

	assert_null(arg);
	for (; address < request->end && n < request->blocks; address += YOUNG_BLOCK_BYTES, n++) {
		found.blocks[n] = (struct young_block){ .address = address, .kind = YOUNG_TABLE };
		read_table(request->fd, address, &found.tables[n]);
	}
	request->blocks = n;
	request->next = address;
	request->flags = 0;
	return 0;
}

static const struct young_source source = { .read = read_tables, .found = &found };
static struct young_setup young = { .source = &source, .clear = "idle" };

static void young_start(void)
{
	int i;

	assert_int_equal(BASE % YOUNG_BLOCK_BYTES, 0);
	fake.env.young = &young;
	assert_int_equal(tracker_young.start(&fake.env, &fake.tracker), 0);
	for (i = 0; i < 2; i++) {
		fake.targets[i].key.tgid = TGID + (uint32_t)i;
		fake.list[i] = &fake.targets[i];
	}
	assert_int_equal(tracker_young.retarget(fake.tracker, fake.list, 2), 0);
	set_run(0, 0, 1000, BLOCKS * BLOCK, OWN);
}

static int young_teardown(void **state)
{
	tracker_young.stop(fake.tracker);
	fake.tracker = NULL;
	return teardown(state);
}

static void tell(uint32_t tgid, uint64_t block)
{
	struct event_faults faults = {
		.header = { .kind = EVENT_FAULTS, .size = sizeof(faults), .tgid = tgid },
		.region = PAGE(block * BLOCK),
		.count = 100,
	};

	tracker_young.on_event(fake.tracker, &faults.header);
}

/* One window; how often each block was seen, and how often out of turn, in whole blocks. */
static void window(uint64_t max_pages, unsigned int ret_seen[BLOCKS],
		   unsigned int ret_ahead[BLOCKS])
{
	struct tracker_cost cost;
	size_t i;

	assert_int_equal(tracker_young.mark(fake.tracker, max_pages, &cost), 0);
	fake.n_seen = 0;
	assert_int_equal(tracker_young.read(fake.tracker, 77, collect, NULL, &cost), 0);
	memset(ret_seen, 0, BLOCKS * sizeof(*ret_seen));
	memset(ret_ahead, 0, BLOCKS * sizeof(*ret_ahead));
	for (i = 0; i < fake.n_seen; i++) {
		const struct observation *one = &fake.seen[i];
		uint64_t page = (one->address - BASE) / TIERED_PAGE_SIZE, more;

		assert_int_equal(one->target, 10);
		for (more = 0; more <= one->more; more++) {
			ret_seen[(page + more) / BLOCK]++;
			ret_ahead[(page + more) / BLOCK] += (one->flags & OBSERVED_AHEAD) != 0;
		}
	}
	for (i = 0; i < BLOCKS; i++) {
		assert_int_equal(ret_seen[i] % BLOCK, 0);
		ret_seen[i] /= BLOCK;
		ret_ahead[i] /= BLOCK;
	}
}

/* A budget of four and a bit goes to the first four, if nothing else is known. */
#define FEW (4 * BLOCK + 16)

static void test_first_where_something_happens(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;

	(void)state;
	young_start();
	tell(TGID, 6);
	tell(TGID, 6);
	tell(TGID + 5, 7); /* nobody's */
	window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++) {
		assert_int_equal(seen[i], i < 3 || i == 6);
		assert_int_equal(ahead[i], i == 6);
	}
	/* Once: the next window is as ever, and goes on where the round stopped. */
	window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++) {
		assert_int_equal(seen[i], i >= 3 && i < 7);
		assert_int_equal(ahead[i], 0);
	}
}

static void test_nothing_twice(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i, turn;

	(void)state;
	young_start();
	/* In the second window it is what read() has done of the work already. */
	for (turn = 0; turn < 3; turn++) {
		tell(TGID, 2);
		tell(TGID, 5);
		window(UINT64_MAX, seen, ahead);
		for (i = 0; i < BLOCKS; i++) {
			assert_int_equal(seen[i], 1);
			assert_int_equal(ahead[i], i == 2 || i == 5);
		}
	}
}

/* However much happens, three quarters of the budget are for all the others. */
static void test_others_have_their_turn(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i, n = 0;

	(void)state;
	young_start();
	for (i = 0; i < BLOCKS; i++)
		tell(TGID, BLOCKS - 1 - i);
	window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++)
		n += ahead[i];
	assert_int_equal(n, 1);
	assert_int_equal(ahead[BLOCKS - 1], 1);
	for (i = 0; i < 3; i++)
		assert_int_equal(seen[i], 1);
}

#define YOUNG(test) cmocka_unit_test_setup_teardown(test, setup, young_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		YOUNG(test_first_where_something_happens),
		YOUNG(test_nothing_twice),
		YOUNG(test_others_have_their_turn),
	};

	return cmocka_run_group_tests_name("young_hints", tests, NULL, NULL);
}
