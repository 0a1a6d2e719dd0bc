// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: the pages of a child are moved to the other node and
 * back by this program, as itself or in the part of the daemon's worker. The
 * counters of the process, of its cgroup and of the pairs of nodes, the records
 * of single mappings and the text that the pinned table prints must all say the
 * same number, whether anybody reads the records in time or not.
 */
#include "scene.h"
#include "util/clock.h"
#include "views.h"

#define PAGES 1024
/* There and back: as many records as must fit without anybody reading. */
#define BURST_PAGES 8192

static void on_folio(void *arg, const struct event_folio *event)
{
	const struct scene *expected = arg;
	struct scene *scene = arg;
	const uint64_t begin = (uint64_t)(uintptr_t)expected->arena.memory;

	assert_int_equal(event->header.tgid, scene->child.pid);
	assert_int_equal(event->header.cgroup_id, scene->cgroup_id);
	assert_int_equal(event->reason, scene->reason);
	scene->records++;
	scene->ours += !!(event->header.flags & EVENT_F_OURS);
	scene->undone += !!(event->header.flags & EVENT_F_UNDONE);
	scene->promoted += event->from == 1 && event->to == 0;
	scene->placed += event->address >= begin &&
			 event->address < begin + expected->arena.pages * TIERED_PAGE_SIZE &&
			 event->from + event->to == 1 && event->order == expected->order;
}

static void records_take(struct scene *scene)
{
	const struct event_handler handler = { .folio = on_folio };
	int n;

	do {
		n = bpf_consume(scene->bpf, &handler, scene);
		assert_true(n >= 0);
	} while (n == BPF_CONSUME_MAX);
}

struct search {
	uint64_t cgroup_id;
	struct stats_cgroup cgroup;
	struct stats_node_pair down, up;
	struct stats_process process;
	uint32_t tgid;
	int processes, cgroups, pairs;
};

static int on_process(void *arg, const struct target_key *key, const struct stats_process *process)
{
	struct search *search = arg;

	if (key->tgid == search->tgid) {
		search->process = *process;
		search->processes++;
	}
	return 0;
}

static int on_cgroup(void *arg, uint64_t id, const struct stats_cgroup *cgroup)
{
	struct search *search = arg;

	if (id == search->cgroup_id) {
		search->cgroup = *cgroup;
		search->cgroups++;
	}
	return 0;
}

static int on_pair(void *arg, const struct stats_node_pair_key *key,
		   const struct stats_node_pair *pair)
{
	struct search *search = arg;

	if (key->from == 0 && key->to == 1)
		search->down = *pair;
	if (key->from == 1 && key->to == 0)
		search->up = *pair;
	search->pairs++;
	return 0;
}

static struct search search_run(const struct scene *scene)
{
	struct search search = { .cgroup_id = scene->cgroup_id,
				 .tgid = (uint32_t)scene->child.pid };

	assert_int_equal(bpf_each_process(scene->bpf, on_process, &search), 0);
	assert_int_equal(bpf_each_cgroup(scene->bpf, on_cgroup, &search), 0);
	assert_int_equal(bpf_each_node_pair(scene->bpf, on_pair, &search), 0);
	assert_int_equal(search.processes, 1);
	assert_int_equal(search.cgroups, 1);
	return search;
}

/* The same as a person gets it with bpftool; the only process counted here. */
static void check_bpftool(const struct stats_process *process)
{
	char number[32], *text;

	text = bpftool_dump("", "processes");
	if (!text)
		skip_because("no bpftool");
	free(text);
	snprintf(number, sizeof(number), "%llu,", (unsigned long long)process->moved_pages);
	check_dump("processes", "\"moved_pages\": ", number);
	check_dump("processes", "\"comm\": ", "\"test_views\",");
	check_dump("cgroups", "\"moved_pages\": ", number);
	check_dump("node_pairs", "\"from\": ", "");
}

/* The row of the child in the text that cat shows. */
static void check_row(const struct scene *scene, const struct stats_process *process,
		      const char *reasons)
{
	char word[16], format[512], *text, *line;

	pin(scene->bpf);
	text = text_read(PINS "/processes");
	snprintf(word, sizeof(word), "%d", scene->child.pid);
	line = text_line(text, word);
	snprintf(format, sizeof(format),
		 "%7d %-15s %10llu %10llu %10llu %10llu %10llu %8llu %8llu %s", scene->child.pid,
		 "test_views", (unsigned long long)scene->cgroup_id,
		 (unsigned long long)process->moved, (unsigned long long)process->moved_pages,
		 (unsigned long long)process->promoted_pages,
		 (unsigned long long)process->demoted_pages, (unsigned long long)process->undone,
		 (unsigned long long)process->interrupts, reasons);
	printf("# %s\n", line ? line : "no row of the child");
	assert_non_null(line);
	assert_string_equal(line, format);
	free(text);
	check_bpftool(process);
	bpf_unpin(scene->bpf);
}

