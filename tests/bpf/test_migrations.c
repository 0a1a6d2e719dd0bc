// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: compaction moves pages on any machine, and the kernel
 * counts them in /proc/vmstat: the programs must count the same, and nobody
 * may take it for a move of the daemon, even when the worker's thread does it to
 * the very process whose pages it is to move. With a second
 * node a child's pages are moved there by this thread, playing the worker:
 * records must name the child as the victim and say that it was our doing, and
 * where the kernel lets functions be hooked, each mapping must be told with
 * the right nodes.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "common.h"

#define PAGES 256

struct moves {
	uint32_t tgid;
	uint64_t succeeded, failed, records, ours, attributed;
	uint64_t folios, folios_placed, folios_ours;
	uint64_t begin, end; /* addresses that folios are expected in */
	uint32_t from, to;
};

static void on_migration(void *arg, const struct event_migration *event)
{
	struct moves *moves = arg;

	if (moves->tgid && event->header.tgid != moves->tgid)
		return;
	moves->records++;
	moves->succeeded += event->succeeded;
	moves->failed += event->failed;
	moves->ours += !!(event->header.flags & EVENT_F_OURS);
	moves->attributed += !!(event->header.flags & EVENT_F_ATTRIBUTED);
	/* enum migrate_mode has had three or four values since 4.14. */
	assert_in_range(event->mode, 0, 3);
	assert_in_range(event->reason, 0, SEEN_REASONS - 1);
	assert_int_equal(event->reason == SEEN_TIERED, !!(event->header.flags & EVENT_F_OURS));
}

static void on_folio(void *arg, const struct event_folio *event)
{
	struct moves *moves = arg;

	if ((moves->tgid && event->header.tgid != moves->tgid) || event->address < moves->begin ||
	    event->address >= moves->end)
		return;
	moves->folios++;
	moves->folios_placed += event->from == moves->from && event->to == moves->to &&
				event->order == 0;
	moves->folios_ours += !!(event->header.flags & EVENT_F_OURS);
	assert_in_range(event->reason, 0, SEEN_REASONS - 1);
	assert_int_equal(event->reason == SEEN_TIERED, !!(event->header.flags & EVENT_F_OURS));
}

static const struct event_handler moves_handler = { .migration = on_migration, .folio = on_folio };

static struct stats_migrations migrations_sum(const struct bpf *bpf)
{
	struct stats_migrations by_reason[SEEN_REASONS], sum = { 0 };

	assert_int_equal(bpf_migrations(bpf, by_reason), 0);
	for (int i = 0; i < SEEN_REASONS; i++) {
		sum.calls += by_reason[i].calls;
		sum.succeeded += by_reason[i].succeeded;
		sum.failed += by_reason[i].failed;
	}
	return sum;
}

static struct stats_migrations migrations_for(const struct bpf *bpf, enum seen_reason reason)
{
	struct stats_migrations by_reason[SEEN_REASONS];

	assert_int_equal(bpf_migrations(bpf, by_reason), 0);
	return by_reason[reason];
}

/*
 * Fresh pages of which a pattern is returned: something to compact. Where the
 * holes must be depends on where the kernel took the pages from, so the
 * pattern is another one each time. The rest is kept until the caller unmaps it.
 */
static char *memory_fragment(size_t length, int attempt)
{
	static const size_t runs[] = { 1, 16, 2048 }; /* pages kept, and pages returned */
	const size_t run = runs[attempt / 2 % 3] * TIERED_PAGE_SIZE;
	char *memory =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	madvise(memory, length, MADV_NOHUGEPAGE);
	memset(memory, 1, length);
	for (size_t at = attempt % 2 ? run : 0; at < length; at += 2 * run)
		madvise(memory + at, run, MADV_DONTNEED);
	return memory;
}

static void memory_compact(void)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY);

	if (fd < 0)
		skip_because("no /proc/sys/vm/compact_memory: %s", strerror(errno));
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

/* How many pages the kernel says it moved; gives up after some attempts. */
static uint64_t compaction_force(void)
{
	const size_t length = 32 << 20;
	long long before = vmstat_counter("pgmigrate_success"), after = before;

	for (int attempt = 0; attempt < 48 && after == before; attempt++) {
		char *memory = memory_fragment(length, attempt);

		memory_compact();
		munmap(memory, length);
		after = vmstat_counter("pgmigrate_success");
	}
	return (uint64_t)(after - before);
}

