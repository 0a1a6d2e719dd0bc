// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrate - what does the daemon's migrator add to bare move_pages()?
 *
 *	migrate [--size SIZE] [--rounds N] [--slow NODE] [--fast NODE] [--idle-victim]
 *
 * A child holds an arena, and spins over it unless --idle-victim is given. In
 * turns, a bare loop over move_pages() with 512 pages per call (what the
 * kernel flushes TLBs for at once) and the migrator of the daemon, unpaced,
 * move all of it to the other node. Prints pages per second, medians; a ratio
 * above 1 is what the migrator is slower by. Both are checked: every page has
 * to be where it was sent.
 */
#include <errno.h>
#include <getopt.h>
#include <numaif.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/migrator.h"
#include "lib/hold.h"
#include "lib/median.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "lib/placement.h"
#include "observe/target.h"
#include "tiered/types.h"
#include "util/clock.h"

#define BARE_BATCH 512
#define ROUNDS_MAX 99

enum mover { BARE, MIGRATOR, MOVERS };

struct bench {
	uint64_t *memory;
	size_t pages;
	unsigned int rounds;
	int slow, fast, idle_victim;

	pid_t child;
	struct target *target;
	struct migrator *migrator;
	struct plan plan;
	void **addresses;
	int *nodes, *status;
	double speed[MOVERS][ROUNDS_MAX]; /* pages per second */
};

static struct target *find_target(void *arg, uint32_t id)
{
	(void)id;
	return ((struct bench *)arg)->target;
}

static uint64_t unlimited_room(void *arg, uint8_t node)
{
	(void)arg;
	(void)node;
	return UINT64_MAX;
}

static int no_wait(void *arg, uint64_t ns)
{
	(void)arg;
	(void)ns;
	return 0;
}

static uint64_t no_pace(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return 0;
}

static void no_victim(void *arg, const struct target *target)
{
	(void)arg;
	(void)target;
}

static void no_books(void *arg, const struct migrator_call *call)
{
	(void)arg;
	(void)call;
}

static void child_run(const struct bench *bench)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (bench->idle_victim)
			pause();
		for (size_t i = 0; i < bench->pages; i++)
			((volatile uint64_t *)bench->memory)[i * MEMORY_PAGE_WORDS]++;
	}
}

