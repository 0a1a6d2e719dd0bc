// SPDX-License-Identifier: GPL-2.0-only
/*
 * The young tracker against page tables made of the plain files of fake_idle.h:
 * entries of pagemap become entries of tables, and what is marked in the bitmap
 * loses its accessed bits, as in the kernel.
 */
#include "fake_idle.h"
#include "observe/young_source.h"
#include "util/clock.h"

static struct {
	struct young_source source;
	struct young_setup setup;
	struct young_found found;
	uint8_t young[2][FRAMES]; /* accessed bits, per target and page */
	uint64_t calls;
	uint32_t flags;
	int error;
	void *tracker;
} walk;

static int target_of(int fd)
{
	return fd == fake.targets[1].pagemap_fd;
}

/* One table; 0 when nothing is in it. */
static int make_table(int target, uint64_t address, struct young_table *ret)
{
	uint64_t entries[YOUNG_BLOCK_PAGES] = { 0 }, any = 0;
	unsigned int i;

	if (pread(fake.targets[target].pagemap_fd, entries, sizeof(entries),
		  (off_t)(address / TIERED_PAGE_SIZE * 8)) < 0)
		return 0;
	for (i = 0; i < YOUNG_BLOCK_PAGES; i++) {
		const uint64_t page = (address - BASE) / TIERED_PAGE_SIZE + i;
		const uint64_t pfn = pagemap_pfn(entries[i]);

		ret->entries[i] = 0;
		if (!pfn)
			continue;
		ret->entries[i] = pfn << TIERED_PAGE_SHIFT | YOUNG_PRESENT | YOUNG_WRITABLE;
		if (walk.young[target][page])
			ret->entries[i] |= YOUNG_ACCESSED;
		any |= pfn;
	}
	return any != 0;
}

static int fake_walk(void *arg, struct young_request *request)
{
	const int target = target_of(request->fd);
	uint64_t at = request->start & ~(YOUNG_BLOCK_BYTES - 1);
	uint32_t n = 0;

	(void)arg;
	walk.calls++;
	if (walk.error)
		return walk.error;
	for (; at < request->end && n < request->blocks; at += YOUNG_BLOCK_BYTES)
		if (make_table(target, at, &walk.found.tables[n]))
			walk.found.blocks[n++] =
				(struct young_block){ .address = at, .kind = YOUNG_TABLE };
	request->blocks = n;
	request->next = at;
	request->flags = walk.flags;
	return 0;
}

/* What is marked loses its accessed bits, in all mappings. */
static void clear_marked(void)
{
	static uint64_t bits[FRAMES / 64];
	uint64_t entry, pfn, page;
	int target;

	read_bitmap(bits);
	for (target = 0; target < 2; target++)
		for (page = 0; page < 4096; page++) {
			if (pread(fake.targets[target].pagemap_fd, &entry, 8,
				  (off_t)((BASE / TIERED_PAGE_SIZE + page) * 8)) != 8)
				continue;
			for (pfn = pagemap_pfn(entry); fake.flags[pfn] & KPF(COMPOUND_TAIL); pfn--)
				;
			if (pfn && bits[pfn / 64] >> (pfn % 64) & 1)
				walk.young[target][page] = 0;
		}
}

static void begin(const char *clear)
{
	int i;

	memset(&walk, 0, sizeof(walk));
	walk.source = (struct young_source){ .read = fake_walk, .found = &walk.found };
	walk.setup = (struct young_setup){
		.source = &walk.source,
		.lock_max_ns = NSEC_PER_SEC,
		.lock_share_ppm = 1000000,
	};
	strcpy(walk.setup.clear, clear);
	fake.env.young = &walk.setup;
	for (i = 0; i < 2; i++)
		fake.list[i] = &fake.targets[i];
	assert_int_equal(tracker_young.start(&fake.env, &walk.tracker), 0);
	assert_int_equal(tracker_young.retarget(walk.tracker, fake.list, 2), 0);
}

static int end(void **state)
{
	tracker_young.stop(walk.tracker);
	return teardown(state);
}

static struct tracker_cost young_mark_all(uint64_t max_pages)
{
	struct tracker_cost cost;

	/* Everything in the files is as the test has it now; no mark is left from before. */
	memset(fake.accessed, 0, sizeof(fake.accessed));
	tree_bytes(&fake.tree, "kernel/mm/page_idle/bitmap", fake.accessed, sizeof(fake.accessed));
	tree_bytes(&fake.tree, "kpageflags", fake.flags, sizeof(fake.flags));
	assert_int_equal(tracker_young.mark(walk.tracker, max_pages, &cost), 0);
	clear_marked();
	return cost;
}

