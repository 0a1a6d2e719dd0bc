// SPDX-License-Identifier: GPL-2.0-only
/* The idle tracker: marks, cursor, budgets, and targets and pages that go away. */
#include "fake_idle.h"
#include "tiered/event.h"

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

/* A page of two processes counts in one of them, anew in each window. */
static void test_shared_pages_count_once(void **state)
{
	unsigned int window, again, i;

	(void)state;
	start();
	set_run(0, 0, 1000, 2, PAGEMAP_PRESENT);
	set_run(1, 7, 1001, 2, PAGEMAP_PRESENT);
	for (window = 0; window < 2; window++) {
		mark(UINT64_MAX);
		fake_kernel();
		read_back();
		assert_int_equal(fake.n_seen, 4);
		for (i = again = 0; i < 4; i++) {
			assert_true(fake.seen[i].flags & OBSERVED_SHARED);
			again += (fake.seen[i].flags & OBSERVED_AGAIN) != 0;
		}
		assert_int_equal(again, 1);
	}
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
	/* Two chunks, and a long gap in the first. */
	assert_int_equal(mark(UINT64_MAX).calls, 4);
	read_bitmap(bits);
	for (i = 0; i < FRAMES / 64; i++)
		n += (uint64_t)__builtin_popcountll(bits[i]);
	assert_int_equal(n, 6);
	assert_int_equal(bits[1], 7);
	assert_int_equal(bits[511], UINT64_C(1) << 63);
	assert_int_equal(bits[512], 1);
	assert_int_equal(bits[70000 / 64], UINT64_C(1) << (70000 % 64));
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

static void fault(int target, uint64_t page, uint32_t count)
{
	struct event_faults event = { .header = { .kind = EVENT_FAULTS,
						  .tgid = fake.targets[target].key.tgid },
				      .region = PAGE(page) & ~((UINT64_C(1) << 21) - 1),
				      .count = count };

	tracker_idle.on_event(fake.tracker, &event.header);
}

/* Where faults happen is looked at before its turn, by a quarter of the window, and once. */
static void test_faults_come_first(void **state)
{
	unsigned int ahead = 0, visits[2][6144] = { { 0 } };
	size_t i, window;

	(void)state;
	fake.targets[0].key.tgid = 100;
	fake.targets[1].key.tgid = 200;
	fake.vmas[0][0] = (struct vma){ PAGE(0), PAGE(6144) };
	fake.vmas[1][0] = (struct vma){ PAGE(0), PAGE(6144) };
	set_run(0, 0, 1000, 6144, OWN);
	set_run(1, 0, 10000, 6144, OWN);
	start();
	/* Of a process that is no target, and the same region twice. */
	fake.targets[0].key.tgid = 300;
	fault(0, 0, 50);
	fake.targets[0].key.tgid = 100;
	fault(1, 4096, 50);
	fault(1, 4096, 50);
	assert_in_range(mark(4096).marked, 3072, 4096);
	fake_kernel();
	read_back();
	for (i = 0; i < fake.n_seen; i++) {
		const struct observation *seen = &fake.seen[i];

		if (!(seen->flags & OBSERVED_AHEAD))
			continue;
		ahead++;
		assert_int_equal(seen->target, 11);
		assert_in_range(seen->address, PAGE(4096), PAGE(4607));
	}
	assert_int_equal(ahead, 512);
	/* Too many of them: the others have their turn all the same, and no page has two. */
	for (i = 0; i < 6144; i += 512)
		fault(1, i, 50);
	memset(visits, 0, sizeof(visits));
	assert_in_range(mark(4096).marked, 3072, 4096);
	fake_kernel();
	read_back();
	for (i = ahead = 0; i < fake.n_seen; i++) {
		ahead += (fake.seen[i].flags & OBSERVED_AHEAD) != 0;
		visits[fake.seen[i].target - 10]
		      [(fake.seen[i].address - BASE) / TIERED_PAGE_SIZE]++;
	}
	assert_in_range(ahead, 512, 1024);
	for (i = 0; i < 6144; i++)
		assert_true(visits[0][i] <= 1 && visits[1][i] <= 1);
	/* In a window that is large enough for all there is no difference. */
	for (window = 0; window < 2; window++) {
		fault(0, 512, 50);
		memset(visits, 0, sizeof(visits));
		assert_int_equal(mark(UINT64_MAX).marked, 2 * 6144);
		fake_kernel();
		read_back();
		for (i = 0; i < fake.n_seen; i++)
			visits[fake.seen[i].target - 10]
			      [(fake.seen[i].address - BASE) / TIERED_PAGE_SIZE]++;
		for (i = 0; i < 6144; i++)
			assert_true(visits[0][i] == 1 && visits[1][i] == 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_single_pages),
		UNIT(test_shared_pages_count_once),
		UNIT(test_marks_exact),
		UNIT(test_moved),
		UNIT(test_cursor),
		UNIT(test_budgets),
		UNIT(test_faults_come_first),
		UNIT(test_target_dies),
		UNIT(test_canceled),
		UNIT(test_end_of_bitmap),
		UNIT(test_wild_frames),
		UNIT(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
