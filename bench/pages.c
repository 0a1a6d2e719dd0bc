// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages - a few pages whose every move is known: for tests of what is told of moves.
 *
 *	pages hold COUNT NODE [--spin [MS]]
 *					holds COUNT pages on NODE; prints "PID ADDRESS";
 *					--spin: reads all of them again and again, MS
 *					(2) apart.
 *					SIGTERM ends it: status 0 if the data is intact
 *	pages move PID ADDRESS COUNT NODE
 *					moves pages of another process; prints how many
 *					lie there now
 *	pages count PID ADDRESS COUNT NODE
 *					only counts those that lie there
 *	pages list ADDRESS COUNT	prints the addresses of so many pages
 */
#include <errno.h>
#include <inttypes.h>
#include <numaif.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/memory.h"
#include "lib/options.h"
#include "lib/placement.h"
#include "tiered/types.h"

#define SEED 7
#define COUNT_MAX (1 << 20)
/* Between two rounds of reading: often enough for any window, and the CPU stays usable. */
#define SPIN_PAUSE_MS 2
#define SPIN_PAUSE_MS_MAX 999

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

static void spin(const volatile uint64_t *memory, size_t pages, uint64_t pause_ms)
{
	const struct timespec pause = { .tv_nsec = (long)pause_ms * 1000000 };
	size_t i;

	for (i = 0; i < pages; i++)
		(void)memory[i * MEMORY_PAGE_WORDS];
	nanosleep(&pause, NULL);
}

static int hold(char **argv, int argc)
{
	size_t pages = options_number("COUNT", argv[0], 1, COUNT_MAX);
	int node = (int)options_number("NODE", argv[1], 0, TIERED_NODES_MAX - 1);
	int spins = argc > 2 && strcmp(argv[2], "--spin") == 0, ret;
	uint64_t pause_ms = argc > 3 ? options_number("MS", argv[3], 1, SPIN_PAUSE_MS_MAX)
				     : SPIN_PAUSE_MS;
	const uint64_t none[MEMORY_COUNTERS] = { 0 };
	uint64_t *memory;

	ret = memory_map(pages * TIERED_PAGE_SIZE, MEMORY_HUGE_NEVER, &memory);
	if (ret == 0)
		ret = memory_fill(memory, pages, SEED, 1, node);
	if (ret < 0)
		options_fail(ret, "%zu pages on node %d", pages, node);
	/* A test that dies must not leave it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, on_term);
	printf("%d 0x%" PRIxPTR "\n", getpid(), (uintptr_t)memory);
	fflush(stdout);
	while (!ended) {
		if (spins)
			spin(memory, pages, pause_ms);
		else
			pause();
	}
	return memory_verify(memory, pages, SEED, none) != 0;
}

static void **addresses_of(const char *text, size_t pages)
{
	uint64_t first = strtoull(text, NULL, 16);
	void **addresses = calloc(pages, sizeof(*addresses));
	size_t i;

	if (!addresses)
		options_fail(-ENOMEM, "%zu addresses", pages);
	for (i = 0; i < pages; i++)
		addresses[i] = (void *)(uintptr_t)(first + i * TIERED_PAGE_SIZE);
	return addresses;
}

static int move_or_count(char **argv, int moves)
{
	int pid = (int)options_number("PID", argv[0], 1, INT32_MAX), ret;
	size_t pages = options_number("COUNT", argv[2], 1, COUNT_MAX), i, there = 0;
	int node = (int)options_number("NODE", argv[3], 0, TIERED_NODES_MAX - 1);
	void **addresses = addresses_of(argv[1], pages);
	int *nodes = calloc(pages, sizeof(*nodes)), *status = calloc(pages, sizeof(*status));

	if (!nodes || !status)
		options_fail(-ENOMEM, "%zu pages", pages);
	for (i = 0; i < pages; i++)
		nodes[i] = node;
	if (moves && move_pages(pid, pages, addresses, nodes, status, MPOL_MF_MOVE) < 0)
		options_fail(-errno, "move_pages of process %d", pid);
	ret = placement_read(pid, addresses, pages, status);
	if (ret < 0)
		options_fail(ret, "placement of process %d", pid);
	for (i = 0; i < pages; i++)
		there += status[i] == node;
	printf("%zu\n", there);
	return 0;
}

static int list(char **argv)
{
	uint64_t first = strtoull(argv[0], NULL, 16);
	size_t pages = options_number("COUNT", argv[1], 1, COUNT_MAX), i;

	for (i = 0; i < pages; i++)
		printf("0x%" PRIx64 "\n", first + i * TIERED_PAGE_SIZE);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 2, argc - 2);
	if (argc == 6 && strcmp(argv[1], "move") == 0)
		return move_or_count(argv + 2, 1);
	if (argc == 6 && strcmp(argv[1], "count") == 0)
		return move_or_count(argv + 2, 0);
	if (argc == 4 && strcmp(argv[1], "list") == 0)
		return list(argv + 2);
	options_die(
		"usage: pages hold COUNT NODE [--spin [MS]] | move|count PID ADDRESS COUNT NODE "
		"| list ADDRESS COUNT");
}