static void collect_any(void *arg, const struct observation *observations, size_t n)
{
	size_t i, j;

	(void)arg;
	for (i = 0; i < n; i++) {
		assert_int_equal(observations[i].target, observations[0].target);
		if (i)
			assert_true(observations[i].address > observations[i - 1].address);
		for (j = 0; j <= observations[i].more; j++) {
			assert_true(fake.n_seen < FRAMES);
			fake.seen[fake.n_seen] = observations[i];
			fake.seen[fake.n_seen++].address += (uint64_t)j << observations[i].order
									<< TIERED_PAGE_SHIFT;
		}
	}
}

static struct tracker_cost young_read_all(uint64_t interval_ns)
{
	struct tracker_cost cost;

	fake.n_seen = 0;
	assert_int_equal(tracker_young.read(walk.tracker, interval_ns, collect_any, NULL, &cost),
			 0);
	return cost;
}

static uint64_t marks(void)
{
	static uint64_t bits[FRAMES / 64];
	uint64_t i, n = 0;

	read_bitmap(bits);
	for (i = 0; i < FRAMES / 64; i++)
		n += (uint64_t)__builtin_popcountll(bits[i]);
	return n;
}

/* Cold pages are watched without anything being done to them. */
static void test_cold_costs_nothing(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 1024, OWN);
	begin("idle");
	walk.young[0][1] = walk.young[0][2] = walk.young[0][700] = 1;
	assert_int_equal(young_mark_all(UINT64_MAX).marked, 1024);
	assert_int_equal(marks(), 3);
	walk.young[0][2] = 1; /* accessed again */
	walk.young[0][3] = 1; /* accessed, and was cold */
	young_read_all(1);
	assert_int_equal(fake.n_seen, 1024);
	assert_seen(0, SEEN_IDLE, 0, 0);
	assert_seen(1, SEEN_IDLE, 0, 0);
	assert_seen(2, SEEN_ACCESSED, 0, 0);
	assert_seen(3, SEEN_ACCESSED, 0, 0);
	assert_seen(700, SEEN_IDLE, 0, 0);
}

/* Of 16 pages, one of which has another frame, nothing is known. */
static void test_frames_changed(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 64, OWN);
	begin("idle");
	young_mark_all(UINT64_MAX);
	set_entry(0, 17, 2000 | OWN);
	walk.young[0][18] = walk.young[0][40] = 1;
	set_entry(0, 600, 3000 | OWN); /* a table that was not there */
	young_read_all(1);
	assert_seen(15, SEEN_IDLE, 0, 0);
	assert_seen(16, SEEN_UNKNOWN, 0, 0);
	assert_seen(17, SEEN_UNKNOWN, 0, 0);
	assert_seen(18, SEEN_UNKNOWN, 0, 0);
	assert_seen(32, SEEN_IDLE, 0, 0);
	assert_seen(40, SEEN_ACCESSED, 0, 0);
	assert_null(seen_at(600));
}

/* One folio, one observation, by all its pages; its head is what is cleared. */
static void test_folios(void **state)
{
	static uint64_t bits[FRAMES / 64];

	(void)state;
	set_folio(2048, 16);
	set_run(0, 0, 2048, 16, OWN);
	set_folio(2064, 16);
	set_run(0, 16, 2064, 16, OWN);
	set_folio(4096, 512);
	set_run(0, 32, 4096 + 256, 256, OWN); /* without its head */
	begin("idle");
	walk.young[0][5] = walk.young[0][40] = 1;
	young_mark_all(UINT64_MAX);
	read_bitmap(bits);
	assert_int_equal(marks(), 2);
	assert_true(bits[2048 / 64] & 1);
	assert_true(bits[4096 / 64] & 1);
	walk.young[0][20] = 1;
	young_read_all(1);
	assert_int_equal(fake.n_seen, 3);
	assert_seen(0, SEEN_IDLE, 4, 0);
	assert_seen(16, SEEN_ACCESSED, 4, 0);
	assert_seen(32, SEEN_IDLE, 8, 0);
}

