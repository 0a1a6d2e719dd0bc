/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_young.h - the young tracker against page tables made from what the fake pagemap says, with
 * the idle bitmap to clear accessed bits (fake_idle.h).
 */
#ifndef TEST_FAKE_YOUNG_H
#define TEST_FAKE_YOUNG_H

#include "fake_idle.h"

#include "observe/young_source.h"

#define BLOCK 512u
#define BLOCKS 8
#define TGID 77

static struct young_found found;
/* What single pages can be mapped to be: all of them are alike. */
static uint64_t entry_bits = YOUNG_PRESENT | YOUNG_WRITABLE;

static inline void read_table(int fd, uint64_t address, struct young_table *ret)
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
		ret->entries[i] = pfn << TIERED_PAGE_SHIFT | entry_bits;
		if (fake.accessed[pfn / 64] >> pfn % 64 & 1)
			ret->entries[i] |= YOUNG_ACCESSED;
	}
}

static inline int read_tables(void *arg, struct young_request *request)
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
static struct young_setup setup_of_young = { .source = &source, .clear = "idle" };

static inline void young_start(void)
{
	int i;

	assert_int_equal(BASE % YOUNG_BLOCK_BYTES, 0);
	fake.env.young = &setup_of_young;
	assert_int_equal(tracker_young.start(&fake.env, &fake.tracker), 0);
	for (i = 0; i < 2; i++) {
		fake.targets[i].key.tgid = TGID + (uint32_t)i;
		fake.list[i] = &fake.targets[i];
	}
	assert_int_equal(tracker_young.retarget(fake.tracker, fake.list, 2), 0);
	set_run(0, 0, 1000, BLOCKS * BLOCK, OWN);
}

static inline int young_teardown(void **state)
{
	tracker_young.stop(fake.tracker);
	fake.tracker = NULL;
	entry_bits = YOUNG_PRESENT | YOUNG_WRITABLE;
	return teardown(state);
}

/* One window; how often each block was seen, and how often out of turn, in whole blocks. */
static inline void young_window(uint64_t max_pages, unsigned int ret_seen[BLOCKS],
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

#define YOUNG(test) cmocka_unit_test_setup_teardown(test, setup, young_teardown)

#endif
