// SPDX-License-Identifier: GPL-2.0-only
/* DAMON as a tracker: what regions say of pages, its kdamond in sysfs, and that it goes. */
#include "fake_tracker.h"
#include "observe/damon.h"
#include "observe/pagemap.h"
#include "observe/topology_internal.h"
#include "observe/tracker.h"
#include "observe/vmas.h"
#include "tree.h"
#include "undo/undo.h"
#include "util/file.h"
#include "util/kdamond.h"

#define M UINT64_C(0x100000)

static void test_areas_ascend(void **state)
{
	struct damon_areas areas = { 0 };

	(void)state;
	assert_int_equal(damon_areas_add(&areas, M, 2 * M, 3, 20), 0);
	assert_int_equal(damon_areas_add(&areas, M, 3 * M, 3, 20), -EINVAL);
	assert_int_equal(damon_areas_add(&areas, 3 * M, 3 * M, 3, 20), -EINVAL);
	assert_int_equal(damon_areas_add(&areas, 2 * M, 3 * M, 30, 20), 0);
	assert_int_equal(areas.n, 2);
	/* More hits than samples are not believed. */
	assert_int_equal(areas.list[1].hits, areas.list[1].samples);
	damon_areas_free(&areas);
	assert_null(areas.list);
}

/* Regions were split and joined: what was seen goes with the addresses. */
static void test_areas_carry(void **state)
{
	struct damon_areas before = { 0 }, now = { 0 };

	(void)state;
	damon_areas_add(&before, 0, 4 * M, 20, 20);
	damon_areas_add(&before, 4 * M, 8 * M, 0, 20);
	damon_areas_add(&now, 0, 2 * M, 20, 20);
	damon_areas_add(&now, 2 * M, 6 * M, 10, 20);
	damon_areas_add(&now, 7 * M, 9 * M, 0, 20);
	damon_areas_carry(&now, &before);
	assert_int_equal(now.list[0].samples, 40 * DAMON_AREA_UNIT);
	assert_int_equal(now.list[0].hits, now.list[0].samples);
	/* Half of what it was made of was hot. */
	assert_int_equal(now.list[1].samples, 40 * DAMON_AREA_UNIT);
	assert_int_equal(now.list[1].hits, 20 * DAMON_AREA_UNIT);
	assert_int_equal(now.list[2].hits, 0);
	damon_areas_free(&before);
	damon_areas_free(&now);
}

static void test_areas_find(void **state)
{
	struct damon_areas areas = { 0 };

	(void)state;
	assert_null(damon_areas_find(&areas, 0));
	damon_areas_add(&areas, M, 2 * M, 3, 20);
	damon_areas_add(&areas, 2 * M, 3 * M, 3, 20);
	damon_areas_add(&areas, 5 * M, 6 * M, 3, 20);
	assert_null(damon_areas_find(&areas, M - 1));
	assert_ptr_equal(damon_areas_find(&areas, M), &areas.list[0]);
	assert_ptr_equal(damon_areas_find(&areas, 2 * M), &areas.list[1]);
	assert_ptr_equal(damon_areas_find(&areas, 3 * M - 1), &areas.list[1]);
	assert_null(damon_areas_find(&areas, 3 * M));
	assert_ptr_equal(damon_areas_find(&areas, 6 * M - 1), &areas.list[2]);
	assert_null(damon_areas_find(&areas, 6 * M));
	damon_areas_free(&areas);
}

static uint32_t chance_of(uint32_t hits, uint32_t samples, uint64_t times)
{
	struct damon_area area = { .samples = (uint64_t)samples * DAMON_AREA_UNIT,
				   .hits = (uint64_t)hits * DAMON_AREA_UNIT };

	return damon_area_chance(&area, times);
}

