// SPDX-License-Identifier: GPL-2.0-only
/*
 * The idle tracker against plain files. A plain file takes the marks as the
 * kernel's bitmap does; what the kernel would do with them between mark and
 * read is done by fake_kernel(): heads of accessed folios lose their bit, and
 * so do tails and pages on no LRU list, which never had one.
 */
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

static int breathe(void *arg)
{
	(void)arg;
	return fake.breaths >= 0 && fake.breaths-- == 0;
}

static void set_entry(int target, uint64_t page, uint64_t entry)
{
	assert_int_equal(pwrite(fake.targets[target].pagemap_fd, &entry, 8,
				(off_t)((BASE / TIERED_PAGE_SIZE + page) * 8)),
			 8);
}

static void set_run(int target, uint64_t page, uint64_t pfn, uint64_t n, uint64_t bits)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		set_entry(target, page + i, (pfn + i) | bits);
}

static void set_folio(uint64_t pfn, uint64_t pages)
{
	uint64_t i;

	fake.flags[pfn] = HEAD;
	for (i = 1; i < pages; i++)
		fake.flags[pfn + i] = TAIL;
}

static void touch(uint64_t pfn)
{
	fake.accessed[pfn / 64] |= UINT64_C(1) << (pfn % 64);
}

static void start(void)
{
	int i;

	assert_int_equal(tracker_idle.start(&fake.env, &fake.tracker), 0);
	for (i = 0; i < 2; i++)
		fake.list[i] = &fake.targets[i];
	assert_int_equal(tracker_idle.retarget(fake.tracker, fake.list, 2), 0);
}

static int setup(void **state)
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

static int teardown(void **state)
{
	(void)state;
	tracker_idle.stop(fake.tracker);
	close(fake.targets[0].pagemap_fd);
	close(fake.targets[1].pagemap_fd);
	tree_remove(&fake.tree, "");
	return 0;
}

static void read_bitmap(uint64_t *ret_bits)
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
static void fake_kernel(void)
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

static void collect(void *arg, const struct observation *observations, size_t n)
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

static struct tracker_cost mark(uint64_t max_pages)
{
	struct tracker_cost cost;

	assert_int_equal(tracker_idle.mark(fake.tracker, max_pages, &cost), 0);
	return cost;
}

static struct tracker_cost read_back(void)
{
	struct tracker_cost cost;

	fake.n_seen = fake.calls = 0;
	assert_int_equal(tracker_idle.read(fake.tracker, 77, collect, NULL, &cost), 0);
	return cost;
}

static const struct observation *seen_at(uint64_t page)
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
		assert_int_equal(one->flags, of_flags);                                            \
	} while (0)

static void test_single_pages(void **state)
{
	struct tracker_cost cost;

	(void)state;
	start();
	set_run(0, 0, 1000, 8, OWN);
	set_entry(0, 2, UINT64_C(5) | PAGEMAP_SWAPPED); /* swapped */
	set_entry(0, 3, 0);                             /* never touched */
	set_entry(0, 4, PAGEMAP_PRESENT);               /* frame hidden */
	set_entry(0, 5, 1005 | PAGEMAP_PRESENT);        /* shared */
	set_entry(0, 6, 1006 | OWN | PAGEMAP_FILE);     /* file */
	cost = mark(UINT64_MAX);
	assert_int_equal(cost.marked, 5);
	assert_int_equal(cost.calls, 1);
	touch(1000);
	touch(1006);
	fake_kernel();
	cost = read_back();
	assert_int_equal(cost.marked, 5);
	assert_int_equal(fake.n_seen, 5);
	assert_seen(0, SEEN_ACCESSED, 0, 0);
	assert_seen(1, SEEN_IDLE, 0, 0);
	assert_seen(5, SEEN_IDLE, 0, OBSERVED_SHARED);
	assert_seen(6, SEEN_ACCESSED, 0, OBSERVED_FILE);
	assert_seen(7, SEEN_IDLE, 0, 0);
	assert_int_equal(seen_at(0)->target, 10);
	assert_int_equal(seen_at(0)->node, TIERED_NODE_NONE);
}

/* The bitmap gets our bits and no other. */
static void test_marks_exact(void **state)
{
	static uint64_t bits[FRAMES / 64];
	uint64_t i, n = 0;

	(void)state;
	start();
	set_run(0, 0, 64, 3, OWN);
	set_run(0, 10, 32767, 2, OWN); /* across two chunks */
	set_run(1, 0, 70000, 1, OWN);
	assert_int_equal(mark(UINT64_MAX).calls, 3);
	read_bitmap(bits);
	for (i = 0; i < FRAMES / 64; i++)
		n += (uint64_t)__builtin_popcountll(bits[i]);
	assert_int_equal(n, 6);
	assert_int_equal(bits[1], 7);
	assert_int_equal(bits[511], UINT64_C(1) << 63);
	assert_int_equal(bits[512], 1);
	assert_int_equal(bits[70000 / 64], UINT64_C(1) << (70000 % 64));
}

