// SPDX-License-Identifier: GPL-2.0-only
/*
 * shortlived - processes that come and go, with memory where `hostile` has its own.
 *
 *	shortlived COUNT
 *
 * Some at a time, each with pages on node 1 at the addresses at which targets have theirs, so that a move meant for a target that is gone
 * would find something to move. Each looks at its end where its pages are. Status 0 when
 * all of them came and went with their data intact and their pages where they were.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/hostile.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "lib/placement.h"

#define AT_A_TIME 24
/*
 * Filling all of them would take most of the time: these are spread over all of what a
 * target has.
 */
#define PAGES 48
#define EVERY (HOSTILE_BODY_PAGES / PAGES)
#define NODE 1
/* Exit statuses: damage is worse than a move. */
#define INTACT 0
#define DAMAGED 1
#define MOVED 2

static uint64_t *page_of(uint64_t *memory, size_t i)
{
	return memory + i * EVERY * MEMORY_PAGE_WORDS;
}

static int pages_fill(uint64_t *memory, unsigned int seed)
{
	size_t i;
	int r = 0;

	for (i = 0; i < PAGES && r == 0; i++)
		r = memory_fill(page_of(memory, i), 1, seed, 1, NODE);
	return r;
}

static uint64_t pages_damaged(uint64_t *memory, unsigned int seed)
{
	static const uint64_t none[MEMORY_COUNTERS];
	uint64_t faults = 0;
	size_t i;

	for (i = 0; i < PAGES; i++)
		faults += memory_verify(page_of(memory, i), 1, seed, none);
	return faults;
}

static int pages_moved(uint64_t *memory)
{
	void *addresses[PAGES];
	int nodes[PAGES];
	size_t i;

	for (i = 0; i < PAGES; i++)
		addresses[i] = page_of(memory, i);
	if (placement_read(0, addresses, PAGES, nodes) < 0)
		return 0;
	for (i = 0; i < PAGES; i++)
		if (nodes[i] >= 0 && nodes[i] != NODE)
			return 1;
	return 0;
}

_Noreturn static void live(unsigned int n)
{
	const struct timespec pause = { .tv_nsec = 1000000L * (60 + n % 60) };
	uint64_t *memory;

	prctl(PR_SET_NAME, "shortlived");
	if (hostile_body_map(&memory) < 0 || pages_fill(memory, n) < 0)
		_exit(DAMAGED);
	nanosleep(&pause, NULL);
	if (pages_damaged(memory, n))
		_exit(DAMAGED);
	_exit(pages_moved(memory) ? MOVED : INTACT);
}

int main(int argc, char **argv)
{
	unsigned int count, started = 0, ended = 0, damaged = 0, moved = 0;
	int status;

	if (argc != 2)
		options_die("usage: shortlived COUNT");
	count = (unsigned int)options_number("COUNT", argv[1], 1, 1000000);
	while (ended < count) {
		if (started < count && started - ended < AT_A_TIME) {
			pid_t child = fork();

			if (child == 0)
				live(started);
			/* Where no number is free, one comes free soon. */
			started += child > 0;
			if (child > 0)
				continue;
		}
		if (wait(&status) > 0) {
			ended++;
			moved += WIFEXITED(status) && WEXITSTATUS(status) == MOVED;
			damaged += !WIFEXITED(status) || WEXITSTATUS(status) == DAMAGED;
		}
	}
	printf("%u came and went, %u damaged, %u moved\n", ended, damaged, moved);
	return damaged || moved;
}