static void test_chance(void **state)
{
	(void)state;
	assert_int_equal(chance_of(0, 20, 1000), 0);
	assert_int_equal(chance_of(0, 0, 1000), 0);
	assert_int_equal(chance_of(20, 20, 1), 1 << 16);
	assert_int_equal(chance_of(10, 20, 1), 1 << 15);
	assert_int_equal(chance_of(10, 20, 0), 1 << 15);
	assert_int_equal(chance_of(10, 20, 2), 3 << 14);
	/* 1 - 0.95^40 = 0.8715 */
	assert_in_range(chance_of(1, 20, 40), 57100, 57125);
	assert_int_equal(chance_of(1, 20, UINT64_MAX), 1 << 16);
	/* However rare: it was seen. */
	assert_in_range(chance_of(1, 1000000, 1), 1, 2);
}

/* A quarter is a quarter of the pieces of each window, and of the windows of each piece. */
static void test_pieces_are_even(void **state)
{
	unsigned int window, piece, all = 0, of_piece[64] = { 0 };

	(void)state;
	for (window = 0; window < 64; window++) {
		unsigned int n = 0;

		for (piece = 0; piece < 64; piece++) {
			int accessed =
				damon_piece_accessed(1 << 14, (0x7f00 + piece) * 2 * M, window);

			n += (unsigned int)accessed;
			of_piece[piece] += (unsigned int)accessed;
		}
		assert_in_range(n, 12, 20);
		all += n;
	}
	assert_in_range(all, 1000, 1048);
	for (piece = 0; piece < 64; piece++)
		assert_in_range(of_piece[piece], 13, 19);
	assert_false(damon_piece_accessed(0, 0, 0));
	assert_true(damon_piece_accessed(1 << 16, 3 * M, 77));
}

#define FOLDER KDAMOND_FOLDER "/"

/* What the kernel makes when it is told that there is one kdamond. */
static void make_folders(const struct tree *tree)
{
	static const char *const files[] = {
		"state",
		"contexts/nr_contexts",
		"contexts/0/operations",
		"contexts/0/monitoring_attrs/intervals/sample_us",
		"contexts/0/monitoring_attrs/intervals/aggr_us",
		"contexts/0/monitoring_attrs/intervals/update_us",
		"contexts/0/monitoring_attrs/nr_regions/min",
		"contexts/0/monitoring_attrs/nr_regions/max",
		"contexts/0/targets/nr_targets",
		"contexts/0/targets/0/pid_target",
		"contexts/0/targets/0/regions/nr_regions",
	};
	char path[160];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), FOLDER "0/%s", files[i]);
		tree_text(tree, path, "0\n");
	}
	for (i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), FOLDER "0/contexts/0/targets/0/regions/%zu/start", i);
		tree_text(tree, path, "0\n");
		snprintf(path, sizeof(path), FOLDER "0/contexts/0/targets/0/regions/%zu/end", i);
		tree_text(tree, path, "0\n");
	}
	tree_text(tree, FOLDER "nr_kdamonds", "0\n");
	tree_text(tree, FOLDER "0/pid", "%d\n", (int)getpid());
}

static uint64_t number(const struct tree *tree, const char *file)
{
	uint64_t value = 77;

	assert_int_equal(file_read_u64(&value, "%s/" FOLDER "%s", tree->root, file), 0);
	return value;
}

static void assert_operations(const struct tree *tree, const char *name)
{
	char text[16];

	assert_true(file_read_text(text, sizeof(text), "%s/" FOLDER "0/contexts/0/operations",
				   tree->root) > 0);
	assert_string_equal(text, name);
}

