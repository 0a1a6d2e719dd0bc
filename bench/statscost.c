// SPDX-License-Identifier: GPL-2.0-only
/*
 * statscost - what does counting cost those who migrate, with nobody watching?
 *
 *	statscost [--size SIZE] [--rounds N] [--from NODE] [--to NODE]
 *
 * A loop of move_pages(), 512 pages per call, moves the arena of an idle child
 * to the other node and back, in turns with and without the daemon's BPF
 * programs attached. Prints nanoseconds per page, medians, and their ratio.
 * That they counted is checked: every page that moved, no more and no less.
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

#include "bpf/loader.h"
#include "bpf/stats.h"
#include "lib/median.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "tiered/types.h"
#include "util/clock.h"

#define BATCH 512
#define ROUNDS_MAX 99

enum counting { OFF, ON, COUNTINGS };

struct bench {
	uint64_t *memory;
	size_t pages;
	unsigned int rounds;
	int from, to;
	pid_t child;
	double cost[COUNTINGS][ROUNDS_MAX]; /* nanoseconds per page */
};

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
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = memory_fill(bench->memory, bench->pages, 1, 0, bench->from);
		if (r)
			options_fail(r, "cannot fill the arena on node %d", bench->from);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		options_fail(0, "the child could not fill its arena");
	close(ready[0]);
}

/* Moves everything to @node; how many pages are there afterwards. */
static size_t move_all(const struct bench *bench, int node)
{
	void *addresses[BATCH];
	int nodes[BATCH], status[BATCH];
	size_t there = 0;

	for (size_t done = 0; done < bench->pages; done += BATCH) {
		size_t n = bench->pages - done < BATCH ? bench->pages - done : BATCH;

		for (size_t i = 0; i < n; i++) {
			addresses[i] = bench->memory + (done + i) * MEMORY_PAGE_WORDS;
			nodes[i] = node;
		}
		if (move_pages(bench->child, n, addresses, nodes, status, MPOL_MF_MOVE) < 0)
			options_fail(-errno, "move_pages");
		for (size_t i = 0; i < n; i++)
			there += status[i] == node;
	}
	return there;
}

/* Nobody else migrates here: the books have to show exactly what was moved. */
static void check_counted(const struct bpf *bpf, size_t moved)
{
	struct stats_migrations migrations[SEEN_REASONS];
	struct stats_totals totals;

	if (bpf_totals(bpf, &totals) < 0 || bpf_migrations(bpf, migrations) < 0)
		options_fail(0, "cannot read the counters");
	if (migrations[SEEN_SYSCALL].succeeded != moved)
		options_fail(0, "moved %zu pages, %llu were counted", moved,
			     migrations[SEEN_SYSCALL].succeeded);
	if (bpf_enabled(bpf, "migration-owners") && totals.folios != moved)
		options_fail(0, "moved %zu pages, %llu mappings were counted", moved,
			     totals.folios);
}

static void round_run(struct bench *bench, enum counting counting, unsigned int round)
{
	struct bpf *bpf = NULL;
	char why[200] = "";
	uint64_t start, ns;
	size_t moved;

	if (counting == ON && bpf_open(NULL, &bpf, why, sizeof(why)) < 0)
		options_fail(0, "%s", why);
	start = clock_now_ns();
	moved = move_all(bench, bench->to);
	moved += move_all(bench, bench->from);
	ns = clock_now_ns() - start;
	if (moved < bench->pages * 2 * 99 / 100)
		options_fail(0, "of %zu moves only %zu succeeded", bench->pages * 2, moved);
	if (bpf)
		check_counted(bpf, moved);
	bpf_close(bpf);
	bench->cost[counting][round] = (double)ns / (double)moved;
}

static const struct option options[] = {
	{ "size", required_argument, NULL, 's' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "from", required_argument, NULL, 'f' },
	{ "to", required_argument, NULL, 't' },
	{ 0 },
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
		case 'f':
			bench->from = (int)options_number(name, optarg, 0, 62);
			break;
		case 't':
			bench->to = (int)options_number(name, optarg, 0, 62);
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	/* An odd number of rounds: the median is a value that was measured. */
	static struct bench bench = { .pages = 16384, .rounds = 5, .from = 0, .to = 1 };
	double off, on;

	read_options(&bench, argc, argv);
	child_start(&bench);
	for (unsigned int round = 0; round < bench.rounds; round++) {
		round_run(&bench, round & 1 ? ON : OFF, round);
		round_run(&bench, round & 1 ? OFF : ON, round);
	}
	off = median(bench.cost[OFF], bench.rounds);
	on = median(bench.cost[ON], bench.rounds);
	printf("figure stats_cost_off %.0f ns/page\n", off);
	printf("figure stats_cost_on %.0f ns/page\n", on);
	printf("figure stats_cost %.3f ratio\n", on / off);
	kill(bench.child, SIGKILL);
	waitpid(bench.child, NULL, 0);
	return 0;
}
