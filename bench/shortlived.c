// SPDX-License-Identifier: GPL-2.0-only
/*
 * shortlived - processes that come and go, with memory where `hostile` has its own.
 *
 *	shortlived COUNT
 *
 * Some at a time, each with pages on node 1 at the addresses at which targets have theirs
 * (without address space randomization), so that a move meant for a target that is gone
 * would find something to move. Status 0 when all of them came and went, data intact.
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

#define AT_A_TIME 12
/* Filling all of them would take most of the time. */
#define PAGES 96

_Noreturn static void live(unsigned int n)
{
	const struct timespec pause = { .tv_nsec = 1000000L * (n % 10) };
	static const uint64_t none[MEMORY_COUNTERS];
	uint64_t *memory;

	prctl(PR_SET_NAME, "shortlived");
	if (memory_map(HOSTILE_BODY_PAGES * 4096UL, MEMORY_HUGE_NEVER, &memory) < 0 ||
	    memory_fill(memory, PAGES, n, 1, 1) < 0)
		_exit(1);
	nanosleep(&pause, NULL);
	_exit(memory_verify(memory, PAGES, n, none) != 0);
}

int main(int argc, char **argv)
{
	unsigned int count, started = 0, ended = 0, failed = 0;
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
			failed += status != 0;
		}
	}
	printf("%u came and went, %u failed\n", ended, failed);
	return failed != 0;
}