static void test_only_ours_is_taken_away(void **state)
{
	struct tree tree;
	char text[16];

	(void)state;
	tree_make(&tree);
	assert_int_equal(kdamond_make(tree.root, 10000007), -ENOENT);
	make_folders(&tree);
	assert_int_equal(kdamond_make(tree.root, 10000007), 0);
	assert_int_equal(number(&tree, "nr_kdamonds"), 1);
	assert_int_equal(kdamond_make(tree.root, 10000007), -EBUSY);
	assert_true(kdamond_is_ours(tree.root, 10000007));
	assert_false(kdamond_is_ours(tree.root, 10000008));
	assert_false(kdamond_is_ours(tree.root, 0));
	kdamond_set(tree.root, "on", "state");
	assert_int_equal(kdamond_thread(tree.root), getpid());
	/* Somebody else's, by its mark. */
	assert_int_equal(kdamond_remove(tree.root, 10000008), 0);
	assert_int_equal(number(&tree, "nr_kdamonds"), 1);
	assert_int_equal(kdamond_remove(tree.root, 10000007), 0);
	assert_int_equal(number(&tree, "nr_kdamonds"), 0);
	assert_int_equal(file_read_text(text, sizeof(text), "%s/" FOLDER "0/state", tree.root), 3);
	assert_string_equal(text, "off");
	/* Killed before it was marked: an empty one is nobody's. */
	tree_text(&tree, FOLDER "nr_kdamonds", "1\n");
	assert_int_equal(kdamond_remove(tree.root, 10000009), 0);
	assert_int_equal(number(&tree, "nr_kdamonds"), 1);
	tree_text(&tree, FOLDER "0/contexts/nr_contexts", "0\n");
	assert_int_equal(kdamond_remove(tree.root, 10000009), 0);
	assert_int_equal(number(&tree, "nr_kdamonds"), 0);
	tree_remove(&tree, "");
}

static void no_pins(void)
{
}

/* A record that a killed daemon left takes it away at the next start. */
static void test_undone_after_a_crash(void **state)
{
	struct undo_env env = { .unpin = no_pins };
	struct undo *undo;
	struct tree tree;
	char why[256], run_dir[128], record[256];

	(void)state;
	tree_make(&tree);
	make_folders(&tree);
	snprintf(run_dir, sizeof(run_dir), "%s/run", tree.root);
	env.run_dir = run_dir;
	env.proc_root = env.sys_root = tree.root;
	assert_int_equal(undo_open(&env, &undo, why, sizeof(why)), 0);
	assert_int_equal(undo_note_kdamond(undo, 10000007), 0);
	assert_int_equal(kdamond_make(tree.root, 10000007), 0);
	kdamond_set(tree.root, "on", "state");
	snprintf(record, sizeof(record), "%s/undo/kdamond", run_dir);
	assert_int_equal(access(record, F_OK), 0);
	undo_close(undo);
	assert_int_equal(number(&tree, "nr_kdamonds"), 0);
	assert_int_not_equal(access(record, F_OK), 0);
	tree_remove(&tree, "");
}

/* Tells of one target: hot up to the middle, cold from there on. */
static struct {
	uint64_t start, middle, end;
	uint32_t watched;
} told;

static void fake_watch(void *arg, uint32_t tid)
{
	(void)arg;
	told.watched = tid;
}

static int fake_records(void *arg, damon_record_fn *each, void *each_arg)
{
	struct damon_record record = { .regions = 2 };

	(void)arg;
	record.start = told.start;
	record.end = told.middle;
	record.accesses = DAMON_SAMPLES;
	each(each_arg, &record);
	record.start = told.middle;
	record.end = told.end;
	record.accesses = 0;
	each(each_arg, &record);
	/* One of nobody, and half of an aggregation. */
	record.target = 7;
	each(each_arg, &record);
	record.target = 0;
	record.start = told.start;
	each(each_arg, &record);
	return 0;
}

static struct {
	unsigned int accessed, idle, unknown;
} pages;

static void count_pages(void *arg, const struct observation *observations, size_t n)
{
	size_t i;

	(void)arg;
	for (i = 0; i < n; i++) {
		unsigned int length = 1u << observations[i].order;

		pages.accessed += observations[i].seen == SEEN_ACCESSED ? length : 0;
		pages.idle += observations[i].seen == SEEN_IDLE ? length : 0;
		pages.unknown += observations[i].seen == SEEN_UNKNOWN ? length : 0;
		assert_int_equal(observations[i].target, 3);
		assert_int_equal(observations[i].interval_ns, NSEC_PER_SEC);
	}
}

static void count_target(void *arg, struct target *target)
{
	(void)target;
	(*(unsigned int *)arg)++;
}