/* Of what others map as well, this table tells half: the bitmap is asked. */
static void test_shared(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 16, PAGEMAP_PRESENT);
	set_run(1, 0, 1000, 16, PAGEMAP_PRESENT);
	set_run(0, 512, 3000, 16, OWN | PAGEMAP_FILE);
	begin("idle");
	young_mark_all(UINT64_MAX);
	assert_int_equal(marks(), 32);
	touch(3002); /* by read() or write(): none in any table */
	touch(1004); /* by somebody else: no bit in these tables */
	walk.young[1][5] = 1;
	touch(1005);
	set_entry(0, 513, 3001 | PAGEMAP_PRESENT | PAGEMAP_FILE); /* somebody has mapped it */
	fake_kernel();
	young_read_all(1);
	assert_seen(3, SEEN_IDLE, 0, OBSERVED_SHARED);
	assert_seen(4, SEEN_ACCESSED, 0, OBSERVED_SHARED);
	assert_seen(5, SEEN_ACCESSED, 0, OBSERVED_SHARED);
	assert_seen(512, SEEN_IDLE, 0, OBSERVED_FILE);
	assert_seen(513, SEEN_IDLE, 0, OBSERVED_SHARED | OBSERVED_FILE);
	assert_seen(514, SEEN_ACCESSED, 0, OBSERVED_FILE);
}

/* Of spans whose turn it is not, others are told apart all the same: one target per call. */
static void test_shared_of_two(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 16, PAGEMAP_PRESENT);
	set_run(1, 512, 3000, 16, OWN);
	set_run(1, 2048, 1000, 16, PAGEMAP_PRESENT);
	fake.vmas[0][0] = (struct vma){ PAGE(0), PAGE(512) };
	fake.vmas[1][0] = (struct vma){ PAGE(512), PAGE(1024) };
	fake.vmas[1][1] = (struct vma){ PAGE(2048), PAGE(2560) };
	fake.targets[1].n_vmas = 2;
	begin("idle");
	young_mark_all(UINT64_MAX);
	fake_kernel();
	young_read_all(1);
	assert_int_equal(fake.n_seen, 48);
	assert_int_equal(seen_at(0)->target, 10);
	assert_int_equal(seen_at(512)->target, 11);
	assert_int_equal(seen_at(2048)->target, 11);
	/* And the second turn is no lap: it says so. */
	assert_true(seen_at(2048)->flags & OBSERVED_AHEAD);
	assert_false(seen_at(512)->flags & OBSERVED_AHEAD);
}

/* A page on no list cannot be cleared: then it does not pass for accessed. */
static void test_odd(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 4, OWN);
	fake.flags[1001] = 0;
	fake.flags[1002] = KPF(ZERO_PAGE);
	begin("idle");
	walk.young[0][0] = walk.young[0][1] = walk.young[0][2] = 1;
	young_mark_all(UINT64_MAX);
	walk.young[0][0] = walk.young[0][1] = 1;
	young_read_all(1);
	assert_int_equal(fake.n_seen, 3);
	assert_seen(0, SEEN_ACCESSED, 0, 0);
	assert_seen(1, SEEN_UNKNOWN, 0, OBSERVED_FIXED);
	assert_seen(3, SEEN_IDLE, 0, 0);
}

/* What read() has seen at the end of one window is where the next one begins. */
static void test_read_stands_in(void **state)
{
	uint64_t calls;

	(void)state;
	set_run(0, 0, 1000, 1024, OWN);
	begin("idle");
	fake.vmas[1][0] = (struct vma){ PAGE(0), PAGE(1) };
	young_mark_all(UINT64_MAX);
	walk.young[0][9] = walk.young[0][600] = 1;
	young_read_all(UINT64_C(3600) * NSEC_PER_SEC);
	calls = walk.calls;
	assert_int_equal(young_mark_all(UINT64_MAX).marked, 1024);
	/* The rest of the mapping, which had nothing in it, and that of the other process. */
	assert_true(walk.calls - calls <= 2);
	assert_int_equal(marks(), 2);
	walk.young[0][600] = 1;
	young_read_all(1);
	assert_int_equal(fake.n_seen, 1024);
	assert_seen(9, SEEN_IDLE, 0, 0);
	assert_seen(600, SEEN_ACCESSED, 0, 0);
	/* Too long ago: looked at again, and what was noted is dropped. */
	walk.young[0][600] = 0;
	walk.young[0][601] = 1;
	young_mark_all(UINT64_MAX);
	assert_int_equal(marks(), 1);
	/* And with other targets nothing of it is left. */
	young_read_all(UINT64_C(3600) * NSEC_PER_SEC);
	assert_int_equal(tracker_young.retarget(walk.tracker, fake.list, 1), 0);
	walk.young[0][601] = 0;
	young_mark_all(UINT64_MAX);
	assert_int_equal(marks(), 0);
}

