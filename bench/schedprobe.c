// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedprobe - loads the scheduler, for all threads, without a daemon, until it is killed.
 * schedprobe PID - puts the threads of a process into its class.
 *
 * To the daemon both are somebody else's doing: tests/vm/81-sched-safety.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/sched_class.h"
#include "bpf/scheduler.h"
#include "observe/cpus.h"

int main(int argc, char **argv)
{
	struct scheduler *scheduler;
	char why[256] = "";
	struct cpus cpus;

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
