/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_idle.h - the idle tracker against plain files. A plain file takes the
 * marks as the kernel's bitmap does; what the kernel would do with them between
 * mark and read is done by fake_kernel(): heads of accessed folios lose their
 * bit, and so do tails and pages on no LRU list, which never had one.
 */
#ifndef TEST_FAKE_IDLE_H
#define TEST_FAKE_IDLE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/kernel-page-flags.h>

#include "observe/pagemap.h"
#include "observe/target.h"
#include "observe/tracker.h"
#include "observe/vmas.h"
#include "tree.h"

#define KPF(name) (UINT64_C(1) << KPF_##name)
#define SMALL KPF(LRU)
#define HEAD (KPF(LRU) | KPF(COMPOUND_HEAD) | KPF(THP))
#define TAIL (KPF(COMPOUND_TAIL) | KPF(THP))

/* Three chunks of frames, and as much address space for each of two targets. */
#define FRAMES (3 * 32768)
#define BASE UINT64_C(0x10000000)
#define PAGE(n) (BASE + (uint64_t)(n)*TIERED_PAGE_SIZE)
#define OWN (PAGEMAP_PRESENT | PAGEMAP_EXCLUSIVE)

static struct {
	struct tree tree;
	struct tracker_env env;
	void *tracker;
	struct target targets[2];
	struct target *list[2];
	struct vma vmas[2][4];
	uint64_t flags[FRAMES];
	uint64_t accessed[FRAMES / 64];
	struct observation seen[FRAMES];
	size_t n_seen;
	size_t calls;
	int breaths; /* until breathe() says stop; -1: never */
} fake;

static inline int breathe(void *arg)
{
	(void)arg;
	return fake.breaths >= 0 && fake.breaths-- == 0;
}

static inline void set_entry(int target, uint64_t page, uint64_t entry)
{
	assert_int_equal(pwrite(fake.targets[target].pagemap_fd, &entry, 8,
				(off_t)((BASE / TIERED_PAGE_SIZE + page) * 8)),
			 8);
}

static inline void set_run(int target, uint64_t page, uint64_t pfn, uint64_t n, uint64_t bits)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		set_entry(target, page + i, (pfn + i) | bits);
}

static inline void set_folio(uint64_t pfn, uint64_t pages)
{
	uint64_t i;

	fake.flags[pfn] = HEAD;
	for (i = 1; i < pages; i++)
		fake.flags[pfn + i] = TAIL;
}

static inline void touch(uint64_t pfn)
{
	fake.accessed[pfn / 64] |= UINT64_C(1) << (pfn % 64);
}

static inline void start(void)
{
	int i;

	assert_int_equal(tracker_idle.start(&fake.env, &fake.tracker), 0);
	for (i = 0; i < 2; i++)
		fake.list[i] = &fake.targets[i];
	assert_int_equal(tracker_idle.retarget(fake.tracker, fake.list, 2), 0);
}

static inline int setup(void **state)
{
	char path[PATH_MAX];
	int i;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.breaths = -1;
	tree_make(&fake.tree);
	tree_bytes(&fake.tree, "kernel/mm/page_idle/bitmap", fake.accessed, sizeof(fake.accessed));
	fake.env = (struct tracker_env){ .proc_root = fake.tree.root,
					 .sys_root = fake.tree.root,
					 .breathe = breathe };
	for (i = 0; i < FRAMES; i++)
		fake.flags[i] = SMALL;
	tree_bytes(&fake.tree, "kpageflags", fake.flags, sizeof(fake.flags));
	for (i = 0; i < 2; i++) {
		struct target *target = &fake.targets[i];

		snprintf(path, sizeof(path), "%s/pagemap%d", fake.tree.root, i);
		*target = (struct target){ .id = 10 + (uint32_t)i, .pidfd = -1 };
		target->pagemap_fd = open(path, O_RDWR | O_CREAT, 0600);
		target->vmas = fake.vmas[i];
		fake.vmas[i][0] = (struct vma){ PAGE(0), PAGE(4096) };
		target->n_vmas = 1;
		set_entry(i, FRAMES, 0); /* the address space ends far beyond */
	}
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	tracker_idle.stop(fake.tracker);
	close(fake.targets[0].pagemap_fd);
	close(fake.targets[1].pagemap_fd);
	tree_remove(&fake.tree, "");
	return 0;
}

static inline void read_bitmap(uint64_t *ret_bits)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/kernel/mm/page_idle/bitmap", fake.tree.root);
	fd = open(path, O_RDONLY);
	memset(ret_bits, 0, FRAMES / 8);
	assert_true(read(fd, ret_bits, FRAMES / 8) >= 0);
	close(fd);
}

/* What happens between mark and read. */
static inline void fake_kernel(void)
{
	static uint64_t bits[FRAMES / 64];
	uint64_t pfn;

	read_bitmap(bits);
	for (pfn = 0; pfn < FRAMES; pfn++) {
		if (!(fake.flags[pfn] & KPF(LRU)) || (fake.flags[pfn] & KPF(COMPOUND_TAIL)))
			bits[pfn / 64] &= ~(UINT64_C(1) << (pfn % 64));
	}
	for (pfn = 0; pfn < FRAMES / 64; pfn++)
		bits[pfn] &= ~fake.accessed[pfn];
	tree_bytes(&fake.tree, "kernel/mm/page_idle/bitmap", bits, sizeof(bits));
	tree_bytes(&fake.tree, "kpageflags", fake.flags, sizeof(fake.flags));
	memset(fake.accessed, 0, sizeof(fake.accessed));
}

static inline void collect(void *arg, const struct observation *observations, size_t n)
{
	size_t i;

	(void)arg;
	fake.calls++;
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(observations[i].target, observations[0].target);
		assert_int_equal(observations[i].interval_ns, 77);
		if (i)
			assert_true(observations[i].address > observations[i - 1].address);
		assert_true(fake.n_seen < FRAMES);
		fake.seen[fake.n_seen++] = observations[i];
	}
}

static inline struct tracker_cost mark(uint64_t max_pages)
{
	struct tracker_cost cost;

	assert_int_equal(tracker_idle.mark(fake.tracker, max_pages, &cost), 0);
	return cost;
}

static inline struct tracker_cost read_back(void)
{
	struct tracker_cost cost;

	fake.n_seen = fake.calls = 0;
	assert_int_equal(tracker_idle.read(fake.tracker, 77, collect, NULL, &cost), 0);
	return cost;
}

static inline const struct observation *seen_at(uint64_t page)
{
	size_t i;

	for (i = 0; i < fake.n_seen; i++)
		if (fake.seen[i].address == PAGE(page))
			return &fake.seen[i];
	return NULL;
}

#define assert_seen(page, what, of_order, of_flags)                                                \
	do {                                                                                       \
		const struct observation *one = seen_at(page);                                     \
		assert_non_null(one);                                                              \
		assert_int_equal(one->seen, what);                                                 \
		assert_int_equal(one->order, of_order);                                            \
		assert_int_equal(one->flags & ~OBSERVED_AHEAD, of_flags);                          \
	} while (0)

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