static void test_huge(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_folio(2048, 512);
	set_run(0, 0, 1024, 512, OWN);   /* accessed */
	set_run(0, 512, 2048, 512, OWN); /* idle */
	set_run(0, 1024, 512, 512, OWN); /* single pages that lie like a huge one, all accessed */
	mark(UINT64_MAX);
	touch(1024);
	memset(&fake.accessed[512 / 64], 0xff, 64);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 2 + 512);
	assert_seen(0, SEEN_ACCESSED, 9, 0);
	assert_seen(512, SEEN_IDLE, 9, 0);
	assert_seen(1024, SEEN_ACCESSED, 0, 0);
	assert_seen(1535, SEEN_ACCESSED, 0, 0);
}

/* Folios of 16 pages next to single ones, one across a chunk of pagemap entries. */
static void test_middle_orders(void **state)
{
	(void)state;
	start();
	fake.vmas[0][0].end = PAGE(10000);
	set_folio(160, 16);
	set_folio(176, 4);
	set_run(0, 8188, 160, 16, OWN); /* IDLE_ENTRIES is 8192 */
	set_run(0, 8204, 176, 4, OWN | PAGEMAP_FILE);
	set_run(0, 8208, 180, 2, OWN);
	set_entry(0, 8206, 178 | PAGEMAP_PRESENT | PAGEMAP_FILE);
	mark(UINT64_MAX);
	touch(176);
	touch(181);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 4);
	assert_seen(8188, SEEN_IDLE, 4, 0);
	assert_seen(8204, SEEN_ACCESSED, 2, OBSERVED_FILE | OBSERVED_SHARED);
	assert_seen(8208, SEEN_IDLE, 0, 0);
	assert_seen(8209, SEEN_ACCESSED, 0, 0);
}

/* The second half of a huge page: its head is mapped nowhere, so it takes two windows. */
static void test_head_not_mapped(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024 + 256, 256, OWN);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 1);
	assert_seen(0, SEEN_UNKNOWN, 8, 0);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_seen(0, SEEN_IDLE, 8, 0);
	mark(UINT64_MAX);
	touch(1024);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 1);
	assert_seen(0, SEEN_ACCESSED, 8, 0);
}

/* A hole in the middle of a folio: both parts follow the head. */
static void test_hole_in_folio(void **state)
{
	(void)state;
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024, 512, OWN);
	set_entry(0, 100, 0);
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 2);
	assert_seen(0, SEEN_IDLE, 6, 0);
	assert_seen(101, SEEN_IDLE, 8, 0);
}