/**
 * struct scene - a child, what it shares with nobody since it was touched there, and DAMON's files
 * @frames: of its pages, 0: hidden from those who are not root
 */
struct scene {
	struct damon_source source;
	struct damon_setup setup;
	struct tracker_env env;
	struct target *target;
	struct tree tree;
	pid_t child;
	uint64_t start;
	uint64_t frames[FAKE_PAGES];
	void *damon;
};

static void scene_open(struct scene *scene, int physical)
{
	struct target_key key;
	size_t i;

	*scene = (struct scene){ .source = { .watch = fake_watch, .read = fake_records },
				 .start = (uintptr_t)pages_make() };
	/* What a child shares with us since the fork is not its own. */
	scene->child = child_make();
	key = child_key(scene->child);
	assert_int_equal(target_open("/proc", 3, &key, NULL, &scene->target), 0);
	scene->target->vmas = malloc(sizeof(struct vma));
	scene->target->vmas[0] =
		(struct vma){ scene->start, scene->start + FAKE_PAGES * TIERED_PAGE_SIZE };
	scene->target->n_vmas = 1;
	assert_int_equal(target_pagemap(scene->target, scene->start, scene->frames, FAKE_PAGES),
			 FAKE_PAGES);
	for (i = 0; i < FAKE_PAGES; i++)
		scene->frames[i] = pagemap_pfn(scene->frames[i]);
	tree_make(&scene->tree);
	make_folders(&scene->tree);
	scene->setup = (struct damon_setup){ .source = &scene->source,
					     .mark = 10000007,
					     .physical = physical };
	scene->env = (struct tracker_env){ .proc_root = "/proc",
					   .sys_root = scene->tree.root,
					   .damon = &scene->setup,
					   .topology = fake_topology() };
	memset(&pages, 0, sizeof(pages));
}

static void scene_close(struct scene *scene)
{
	tracker_damon.stop(scene->damon);
	assert_int_equal(number(&scene->tree, "nr_kdamonds"), 0);
	topology_free((struct topology *)scene->env.topology);
	tree_remove(&scene->tree, "");
	target_close(scene->target);
	child_end(scene->child);
}

static void test_pages_of_regions(void **state)
{
	struct tracker_cost cost;
	unsigned int marked = 0;
	struct scene scene;

	(void)state;
	scene_open(&scene, 0);
	told.start = scene.start;
	told.middle = told.start + FAKE_PAGES / 2 * TIERED_PAGE_SIZE;
	told.end = told.start + FAKE_PAGES * TIERED_PAGE_SIZE;
	assert_int_equal(tracker_damon.start(&scene.env, &scene.damon), 0);
	assert_int_equal(number(&scene.tree, "0/contexts/0/monitoring_attrs/intervals/sample_us"),
			 DAMON_SAMPLE_NS / 1000);
	assert_int_equal(tracker_damon.retarget(scene.damon, &scene.target, 1), 0);
	assert_int_equal(tracker_damon.mark(scene.damon, 1 << 20, &cost), 0);
	assert_int_equal(cost.pages, FAKE_PAGES);
	assert_int_equal(told.watched, getpid());
	assert_int_equal(number(&scene.tree, "0/contexts/0/targets/0/pid_target"), scene.child);
	tracker_damon.marked_targets(scene.damon, count_target, &marked);
	assert_int_equal(marked, 1);
	assert_int_equal(tracker_damon.read(scene.damon, NSEC_PER_SEC, count_pages, NULL, &cost),
			 0);
	if (scene.frames[0]) {
		assert_int_equal(pages.accessed, FAKE_PAGES / 2);
		assert_int_equal(pages.idle, FAKE_PAGES / 2);
		assert_int_equal(pages.unknown, 0);
	}
	/* At rest it looks at nobody, and says nothing. */
	tracker_damon.rest(scene.damon);
	assert_int_equal(told.watched, 0);
	pages.accessed = pages.idle = 0;
	assert_int_equal(tracker_damon.read(scene.damon, NSEC_PER_SEC, count_pages, NULL, &cost),
			 0);
	assert_int_equal(pages.accessed + pages.idle, 0);
	scene_close(&scene);
}

