// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedprobe - loads the scheduler, for all threads, without a daemon, until it is killed.
 * schedprobe count - how many threads of the machine are in its class.
 * schedprobe brief - accesses memory of node 0 in threads that end within a part of a millisecond,
 *	one after the other, by the name of brief.
 * schedprobe PID - puts the threads of a process into its class.
 * schedprobe PID FROM TO - moves all its pages from one node to another.
 *
 * To the daemon all that is somebody else's doing: tests/vm/81-sched-safety, 83-sched-home.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bpf/sched_class.h"
#include "bpf/scheduler.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "lib/placement.h"
#include "observe/cpus.h"

#define PAGES 2048
#define PAGES_EACH 128

static void *access_some(void *arg)
{
	for (unsigned int i = 0; i < PAGES_EACH; i++)
		((volatile uint64_t *)arg)[(uint64_t)i * MEMORY_PAGE_WORDS]++;
	return NULL;
}

static _Noreturn void live_briefly(void)
{
	uint64_t *memory;
	pthread_t thread;
	int r = memory_map(PAGES << TIERED_PAGE_SHIFT, MEMORY_HUGE_NEVER, &memory);

	prctl(PR_SET_NAME, "brief");
	if (!r)
		r = memory_fill(memory, PAGES, 1, 0, 0);
	for (unsigned int from = 0; !r; from = (from + PAGES_EACH) % PAGES) {
		r = pthread_create(&thread, NULL, access_some,
				   memory + (uint64_t)from * MEMORY_PAGE_WORDS);
		if (!r)
			r = pthread_join(thread, NULL);
	}
	options_fail(r, "memory, or a thread");
}

static int move(int pid, unsigned int from, unsigned int to)
{
	int left = placement_move_all(pid, UINT64_C(1) << from, to);

	if (left < 0)
		fprintf(stderr, "schedprobe: migrate_pages: %s\n", strerror(-left));
	return left < 0;
}

int main(int argc, char **argv)
{
	struct scheduler *scheduler;
	char why[256] = "";
	struct cpus cpus;

	if (argc == 4)
		return move(atoi(argv[1]), (unsigned int)atoi(argv[2]),
			    (unsigned int)atoi(argv[3]));
	if (argc > 1 && strcmp(argv[1], "count") == 0)
		return printf("%d\n", sched_class_count("/proc")) < 0;
	if (argc > 1 && strcmp(argv[1], "brief") == 0)
		live_briefly();
	if (argc > 1)
		return sched_class_enter("/proc", (uint32_t)strtoul(argv[1], NULL, 10)) < 0;
	if (cpus_read("/sys", &cpus, why, sizeof(why)) < 0 ||
	    scheduler_open(&cpus.setup, &scheduler, why, sizeof(why)) < 0) {
		fprintf(stderr, "schedprobe: %s\n", why);
		return 1;
	}
	pause();
	scheduler_close(scheduler);
	return 0;
}