static void test_compaction_is_counted(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX, .ring_bytes = 4 << 20 };
	struct bpf *bpf = open_bpf(&config);
	uint64_t moved = compaction_force();
	struct stats_migrations sum = migrations_sum(bpf);
	struct stats_migrations compaction = migrations_for(bpf, SEEN_COMPACTION);
	struct moves moves = { 0 };

	(void)state;
	assert_true(bpf_consume(bpf, &moves_handler, &moves) >= 0);
	bpf_close(bpf);
	if (!moved)
		skip_because("the kernel found nothing to compact");
	/* Somebody else's migration may lie between the readings, hence not equal. */
	printf("# compaction moved %llu pages, counted %llu, told %llu\n",
	       (unsigned long long)moved, (unsigned long long)sum.succeeded,
	       (unsigned long long)moves.succeeded);
	assert_in_range(sum.succeeded, moved * 95 / 100, moved * 105 / 100);
	assert_in_range(compaction.succeeded, moved * 95 / 100, sum.succeeded);
	assert_in_range(moves.succeeded, moved * 95 / 100, moved * 105 / 100);
	assert_in_range(moves.records, 1, sum.calls);
	assert_int_equal(moves.ours, 0);
	assert_int_equal(moves.attributed, 0);
}

/* A process that finds no room for a large page compacts: the worker too, in mid-move. */
static void test_compaction_by_the_worker_is_not_ours(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX,
					   .ring_bytes = 4 << 20,
					   .watch = true };
	struct moves moves = { .end = UINT64_MAX };
	struct bpf *bpf = open_bpf(&config);
	struct stats_process process = { 0 };
	struct stats_migrations sum, ours;
	uint64_t moved;

	(void)state;
	bpf_set_worker(bpf, (uint32_t)gettid());
	bpf_set_victim(bpf, (uint32_t)getpid());
	moved = compaction_force();
	bpf_set_victim(bpf, 0);
	sum = migrations_for(bpf, SEEN_COMPACTION);
	ours = migrations_for(bpf, SEEN_TIERED);
	assert_true(bpf_consume(bpf, &moves_handler, &moves) >= 0);
	if (bpf_enabled(bpf, "migration-owners"))
		bpf_process(bpf, (uint32_t)getpid(), proc_start_ns(getpid()), &process);
	bpf_close(bpf);
	if (!moved)
		skip_because("the kernel found nothing to compact");
	printf("# compaction by the worker moved %llu pages, %llu mappings of its victim\n",
	       (unsigned long long)sum.succeeded, (unsigned long long)process.moved);
	assert_true(sum.succeeded > 0);
	assert_int_equal(ours.calls, 0);
	assert_int_equal(ours.succeeded, 0);
	assert_true(moves.records > 0);
	assert_int_equal(moves.ours, 0);
	assert_int_equal(moves.attributed, 0);
	assert_int_equal(moves.folios_ours, 0);
	assert_int_equal(process.by_reason.tiered, 0);
	assert_int_equal(process.by_reason.compaction, process.moved_pages);
}

/* What the child shares with the test. */
struct arena {
	char *memory; /* the same address in both */
	_Atomic int spin;
	_Atomic uint64_t turns;
};

static void arena_touch(void *arg)
{
	struct arena *arena = arg;

	madvise(arena->memory, PAGES * TIERED_PAGE_SIZE, MADV_NOHUGEPAGE);
	memset(arena->memory, 1, PAGES * TIERED_PAGE_SIZE);
}

static void *arena_spin(void *arg)
{
	struct arena *arena = arg;

	while (arena->spin) {
		for (size_t i = 0; i < PAGES; i++)
			((volatile char *)arena->memory)[i * TIERED_PAGE_SIZE]++;
		arena->turns++;
	}
	return NULL;
}

/* First call: fill the pages and leave a thread behind that uses them all the time. */
static void arena_work(void *arg)
{
	struct arena *arena = arg;
	pthread_t thread;

	arena_touch(arena);
	arena->spin = 1;
	if (pthread_create(&thread, NULL, arena_spin, arena))
		_exit(1);
}