/* The arena belongs to the child alone: shared pages would need MPOL_MF_MOVE_ALL. */
static void child_start(struct bench *bench)
{
	int ready[2], r = memory_map(bench->pages << TIERED_PAGE_SHIFT, MEMORY_HUGE_NEVER,
				     &bench->memory);
	char byte;

	if (r || pipe(ready))
		options_fail(r ? r : -errno, "cannot map the arena");
	bench->child = fork();
	if (bench->child < 0)
		options_fail(-errno, "cannot fork");
	if (!bench->child) {
		r = memory_fill(bench->memory, bench->pages, 1, 0, bench->slow);
		if (r)
			options_fail(r, "cannot fill the arena on node %d", bench->slow);
		if (write(ready[1], "", 1) == 1)
			child_run(bench);
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		options_fail(0, "the child could not fill its arena");
	close(ready[0]);
}

static void bench_open(struct bench *bench)
{
	const struct migrator_env env = { .target = find_target,
					  .room = unlimited_room,
					  .wait = no_wait,
					  .pace = no_pace,
					  .victim = no_victim,
					  .done = no_books,
					  .arg = bench };
	int r = hold_process(bench->child, &bench->target);

	bench->addresses = calloc(bench->pages, sizeof(*bench->addresses));
	bench->nodes = calloc(bench->pages, sizeof(*bench->nodes));
	bench->status = calloc(bench->pages, sizeof(*bench->status));
	if (!bench->addresses || !bench->nodes || !bench->status)
		options_fail(-ENOMEM, "%zu pages", bench->pages);
	for (size_t i = 0; i < bench->pages; i++)
		bench->addresses[i] = bench->memory + i * MEMORY_PAGE_WORDS;
	if (!r)
		r = migrator_new(&env, &bench->migrator);
	if (r)
		options_fail(r, "cannot open the child as a target");
}

static void move_bare(struct bench *bench, int to)
{
	for (size_t i = 0; i < bench->pages; i++)
		bench->nodes[i] = to;
	for (size_t done = 0; done < bench->pages; done += BARE_BATCH) {
		size_t n = bench->pages - done < BARE_BATCH ? bench->pages - done : BARE_BATCH;

		if (move_pages(bench->child, n, bench->addresses + done, bench->nodes + done,
			       bench->status + done, MPOL_MF_MOVE) < 0)
			options_fail(-errno, "move_pages");
	}
}

/* Making the plan is the policy's work: it is not measured. */
static void plan_fill(struct bench *bench, int from, int to)
{
	int r = 0;

	plan_clear(&bench->plan);
	for (size_t i = 0; i < bench->pages && !r; i++) {
		struct move move = { .address = (uintptr_t)bench->addresses[i],
				     .target = 1,
				     .from = (uint8_t)from,
				     .to = (uint8_t)to,
				     .reason = to == bench->fast ? MOVE_PROMOTE_HOT
								 : MOVE_DEMOTE_ROOM };

		r = plan_add(&bench->plan, &move);
	}
	if (!r)
		r = plan_seal(&bench->plan);
	if (r)
		options_fail(r, "cannot make a plan");
}

static void check_landed(struct bench *bench, enum mover mover, int to)
{
	size_t wrong = 0;
	int r = placement_read(bench->child, bench->addresses, bench->pages, bench->nodes);

	if (r)
		options_fail(r, "cannot ask where the pages are");
	for (size_t i = 0; i < bench->pages; i++)
		wrong += bench->nodes[i] != to;
	/* A page may be busy at the wrong moment; more than that is a fault. */
	if (wrong > bench->pages / 1000)
		options_fail(0, "%s left %zu of %zu pages elsewhere than on node %d",
			     mover == BARE ? "move_pages()" : "the migrator", wrong, bench->pages,
			     to);
}

static void round_run(struct bench *bench, enum mover mover, unsigned int round, int from, int to)
{
	uint64_t start, ns;
	int r = 0;

	if (mover == MIGRATOR)
		plan_fill(bench, from, to);
	start = clock_now_ns();
	if (mover == MIGRATOR)
		r = migrator_run(bench->migrator, &bench->plan);
	else
		move_bare(bench, to);
	ns = clock_now_ns() - start;
	if (r)
		options_fail(r, "the migrator gave up");
	check_landed(bench, mover, to);
	bench->speed[mover][round] = (double)bench->pages * NSEC_PER_SEC / (double)ns;
}

/* Each mover moves in both directions, and takes turns in being the first. */
static void bench_run(struct bench *bench)
{
	double bare, migrator;

	for (unsigned int round = 0; round < bench->rounds; round++) {
		enum mover first = round & 1 ? MIGRATOR : BARE;
		int from = bench->slow, to = bench->fast;

		for (unsigned int i = 0; i < MOVERS; i++) {
			enum mover mover = i ? MOVERS - 1 - first : first;

			round_run(bench, mover, round, from, to);
			from = to;
			to = bench->slow;
		}
	}
	bare = median(bench->speed[BARE], bench->rounds);
	migrator = median(bench->speed[MIGRATOR], bench->rounds);
	printf("figure migrate_bare %.0f pages/s\n", bare);
	printf("figure migrate_daemon %.0f pages/s\n", migrator);
	printf("figure migrate_ratio %.3f bare/daemon\n", bare / migrator);
}

static const struct option options[] = {
	{ "size", required_argument, NULL, 's' },  { "rounds", required_argument, NULL, 'r' },
	{ "slow", required_argument, NULL, 'S' },  { "fast", required_argument, NULL, 'F' },
	{ "idle-victim", no_argument, NULL, 'i' }, { 0 },
};

static void read_options(struct bench *bench, int argc, char **argv)
{
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0) {
		const char *name = option == '?' ? "" : options[index].name;

		switch (option) {
		case 's':
			bench->pages = options_size(name, optarg) >> TIERED_PAGE_SHIFT;
			break;
		case 'r':
			bench->rounds = (unsigned int)options_number(name, optarg, 1, ROUNDS_MAX);
			break;
		case 'S':
			bench->slow = (int)options_number(name, optarg, 0, 62);
			break;
		case 'F':
			bench->fast = (int)options_number(name, optarg, 0, 62);
			break;
		case 'i':
			bench->idle_victim = 1;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	/* An odd number of rounds: the median is a value that was measured. */
	static struct bench bench = { .pages = 16384, .rounds = 9, .slow = 1, .fast = 0 };

	read_options(&bench, argc, argv);
	child_start(&bench);
	bench_open(&bench);
	bench_run(&bench);
	kill(bench.child, SIGKILL);
	waitpid(bench.child, NULL, 0);
	plan_done(&bench.plan);
	migrator_free(bench.migrator);
	target_close(bench.target);
	return 0;
}
