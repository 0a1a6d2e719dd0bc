// SPDX-License-Identifier: GPL-2.0-only
#include "cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

void cpus_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		options_fail(-errno, "cannot run on CPU %d", cpu);
}

uint64_t cpus_tlb_interrupts(int first)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[4096], *at;
	uint64_t sum = 0;
	int cpu;

	if (!file)
		options_fail(-errno, "/proc/interrupts");
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, "TLB:");
		if (!at)
			continue;
		at += strlen("TLB:");
		for (cpu = 0;; cpu++) {
			char *end;
			unsigned long long value = strtoull(at, &end, 10);

			if (end == at)
				break;
			sum += cpu >= first ? value : 0;
			at = end;
		}
	}
	fclose(file);
	return sum;
}