/* @pages pages, each mapped once and moved to node 1 and back, in every view. */
static void check_views(struct scene *scene, uint64_t pages, enum seen_reason reason)
{
	struct search search = search_run(scene);
	struct stats_process process = process_of(scene);
	struct stats_migrations migrations[SEEN_REASONS];
	struct stats_totals totals;
	char reasons[64];

	assert_memory_equal(&process, &search.process, sizeof(process));
	assert_int_equal(process.moved, 2 * pages);
	assert_int_equal(process.moved_pages, 2 * pages);
	assert_int_equal(process.promoted_pages, pages);
	assert_int_equal(process.demoted_pages, pages);
	assert_int_equal(process.undone, 0);
	assert_int_equal(process.cgroup_id, scene->cgroup_id);
	assert_string_equal(process.comm, "test_views");
	assert_true(process.last_ns > 0 && process.last_ns <= clock_now_ns());
	assert_int_equal(((uint64_t *)&process.by_reason)[reason], 2 * pages);
	assert_int_equal(search.cgroup.moved_pages, 2 * pages);
	assert_int_equal(search.cgroup.moved, 2 * pages);
	assert_int_equal(search.cgroup.promoted_pages, pages);
	assert_int_equal(search.cgroup.demoted_pages, pages);
	assert_int_equal(search.down.moved, pages);
	assert_int_equal(search.down.pages, pages);
	assert_int_equal(search.up.moved, pages);
	assert_int_equal(bpf_migrations(scene->bpf, migrations), 0);
	assert_int_equal(migrations[reason].succeeded, 2 * pages);
	assert_int_equal(bpf_totals(scene->bpf, &totals), 0);
	assert_int_equal(totals.folios, 2 * pages);
	snprintf(reasons, sizeof(reasons), "%s:%llu", reason_names[reason],
		 (unsigned long long)(2 * pages));
	check_row(scene, &process, reasons);
}

static void check_cgroup_goes(const struct scene *scene)
{
	const uint64_t deadline_ns = clock_now_ns() + 30 * NSEC_PER_SEC;
	struct search search = { .cgroup_id = scene->cgroup_id };

	while (rmdir(CGROUP) < 0)
		assert_true(clock_now_ns() < deadline_ns);
	assert_int_equal(bpf_each_cgroup(scene->bpf, on_cgroup, &search), 0);
	assert_int_equal(search.cgroups, 0);
}

/* An entry of a process that nobody manages goes with it. */
static void check_process_goes(const struct scene *scene)
{
	struct search search = { .tgid = (uint32_t)scene->child.pid };

	assert_int_equal(bpf_each_process(scene->bpf, on_process, &search), 0);
	assert_int_equal(search.processes, 0);
}

static void test_all_views_agree(void **state)
{
	struct scene scene = scene_open(PAGES, MADV_NOHUGEPAGE);

	(void)state;
	bpffs_mount();
	pages_move(&scene, TIERED_PAGE_SIZE, 1, MPOL_MF_MOVE);
	pages_move(&scene, TIERED_PAGE_SIZE, 0, MPOL_MF_MOVE);
	records_take(&scene);
	assert_int_equal(scene.records, 0);
	check_views(&scene, PAGES, SEEN_SYSCALL);
	child_end(&scene.child);
	check_process_goes(&scene);
	check_cgroup_goes(&scene);
	bpf_close(scene.bpf);
	bpffs_unmount();
}

/* The same as the daemon's own; nobody reads before all of them are there. */
static void test_every_record_comes_while_watched(void **state)
{
	struct scene scene = scene_open(BURST_PAGES, MADV_NOHUGEPAGE);
	struct event_losses losses[EVENT_KINDS];

	(void)state;
	scene.reason = SEEN_TIERED;
	bpffs_mount();
	bpf_set_worker(scene.bpf, (uint32_t)gettid());
	bpf_set_watch(scene.bpf, true, (uint32_t)scene.child.pid);
	pages_move(&scene, TIERED_PAGE_SIZE, 1, MPOL_MF_MOVE);
	pages_move(&scene, TIERED_PAGE_SIZE, 0, MPOL_MF_MOVE);
	bpf_set_watch(scene.bpf, true, (uint32_t)getpid());
	records_take(&scene);
	assert_int_equal(bpf_losses(scene.bpf, losses), 0);
	assert_int_equal(losses[EVENT_FOLIO].rate_capped + losses[EVENT_FOLIO].ring_full, 0);
	assert_int_equal(scene.records, 2 * BURST_PAGES);
	assert_int_equal(scene.placed, 2 * BURST_PAGES);
	assert_int_equal(scene.promoted, BURST_PAGES);
	assert_int_equal(scene.ours, 2 * BURST_PAGES);
	assert_int_equal(scene.undone, 0);
	check_views(&scene, BURST_PAGES, SEEN_TIERED);
	/* Somebody else is watched now. */
	pages_move(&scene, TIERED_PAGE_SIZE, 1, MPOL_MF_MOVE);
	records_take(&scene);
	assert_int_equal(scene.records, 2 * BURST_PAGES);
	scene_close(&scene);
	bpffs_unmount();
}

static void test_huge_page_is_one_mapping(void **state)
{
	struct scene scene = scene_open(HUGE_SIZE / TIERED_PAGE_SIZE, MADV_HUGEPAGE);
	struct stats_process process;
	struct search search;

	(void)state;
	scene.reason = SEEN_SYSCALL;
	scene.order = 9;
	bpf_set_watch(scene.bpf, true, 0);
	pages_move(&scene, HUGE_SIZE, 1, MPOL_MF_MOVE);
	records_take(&scene);
	process = process_of(&scene);
	search = search_run(&scene);
	assert_int_equal(process.moved, 1);
	assert_int_equal(process.moved_pages, 512);
	assert_int_equal(process.demoted_pages, 512);
	assert_int_equal(process.by_reason.syscall, 512);
	assert_int_equal(search.down.moved, 1);
	assert_int_equal(search.down.pages, 512);
	assert_int_equal(scene.records, 1);
	assert_int_equal(scene.placed, 1);
	scene_close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_views_agree),
		cmocka_unit_test(test_every_record_comes_while_watched),
		cmocka_unit_test(test_huge_page_is_one_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