/* operations = paddr: a page is what the memory is that it lies in. */
static void test_pages_of_memory(void **state)
{
	unsigned int hot = 0, i;
	struct tracker_cost cost;
	struct scene scene;

	(void)state;
	scene_open(&scene, 1);
	told.start = 0;
	told.middle = (scene.frames[FAKE_PAGES / 2] + 1) << TIERED_PAGE_SHIFT;
	told.end = UINT64_C(1) << 50;
	for (i = 0; i < FAKE_PAGES; i++)
		hot += scene.frames[i] << TIERED_PAGE_SHIFT < told.middle;
	assert_int_equal(tracker_damon.start(&scene.env, &scene.damon), 0);
	assert_int_equal(tracker_damon.retarget(scene.damon, &scene.target, 1), 0);
	assert_int_equal(tracker_damon.mark(scene.damon, 1 << 20, &cost), 0);
	/* It is told of all memory there is, and of no process. */
	assert_int_equal(number(&scene.tree, "0/contexts/0/targets/nr_targets"), 1);
	assert_int_equal(number(&scene.tree, "0/contexts/0/targets/0/pid_target"), 0);
	assert_int_equal(number(&scene.tree, "0/contexts/0/targets/0/regions/0/start"), 0);
	assert_in_range(number(&scene.tree, "0/contexts/0/targets/0/regions/0/end"), 128 * M,
			UINT64_MAX);
	assert_int_equal(told.watched, getpid());
	assert_int_equal(tracker_damon.read(scene.damon, NSEC_PER_SEC, count_pages, NULL, &cost),
			 0);
	if (scene.frames[0]) {
		assert_int_equal(pages.accessed, hot);
		assert_int_equal(pages.accessed + pages.idle, FAKE_PAGES);
	}
	/* Other targets, the same memory: it goes on. */
	told.watched = 77;
	assert_int_equal(tracker_damon.retarget(scene.damon, NULL, 0), 0);
	assert_int_equal(told.watched, 0);
	assert_int_equal(tracker_damon.retarget(scene.damon, &scene.target, 1), 0);
	assert_int_equal(tracker_damon.mark(scene.damon, 1 << 20, &cost), 0);
	assert_int_equal(told.watched, getpid());
	scene_close(&scene);
}

/* With holes in between: what there is no room for is counted. */
static void test_ranges_of_memory(void **state)
{
	uint8_t units[2 * DAMON_RANGES_MAX + 9];
	struct topology topology = { .pfns = { .shift = 15, .units = units } };
	struct damon_range ranges[DAMON_RANGES_MAX];
	struct damon damon = { .n_ranges = 0 };
	struct tracker_env env = { .topology = &topology };
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(units); i++)
		units[i] = i % 2 ? TIERED_NODE_NONE : 0;
	topology.pfns.n_units = 2 * DAMON_RANGES_MAX;
	assert_int_equal(damon_ranges(&topology, ranges, &n), 0);
	assert_int_equal(n, DAMON_RANGES_MAX);
	assert_int_equal(ranges[1].start, 256 * M);
	assert_int_equal(ranges[1].end, 384 * M);
	damon.env = &env;
	assert_int_equal(damon_find_ranges(&damon), 1);
	assert_int_equal(damon.beyond, 0);
	/* Two ranges more, one of two blocks and one of three. */
	topology.pfns.n_units = sizeof(units);
	units[2 * DAMON_RANGES_MAX + 1] = 0;
	units[2 * DAMON_RANGES_MAX + 2] = TIERED_NODE_NONE;
	units[2 * DAMON_RANGES_MAX + 5] = 0;
	units[2 * DAMON_RANGES_MAX + 7] = TIERED_NODE_NONE;
	units[2 * DAMON_RANGES_MAX + 8] = TIERED_NODE_NONE;
	assert_int_equal(damon_ranges(&topology, ranges, &n), 5 * 128 * M);
	assert_int_equal(n, DAMON_RANGES_MAX);
	/* Of which the kdamond is told nothing, and people are, once. */
	assert_int_equal(damon_find_ranges(&damon), 0);
	assert_int_equal(damon.beyond, 1);
}