static void test_not_on_lru(void **state)
{
	(void)state;
	start();
	set_run(0, 0, 1000, 5, OWN);
	fake.flags[1000] = 0; /* in a per-CPU batch, say */
	fake.flags[1001] = KPF(HWPOISON) | SMALL;
	fake.flags[1002] = KPF(ZERO_PAGE);
	fake.flags[1003] = KPF(HUGE) | KPF(COMPOUND_HEAD);
	mark(UINT64_MAX);
	touch(1001);
	fake_kernel();
	read_back();
	assert_seen(0, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_seen(1, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_null(seen_at(2));
	assert_seen(3, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_seen(4, SEEN_IDLE, 0, 0);
	/* The zero page is known from now on. */
	assert_int_equal(mark(UINT64_MAX).marked, 4);
}

/* Frames are looked up again at read: what moved is unknown, also onto a frame marked for another. */
static void test_moved(void **state)
{
	(void)state;
	start();
	set_run(0, 0, 1000, 4, OWN);
	mark(UINT64_MAX);
	set_entry(0, 1, 2000 | OWN);  /* same chunk, no mark */
	set_entry(0, 2, 90000 | OWN); /* a chunk without marks */
	set_entry(0, 3, 0);           /* gone */
	set_entry(0, 9, 3000 | OWN);  /* new */
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 4);
	assert_seen(0, SEEN_IDLE, 0, 0);
	assert_seen(1, SEEN_UNKNOWN, 0, 0);
	assert_seen(2, SEEN_UNKNOWN, 0, 0);
	assert_seen(9, SEEN_UNKNOWN, 0, 0);
	/* And marks of one window mean nothing in the next. */
	fake.vmas[0][0] = (struct vma){ PAGE(2), PAGE(3) };
	mark(UINT64_MAX);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 1);
	assert_seen(2, SEEN_IDLE, 0, 0);
}

/* Windows go on where the last one stopped, over mappings and targets, and come round. */
static void test_cursor(void **state)
{
	struct tracker_cost cost;
	size_t window;
	uint64_t total = 0;

	(void)state;
	start();
	fake.vmas[0][0] = (struct vma){ PAGE(0), PAGE(700) };
	fake.vmas[0][1] = (struct vma){ PAGE(800), PAGE(1000) };
	fake.targets[0].n_vmas = 2;
	fake.vmas[1][0] = (struct vma){ PAGE(512), PAGE(1024) };
	set_run(0, 0, 1000, 1000, OWN);
	set_run(1, 512, 4000, 512, OWN);
	/* 900 + 512 pages, at most 600 per window, cut where a huge page may begin. */
	static const struct {
		uint64_t first, second; /* pages of each target */
	} expected[] = { { 512, 0 }, { 388, 0 }, { 0, 512 }, { 512, 0 } };
	for (window = 0; window < 4; window++) {
		uint64_t of[2] = { 0, 0 };
		size_t i;

		cost = mark(600);
		assert_true(cost.marked <= 600);
		fake_kernel();
		read_back();
		for (i = 0; i < fake.n_seen; i++)
			of[fake.seen[i].target - 10]++;
		assert_int_equal(of[0] + of[1], cost.marked);
		if (window != 1 && window != 2)
			assert_int_equal(of[0], expected[window].first);
		total += cost.marked;
	}
	assert_true(total >= 900 + 512);
}

/* Small budgets get on as well, and one that is large enough sees each page once. */
static void test_budgets(void **state)
{
	uint64_t budget;

	(void)state;
	fake.vmas[0][0] = (struct vma){ PAGE(0), PAGE(1600) };
	fake.vmas[1][0] = (struct vma){ PAGE(100), PAGE(800) };
	set_run(0, 0, 1000, 1500, OWN);
	set_run(1, 100, 5000, 700, OWN);
	for (budget = 16; budget < 4000; budget = budget * 3 + 1) {
		static uint8_t visits[2][4096];
		size_t window, i;

		memset(visits, 0, sizeof(visits));
		start();
		for (window = 0; window < 4500 / budget + 12; window++) {
			assert_true(mark(budget).marked <= budget);
			fake_kernel();
			read_back();
			assert_int_equal(fake.calls ? fake.n_seen > 0 : 1, 1);
			for (i = 0; i < fake.n_seen; i++)
				visits[fake.seen[i].target - 10]
				      [(fake.seen[i].address - BASE) / TIERED_PAGE_SIZE] = 1;
		}
		for (i = 0; i < 1500; i++)
			assert_int_equal(visits[0][i], 1);
		for (i = 100; i < 800; i++)
			assert_int_equal(visits[1][i], 1);
		tracker_idle.stop(fake.tracker);
		fake.tracker = NULL;
	}
}

static void count_target(void *arg, struct target *target)
{
	*(uint32_t *)arg += target->id;
}

static void test_target_dies(void **state)
{
	uint32_t ids = 0;

	(void)state;
	start();
	set_run(0, 0, 1000, 4, OWN);
	set_run(1, 0, 2000, 4, OWN);
	mark(UINT64_MAX);
	tracker_idle.marked_targets(fake.tracker, count_target, &ids);
	assert_int_equal(ids, 10 + 11);
	fake_kernel();
	/* The pagemap of a dead address space reads end-of-file. */
	assert_int_equal(ftruncate(fake.targets[0].pagemap_fd, 0), 0);
	read_back();
	assert_int_equal(fake.n_seen, 4);
	assert_int_equal(fake.seen[0].target, 11);
	/* The living one is marked after the dead one. */
	assert_int_equal(mark(UINT64_MAX).marked, 4);
	ids = 0;
	tracker_idle.marked_targets(fake.tracker, count_target, &ids);
	assert_int_equal(ids, 11);
	/* None left at all. */
	assert_int_equal(tracker_idle.retarget(fake.tracker, fake.list, 0), 0);
	assert_int_equal(mark(UINT64_MAX).marked, 0);
	read_back();
	assert_int_equal(fake.n_seen, 0);
}

/*
 * A step that is given up leaves nothing that would pass for accessed later.
 * 512 MiB of pagemap take more CPU than the 10 ms of a slice.
 */
static void test_canceled(void **state)
{
	const uint64_t pages = UINT64_C(1) << 26;
	struct tracker_cost cost = { .pages = 123 };

	(void)state;
	start();
	set_run(0, 0, 1000, 100, OWN);
	fake.vmas[0][0].end = PAGE(pages);
	set_entry(0, pages, 0);
	fake.breaths = 0;
	assert_int_equal(tracker_idle.mark(fake.tracker, UINT64_MAX, &cost), -ECANCELED);
	assert_int_equal(cost.pages, 123);
	fake.breaths = -1;
	read_back();
	assert_int_equal(fake.n_seen, 0);
	/* The same while reading: what was read before is handed on. */
	assert_int_equal(mark(UINT64_MAX).marked, 100);
	fake.vmas[0][1] = (struct vma){ PAGE(pages - 1), PAGE(pages) };
	fake_kernel();
	set_run(0, pages - 1, 2000, 1, OWN);
	fake.targets[0].n_vmas = 2;
	mark(UINT64_MAX);
	fake_kernel();
	fake.n_seen = 0;
	assert_int_equal(tracker_idle.read(fake.tracker, 77, collect, NULL, &cost), 0);
	assert_int_equal(fake.n_seen, 101);
}

/* The file ends with the machine's memory: frames beyond are unknown. */
static void test_end_of_bitmap(void **state)
{
	char path[PATH_MAX];

	(void)state;
	start();
	set_run(0, 0, 100, 64 * 3, OWN);
	mark(UINT64_MAX);
	fake_kernel();
	snprintf(path, sizeof(path), "%s/kernel/mm/page_idle/bitmap", fake.tree.root);
	assert_int_equal(truncate(path, 128 / 8), 0);
	read_back();
	assert_int_equal(fake.n_seen, 64 * 3);
	assert_seen(27, SEEN_IDLE, 0, 0);    /* frame 127 */
	assert_seen(28, SEEN_UNKNOWN, 0, 0); /* frame 128 */
}

/* A frame number that no machine has. */
static void test_wild_frames(void **state)
{
	(void)state;
	start();
	set_entry(0, 0, PAGEMAP_PFN_MASK | OWN);
	set_entry(0, 1, UINT64_C(1) << 40 | OWN);
	set_entry(0, 2, 1000 | OWN);
	assert_int_equal(mark(UINT64_MAX).marked, 1);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 3);
	assert_seen(0, SEEN_UNKNOWN, 0, 0);
	assert_seen(2, SEEN_IDLE, 0, 0);
}