static struct arena *arena_make(void)
{
	struct arena *arena = mmap(NULL, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(arena, MAP_FAILED);
	arena->memory = mmap(NULL, PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(arena->memory, MAP_FAILED);
	return arena;
}

static int nodes_with_memory(void)
{
	char text[64] = "";
	FILE *file = fopen("/sys/devices/system/node/has_memory", "re");

	if (file) {
		if (!fgets(text, sizeof(text), file))
			text[0] = '\0';
		fclose(file);
	}
	return strpbrk(text, "-,") ? 2 : 1;
}

/* Moves (or with @node < 0 looks up) all pages of the arena; how many lie on @want afterwards. */
static int arena_move(const struct arena *arena, pid_t pid, int node, int want)
{
	static void *pages[PAGES];
	static int nodes[PAGES], status[PAGES];
	int there = 0;

	for (int i = 0; i < PAGES; i++) {
		pages[i] = arena->memory + (size_t)i * TIERED_PAGE_SIZE;
		nodes[i] = node;
	}
	assert_true(syscall(SYS_move_pages, pid, (long)PAGES, pages, node < 0 ? NULL : nodes,
			    status, MPOL_MF_MOVE) >= 0);
	for (int i = 0; i < PAGES; i++)
		there += status[i] == want;
	return there;
}

/* Moves the arena to and fro until a thread of the child was interrupted for it. */
static void check_flushes(struct bpf *bpf, const struct arena *arena, pid_t pid)
{
	struct flush_seen before, after;
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
	int node = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	assert_int_equal(bpf_flush_seen(bpf, &before), 0);
	for (int i = 0; i < 50; i++) {
		uint64_t turns = arena->turns;

		/* It must have run since the last move, or there is nothing to flush. */
		while (arena->turns < turns + 2)
			sched_yield();
		arena_move(arena, pid, node, node);
		node = !node;
		assert_int_equal(bpf_flush_seen(bpf, &after), 0);
		if (after.full + after.partial > before.full + before.partial)
			break;
	}
	assert_true(after.full + after.partial > before.full + before.partial);
	assert_int_equal(bpf_flushes(bpf, flushes), 0);
	assert_true(flushes[STATS_FLUSH_SENT].full >= after.full);
	assert_true(flushes[STATS_FLUSH_SENT].partial >= after.partial);
}

/* With function hooks: the child's counters and the record of each mapping. */
static void check_owner(const struct bpf *bpf, const struct moves *moves, pid_t pid,
			uint64_t start_ns, int moved)
{
	struct stats_process process;

	if (!bpf_enabled(bpf, "migration-owners")) {
		assert_int_equal(moves->folios, 0);
		printf("# no records of single mappings here\n");
		return;
	}
	assert_int_equal(bpf_process(bpf, (uint32_t)pid, start_ns, &process), 0);
	assert_true(process.moved >= (uint64_t)moved);
	assert_int_equal(process.moved, process.moved_pages);
	assert_int_equal(process.by_reason.tiered, process.moved_pages);
	assert_int_equal(moves->folios, moved);
	assert_int_equal(moves->folios_placed, moved);
	assert_int_equal(moves->folios_ours, moved);
}

static void test_our_moves_name_their_victim(void **state)
{
	const struct bpf_config config = { .event_rate = UINT32_MAX, .watch = true };
	struct moves moves = { .from = 0, .to = 1 };
	struct arena *arena = arena_make();
	struct child child;
	uint64_t start_ns;
	struct bpf *bpf;
	int moved;

	(void)state;
	if (nodes_with_memory() < 2)
		skip_because("one memory node: nowhere to move to");
	child = child_start(arena_work, arena);
	child_run(&child);
	start_ns = proc_start_ns(child.pid);
	arena_move(arena, child.pid, 0, 0);
	bpf = open_bpf(&config);
	bpf_set_worker(bpf, (uint32_t)gettid());
	bpf_set_victim(bpf, (uint32_t)child.pid);
	moved = arena_move(arena, child.pid, 1, 1);
	moves.tgid = (uint32_t)child.pid;
	moves.begin = (uint64_t)(uintptr_t)arena->memory;
	moves.end = moves.begin + PAGES * TIERED_PAGE_SIZE;
	bpf_set_victim(bpf, 0);
	assert_true(bpf_consume(bpf, &moves_handler, &moves) > 0);
	assert_in_range(moved, PAGES * 9 / 10, PAGES);
	assert_int_equal(moves.succeeded, moved);
	assert_int_equal(moves.ours, moves.records);
	assert_int_equal(moves.attributed, moves.records);
	check_owner(bpf, &moves, child.pid, start_ns, moved);
	check_flushes(bpf, arena, child.pid);
	arena->spin = 0;
	child_end(&child);
	bpf_close(bpf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compaction_is_counted),
		cmocka_unit_test(test_compaction_by_the_worker_is_not_ours),
		cmocka_unit_test(test_our_moves_name_their_victim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