/* What this kernel has no code for is found before anything starts. */
static void test_operations_that_are_not_there(void **state)
{
	static const char *const has[] = { "vaddr\nfvaddr\n", "paddr\n", "" };
	struct scene scene;
	int physical;
	size_t i;

	(void)state;
	for (physical = 0; physical < 2; physical++) {
		scene_open(&scene, physical);
		for (i = 0; i < 3; i++) {
			int ret, works = i == (size_t)physical;

			tree_text(&scene.tree, FOLDER "0/contexts/0/operations", "none\n");
			tree_text(&scene.tree, FOLDER "0/contexts/0/avail_operations", "%s",
				  has[i]);
			ret = tracker_damon.start(&scene.env, &scene.damon);
			assert_int_equal(ret, works ? 0 : -EOPNOTSUPP);
			assert_operations(&scene.tree, !works     ? "none"
						       : physical ? "paddr"
								  : "vaddr");
			assert_int_equal(number(&scene.tree, "nr_kdamonds"), works);
			tracker_damon.stop(scene.damon);
			scene.damon = NULL;
		}
		scene_close(&scene);
	}
}

static void test_reasons(void **state)
{
	struct damon_source deaf = { .why = "no ears" },
			    source = { .watch = fake_watch, .read = fake_records };
	struct damon_setup setup = { .source = NULL };
	struct tracker_env env = { .damon = NULL };
	char reason[512];
	struct tree tree;

#define REFUSED(part)                                                                              \
	do {                                                                                       \
		assert_int_equal(tracker_damon.probe(&env, reason, sizeof(reason)), -EOPNOTSUPP);  \
		if (!strstr(reason, part))                                                         \
			fail_msg("'%s' is not in '%s'", part, reason);                             \
	} while (0)
	(void)state;
	tree_make(&tree);
	env.sys_root = tree.root;
	REFUSED("CONFIG_DAMON_SYSFS");
	make_folders(&tree);
	tree_text(&tree, FOLDER "nr_kdamonds", "2\n");
	REFUSED("2 kdamonds are set up already");
	tree_text(&tree, FOLDER "nr_kdamonds", "0\n");
	tree_text(&tree, "module/damon_stat/parameters/enabled", "Y\n");
	REFUSED("echo N > /sys/module/damon_stat/parameters/enabled");
	tree_text(&tree, "module/damon_stat/parameters/enabled", "N\n");
	REFUSED("needs BPF");
	env.damon = &setup;
	REFUSED("needs BPF");
	setup.source = &deaf;
	REFUSED("no ears");
	setup.source = &source;
	REFUSED("undo record");
	setup.mark = 10000007;
	assert_int_equal(tracker_damon.probe(&env, reason, sizeof(reason)), 0);
	source.lacks = "vaddr";
	REFUSED("no operations = vaddr (CONFIG_DAMON_VADDR); set operations = paddr");
	source.lacks = "paddr";
	assert_int_equal(tracker_damon.probe(&env, reason, sizeof(reason)), 0);
	setup.physical = 1;
	REFUSED("no operations = paddr (CONFIG_DAMON_PADDR); set operations = vaddr");
	assert_int_equal(number(&tree, "nr_kdamonds"), 0);
	tree_remove(&tree, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_areas_ascend),
		cmocka_unit_test(test_areas_carry),
		cmocka_unit_test(test_areas_find),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_pieces_are_even),
		cmocka_unit_test(test_only_ours_is_taken_away),
		cmocka_unit_test(test_undone_after_a_crash),
		cmocka_unit_test(test_pages_of_regions),
		cmocka_unit_test(test_pages_of_memory),
		cmocka_unit_test(test_ranges_of_memory),
		cmocka_unit_test(test_operations_that_are_not_there),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