static void test_budget(void **state)
{
	struct tracker_cost cost;
	int i;

	(void)state;
	set_run(0, 0, 1000, 2048, OWN);
	begin("idle");
	fake.vmas[1][0] = (struct vma){ PAGE(0), PAGE(1) };
	cost = young_mark_all(1024);
	assert_int_equal(cost.marked, 1024);
	assert_int_equal(cost.cut, 1);
	young_read_all(1);
	assert_int_equal(fake.n_seen, 1024);
	assert_non_null(seen_at(0));
	young_mark_all(1024);
	young_read_all(1);
	assert_non_null(seen_at(1024));
	assert_null(seen_at(0));
	/* With next to nothing a call that finds nothing is all, or one block: it comes around. */
	for (i = 0, fake.n_seen = 0; i < 4 && !fake.n_seen; i++) {
		young_mark_all(1);
		young_read_all(1);
	}
	assert_int_equal(fake.n_seen, 512);
}

/* Of blocks 0, 1, 2 ... of the first target these are due. */
static unsigned int every_third(void *arg, uint32_t target, uint64_t base, uint64_t ret_pages[8])
{
	uint64_t block = (base - BASE) / YOUNG_BLOCK_BYTES;

	assert_int_equal(base % YOUNG_BLOCK_BYTES, 0);
	*(unsigned int *)arg += target == 10;
	memset(ret_pages, 0, 8 * sizeof(ret_pages[0]));
	ret_pages[3] = block % 3 == 1;
	return block % 3 == 1;
}

/* Blocks of which nothing is due are passed, also where read() has looked at them already. */
static void test_turns(void **state)
{
	unsigned int asked = 0, window;
	struct tracker_cost cost;

	(void)state;
	fake.env.due = every_third;
	fake.env.due_arg = &asked;
	set_run(0, 0, 1000, 4096, OWN);
	begin("idle");
	fake.vmas[1][0] = (struct vma){ PAGE(0), PAGE(1) };
	for (window = 1; window <= 3; window++) {
		cost = young_mark_all(UINT64_MAX);
		assert_int_equal(asked, window * 8);
		assert_int_equal(cost.cut, 0);
		assert_int_equal(cost.marked, 3 * 512);
		young_read_all(NSEC_PER_SEC);
		assert_int_equal(fake.n_seen, 3 * 512);
		assert_null(seen_at(0));
		assert_non_null(seen_at(512));
		assert_null(seen_at(1024));
		assert_non_null(seen_at(4 * 512 + 511));
	}
	/* What is passed costs next to nothing, and the rest is for the next window. */
	cost = young_mark_all(512 + 2);
	assert_int_equal(cost.marked, 512);
	assert_int_equal(cost.cut, 1);
}

static void count_target(void *arg, struct target *target)
{
	*(uint32_t *)arg += target->id;
}

/* Guests and devices leave no bits; processes go; somebody wants to stop. */
static void test_left_out(void **state)
{
	struct tracker_cost cost;
	uint32_t ids = 0;

	(void)state;
	set_run(0, 0, 1000, 16, OWN);
	begin("idle");
	walk.flags = YOUNG_F_SECONDARY;
	assert_int_equal(young_mark_all(UINT64_MAX).marked, 0);
	tracker_young.marked_targets(walk.tracker, count_target, &ids);
	assert_int_equal(ids, 0);
	young_read_all(1);
	assert_int_equal(fake.n_seen, 0);
	walk.flags = 0;
	young_mark_all(UINT64_MAX);
	tracker_young.marked_targets(walk.tracker, count_target, &ids);
	assert_int_equal(ids, fake.targets[0].id);
	walk.error = -ESRCH;
	young_read_all(1);
	assert_int_equal(fake.n_seen, 0);
	assert_int_equal(tracker_young.mark(walk.tracker, UINT64_MAX, &cost), 0);
	assert_int_equal(cost.marked, 0);
}