/* Without kpageflags single pages are seen, and huge pages as long as they are idle. */
static void test_no_kpageflags(void **state)
{
	(void)state;
	tree_remove(&fake.tree, "kpageflags");
	start();
	set_folio(1024, 512);
	set_run(0, 0, 1024, 512, OWN);
	set_run(0, 600, 3000, 2, OWN);
	mark(UINT64_MAX);
	touch(3000);
	fake_kernel();
	read_back();
	assert_int_equal(fake.n_seen, 3);
	assert_seen(0, SEEN_IDLE, 9, 0);
	assert_seen(600, SEEN_ACCESSED, 0, 0);
	assert_seen(601, SEEN_IDLE, 0, 0);
}

/* A frame known to be single becomes a tail: believed for some windows, but not for ever. */
static void test_known_single_recheck(void **state)
{
	size_t window, wrong = 0;

	(void)state;
	tree_bytes(&fake.tree, "kpageflags", fake.flags, sizeof(fake.flags));
	start();
	set_run(0, 0, 1600, 16, OWN);
	for (window = 0; window < 20; window++) {
		if (window == 4)
			set_folio(1600, 16);
		mark(UINT64_MAX);
		if (window < 4)
			memset(&fake.accessed[1600 / 64], 0xff, 8);
		fake_kernel();
		read_back();
		if (window < 4)
			assert_int_equal(fake.n_seen, 16);
		else if (fake.n_seen != 1)
			wrong++;
		else
			assert_seen(0, SEEN_IDLE, 4, 0);
	}
	assert_true(wrong < 8);
}

static void test_probe(void **state)
{
	char reason[256] = "";
	struct tracker_env none = { .proc_root = "/nonexistent", .sys_root = "/nonexistent" };

	(void)state;
	assert_int_equal(tracker_idle.probe(&none, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "CONFIG_IDLE_PAGE_TRACKING"));
	assert_int_equal(tracker_idle.probe(&fake.env, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "CONFIG_PROC_PAGE_MONITOR"));
	tree_text(&fake.tree, "self/pagemap", "-");
	assert_int_equal(tracker_idle.probe(&fake.env, reason, sizeof(reason)), 0);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_single_pages),
		UNIT(test_marks_exact),
		UNIT(test_huge),
		UNIT(test_middle_orders),
		UNIT(test_head_not_mapped),
		UNIT(test_hole_in_folio),
		UNIT(test_not_on_lru),
		UNIT(test_moved),
		UNIT(test_cursor),
		UNIT(test_budgets),
		UNIT(test_target_dies),
		UNIT(test_canceled),
		UNIT(test_end_of_bitmap),
		UNIT(test_wild_frames),
		UNIT(test_no_kpageflags),
		UNIT(test_known_single_recheck),
		UNIT(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
