// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedprobe - loads the scheduler, for all threads, without a daemon, until it is killed.
 * schedprobe count - how many threads of the machine are in its class.
 * schedprobe PID - puts the threads of a process into its class.
 * schedprobe PID FROM TO - moves all its pages from one node to another.
 *
 * To the daemon all that is somebody else's doing: tests/vm/81-sched-safety.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/sched_class.h"
#include "bpf/scheduler.h"
#include "lib/placement.h"
#include "observe/cpus.h"

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