static void open_refs(void)
{
	char path[64];
	int i;

	for (i = 0; i < 2; i++) {
		fake.targets[i].key.tgid = 77 + (uint32_t)i;
		snprintf(path, sizeof(path), "%u/statm", 77 + i);
		tree_text(&fake.tree, path, "9999 5000 1 1 0 1 0\n");
		snprintf(path, sizeof(path), "%u/clear_refs", 77 + i);
		tree_text(&fake.tree, path, "-");
	}
	tree_text(&fake.tree, "self/clear_refs", "-");
}

static int refs_written(int target)
{
	char path[PATH_MAX], text[4] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%d/clear_refs", fake.tree.root, 77 + target);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text)) >= 0);
	close(fd);
	return text[0] == '1';
}

/* All of a process at once, if anything of it was accessed. */
static void test_clear_refs(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 16, OWN);
	set_run(0, 16, 1016, 16, PAGEMAP_PRESENT);
	set_run(1, 0, 2000, 16, OWN);
	open_refs();
	begin("clear_refs");
	walk.young[0][1] = walk.young[0][2] = walk.young[0][17] = 1;
	young_mark_all(UINT64_MAX);
	assert_true(refs_written(0));
	assert_false(refs_written(1));
	walk.young[0][1] = walk.young[0][17] = 0;
	walk.young[0][18] = 1;
	young_read_all(1);
	assert_seen(1, SEEN_IDLE, 0, 0);
	assert_seen(2, SEEN_ACCESSED, 0, 0);
	/* Nobody can say what others did. */
	assert_seen(17, SEEN_UNKNOWN, 0, OBSERVED_SHARED);
	assert_seen(18, SEEN_ACCESSED, 0, OBSERVED_SHARED);
}

/* The lock would be held for too long: what was accessed before stays unknown. */
static void test_clear_refs_bounds(void **state)
{
	(void)state;
	set_run(0, 0, 1000, 16, OWN);
	open_refs();
	begin("clear_refs");
	walk.setup.lock_max_ns = 1000;
	walk.young[0][1] = 1;
	young_mark_all(UINT64_MAX);
	assert_false(refs_written(0));
	young_read_all(1);
	/* Nor is the rest idle: what would be seen of it is idleness only. */
	assert_seen(0, SEEN_UNKNOWN, 0, 0);
	assert_seen(1, SEEN_UNKNOWN, 0, 0);
	/* It may be held, but only for a millionth of the time. */
	walk.setup.lock_max_ns = NSEC_PER_SEC;
	walk.setup.lock_share_ppm = 1;
	young_mark_all(UINT64_MAX);
	assert_true(refs_written(0));
	open_refs();
	young_read_all(1);
	assert_seen(1, SEEN_ACCESSED, 0, 0);
	young_mark_all(UINT64_MAX);
	assert_false(refs_written(0));
	young_read_all(1);
	assert_seen(1, SEEN_UNKNOWN, 0, 0);
}

static void test_probe(void **state)
{
	struct tracker_env env;
	char reason[512];

	(void)state;
	begin("idle");
	env = fake.env;
	assert_int_equal(tracker_young.probe(&env, reason, sizeof(reason)), 0);
	strcpy(walk.setup.clear, "clear_refs");
	assert_int_equal(tracker_young.probe(&env, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "clear = clear_refs: /proc/PID/clear_refs is not there"));
	env.sys_root = "/nonexistent";
	strcpy(walk.setup.clear, "auto");
	assert_int_equal(tracker_young.probe(&env, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "no idle page tracking"));
	assert_non_null(strstr(reason, "clear = clear_refs"));
	walk.source.read = NULL;
	strcpy(walk.source.why, "because");
	assert_int_equal(tracker_young.probe(&env, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "by BPF: because"));
	env.young = NULL;
	assert_int_equal(tracker_young.probe(&env, reason, sizeof(reason)), -EOPNOTSUPP);
	assert_non_null(strstr(reason, "[bpf] enable"));
	walk.source.read = fake_walk;
}

#define YOUNG(test) cmocka_unit_test_setup_teardown(test, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		YOUNG(test_cold_costs_nothing),
		YOUNG(test_frames_changed),
		YOUNG(test_folios),
		YOUNG(test_shared),
		YOUNG(test_shared_of_two),
		YOUNG(test_odd),
		YOUNG(test_read_stands_in),
		YOUNG(test_budget),
		YOUNG(test_turns),
		YOUNG(test_left_out),
		YOUNG(test_clear_refs),
		YOUNG(test_clear_refs_bounds),
		YOUNG(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
